/* SPDX-License-Identifier: ISC
 *
 * http_listen.h - libwebsockets started on our loop, and its listeners.
 */
#ifndef CC_GATEWAY_HTTP_LISTEN_H
#define CC_GATEWAY_HTTP_LISTEN_H

#include "gateway.h"

#include <libwebsockets.h>

enum { HTTP_LISTENERS = 2 }; /* the public one and that of operations */

/* The context, with our bounds; user is what lws_context_user gives. NULL: said why. */
struct lws_context *http_listen_start(struct ev_loop *loop, const struct gateway_config *config, void *user);

/* Listens on "host:port". At most HTTP_LISTENERS times. NULL: said why. */
struct lws_vhost *http_listen_on(struct lws_context *lws, const struct gateway_config *config, const char *name,
	const char *address, const struct lws_protocols *protocols);

#endif
