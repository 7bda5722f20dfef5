/* SPDX-License-Identifier: ISC
 *
 * notifier.h - the notifier's parts, for each other: notifier.c the shell, confirm.c the outbox.
 */
#ifndef CC_NOTIFIER_H
#define CC_NOTIFIER_H

#include "backlog.h"
#include "common/service/link.h"
#include "common/store/pg.h"
#include "common/store/redis.h"

struct notifier_config {
	char *results_bind, *events_bind;
	int64_t index, count, event_log_length, event_log_hours, backlog_results, backlog_mb;
};

/* The rows of the outbox to delete: gathered, then deleted together. */
struct confirm {
	struct buf turns, revisions; /* array literals */
	size_t count;                /* rows in them */
	size_t under_way;            /* statements at PostgreSQL */
	ev_timer timer;
};

struct notifier {
	struct service_run *run;
	const struct notifier_config *config;
	struct link *results, *events;
	struct redis *redis;
	struct pg *pg;
	struct backlog backlog;
	struct confirm confirm;
	ev_timer again;              /* Redis refused: the next try */
	struct buf head, tail, json; /* scratch */
	uint64_t appended, repeated, dropped;
};

extern const struct config_key notifier_keys[];
extern struct notifier_config notifier_config;
extern const struct service notifier_service;

/* notifier.c */
void notifier_drain_if_done(struct notifier *n);

/* confirm.c: the result is in the log, its outbox row may go. */
void confirm_start(struct notifier *n);
void confirm_add(struct notifier *n, const struct uuid *turn_id, uint64_t revision);
void confirm_flush(struct notifier *n);
void confirm_stop(struct notifier *n);

#endif
