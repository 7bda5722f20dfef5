/* SPDX-License-Identifier: ISC
 *
 * notifier.h - the notifier's parts, for each other: notifier.c the shell, append.c the way into the log,
 * listeners.c who is told where a log stands, confirm.c the outbox, catchup.c what an earlier one lost, counts.c what was done.
 */
#ifndef CC_NOTIFIER_H
#define CC_NOTIFIER_H

#include "backlog.h"
#include "common/service/counts.h"
#include "common/service/link.h"
#include "common/store/pg.h"
#include "common/store/redis.h"

#include <sys/queue.h>

enum { NUMBER_BYTES = 24 }; /* a 64-bit number's digits and the NUL */

struct notifier_config {
	char *results_bind, *events_bind;
	int64_t index, count, event_log_length, event_log_hours, backlog_results, backlog_mb;
};

/* The rows of the outbox to delete: gathered, then deleted together. */
struct confirm {
	struct buf turns, revisions; /* array literals */
	size_t count;		     /* rows in them */
	size_t under_way;	     /* statements at PostgreSQL */
	ev_timer timer;
};

/* The conversations that gateways are subscribed to. */
struct listeners {
	struct listener *all;	    /* by topic */
	TAILQ_HEAD(, listener) due; /* to be told where their log stands */
	size_t asking;		    /* questions at Redis */
};

enum catchup_state {
	CATCHUP_SETTLES, /* until every sender has found this notifier */
	CATCHUP_WAITS,	 /* for PostgreSQL */
	CATCHUP_ASKS,
	CATCHUP_APPENDS, /* a page is on its way into the log */
	CATCHUP_OVER,
};

struct catchup {
	enum catchup_state state;
	ev_timer timer; /* the state's end; when it is over, until what was told may be forgotten */
	struct buf json;
	char after_at[64], after_turn[UUID_TEXT_BYTES]; /* where the next page begins: with after_revision the outbox's order */
	uint64_t after_revision;
	struct backlog held; /* results that came meanwhile */
	size_t results;	     /* told */
	int64_t until_at;    /* wall-clock us: what is older is in what was told */
	struct told *told;   /* the turns */
};

/* Since the start. */
struct did {
	uint64_t received, appended, repeated, dropped, waited; /* waited: had to, for Redis */
	uint64_t trimmed, resets; /* events that left their log; times that all began anew */
};

struct notifier {
	struct service_run *run;
	const struct notifier_config *config;
	struct link *results, *events;
	struct redis *redis;
	struct pg *pg;
	struct backlog backlog;
	struct confirm confirm;
	struct listeners listeners;
	struct catchup catchup;
	ev_timer again; /* Redis refused: the next try */
	ev_timer quiet, report;
	struct buf head, tail, json; /* scratch */
	struct did did;
	struct counts *counts;
	uint64_t received_before; /* at the last look of quiet */
	unsigned busy_looks;	  /* of quiet, that found more had come */
	/* the event log */
	bool log_is_up;		/* Redis is, and resume.lua has said since when its logs can be trusted */
	uint64_t newest_epoch;	/* of any log that we have seen */
	uint64_t since;		/* logs that began before this epoch begin anew */
	struct uuid id;		/* of this process's run */
	uint64_t refusals;	/* of resume.lua, in a row */
	uint64_t seq, told_seq; /* appends sent, and the last that was answered */
};

extern const struct config_key notifier_keys[];
extern struct notifier_config notifier_config;
extern const struct service notifier_service;

/* notifier.c: its digits in text. */
struct slice notifier_digits(uint64_t v, char text[NUMBER_BYTES]);

bool notifier_append(struct notifier *n, const struct msg_result *m); /* on its way into the log; false: no room */

/* append.c */
void append_start(struct notifier *n);
void append_redis(struct notifier *n, bool up);
void append_pump(struct notifier *n); /* sends what may be sent */
void append_stop(struct notifier *n);
/* The epoch that a log gets if it begins now: later than all seen, though the clock step back. */
struct slice append_epoch(const struct notifier *n, char text[NUMBER_BYTES]);
void append_saw(struct notifier *n, struct slice event_id);

/* listeners.c */
void listeners_start(struct notifier *n);
void listeners_subscription(struct notifier *n, struct slice topic, bool on);
void listeners_ask_all(struct notifier *n); /* Redis is back: where every log stands may have changed */
void listeners_stop(struct notifier *n);

/* confirm.c: the result is in the log, its outbox row may go. */
void confirm_start(struct notifier *n);
void confirm_add(struct notifier *n, const struct uuid *turn_id, uint64_t revision);
void confirm_flush(struct notifier *n);
void confirm_stop(struct notifier *n);

/* catchup.c */
void catchup_start(struct notifier *n);
void catchup_postgres(struct notifier *n); /* it is there */
void catchup_progress(struct notifier *n); /* something got into the log */
bool catchup_holds(struct notifier *n, const struct msg_result *m); /* true: kept until it is over, copied; or no news any more */
bool catchup_is_over(const struct notifier *n);
void catchup_stop(struct notifier *n);

/* counts.c */
struct counts *notifier_counts_open(struct notifier *n);

#endif
