/* SPDX-License-Identifier: ISC
 *
 * replay.h - the merge of a conversation's event log with its live events: every event once, in order, none
 * left out.
 *
 * A stream begins UNCONFIRMED: the notifier has not said yet where the log stands, and what comes live is
 * kept aside. replay_confirm tells it. A stream that began at a client's cursor is then READING: what the log
 * holds after the cursor comes through replay_entry, live events are kept aside meanwhile, and replay_end
 * merges the two. Once LIVE, an event that does not follow the last one shows a gap, and the log is read
 * again. When the log no longer holds what is asked for, or another log has taken its place (its epoch
 * changed), the stream says so (reset) and goes on from where the log stands: recovery is complete or
 * refused, never partial.
 *
 * Invariant: what is delivered after a reset, or from the beginning, has offsets that grow by exactly one.
 * What is kept aside is bounded; past the bound it is let go of and read from the log instead.
 * Pure: no socket, no store, no clock. Callbacks are called inside the functions below and must not finish
 * the stream. Used at two levels: by a conversation's topic (live events with the notifier's gaps), and by
 * each subscription.
 */
#ifndef CC_GATEWAY_REPLAY_H
#define CC_GATEWAY_REPLAY_H

#include "event.h"

enum {
	REPLAY_KEPT_EVENTS = 256, /* events kept aside: seconds of a busy conversation; more are read again */
	REPLAY_KEPT_BYTES = 512 * 1024, /* bytes of them, a stream: half of what a socket may hold */
};

enum replay_state { REPLAY_UNCONFIRMED, REPLAY_READING, REPLAY_LIVE };

enum replay_outcome {
	REPLAY_COMPLETE, /* every event after the place asked for was given, up to the log's end */
	REPLAY_MORE,	 /* the events given are complete so far; there are more after them */
	REPLAY_TOO_OLD,	 /* the log does not hold the place asked for */
};

struct replay_sink {
	void (*deliver)(struct event *event, void *arg); /* borrowed: hold it to keep it */
	void (*reset)(
		struct cursor now, void *arg); /* what lies between is lost; the stream goes on after now */
	void (*read)(struct cursor after, void *arg); /* read the log, then replay_entry .. replay_end */
	void *arg;
};

struct replay {
	enum replay_state state;
	bool has_cursor;	/* began at a client's cursor */
	struct cursor last;	/* delivered up to here, or the place it began */
	struct cursor newest;	/* the furthest that the notifier has told of */
	struct cursor promised; /* newest when the log was last asked: what a complete answer must reach */
	struct event **kept;	/* owned, in the order they came */
	size_t kept_count, kept_bytes;
	struct replay_sink sink;
};

/* after is the client's cursor, or NULL to begin where the log stands. Finish with replay_finish. */
void replay_init(struct replay *r, const struct cursor *after, struct replay_sink sink);
void replay_finish(struct replay *r);

/* The notifier hears us, and the log stands at head. May come again at any time: after the notifier was
 * started anew. */
void replay_confirm(struct replay *r, struct cursor head);

/* An event came live. Borrowed. */
void replay_event(struct replay *r, struct event *event);

/* The answer to sink.read: the entries in order, borrowed, then the end. When the log cannot be read, call
 * neither and read again later. head (for REPLAY_TOO_OLD) is where the log stands. */
void replay_entry(struct replay *r, struct event *event);
void replay_end(struct replay *r, enum replay_outcome outcome, struct cursor head);

/* The stream that this one reads from has lost its place. */
void replay_restart(struct replay *r, struct cursor now);

#endif
