/* SPDX-License-Identifier: ISC
 *
 * cleaner.h - the cleaner's parts, for each other.
 *
 * cleaner.c is the shell: opening, drain, the tick. take.c reads the ready streams, renews leases and takes
 * over dead cleaners' turns, standin.c takes them from PostgreSQL while Redis does not serve; each turn
 * taken is a lease, and lease.c is its life: claim -> window -> clean -> commit -> complete. commit.c is the
 * second commit, announce.c what watchers are told, model.c asks a language model, late.c takes what it says
 * afterwards. Pure: window.c, cleaned.c, outcome.c, gather.c.
 *
 * A lease has exactly one answer under way at any time, from Redis, PostgreSQL or a timer, and is freed only
 * when there is none: its pointer may be every callback's argument.
 */
#ifndef CC_CLEANER_H
#define CC_CLEANER_H

#include "cleaned.h"
#include "common/service/link.h"
#include "common/store/pg.h"
#include "common/store/queue.h"
#include "gather.h"
#include "known.h"
#include "outcome.h"
#include "window.h"

struct cleaner_config {
	char *engine_data;
	bool put_right;
	int64_t max_in_flight, lease_ms, pg_connections, pg_timeout_ms;
	char *model_provider, *model_url, *models, *model_key;		 /* the service that is asked */
	char *backup_provider, *backup_url, *backup_models, *backup_key; /* when none of its models may be */
	char *model_thinking, *model_ca_file;
	char *model_prices, *model_currency, *model_day_soft, *model_day_hard;
	bool model_local_first;
	int64_t model_deadline_ms, model_late_ms, model_hedge_percent, model_cache_s, model_gather_ms, model_skip_confidence,
		model_doubt_confidence;
};

enum {
	ENTRY_BYTES = 44, /* a stream entry's id: two numbers, a hyphen, a NUL */
	CLEANER_IN_FLIGHT_MOST = 256,
	LATE_MOST = 128, /* turns whose model may still answer: half of LLM_IN_FLIGHT, so that they never crowd out
			    those that wait; past it the local answer is the last word */
};

enum lease_state {
	LEASE_FREE,
	LEASE_TAKING,	/* asked Redis for a dead cleaner's entry */
	LEASE_CLAIMING, /* asked for fence, job and window */
	LEASE_WINDOW,	/* asked PostgreSQL for the window */
	LEASE_ASKING,	/* asked a language model */
	LEASE_PUTTING_RIGHT, /* asked for the earlier turn that it puts right; the window leaves Redis */
	LEASE_COMMITTING,
	LEASE_WAITING, /* PostgreSQL could not: tries again by the timer */
	LEASE_EARLIER, /* asked PostgreSQL for the turns that Redis lost */
	LEASE_ENDING,  /* complete, release, park or drop under way */
	LEASE_LATE,    /* no lease any more: late.c's */
};

struct cleaner;

struct lease {
	struct cleaner *cleaner;
	enum lease_state state;
	bool high; /* which stream */
	char entry[ENTRY_BYTES]; /* empty: it came from PostgreSQL (standin.c), Redis knows nothing of the lease */
	struct uuid conversation, turn;
	uint64_t deliveries; /* of its entry; 1: the first */
	bool expired;	     /* the lease before this one ran out */
	uint64_t fence;	     /* 0: not claimed */
	uint64_t claim_ns;   /* when its claim was sent */
	char *blob;	     /* the job's bytes, owned */
	struct msg_job job;  /* borrows from blob */
	struct window window;
	bool window_ready;    /* it is complete */
	struct known *known;  /* held; NULL: not read yet */
	unsigned stale_times; /* that it was changed before the commit */
	struct cleaned cleaned;
	struct asking *asking;	/* model.c's, while and after a model is asked; owned */
	struct putright *putright; /* an earlier turn's revision that is committed with it; owned; NULL: none */
	uint64_t processing_ns; /* of the commit under way */
	uint64_t revision;	/* that it was committed as; until then, that it will most likely be */
	unsigned tries;		/* of what PostgreSQL could not do */
	unsigned freed;		/* commits of it whose hindrance was over when it was asked for */
	bool refused;		/* PostgreSQL refused the commit: tried once more, given up */
	struct gathered gathered; /* while its commit waits for the one under way */
	enum lease_state again; /* what the timer tries again */
	ev_timer timer;
};

struct cleaner {
	struct service_run *run;
	const struct cleaner_config *config;
	struct pg *pg;
	struct redis *redis;  /* scripts, renewals */
	struct redis *reader; /* the connection that blocks */
	struct link *results;
	struct engine *engine;
	struct engine_workspace *workspace;
	struct known_cache known;
	struct llm *llm; /* NULL: no model is configured */
	uint64_t calls_saved; /* turns whose words were all sure */
	bool local_only; /* the monitor's mode: no model is asked */
	struct cleaner_counts *counts;
	struct {
		uint64_t done, failed; /* turns committed */
		uint64_t taken_over, expired; /* entries of others, or dropped; .. whose lease ran out */
		uint64_t given_back, fenced_off, pg_retries;
		uint64_t dead_crashes, dead_refused;
	} did; /* since the start */
	struct spend *spend; /* what its calls cost; NULL as llm */
	struct lease leases[CLEANER_IN_FLIGHT_MOST];
	size_t in_flight;
	struct {
		bool reading;	 /* XREADGROUP under way */
		bool looking;	 /* XPENDING under way */
		char client[24]; /* the reader's connection id, to wake it */
		ev_timer pause;	 /* after an error of Redis */
		ev_timer expiry; /* when the next lease runs out that nobody renews */
		uint64_t began_ns, up_ns; /* this process; its connection */
		uint64_t poison; /* entries that were no turn */
	} take;
	struct {
		bool serves;	       /* Redis takes what is written to it */
		bool probing, looking; /* at Redis, at PostgreSQL: under way */
		struct uuid after;     /* where the next page begins */
		int64_t after_seq;     /* 0: at the beginning */
		ev_timer timer;
	} standin;
	struct {
		struct late *first;
		size_t count, committing;
		uint64_t revised; /* turns whose model's answer became a revision */
		uint64_t vain;	  /* .. came to nothing: none, not the turn, or the same text */
		uint64_t overtaken, dropped, lost; /* .. by who changed the turn; past LATE_MOST; by a failure */
	} late;
	struct {
		struct gather waiting; /* leases whose commit waits for one under way; never when there is none */
		size_t under_way;      /* transactions */
		ev_timer patience;     /* until they wait no longer */
	} gather;
	ev_timer tick;
	struct buf json; /* scratch for events */
};

/* cleaner.c */
void cleaner_settled(struct cleaner *c); /* a lease or a read ended: reads on, or ends a drain */

/* take.c */
void take_open(struct cleaner *c);
void take_more(struct cleaner *c);  /* reads on when there is room and nothing is being read */
void take_wake(struct cleaner *c);  /* ends a blocked read: for the drain */
void take_renew(struct cleaner *c); /* keeps this cleaner's leases */
void take_look(struct cleaner *c);  /* takes over what dead cleaners left */
void take_redis_up(struct cleaner *c); /* the connection of scripts and renewals */
void take_reader_up(struct cleaner *c);
void take_close(struct cleaner *c);

/* standin.c */
void standin_open(struct cleaner *c);
void standin_probe(struct cleaner *c); /* does Redis serve? Told by the next call at the latest */
void standin_close(struct cleaner *c);

/* lease.c */
struct slice lease_stream(const struct lease *l);
struct lease *lease_new(struct cleaner *c, enum lease_state state, bool high, struct slice entry);
bool lease_held(const struct cleaner *c, bool high, struct slice entry);
void lease_claim(struct lease *l, const struct uuid *conversation, const struct uuid *turn);
bool lease_has(const struct cleaner *c, const struct uuid *turn); /* is it in hand already? */
void lease_begin_without_redis(struct lease *l, const struct msg_job *job); /* copies the job */
void lease_finish(struct lease *l); /* frees what it holds */
void lease_end(struct lease *l); /* frees it; what stands in Redis is somebody else's from here */
void lease_committed(struct lease *l, enum outcome outcome);
void lease_pg_failed(struct lease *l, enum pg_status status); /* tries the present step again, later */
bool lease_is_checked(const struct lease *l); /* must what it was cleaned with still be so at the commit? */
void lease_refused(struct lease *l);			      /* a commit that PostgreSQL will not take */

/* commit.c */
void commit_open(struct cleaner *c);
void commit_close(struct cleaner *c);
void commit_send(struct lease *l);
void commit_read_around(struct lease *l, pg_fn *fn); /* results: what is known; the window unless it is ready */
void commit_read_earlier(struct lease *l, pg_fn *fn);
uint64_t commit_since_receipt_ns(const struct lease *l);
void commit_warm(struct cleaner *c); /* prepares and plans on every connection before the first turn */

/* What a turn is cleaned with besides what its job says: window, glossary, suppressed pairs. */
struct clean_input lease_around(const struct lease *l);

/* model.c */
bool model_check(struct buf *error); /* the configuration's */
void model_open(struct cleaner *c);
void model_close(struct cleaner *c);
void model_modes(struct cleaner *c); /* the monitor's modes changed */
struct lease *model_asker_lease(const void *asker); /* whose question it is, of an llm_call's askers */
bool model_ask(struct lease *l, const struct clean_result *local); /* false: nothing to wait for */
void model_forget(struct lease *l); /* frees what asking left, and cancels what is under way */
bool model_is_asked(const struct lease *l); /* its answer is still to come */
bool model_is_late(const struct lease *l);  /* the turn went out without an answer that is there now, or to come */
bool model_take_revised(struct lease *l);   /* puts the late answer in the place of `cleaned`; false: it changes nothing */
void model_moved(struct lease *to);	    /* what the lease holds stands elsewhere now */

/* late.c */
void late_begin(struct lease *l); /* the turn is committed: takes what may still come of the model */
void late_told(struct lease *l);  /* it has come, or will not; l is late.c's, gone when this returns */
void late_drain(struct cleaner *c); /* ends those that wait for the model: their calls are reported yet */
void late_close(struct cleaner *c);

/* putright.c */
void putright_and_commit(struct lease *l); /* the turn is cleaned: looks whether it puts an earlier one right */
bool putright_op(struct lease *l, struct pg_op *op); /* false: it does not */
void putright_committed(struct lease *l, const PGresult *r);
void putright_forget(struct lease *l);

/* teach.c */
void teach(struct lease *l); /* counts the names that the agent used before this turn */

/* announce.c */
void announce_processing(struct lease *l);
void announce_finished(struct lease *l, uint64_t revision);
void announce_again(
	struct lease *l, uint64_t revision, struct slice state, struct slice text, struct slice metadata);
void announce_revised(struct lease *l, const struct uuid *turn, uint64_t revision, struct slice turn_json);
void announce_applied(struct lease *l, const struct uuid *turn, uint64_t revision, struct slice correction_json);
void announce_confidence(struct lease *l, struct slice distribution_json);
void announce_contexts(struct lease *l, struct slice from_json, struct slice to_json, struct slice reason);

#endif
