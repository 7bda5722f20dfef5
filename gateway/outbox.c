/* SPDX-License-Identifier: ISC
 *
 * outbox.c - see outbox.h.
 *
 * Leaving out overtaken states walks the queue from its newest end with a set of the turns seen so far, so it
 * costs one pass; it is done again only when the queue has grown by half since.
 */
#include "outbox.h"

#include "common/base/xalloc.h"

#include <stdlib.h>

struct outbox_entry {
	struct outbox_entry *prev, *next;
	struct event *event;
};

struct event *outbox_message(struct slice json)
{
	return event_create((struct cursor){0, 0}, EVENT_COUNT, NULL, json);
}

void outbox_init(struct outbox *o)
{
	*o = (struct outbox){.conflate_at = OUTBOX_SOFT_BYTES};
}

static void take_out(struct outbox *o, struct outbox_entry *e)
{
	if (e->prev)
		e->prev->next = e->next;
	else
		o->first = e->next;
	if (e->next)
		e->next->prev = e->prev;
	else
		o->last = e->prev;
	o->count--;
	o->bytes -= e->event->n + OUTBOX_ENTRY_BYTES;
	event_drop(&e->event);
	free(e);
}

void outbox_finish(struct outbox *o)
{
	while (o->first)
		take_out(o, o->first);
}

/* The turns whose newer state was met: open addressing, at most half full. */
struct seen {
	struct uuid *slot;
	size_t mask;
};

static bool is_zero(const struct uuid *id)
{
	static const struct uuid zero;

	return uuid_eq(id, &zero);
}

/* Its place, or the free one that it would have. */
static struct uuid *place_of(const struct seen *s, const struct uuid *id)
{
	size_t at = uuid_hash(id) & s->mask;

	while (!is_zero(&s->slot[at]) && !uuid_eq(&s->slot[at], id))
		at = (at + 1) & s->mask;
	return &s->slot[at];
}

static bool is_seen(const struct seen *s, const struct uuid *id)
{
	return uuid_eq(place_of(s, id), id);
}

/* True when it was there already. */
static bool seen_before(struct seen *s, const struct uuid *id)
{
	bool was = is_seen(s, id);

	*place_of(s, id) = *id;
	return was;
}

/* Only by what has all of the turn: turn:error and the like name it, and say nothing of its text. */
static bool is_overtaken(struct seen *seen, const struct event *e)
{
	if (!event_is_turn_state(e->kind) || is_zero(&e->turn_id))
		return false;
	return event_has_turn(e->kind) ? seen_before(seen, &e->turn_id) : is_seen(seen, &e->turn_id);
}

static void conflate(struct outbox *o)
{
	struct outbox_entry *e = o->last;
	struct seen seen = {.mask = 15};

	while (seen.mask < o->count * 2)
		seen.mask = seen.mask * 2 + 1;
	seen.slot = xcalloc(seen.mask + 1, sizeof *seen.slot);
	while (e) {
		struct outbox_entry *older = e->prev;

		if (is_overtaken(&seen, e->event))
			take_out(o, e);
		e = older;
	}
	free(seen.slot);
	o->conflate_at = o->bytes + o->bytes / 2;
	if (o->conflate_at < OUTBOX_SOFT_BYTES)
		o->conflate_at = OUTBOX_SOFT_BYTES;
	if (o->conflate_at > OUTBOX_BYTES)
		o->conflate_at = OUTBOX_BYTES;
}

bool outbox_add(struct outbox *o, struct event *event)
{
	struct outbox_entry *e = xmalloc(sizeof *e);

	*e = (struct outbox_entry){.prev = o->last, .event = event};
	if (o->last)
		o->last->next = e;
	else
		o->first = e;
	o->last = e;
	o->count++;
	o->bytes += event->n + OUTBOX_ENTRY_BYTES;
	if (o->count == 1 || o->bytes <= o->conflate_at)
		return true;
	conflate(o);
	if (o->count == 1 || o->bytes <= OUTBOX_BYTES)
		return true;
	take_out(o, e);
	return false;
}

struct event *outbox_next(const struct outbox *o)
{
	return o->first ? o->first->event : NULL;
}

void outbox_sent(struct outbox *o)
{
	if (o->first)
		take_out(o, o->first);
	if (!o->first)
		o->conflate_at = OUTBOX_SOFT_BYTES;
}
