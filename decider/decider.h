/* SPDX-License-Identifier: ISC
 *
 * decider.h - the decider's parts, for each other.
 *
 * decider.c is the shell: links, the gathering of a batch, the group commit's turn-taking. batch.c holds turns and makes
 * a commit's parameters of them, accept.c reads a commit's answer and tells everyone, sweep.c makes good what was lost,
 * figures.c measures how long the queue is and how fast it is worked off, counts.c tells what was done, retain.c deletes
 * what is old.
 */
#ifndef CC_DECIDER_H
#define CC_DECIDER_H

#include "batch.h"
#include "cleaner/engine/engine.h"
#include "common/service/counts.h"
#include "common/service/link.h"
#include "common/store/pg.h"
#include "common/store/queue.h"
#include "common/store/redis.h"
#include "rate.h"

struct decider_config {
	char *turns_bind;
	char *engine_data;
	int64_t batch_turns, backlog_turns, queue_turns, retain_days, sweep_ms, pg_connections, pg_timeout_ms;
};

struct sweep {
	ev_timer timer;
	bool asking_queue, asking_outbox; /* one page of each under way at a time */
	bool looked;			  /* into the outbox, since the start */
	struct uuid after;                /* where the next page begins */
	int64_t after_seq;
};

struct figures {
	ev_timer timer;
	bool asking;
	struct rate rate;
	bool known;                  /* Redis said: */
	uint64_t now[QUEUE_FIGURES]; /* a second ago at most */
};

struct decider {
	struct service_run *run;
	const struct decider_config *config;
	struct link *turns, *results;
	struct pg *pg;
	struct redis *redis;
	struct engine *engine;
	struct engine_workspace *workspace;
	struct batch gathering, committing;
	ev_timer again;          /* the next try of a batch whose outcome is unknown */
	unsigned tries;          /* of the batch being committed */
	uint64_t wary_ns;        /* until then a batch asks which conversations are locked before it waits for them */
	struct batch held;       /* of conversations that are: they wait by themselves */
	ev_timer look;           /* when they are tried again */
	uint64_t locked;         /* times that turns were refused for that */
	bool one_by_one;         /* the batch failed as a whole: its turns are tried alone */
	struct batch alone;      /* the turn being tried alone */
	size_t enqueues;         /* under way at Redis */
	struct buf json;         /* scratch for a turn's JSON */
	struct sweep sweep;
	struct figures figures;
	ev_timer retain;
	int retain_page; /* conversations that the next statement of it deletes at most */
	struct counts *counts;
	struct {
		uint64_t batches, accepted[TURN_OUTCOME_COUNT], bypassed, repeated; /* by outcome; of them the agent's; stored before */
		uint64_t full, no_postgres, closed; /* refused */
		uint64_t pg_retries, requeued, announced_again;
	} did; /* since the start */
};

/* decider.c */
void decider_progress(struct decider *d); /* commits what was gathered, if nothing is under way; ends a drain */
void decider_verdict(struct decider *d, const struct pending *p, const struct msg_verdict *verdict);
void decider_result(struct decider *d, const struct msg_result *result);

/* accept.c */
/* Commits an empty batch on each connection, so that the first turn does not pay for parsing and planning. */
void accept_warm(struct decider *d);
void accept_commit(struct decider *d, struct batch *b, pg_fn *fn);
/* Tells the verdict of each turn of a committed batch, announces what is new, queues what waits. */
void accept_committed(struct decider *d, const struct batch *b, const PGresult *standing, uint64_t commit_ns);
void accept_failed(struct decider *d, const struct batch *b); /* TURN_UNAVAILABLE to all of it */
/* Asks whose conversations somebody has locked. accept_locked takes their turns out of the batch: to d->held, with those that came
 * after them, or, when they were seen to be locked patience_ns ago, fails them, and says how many. */
void accept_ask_locked(struct decider *d, const struct batch *b, pg_fn *fn);
size_t accept_locked(struct decider *d, struct batch *b, const PGresult *locked, uint64_t patience_ns);
void accept_enqueue(struct decider *d, const struct msg_job *job);

/* sweep.c */
void sweep_start(struct decider *d);
void sweep_now(struct decider *d);
void sweep_conversation(struct decider *d, const struct uuid *conversation);
void sweep_stop(struct decider *d);

/* retain.c */
void retain_start(struct decider *d);
void retain_stop(struct decider *d);

/* figures.c */
void figures_start(struct decider *d);
void figures_stop(struct decider *d);

/* counts.c */
struct counts *decider_counts_open(struct decider *d);

#endif
