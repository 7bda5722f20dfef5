/* SPDX-License-Identifier: ISC
 *
 * presence.h - who watches a conversation, over all gateways: the "presence" of GET /conversations/{id}/status.
 *
 * In Redis, pr:{0}:<conversation>: a sorted set, a member each subscription of a socket and each event stream, by the moment
 * it ends unless its gateway says it again. So a gateway that dies takes its clients with it after PRESENCE_TTL_S, and
 * nothing has to be told. Best effort: without Redis it is not known, and nothing waits for it.
 */
#ifndef CC_GATEWAY_PRESENCE_H
#define CC_GATEWAY_PRESENCE_H

#include "gateway.h"

enum {
	PRESENCE_TTL_S = 20,   /* after its gateway's last word a client is gone */
	PRESENCE_AGAIN_S = 6,  /* between a gateway's words: three of them in the time */
	PRESENCE_SLICE = 256,  /* clients said in one go: what is more follows, so that nobody's commands wait behind all of them */
	PRESENCE_LISTED = 100, /* clients in one answer; `count` counts all of them */
};

struct presence {
	struct uuid id;      /* this subscription's, made for it */
	const char *kind;    /* static text: "socket", "stream" */
	int64_t since;       /* wall us */
};

void presence_say(struct gateway *gw, const struct uuid *conversation, const struct presence *p); /* it is there */
void presence_keep(struct gateway *gw, const struct uuid *conversation); /* once for all that were said: who ran out goes */
void presence_drop(struct gateway *gw, const struct uuid *conversation, const struct presence *p); /* it left */

/* Calls fn with {"count":n,"clients":[{id, kind, since}]} as JSON, longest there first, or null when Redis does not know. */
typedef void presence_fn(struct slice json, void *arg);
void presence_ask(struct gateway *gw, const struct uuid *conversation, presence_fn *fn, void *arg);

#endif
