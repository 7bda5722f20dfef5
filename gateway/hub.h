/* SPDX-License-Identifier: ISC
 *
 * hub.h - what is live: this gateway's subscriptions to conversations, for its sockets and streams.
 *
 * One topic a conversation that anyone here watches: subscribed at the notifier with the first watcher, let
 * go of with the last. A topic's events, with its gaps read from the event log, go to its watchers; each
 * watcher has its own place, and what it missed before it came is read for it alone (replay.h does both). A
 * watcher is effective once the notifier has confirmed the topic: `ready` is called then, once.
 *
 * Ownership: a watcher is the hub's, from hub_watch to hub_unwatch. What a sink is given is borrowed:
 * event_hold to keep it. A sink must not call hub_unwatch; it marks, and its owner unwatches later.
 */
#ifndef CC_GATEWAY_HUB_H
#define CC_GATEWAY_HUB_H

#include "event.h"
#include "gateway.h"

struct hub;
struct watcher;

enum {
	HUB_AGAIN_MS = 250,    /* the event log cannot be read, Redis is down: between tries */
	HUB_CONFIRM_MS = 1000, /* the notifier has not confirmed a topic: it is subscribed anew */
};

struct hub_sink {
	void (*ready)(struct cursor at,
		void *arg); /* effective: events after `at` follow. May come inside hub_watch */
	void (*event)(struct event *event, void *arg); /* in order, each once */
	void (*reset)(struct cursor now,
		void *arg); /* what lies between is lost: read again; events after `now` follow */
	/* May a page of what its client missed be read for it now? When not, its owner calls hub_read_on once it may; has_read
	 * (may be NULL) says that a page was given. What is missed waits in Redis, not for a socket. */
	bool (*may_read)(void *arg);
	void (*has_read)(void *arg);
	void *arg;
	const char *kind; /* static text, for presence.h */
};

struct hub *hub_open(struct gateway *gw);
void hub_close(struct hub **hub); /* watchers still there are freed */

/* after: the client's cursor, or NULL to begin where the conversation stands. Whose it is has been checked.
 */
struct watcher *hub_watch(
	struct hub *hub, const struct uuid *conversation, const struct cursor *after, struct hub_sink sink);
void hub_unwatch(struct watcher **watcher);
struct cursor hub_position(const struct watcher *watcher); /* the last event given to it, or where it began */
bool hub_is_ready(const struct watcher *watcher);
bool hub_is_reading(const struct watcher *watcher); /* what its client missed, now */
bool hub_read_on(struct watcher *watcher); /* if it was held back and now may; true when it reads */

/* The events link's handler; arg is the struct gateway. */
void hub_message(const struct link_in *in, void *arg);

/* A notifier is there, or is gone: gone, what it had to say may be missed until it has confirmed again. */
void hub_peer(bool up, void *arg);

/* Has the notifier confirmed this gateway's own topic? Requests are taken from then on. */
bool hub_heard(const struct hub *hub);
size_t hub_topics(const struct hub *hub);

#endif
