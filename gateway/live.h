/* SPDX-License-Identifier: ISC
 *
 * live.h - who is connected and listens: every WebSocket and event stream of this gateway, and the operators'
 * channels.
 *
 * A listener is embedded in a socket (ws.c) or a stream (sse.c), which joins and leaves; live knows it for
 * the drain and for what goes to all who want a channel. The monitor's alerts are subscribed with the first
 * operator who wants them and let go of with the last. Borrowed throughout: live owns no listener.
 */
#ifndef CC_GATEWAY_LIVE_H
#define CC_GATEWAY_LIVE_H

#include "event.h"
#include "gateway.h"

struct live;

enum channel { CHANNEL_ALERTS, CHANNEL_PERFORMANCE, CHANNEL_COUNT };

struct request;

struct listener {
	struct listener *prev, *next;
	struct uuid user; /* once it is counted as theirs */
	bool counted;
	unsigned channels;		   /* bits 1 << enum channel */
	void (*drain)(struct listener *l); /* the gateway stops: say so and end, soon */
	void (*tell)(struct listener *l,
		struct event *message); /* of a channel; borrowed. NULL without channels */
};

struct live *live_open(struct gateway *gw);
void live_close(struct live **live);

void live_join(struct live *live, struct listener *l);
/* Counts it as this user's, who may have user_sockets of them. False: they have as many; nothing changed. */
must_check bool live_is_of(struct live *live, struct listener *l, const struct uuid *user);
/* May the caller open another? False when the request was answered with 429. */
must_check bool live_user_has_room(struct request *r);
void live_leave(struct live *live, struct listener *l);
void live_listen(struct live *live, struct listener *l, enum channel channel, bool on);
size_t live_count(const struct live *live);

/* The gateway stops taking: every listener is told, and those who come are told at once. */
void live_drain(struct live *live);

/* "alerts", "performance"; CHANNEL_COUNT for another name. */
enum channel channel_by_name(struct slice name);

/* When a client should come back: its own moment, so that not all do at once. */
unsigned live_retry_ms(void);

#endif
