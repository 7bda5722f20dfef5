/* SPDX-License-Identifier: ISC
 *
 * event_log.h - reading a conversation's event log, for those who replay.
 *
 * The log is a Redis stream `ev:{0}:<conversation>`; an entry's id is the event's cursor "E-O"
 * (common/wire/events.h). Only the notifier writes it. A read is complete or refused: when anything after the
 * cursor was trimmed, or the log began anew (Redis lost it: another epoch), the answer is EVENTS_TOO_OLD and
 * the reader starts over from PostgreSQL.
 */
#ifndef CC_STORE_EVENT_LOG_H
#define CC_STORE_EVENT_LOG_H

#include "common/wire/events.h"
#include "redis.h"

enum {
	EVENT_LOG_KEY_BYTES = 64,
	EVENT_PAGE = 200, /* events read in one call .. */
	EVENT_PAGE_BYTES =
		256 * 1024, /* .. or as fit in this, or one: an event is 1 KiB, at its worst 1 MiB, which is all that may
			       wait for a socket */
};

enum event_read { EVENTS_COMPLETE, EVENTS_TOO_OLD, EVENTS_DOWN /* Redis is: ask again */ };

struct event_entry {
	struct cursor at;
	enum event_kind kind;
	struct uuid turn_id; /* zero where the event is about no turn */
	uint64_t revision;
	struct slice json; /* the whole event, as clients see it */
};

struct event_page {
	enum event_read status;
	struct cursor last; /* where the log stands; zero when it has none */
	const struct event_entry *entries;
	size_t count;
	bool more; /* the page is full and there are others: read on after its last entry */
};

/* page is borrowed for the call. */
typedef void event_log_fn(const struct event_page *page, void *arg);

/* Events after `after` (0-0, where there was no log yet: all of it), up to offset `upto` of the same epoch
 * (0: all there are), at most EVENT_PAGE. */
void event_log_read(struct redis *r, const struct uuid *conversation, struct cursor after, uint64_t upto,
	event_log_fn *fn, void *arg);

/* Where the log stands: page->last, no entries. status is COMPLETE also when there is no log (last is zero).
 */
void event_log_last(struct redis *r, const struct uuid *conversation, event_log_fn *fn, void *arg);

/* The stream's key, and the key of the set in which the notifier remembers what it has appended. */
void event_log_keys(
	const struct uuid *conversation, char log[EVENT_LOG_KEY_BYTES], char seen[EVENT_LOG_KEY_BYTES]);

#endif
