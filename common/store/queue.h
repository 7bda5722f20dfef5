/* SPDX-License-Identifier: ISC
 *
 * queue.h - the queue of turns in Redis: one turn of a conversation in the ready stream, the rest behind it in order.
 *
 * PostgreSQL is the truth; all that stands here can be rebuilt from it (the decider's sweep). Each call is one atomic Lua
 * script in queue/. Names carry the shard's hash tag, so Redis Cluster can hold them:
 *
 *   q:{0}:ready, q:{0}:ready-high   streams, group "cleaners": (conversation, turn), at most one entry a conversation
 *   q:{0}:wait:<conversation>       sorted set: the turns that wait behind it, by seq
 *   q:{0}:busy:<conversation>       hash: turn, stream, entry, fence of the one that is ready or being cleaned, `held` once a
 *                                   cleaner has it; of each turn above crashes:<turn> and retries:<turn>
 *   q:{0}:jobs                      hash: turn -> packed MSG_JOB, of every turn above
 *   q:{0}:win:<conversation>        sorted set by seq: the last cleaned turns, packed MSG_WINDOW; expires
 *   q:{0}:finished, crashes, retries   how many turns were completed, leases ran out, turns were given back
 *   q:{0}:probe                     string: the last one who asked whether Redis takes a write
 *   q:{0}:dead                      stream: turns given up, with their cause
 */
#ifndef CC_STORE_QUEUE_H
#define CC_STORE_QUEUE_H

#include "common/wire/message.h"
#include "redis.h"

enum {
	QUEUE_WINDOW_KEEP = 12,        /* entries of a window: LIMIT_WINDOW_TURNS and two that may come out of order */
	QUEUE_WINDOW_SECONDS = 3600,   /* an idle conversation's window is read from PostgreSQL afterwards */
	QUEUE_UNKNOWN_TURNS = 500,     /* asked about in one call: a millisecond of Redis' time */
	QUEUE_DEAD_ENTRIES = 10000,    /* the dead letters kept for inspection */
	QUEUE_KEY_BYTES = 64,          /* a key's name: tag, kind, a UUID; with the NUL */
};

/* Puts a turn in; a turn that is there already is left alone. Reply: [1 if new, turns before it in its conversation,
 * length of the ready streams]. */
void queue_enqueue(struct redis *r, const struct msg_job *job, redis_fn *fn, void *arg);

/* Which of these turns (ids as text, at most QUEUE_UNKNOWN_TURNS) the queue does not know. Reply: an array of ids. */
void queue_unknown(struct redis *r, const struct slice *turns, size_t count, redis_fn *fn, void *arg);

/* Puts a finished turn into its conversation's window. */
void queue_window_push(struct redis *r, const struct uuid *conversation, const struct msg_window *turn, redis_fn *fn, void *arg);

/* A text in the conversation's window was changed: it is read from PostgreSQL next time. */
void queue_window_drop(struct redis *r, const struct uuid *conversation, redis_fn *fn, void *arg);

/* Takes a turn that a stream entry named. expired: the lease before this one ran out, its holder died or stands still; that
 * counts as one of the turn's crashes. Reply: nil when the entry is stale (the caller acknowledges it with queue_drop), 0
 * when its job is lost (the caller parks the conversation), else
 * [fence, packed job, crashes, retries, then each packed window entry, oldest first]. */
void queue_claim(struct redis *r, struct slice stream, struct slice entry, const struct uuid *conversation,
	const struct uuid *turn, bool expired, redis_fn *fn, void *arg);

/* The turn is committed: acknowledges the entry, pushes the window entry (window NULL: none), makes the conversation's next
 * turn ready. Reply 1, or 0 when the fence is not the lease's any more: somebody else has the turn, nothing was changed. */
void queue_complete(struct redis *r, const struct uuid *conversation, const struct uuid *turn, uint64_t fence,
	const struct msg_window *window, redis_fn *fn, void *arg);

/* Hands a turn back, first in its conversation's order: another cleaner takes the lowest that waits. One of the turn's
 * retries. Reply as complete. */
void queue_release(struct redis *r, const struct uuid *conversation, const struct uuid *turn, uint64_t fence, redis_fn *fn,
	void *arg);

/* Takes all of a conversation out of Redis, window too: paused, deleted. PostgreSQL keeps its turns. */
void queue_park(struct redis *r, const struct uuid *conversation, redis_fn *fn, void *arg);

/* Acknowledges and deletes a stale entry. */
void queue_drop(struct redis *r, struct slice stream, struct slice entry, redis_fn *fn, void *arg);

/* Writes a turn that was given up to the dead letters. cause is one short line without text of the turn. */
void queue_bury(struct redis *r, const struct uuid *conversation, const struct uuid *turn, struct slice cause,
	uint64_t crashes, uint64_t retries, redis_fn *fn, void *arg);

/* A small write, to see whether Redis takes any: a Redis that is read-only or full says so. Reply: a status, or the error. */
void queue_probe(struct redis *r, struct slice who, redis_fn *fn, void *arg);

enum queue_figure { QUEUE_READY, QUEUE_TURNS, QUEUE_OLDEST_MS, QUEUE_UNCLAIMED, QUEUE_FINISHED, QUEUE_CRASHES, QUEUE_RETRIES,
	QUEUE_HELD, QUEUE_READY_HIGH, QUEUE_DEAD, QUEUE_FIGURES };

/* Reply: [ready entries, turns in the queue, ms since the oldest ready entry was made, turns that no cleaner has yet, then
 * since Redis began: turns finished, leases that ran out, turns given back; then turns that a cleaner has, entries of the
 * first two that are of high priority, dead letters]: QUEUE_FIGURES of them, by queue_figure. */
void queue_stats(struct redis *r, redis_fn *fn, void *arg);

extern const struct slice queue_stream_normal, queue_stream_high, queue_group, queue_jobs, queue_dead;
/* The keys of queue_stats_script, in its order. */
extern const struct slice queue_stats_keys[7];
extern const struct redis_script queue_park_script, queue_stats_script; /* for cleanerctx-admin, which has no loop */

/* A conversation's three keys and its id as text. */
struct queue_names {
	char id[UUID_TEXT_BYTES], wait[QUEUE_KEY_BYTES], busy[QUEUE_KEY_BYTES], win[QUEUE_KEY_BYTES];
};
void queue_name_keys(struct queue_names *names, const struct uuid *conversation);

#endif
