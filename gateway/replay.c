/* SPDX-License-Identifier: ISC
 *
 * replay.c - see replay.h.
 */
#include "replay.h"

#include "common/base/xalloc.h"

#include <stdlib.h>

void replay_init(struct replay *r, const struct cursor *after, struct replay_sink sink)
{
	*r = (struct replay){.state = REPLAY_UNCONFIRMED, .has_cursor = after != NULL, .sink = sink};
	if (after)
		r->last = *after;
}

static void let_go(struct replay *r)
{
	for (size_t i = 0; i < r->kept_count; i++)
		event_drop(&r->kept[i]);
	free(r->kept);
	r->kept = NULL;
	r->kept_count = r->kept_bytes = 0;
}

void replay_finish(struct replay *r)
{
	let_go(r);
}

static void keep(struct replay *r, struct event *event)
{
	if (r->kept_count == REPLAY_KEPT_EVENTS || r->kept_bytes + event->n > REPLAY_KEPT_BYTES) {
		let_go(r); /* the log has them all: newest says that it must be read up to there */
		return;
	}
	if (!r->kept)
		r->kept = xcalloc(REPLAY_KEPT_EVENTS, sizeof *r->kept);
	r->kept[r->kept_count++] = event_hold(event);
	r->kept_bytes += event->n;
}

static void read_after_last(struct replay *r)
{
	r->state = REPLAY_READING;
	r->promised = r->newest;
	r->sink.read(r->last, r->sink.arg);
}

static void deliver(struct replay *r, struct event *event)
{
	r->last = event->at;
	r->sink.deliver(event, r->sink.arg);
}

static bool already_had(const struct replay *r, struct cursor at)
{
	return at.epoch == r->last.epoch && at.offset <= r->last.offset;
}

/* Everything before now is lost or of another log. */
static void reset(struct replay *r, struct cursor now)
{
	r->last = now;
	r->state = REPLAY_LIVE;
	r->sink.reset(now, r->sink.arg);
}

static void live(struct replay *r, struct event *event)
{
	if (already_had(r, event->at) || event->at.epoch != r->newest.epoch)
		return; /* the other epoch's was kept aside while its log was lost */
	if (cursor_follows(r->last, event->at)) {
		deliver(r, event);
		return;
	}
	keep(r, event);
	read_after_last(r);
}

/* Delivers what was kept aside, as far as it follows; at a gap the rest stays kept and the log is read again.
 */
static void merge_kept(struct replay *r)
{
	struct event **kept = r->kept;
	size_t count = r->kept_count;

	r->kept = NULL;
	r->kept_count = r->kept_bytes = 0;
	for (size_t i = 0; i < count; i++) {
		if (r->state == REPLAY_LIVE)
			live(r, kept[i]);
		else if (!already_had(r, kept[i]->at))
			keep(r, kept[i]);
		event_drop(&kept[i]);
	}
	free(kept);
}

/* Is there something that the notifier has told of and this stream has not got? */
static bool behind(const struct replay *r)
{
	return r->newest.epoch == r->last.epoch ? r->newest.offset > r->last.offset
						: r->newest.offset > 0 && r->last.epoch == 0;
}

static void go_live(struct replay *r)
{
	r->state = REPLAY_LIVE;
	merge_kept(r);
	if (r->state == REPLAY_LIVE && behind(r))
		read_after_last(r);
}

/* A newer place in the log than any told of before, or one of another log. */
static void tell_newest(struct replay *r, struct cursor at)
{
	if (at.epoch != r->newest.epoch || at.offset > r->newest.offset)
		r->newest = at;
}

void replay_confirm(struct replay *r, struct cursor head)
{
	tell_newest(r, head);
	if (r->state == REPLAY_UNCONFIRMED) {
		if (!r->has_cursor)
			r->last = head;
		if (cursor_same(r->last, head))
			go_live(r);
		else
			read_after_last(r);
	} else if (r->state == REPLAY_LIVE && !already_had(r, head)) {
		read_after_last(r);
	}
}

void replay_event(struct replay *r, struct event *event)
{
	tell_newest(r, event->at);
	if (r->state == REPLAY_LIVE)
		live(r, event);
	else
		keep(r, event);
}

void replay_entry(struct replay *r, struct event *event)
{
	if (r->state == REPLAY_READING && cursor_follows(r->last, event->at))
		deliver(r, event);
}

/* The log's whole answer is here. It holds everything that was told of when it was asked, or it is not the
 * log that it was: an answer that falls short would be asked for again without end. */
static void complete(struct replay *r)
{
	bool nothing_yet = r->last.epoch == 0 && r->newest.offset == 0;
	bool reached = r->promised.epoch == r->last.epoch && r->promised.offset <= r->last.offset;

	if (nothing_yet)
		r->last = r->newest;
	if (!reached && r->promised.offset > 0) {
		if (!cursor_same(r->promised, r->newest)) {
			read_after_last(r);
			return;
		}
		let_go(r);
		if (r->last.epoch == 0 || r->last.epoch == r->newest.epoch) {
			reset(r, r->newest);
			return;
		}
		r->newest = r->last; /* the log stands by our epoch: the other one is no more */
	}
	go_live(r);
}

void replay_end(struct replay *r, enum replay_outcome outcome, struct cursor head)
{
	if (r->state != REPLAY_READING)
		return;
	switch (outcome) {
	case REPLAY_COMPLETE:
		complete(r);
		return;
	case REPLAY_MORE:
		read_after_last(r);
		return;
	case REPLAY_TOO_OLD:
		r->newest = head;
		reset(r, head);
		go_live(r);
		return;
	}
}

void replay_restart(struct replay *r, struct cursor now)
{
	let_go(r);
	r->newest = now;
	if (r->state == REPLAY_UNCONFIRMED && !r->has_cursor)
		return;
	reset(r, now);
}
