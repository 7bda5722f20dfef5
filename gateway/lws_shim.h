/* SPDX-License-Identifier: ISC
 *
 * lws_shim.h - two of libwebsockets' own functions, replaced.
 *
 * libwebsockets 4.1 answers a request line that it does not like with an HTML page, and keeps the list of subprotocols
 * in 128 bytes, where a browser's token does not fit. Both go through functions that the library calls by its public
 * symbols, so a definition in the program takes their place (ELF symbol interposition; the library is not built with
 * -Bsymbolic, and a test holds both effects): lws_return_http_status sends a problem, and lws_hdr_copy gives the list
 * without its tokens, which dispatch.c has taken out by then.
 */
#ifndef CC_GATEWAY_LWS_SHIM_H
#define CC_GATEWAY_LWS_SHIM_H

#include "problems.h"

#include <libwebsockets.h>

/* Sends a problem straight to a socket whose request never became one; it is closed afterwards. */
void lws_shim_send_problem(struct lws *wsi, enum problem problem);

/* The whole list of subprotocols that a client offered, NUL-terminated: what lws_hdr_copy was before. */
int lws_shim_subprotocols(struct lws *wsi, char *out, int out_bytes);

#endif
