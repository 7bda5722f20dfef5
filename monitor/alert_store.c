/* SPDX-License-Identifier: ISC
 *
 * alert_store.c - see alert_store.h. One change at a time, the oldest first.
 */
#include "alert_store.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/xalloc.h"
#include "common/service/timings.h"
#include "common/store/pg.h"

#include "alert_close.sql.h"
#include "alert_put.sql.h"
#include "alerts_open.sql.h"
#include "alerts_tidy.sql.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	AGAIN_MS = 1000,    /* after what failed for now */
	TIMEOUT_MS = 5000,  /* of a statement: nobody waits for it */
	TIDY_S = 3600,
	RESTORED = 1000,    /* one a metric is the rule; more are a database's that was put together by hand */
	NUMBER_BYTES = 24,
};

static const struct pg_stmt put_stmt = {"alert_put", alert_put_sql, 1};
static const struct pg_stmt open_stmt = {"alerts_open", alerts_open_sql, 1};
static const struct pg_stmt close_stmt = {"alert_close", alert_close_sql, 1};
static const struct pg_stmt tidy_stmt = {"alerts_tidy", alerts_tidy_sql, 1};

struct alert_store {
	struct service_run *run;
	struct pg *pg;
	ev_timer again, tidy;
	const int64_t *keep_days; /* reloadable */
	alert_store_fn *fn;
	bool restored, under_way; /* one statement, or none */
	struct change {
		struct uuid id;
		char *line;
		size_t n;
	} waiting[ALERT_STORE_WAITING]; /* the oldest first; while one is under way it is the first */
	size_t count;
};

static void step(struct alert_store *s);

static void drop(struct alert_store *s, size_t at)
{
	free(s->waiting[at].line);
	s->count--;
	memmove(s->waiting + at, s->waiting + at + 1, (s->count - at) * sizeof s->waiting[0]);
}

static void wait(struct alert_store *s)
{
	ev_timer_stop(service_loop(s->run), &s->again);
	ev_timer_set(&s->again, AGAIN_MS / 1e3, 0);
	ev_timer_start(service_loop(s->run), &s->again);
}

static bool is_for_now(enum pg_status status)
{
	return status != PG_REFUSED && status != PG_CONFLICT;
}

static void on_put(const struct pg_answer *answer, void *arg)
{
	struct alert_store *s = arg;

	s->under_way = false;
	if (answer->status != PG_OK && is_for_now(answer->status)) {
		wait(s);
		return;
	}
	if (answer->status != PG_OK)
		log_error("alerts.unkept", "status=%d sqlstate=%s", (int)answer->status, answer->sqlstate);
	drop(s, 0);
	step(s);
}

/* False: the row is of a rule, metric or window that this build has not. */
static bool read_row(const PGresult *rows, int row, struct alert_event *e)
{
	*e = (struct alert_event){.state = pg_cell_bool(rows, row, 3) ? ALERT_OPENED : ALERT_NO_DATA,
		.metric = metric_by_name(pg_cell(rows, row, 2)), .rule = alert_rule_by_name(pg_cell(rows, row, 1)),
		.opened_at = pg_cell_i64(rows, row, 9)};
	e->figures = (struct alert_figures){.count = (uint64_t)pg_cell_i64(rows, row, 7), .over = (uint64_t)pg_cell_i64(rows, row, 8),
		.value = (uint64_t)pg_cell_i64(rows, row, 5), .limit = strtod(PQgetvalue(rows, row, 4), NULL)};
	while (e->figures.window < WINDOW_COUNT && !slice_eq(pg_cell(rows, row, 6), slice_str(window_names[e->figures.window])))
		e->figures.window++;
	return pg_cell_uuid(rows, row, 0, &e->id) && e->metric != METRIC_COUNT && e->rule && e->figures.window < WINDOW_COUNT;
}

static void on_closed(const struct pg_answer *answer, void *arg)
{
	if (answer->status != PG_OK) /* the next start tries again */
		log_warning("alerts.unclosed", "status=%d sqlstate=%s", (int)answer->status, answer->sqlstate);
}

static void restore(struct alert_store *s, const PGresult *rows, int row)
{
	struct slice id = pg_cell(rows, row, 0);
	struct alert_event e;

	if (read_row(rows, row, &e) && s->fn(&e))
		return;
	log_info("alerts.closed", "id=%.*s", (int)id.n, id.p);
	pg_send(s->pg, &(struct pg_op){&close_stmt, &id}, 1, on_closed, s);
}

static void on_open(const struct pg_answer *answer, void *arg)
{
	struct alert_store *s = arg;

	s->under_way = false;
	if (answer->status != PG_OK) {
		log_warning("alerts.unread", "status=%d sqlstate=%s", (int)answer->status, answer->sqlstate);
		wait(s);
		return;
	}
	s->restored = true;
	for (int i = 0; i < PQntuples(answer->results[0]); i++)
		restore(s, answer->results[0], i);
	step(s);
}

static void ask(struct alert_store *s, const struct pg_stmt *stmt, struct slice param, pg_fn *fn)
{
	s->under_way = true;
	pg_send(s->pg, &(struct pg_op){stmt, &param}, 1, fn, s);
}

static void step(struct alert_store *s)
{
	char most[NUMBER_BYTES];

	if (s->under_way || !pg_is_up(s->pg))
		return;
	if (!s->restored) {
		snprintf(most, sizeof most, "%d", RESTORED);
		ask(s, &open_stmt, slice_str(most), on_open);
	} else if (s->count) {
		ask(s, &put_stmt, slice_of(s->waiting[0].line, s->waiting[0].n), on_put);
	}
}

static void on_again(struct ev_loop *loop, ev_timer *w, int revents)
{
	step(w->data);
}

static void on_tidied(const struct pg_answer *answer, void *arg)
{
	if (answer->status == PG_REFUSED)
		log_error("alerts.untidied", "sqlstate=%s", answer->sqlstate);
}

static void on_tidy(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct alert_store *s = w->data;
	char days[NUMBER_BYTES];
	struct slice param;

	if (!pg_is_up(s->pg))
		return;
	snprintf(days, sizeof days, "%lld", (long long)*s->keep_days);
	param = slice_str(days);
	pg_send(s->pg, &(struct pg_op){&tidy_stmt, &param}, 1, on_tidied, s);
}

static void on_state(bool up, void *arg)
{
	struct alert_store *s = arg;

	if (up && s->pg)
		step(s);
}

static void on_connected(uint64_t took_ns, void *arg)
{
	timing_ns(METRIC_SYSTEM_DATABASE_CONNECTION, took_ns);
}

struct alert_store *alert_store_open(struct service_run *run, const int64_t *keep_days, alert_store_fn *fn)
{
	struct alert_store *s = xcalloc(1, sizeof *s);

	s->run = run;
	s->keep_days = keep_days;
	s->fn = fn;
	ev_timer_init(&s->again, on_again, 0, 0);
	ev_timer_init(&s->tidy, on_tidy, TIDY_S, TIDY_S);
	s->again.data = s->tidy.data = s;
	ev_timer_start(service_loop(run), &s->tidy);
	s->pg = pg_open(service_loop(run), &(struct pg_options){.conninfo = service_common(run)->postgres, .connections = 1,
		.timeout_ms = TIMEOUT_MS, .state = on_state, .connected = on_connected, .arg = s});
	return s;
}

void alert_store_close(struct alert_store **store)
{
	struct alert_store *s = *store;

	*store = NULL;
	if (!s)
		return;
	pg_close(&s->pg);
	ev_timer_stop(service_loop(s->run), &s->again);
	ev_timer_stop(service_loop(s->run), &s->tidy);
	while (s->count)
		drop(s, s->count - 1);
	free(s);
}

/* A later change of an alert that waits takes its place, but not that of one that is being written. */
void alert_store_put(struct alert_store *s, const struct uuid *id, struct slice line)
{
	size_t at = s->under_way && s->restored ? 1 : 0;

	while (at < s->count && !uuid_eq(&s->waiting[at].id, id))
		at++;
	if (at < s->count)
		drop(s, at);
	if (s->count == ALERT_STORE_WAITING) {
		log_warning("alerts.unkept", "waiting=%zu: the oldest change is given up", s->count);
		drop(s, s->under_way ? 1 : 0);
	}
	s->waiting[s->count++] = (struct change){*id, xstrndup(line.p, line.n), line.n};
	step(s);
}
