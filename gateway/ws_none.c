/* SPDX-License-Identifier: ISC
 *
 * ws_none.c - stands for ws.c until that is there: no upgrade is let in (route_table.h), so neither is ever called.
 */
#include "ws.h"

int ws_established(struct gateway *gw, struct lws *wsi, const struct ws_hello *hello, struct ws **out)
{
	return -1;
}

int ws_event(struct ws *ws, enum lws_callback_reasons reason, void *in, size_t bytes)
{
	return -1;
}
