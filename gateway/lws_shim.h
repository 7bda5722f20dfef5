/* SPDX-License-Identifier: ISC
 *
 * lws_shim.h - five of libwebsockets' own functions, replaced.
 *
 * libwebsockets 4.1 answers a request line that it does not like with an HTML page, closes without a word on headers that
 * it cannot take, and keeps the list of subprotocols in 128 bytes, where a browser's token does not fit. All three go
 * through functions that the library calls by exported symbols, so a definition in the program takes their place (ELF
 * symbol interposition; the library is not built with -Bsymbolic, and tests/e2e hold the effects): lws_return_http_status
 * sends a problem, lws_close_free_wsi lets http.c say why first, and lws_hdr_copy gives the list without its tokens, which
 * dispatch.c has taken out by then. The fourth, lws_dll2_add_sorted, puts a timer into the list of all connections' timers:
 * the library's searches from the front, and a new timer is that of a request, which belongs before all that wait for the
 * next one, or that of a connection that waits, which belongs behind them: from either side alone each request costs time
 * in proportion to the open connections (38 % of the gateway's at 1900). This one searches from both sides at once.
 *
 * The fifth, lws_buflist_next_segment_len: once a request's headers are read, the library feeds what it keeps of the
 * connection to the request as its body. For HTTP/1 that is the very piece which it is reading, so a request that came
 * right behind another would have its own headers for a body, and the library would go round for ever over what is left.
 * That one look finds nothing here; the body follows by the ordinary way.
 */
#ifndef CC_GATEWAY_LWS_SHIM_H
#define CC_GATEWAY_LWS_SHIM_H

#include "problems.h"

#include <libwebsockets.h>

/* Sends a problem straight to a socket whose request never became one; it is closed afterwards. */
void lws_shim_send_problem(struct lws *wsi, enum problem problem);

/* http.c: a connection is about to be closed, and its socket is still open. */
void lws_shim_closing(struct lws *wsi);

/* Last thing in LWS_CALLBACK_HTTP: the library now looks for the request's body, if it expects one. */
void lws_shim_headers_done(struct lws *wsi);

/* The whole list of subprotocols that a client offered, NUL-terminated: what lws_hdr_copy was before. */
int lws_shim_subprotocols(struct lws *wsi, char *out, int out_bytes);

#endif
