/* SPDX-License-Identifier: ISC
 *
 * pg_conn.c - see pg_conn.h.
 *
 * libpq's pipeline mode gives, for each statement, its results and a NULL; for each Sync one
 * PGRES_PIPELINE_SYNC. A statement that is new to the connection is prepared in a Sync of its own ahead of
 * the request, so that a request that fails does not take the preparation back with it. Server messages are
 * not logged for requests: they quote values.
 */
#include "pg_conn.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "pg_class.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	RETRY_MS = 50,	    /* the first wait before connecting again; doubles */
	RETRY_MAX_MS = 800, /* a server that is back is found within a second */
	/* An attempt's time: one begun while a network was cut must not outlast the cut by a second. Several
	 * hosts are tried in turn within one attempt. */
	CONNECT_MS = 1000,
	CONNECT_HOSTS_MS = 5000,
	/* A server that takes connections and has no time to answer them is given twice as long each time:
	 * those that are given up cost it as much as the others, and it would never come to an end. */
	CONNECT_DOUBLINGS = 3,
	/* Of a request's time: the server gives a statement up before we give the server up. */
	SQL_TIME_PERCENT = 75,
};

static const struct pg_stmt greeting = {
	.name = "greeting",
	.sql = "SELECT set_config('statement_timeout', $1, false), "
	       "set_config('client_connection_check_interval', $2, false)",
	.params = 2,
};

static void on_io(struct ev_loop *loop, ev_io *w, int revents);

static void watch(struct pg_conn *c, int events)
{
	int fd = PQsocket(c->pq);

	if (ev_is_active(&c->io) && c->io.fd == fd && c->io.events == events)
		return;
	ev_io_stop(c->loop, &c->io);
	ev_io_set(&c->io, fd, events);
	ev_io_start(c->loop, &c->io);
}

static void set_timer(struct pg_conn *c, double after_ms)
{
	ev_timer_stop(c->loop, &c->timer);
	ev_timer_set(&c->timer, after_ms / 1e3, 0);
	ev_timer_start(c->loop, &c->timer);
}

/* Half of the wait and a random part of the other half: those who lost one server together do not return
 * together. */
static double backoff_ms(unsigned failures)
{
	double wait = failures > 4 ? RETRY_MAX_MS : RETRY_MS << failures;

	return wait * (0.5 + drand48() / 2);
}

static void log_failure(const struct pg_conn *c, const char *what)
{
	const char *said = c->pq ? PQerrorMessage(c->pq) : "";
	char first[200], quoted[240];

	if ((c->failures & (c->failures - 1)) != 0)
		return; /* the 1st, 2nd, 4th, 8th .. attempt */
	snprintf(first, sizeof first, "%.*s", (int)strcspn(said, "\n"), said);
	log_warning("pg.down", "cause=%s attempts=%u error=%s", what, c->failures,
		log_quote(first, quoted, sizeof quoted));
}

static void disconnect(struct pg_conn *c)
{
	ev_io_stop(c->loop, &c->io);
	ev_timer_stop(c->loop, &c->timer);
	PQfinish(c->pq);
	c->pq = NULL;
	c->state = PG_CONN_WAITING;
	c->in_flight = c->prepared_count = 0;
	c->ends = false;
}

static void drop(struct pg_conn *c, const char *why)
{
	struct pg_requests lost = STAILQ_HEAD_INITIALIZER(lost);

	c->failures++;
	log_failure(c, why);
	STAILQ_CONCAT(&lost, &c->sent);
	disconnect(c);
	set_timer(c, backoff_ms(c->failures - 1));
	c->changed(c, c->pool);
	pg_requests_finish(&lost, PG_LOST);
}

/* From inside a call of the pool's user, whose callbacks must not run now. */
static void drop_soon(struct pg_conn *c)
{
	c->ends = true;
	set_timer(c, 0);
}

static void flush(struct pg_conn *c)
{
	int left = PQflush(c->pq);

	if (left < 0)
		drop_soon(c);
	else
		watch(c, left ? EV_READ | EV_WRITE : EV_READ);
}

/* --- sending --- */

static bool is_prepared(const struct pg_conn *c, const struct pg_stmt *stmt)
{
	for (size_t i = 0; i < c->prepared_count; i++)
		if (c->prepared[i] == stmt)
			return true;
	return false;
}

static void forget(struct pg_conn *c, const struct pg_stmt *stmt)
{
	for (size_t i = 0; i < c->prepared_count; i++)
		if (c->prepared[i] == stmt)
			c->prepared[i] = c->prepared[--c->prepared_count];
}

static bool prepare(struct pg_conn *c, const struct pg_stmt *stmt)
{
	struct pg_op op = {.stmt = &(const struct pg_stmt){.name = stmt->name, .sql = stmt->sql}};
	struct pg_request *r = pg_request_create(&op, 1, c->options->timeout_ms, NULL, NULL);

	if (c->prepared_count == PG_STATEMENTS)
		bug("more statements than PG_STATEMENTS");
	r->prepares = stmt;
	c->prepared[c->prepared_count++] = stmt;
	STAILQ_INSERT_TAIL(&c->sent, r, next);
	return PQsendPrepare(c->pq, stmt->name, stmt->sql, 0, NULL) && PQpipelineSync(c->pq);
}

static bool send_statements(struct pg_conn *c, const struct pg_request *r)
{
	const char *const *values = r->values;

	for (size_t i = 0; i < r->count; i++) {
		if (!PQsendQueryPrepared(
			    c->pq, r->stmts[i]->name, r->stmts[i]->params, values, NULL, NULL, 0))
			return false;
		values += r->stmts[i]->params;
	}
	return PQpipelineSync(c->pq);
}

void pg_conn_send(struct pg_conn *c, struct pg_request *r)
{
	bool sent = true;

	for (size_t i = 0; i < r->count && sent; i++)
		if (!is_prepared(c, r->stmts[i]))
			sent = prepare(c, r->stmts[i]);
	STAILQ_INSERT_TAIL(&c->sent, r, next);
	c->in_flight++;
	if (sent && send_statements(c, r))
		flush(c);
	else
		drop_soon(c);
}

bool pg_conn_has_room(const struct pg_conn *c)
{
	return c->state == PG_CONN_UP && !c->ends && c->in_flight < PG_PIPELINE;
}

/* --- answers --- */

static void finish_prepare(struct pg_conn *c, struct pg_request *r)
{
	if (r->status != PG_OK) {
		forget(c, r->prepares);
		snprintf(c->prepare_sqlstate, sizeof c->prepare_sqlstate, "%s", r->sqlstate);
		log_error("pg.prepare", "statement=%s sqlstate=%s", r->prepares->name, r->sqlstate);
	}
	pg_request_finish(r, PG_OK);
}

/* A statement that could not be prepared is unknown to the server (26000): its user is told why it could not.
 */
static void name_cause(const struct pg_conn *c, struct pg_request *r)
{
	if (strcmp(r->sqlstate, "26000") != 0 || !c->prepare_sqlstate[0])
		return;
	memcpy(r->sqlstate, c->prepare_sqlstate, sizeof r->sqlstate);
	r->status = pg_class(r->sqlstate);
}

static void finish_head(struct pg_conn *c)
{
	struct pg_request *r = STAILQ_FIRST(&c->sent);

	STAILQ_REMOVE_HEAD(&c->sent, next);
	if (pg_class_ends_connection(r->sqlstate))
		c->ends = true;
	if (r->prepares) {
		finish_prepare(c, r);
		return;
	}
	if (c->state == PG_CONN_UP)
		c->in_flight--;
	name_cause(c, r);
	pg_request_finish(r, PG_OK);
}

/* Everything that libpq has at hand without waiting. */
static void take_answers(struct pg_conn *c)
{
	int nulls = 0;

	while (!STAILQ_EMPTY(&c->sent) && nulls < 2 && !PQisBusy(c->pq)) {
		PGresult *result = PQgetResult(c->pq);

		if (!result) {
			nulls++; /* one ends a statement; two mean that libpq has no more */
			continue;
		}
		nulls = 0;
		if (PQresultStatus(result) == PGRES_PIPELINE_SYNC) {
			PQclear(result);
			finish_head(c);
			continue;
		}
		if (PQresultStatus(result) == PGRES_FATAL_ERROR && PQstatus(c->pq) == CONNECTION_BAD)
			c->ends = true;
		pg_request_take_result(STAILQ_FIRST(&c->sent), result);
	}
}

static void converse(struct pg_conn *c)
{
	bool alive = PQconsumeInput(c->pq);

	take_answers(c);
	if (!alive || c->ends || PQstatus(c->pq) == CONNECTION_BAD) {
		drop(c, "lost");
		return;
	}
	flush(c);
	if (c->state == PG_CONN_UP)
		c->changed(c, c->pool);
}

/* --- connecting --- */

static void on_greeted(const struct pg_answer *answer, void *arg)
{
	struct pg_conn *c = arg;

	if (answer->status == PG_LOST)
		return; /* already being dropped */
	if (answer->status != PG_OK) {
		c->ends = true;
		return;
	}
	c->state = PG_CONN_UP;
	c->failures = c->slow = 0;
	ev_timer_stop(c->loop, &c->timer);
	if (c->options->connected)
		c->options->connected(clock_mono_ns() - c->since_ns, c->options->arg);
}

static bool send_greeting(struct pg_conn *c)
{
	char sql_time[24];
	struct slice params[] = {slice_of(sql_time, 0), SLICE("1000")};
	struct pg_op op = {&greeting, params};
	struct pg_request *r;

	params[0].n = (size_t)snprintf(sql_time, sizeof sql_time, "%llu",
		(unsigned long long)(c->options->timeout_ms * SQL_TIME_PERCENT / 100));
	r = pg_request_create(&op, 1, CONNECT_HOSTS_MS, on_greeted, c);
	STAILQ_INSERT_TAIL(&c->sent, r, next);
	return PQsendQueryParams(c->pq, greeting.sql, greeting.params, NULL, r->values, NULL, NULL, 0) &&
	       PQpipelineSync(c->pq);
}

static void ignore_notice(void *arg, const PGresult *result)
{
}

static void greet(struct pg_conn *c)
{
	c->state = PG_CONN_GREETING;
	PQsetNoticeReceiver(c->pq, ignore_notice, NULL); /* libpq's own would print to stderr */
	if (PQsetnonblocking(c->pq, 1) != 0 || !PQenterPipelineMode(c->pq) || !send_greeting(c))
		drop(c, "greeting");
	else
		flush(c);
}

static void advance(struct pg_conn *c)
{
	ev_io_stop(c->loop, &c->io); /* libpq may go on with another descriptor of the same number */
	switch (PQconnectPoll(c->pq)) {
	case PGRES_POLLING_READING:
		watch(c, EV_READ);
		break;
	case PGRES_POLLING_WRITING:
		watch(c, EV_WRITE);
		break;
	case PGRES_POLLING_OK:
		greet(c);
		break;
	default:
		drop(c, "connect");
	}
}

/* What the operator's conninfo says comes later in the list and wins. Our statements are index reads of a few
 * rows: a generic plan saves planning each time, and one made while a table was small must not stay a
 * sequential scan when it has grown. */
#define SESSION "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c jit=off"

static PGconn *begin(const struct pg_options *options)
{
	static const char *const keys[] = {"options", "fallback_application_name", "client_encoding",
		"gssencmode", "keepalives_idle", "keepalives_interval", "keepalives_count",
		"tcp_user_timeout", "connect_timeout", "dbname", NULL};
	/* A peer that is gone without a word is noticed in 10 + 3 * 3 s when idle, in 2 s when it owes an
	 * answer. */
	char session[sizeof SESSION + 96];
	const char *const values[] = {
		session,
		program_invocation_short_name, "UTF8", "disable", "10", "3", "3", "2000", "5",
		options->conninfo, NULL};

	int n = snprintf(session, sizeof session, SESSION "%s", options->repeats ? " -c synchronous_commit=off" : "");

	if (options->lock_ms)
		snprintf(session + n, sizeof session - (size_t)n, " -c lock_timeout=%llu",
			(unsigned long long)options->lock_ms);
	return PQconnectStartParams(keys, values, 1);
}

/* A comma elsewhere in a conninfo makes the attempt longer, no worse. */
static int connect_ms(const struct pg_conn *c)
{
	int once = strchr(c->options->conninfo, ',') ? CONNECT_HOSTS_MS : CONNECT_MS;

	return once << (c->slow < CONNECT_DOUBLINGS ? c->slow : CONNECT_DOUBLINGS);
}

static void connect_now(struct pg_conn *c)
{
	c->since_ns = clock_mono_ns();
	c->prepare_sqlstate[0] = '\0';
	c->state = PG_CONN_CONNECTING;
	c->pq = begin(c->options);
	if (!c->pq || PQstatus(c->pq) == CONNECTION_BAD) {
		drop(c, "connect");
		return;
	}
	set_timer(c, connect_ms(c));
	watch(c, EV_WRITE);
}

/* --- events --- */

static void on_io(struct ev_loop *loop, ev_io *w, int revents)
{
	struct pg_conn *c = w->data;

	if (c->state == PG_CONN_CONNECTING)
		advance(c);
	else
		converse(c);
}

/* The attempt's time is over. One that the network has not brought to a server says nothing of a server. */
static void give_up_attempt(struct pg_conn *c)
{
	if (c->state == PG_CONN_GREETING || PQstatus(c->pq) != CONNECTION_STARTED)
		c->slow++;
	drop(c, "slow");
}

static void on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct pg_conn *c = w->data;

	if (c->state == PG_CONN_WAITING)
		connect_now(c);
	else if (c->state == PG_CONN_UP)
		drop(c, "broken");
	else
		give_up_attempt(c);
}

void pg_conn_expire(struct pg_conn *c, uint64_t now_ns)
{
	struct pg_request *head = STAILQ_FIRST(&c->sent);

	if (c->state != PG_CONN_UP || !head || head->deadline_ns > now_ns)
		return;
	for (struct pg_request *r = head; r; r = STAILQ_NEXT(r, next))
		r->overdue = r->deadline_ns <= now_ns;
	drop(c, "timeout");
}

void pg_conn_nudge(struct pg_conn *c)
{
	if (c->state == PG_CONN_WAITING)
		set_timer(c, RETRY_MS * drand48());
}

void pg_conn_open(struct pg_conn *c, struct ev_loop *loop, const struct pg_options *options,
	void (*changed)(struct pg_conn *conn, void *pool), void *pool)
{
	*c = (struct pg_conn){.loop = loop, .options = options, .changed = changed, .pool = pool};
	STAILQ_INIT(&c->sent);
	ev_init(&c->io, on_io);
	ev_init(&c->timer, on_timer);
	c->io.data = c->timer.data = c;
	set_timer(c, 0);
}

void pg_conn_close(struct pg_conn *c)
{
	disconnect(c);
	pg_requests_finish(&c->sent, PG_LOST);
}
