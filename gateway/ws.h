/* SPDX-License-Identifier: ISC
 *
 * ws.h - WebSocket connections: what http.c hands to ws.c.
 *
 * http.c owns the one libwebsockets protocol ("cleanerctx.v1", for HTTP and WebSocket alike) and its callback. It checks
 * path, Origin, token and rate at the upgrade, and answers a refusal as a problem. Then ws_established is called once, and
 * every later reason of that connection (RECEIVE, SERVER_WRITEABLE, RECEIVE_PONG, WS_PEER_INITIATED_CLOSE, CLOSED, TIMER)
 * goes to ws_event; CLOSED is the last. Both return what libwebsockets is to be told: 0, or -1 to close.
 */
#ifndef CC_GATEWAY_WS_H
#define CC_GATEWAY_WS_H

#include "request.h"

#include <libwebsockets.h>

struct ws; /* one connection; ws.c's */

/* What the upgrade said; borrowed for the call. With an API key that is not cached, who is not known yet: pending_key is
 * the key, to be asked for with access_key (access.h); messages wait, and 4401 closes if it is not good. */
struct ws_hello {
	struct identity who;
	struct slice pending_key;
	struct slice traceparent;
	uint64_t accepted_ns; /* clock_mono_ns of the TCP accept: api.websocket_connection */
};

int ws_established(struct gateway *gw, struct lws *wsi, const struct ws_hello *hello, struct ws **out);
int ws_event(struct ws *ws, enum lws_callback_reasons reason, void *in, size_t bytes);

#endif
