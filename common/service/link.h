/* SPDX-License-Identifier: ISC
 *
 * link.h - a ZeroMQ socket of the topology on the libev loop, speaking the message table.
 *
 * The descriptor of a ZeroMQ socket is edge-triggered: a link drains it whenever it fires, and looks once more before the
 * loop sleeps (ev_prepare), so nothing waits unseen. At most LINK_BURST messages are taken in one go, so that one busy
 * link starves no other. A message that does not decode is dropped and counted, never fatal.
 *
 * Ownership: a link is destroyed by link_close; what callbacks are given is borrowed for the call.
 */
#ifndef CC_SERVICE_LINK_H
#define CC_SERVICE_LINK_H

#include "service.h"

struct link;

enum {
	LINK_ENDPOINT_BYTES = 256, /* one endpoint's text; sun_path is 108 */
	LINK_BACK_MS = 500,	   /* a peer that is back is found by all within half a second */
};

struct link_peer { /* a ROUTER's name for the peer to answer */
	uint8_t bytes[16];
	uint8_t n;
};

struct link_in {
	struct link *link;
	struct link_peer peer;  /* on a ROUTER */
	struct slice topic;     /* on a SUB */
	enum msg_kind kind;
	const union msg_any *msg;
};

struct link_handlers {
	void (*message)(const struct link_in *in, void *arg);                        /* may be NULL on senders */
	void (*subscription)(struct link *link, struct slice topic, bool on, void *arg); /* XPUB only */
	void (*peer)(bool up, void *arg); /* may be NULL; of a connecting link: one of its peers is there, or is gone */
	void *arg;
};

/* Binds or connects the link's configured endpoints. bind_endpoint (may be NULL or empty) overrides what a binder binds,
 * for several binders of one link. Never NULL: an endpoint that cannot be used is fatal(), since only the operator can
 * mend it. */
struct link *link_open(struct service_run *run, enum link_name name, enum link_role role, const char *bind_endpoint,
	struct link_handlers handlers);
void link_close(struct link **link);

/* Sends without waiting. False when it would block (high-water mark, or nobody connected on a PUSH or DEALER): the row's
 * when_full says what a caller does. fields is the struct of that kind; nothing of it is kept. */
must_check bool link_send(struct link *link, enum msg_kind kind, const void *fields);
must_check bool link_send_to(struct link *link, const struct link_peer *peer, enum msg_kind kind, const void *fields);
/* PUB and XPUB never block: a slow subscriber loses messages past the mark. */
void link_publish(struct link *link, struct slice topic, enum msg_kind kind, const void *fields);

/* How many endpoints are connected, and sending to one of them (results to a conversation's own notifier): a connecting
 * PUSH link has one socket an endpoint. */
size_t link_lanes(const struct link *link);
must_check bool link_send_lane(struct link *link, size_t lane, enum msg_kind kind, const void *fields);

void link_subscribe(struct link *link, struct slice topic);   /* SUB only */
void link_unsubscribe(struct link *link, struct slice topic);

/* The endpoint last bound or connected, as ZeroMQ resolved it: "ipc:///run/cleanerctx/timings". Borrowed, never NULL. */
const char *link_endpoint(const struct link *link);

/* Would a message find a peer now? On a DEALER, which hands messages only to peers that are connected. */
bool link_has_peer(struct link *link);

uint64_t link_dropped(const struct link *link); /* undecodable messages so far */

/* Copies the next endpoint of a configured list: comma-separated, @run@ replaced, blanks trimmed. False at its end. */
must_check bool link_next_endpoint(const char **list, const char *runtime_dir, char out[LINK_ENDPOINT_BYTES]);

enum { LINK_BURST = 256 }; /* messages a turn of the loop */

#endif
