/* SPDX-License-Identifier: ISC
 *
 * event.h - one event of a conversation, composed once and shared by every socket that is sent it.
 *
 * Ownership: event_create gives the caller one reference; event_hold adds one, event_drop takes one away and
 * frees the event with the last. The bytes are never changed once made, but for the EVENT_HEADROOM before
 * them, where a socket writes its frame's head just before it sends (one thread, and the same head for all).
 */
#ifndef CC_GATEWAY_EVENT_H
#define CC_GATEWAY_EVENT_H

#include "common/base/attr.h"
#include "common/wire/events.h"

enum { EVENT_HEADROOM = 16 }; /* bytes: libwebsockets' LWS_PRE; ws.c checks that it is enough */

struct event {
	unsigned refs;
	struct cursor at;
	enum event_kind kind;
	struct uuid turn_id; /* zero when the event is about no turn */
	uint64_t arrived_ns; /* clock_mono_ns when it came live; 0 for one read from the log */
	size_t n;	     /* bytes of JSON, without the NUL */
	char room[];	     /* EVENT_HEADROOM, the JSON, a NUL */
};

struct event *event_create(
	struct cursor at, enum event_kind kind, const struct uuid *turn_id, struct slice json);
struct event *event_hold(struct event *event);
void event_drop(struct event **event); /* NULL pointers are fine */

static inline char *event_json(struct event *event)
{
	return event->room + EVENT_HEADROOM;
}

/* Does only the newest such event of a turn matter to one who missed the others? */
bool event_is_turn_state(enum event_kind kind);
bool event_has_turn(enum event_kind kind); /* all of it, text too */

/* May c be the next one after last? True too for the first of a log after the position "nothing yet" (0-0).
 */
bool cursor_follows(struct cursor last, struct cursor c);
bool cursor_same(struct cursor a, struct cursor b);

#endif
