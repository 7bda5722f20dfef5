/* SPDX-License-Identifier: ISC
 *
 * event.c - see event.h.
 */
#include "event.h"

#include "common/base/xalloc.h"

#include <stdlib.h>

struct event *event_create(
	struct cursor at, enum event_kind kind, const struct uuid *turn_id, struct slice json)
{
	struct event *e = xmalloc(sizeof *e + EVENT_HEADROOM + json.n + 1);

	*e = (struct event){.refs = 1, .at = at, .kind = kind, .n = json.n};
	if (turn_id)
		e->turn_id = *turn_id;
	if (json.n)
		memcpy(event_json(e), json.p, json.n);
	event_json(e)[json.n] = '\0';
	return e;
}

struct event *event_hold(struct event *event)
{
	event->refs++;
	return event;
}

void event_drop(struct event **event)
{
	if (*event && --(*event)->refs == 0)
		free(*event);
	*event = NULL;
}

bool event_has_turn(enum event_kind kind)
{
	return kind == EVENT_TURN_ACCEPTED || kind == EVENT_TURN_PROCESSED;
}

bool event_is_turn_state(enum event_kind kind)
{
	switch (kind) {
	case EVENT_TURN_ACCEPTED:
	case EVENT_TURN_PROCESSING:
	case EVENT_TURN_PROCESSED:
	case EVENT_TURN_ERROR:
	case EVENT_QUEUE_POSITION:
		return true;
	default:
		return false;
	}
}

bool cursor_same(struct cursor a, struct cursor b)
{
	return a.epoch == b.epoch && a.offset == b.offset;
}

bool cursor_follows(struct cursor last, struct cursor c)
{
	if (last.epoch == 0 && last.offset == 0)
		return c.offset == 1;
	return c.epoch == last.epoch && c.offset == last.offset + 1;
}
