/* SPDX-License-Identifier: ISC
 *
 * pg_conn.c - see pg_conn.h.
 *
 * Each request is its statements and one Sync; a statement's first use on a connection sends Parse with a Sync of its own
 * before, so that a transaction that fails cannot take the preparation with it. Results are kept until the Sync is
 * answered: only then is the transaction committed.
 */
#include "pg_conn.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/xalloc.h"

#include <stdlib.h>

enum {
	CONNECT_MS = 3000,     /* an attempt that hangs longer is given up */
	BACKOFF_FIRST_MS = 50, /* doubles to the most: back in under a second of the server's return */
	BACKOFF_MOST_MS = 800,
};

static void on_io(struct ev_loop *loop, ev_io *w, int revents);
static void on_retry(struct ev_loop *loop, ev_timer *w, int revents);

void pg_conn_init(struct pg_conn *c, struct pg *pool)
{
	*c = (struct pg_conn){.pool = pool};
	c->tail = &c->head;
	ev_init(&c->io, on_io);
	ev_init(&c->retry, on_retry);
	c->io.data = c->retry.data = c;
}

static void watch(struct pg_conn *c, int events)
{
	struct ev_loop *loop = pg_loop(c->pool);
	int fd = PQsocket(c->db);

	if (ev_is_active(&c->io) && c->io.fd == fd && (c->io.events & (EV_READ | EV_WRITE)) == events)
		return;
	ev_io_stop(loop, &c->io);
	if (fd < 0)
		return;
	ev_io_set(&c->io, fd, events);
	ev_io_start(loop, &c->io);
}

static void timer_in(struct pg_conn *c, unsigned ms)
{
	ev_timer_stop(pg_loop(c->pool), &c->retry);
	ev_timer_set(&c->retry, ms / 1e3, 0);
	ev_timer_start(pg_loop(c->pool), &c->retry);
}

/* Half to all of the doubled wait, so that a hundred connections do not come back in one instant. */
static unsigned backoff_ms(struct pg_conn *c)
{
	unsigned most = BACKOFF_FIRST_MS << (c->attempts < 5 ? c->attempts : 5);

	if (most > BACKOFF_MOST_MS)
		most = BACKOFF_MOST_MS;
	c->attempts++;
	return most / 2 + (unsigned)random() % (most / 2 + 1);
}

static void disconnect(struct pg_conn *c)
{
	ev_io_stop(pg_loop(c->pool), &c->io);
	PQfinish(c->db);
	c->db = NULL;
	c->prepared_count = 0;
}

static void fail_all(struct pg_conn *c, enum pg_status first)
{
	struct pg_request *list = c->head;

	c->head = NULL;
	c->tail = &c->head;
	c->in_flight = 0;
	while (list) {
		struct pg_request *r = list;

		list = r->next;
		r->status = first;
		first = PG_LOST;
		pg_answer_request(c->pool, r);
	}
}

void pg_conn_drop(struct pg_conn *c, enum pg_status first)
{
	bool was_up = c->state == PG_CONN_UP;

	c->state = PG_CONN_DOWN;
	if (was_up || c->attempts == 0)
		log_warning("pg.lost", "in_flight=%zu error=\"%.*s\"", c->in_flight,
			(int)strcspn(PQerrorMessage(c->db), "\n"), PQerrorMessage(c->db));
	disconnect(c);
	timer_in(c, backoff_ms(c));
	if (was_up)
		pg_conn_is_down(c->pool);
	fail_all(c, first);
}

void pg_conn_finish(struct pg_conn *c)
{
	ev_timer_stop(pg_loop(c->pool), &c->retry);
	c->state = PG_CONN_DOWN;
	if (c->db)
		disconnect(c);
	fail_all(c, PG_LOST);
}

static void established(struct pg_conn *c)
{
	ev_timer_stop(pg_loop(c->pool), &c->retry);
	if (PQsetnonblocking(c->db, 1) != 0 || PQenterPipelineMode(c->db) != 1) {
		pg_conn_drop(c, PG_LOST);
		return;
	}
	c->state = PG_CONN_UP;
	c->attempts = 0;
	watch(c, EV_READ);
	pg_conn_is_up(c->pool, clock_mono_ns() - c->connecting_ns);
}

static void poll_connection(struct pg_conn *c)
{
	switch (PQconnectPoll(c->db)) {
	case PGRES_POLLING_READING:
		watch(c, EV_READ);
		return;
	case PGRES_POLLING_WRITING:
		watch(c, EV_WRITE);
		return;
	case PGRES_POLLING_OK:
		established(c);
		return;
	default:
		pg_conn_drop(c, PG_LOST);
	}
}

void pg_conn_connect(struct pg_conn *c)
{
	/* Before dbname, so that a conninfo may say otherwise. Our statements are index reads of a few rows: a generic plan saves
	 * planning each time, and one made while a table was small must not stay a sequential scan when it has grown. */
	static const char *const keys[] = {"options", "dbname", "fallback_application_name", "keepalives_idle", "keepalives_interval",
		"keepalives_count", "tcp_user_timeout", NULL};
	const char *const values[] = {"-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c jit=off", pg_conninfo(c->pool), "cleanerctx", "10", "5", "3", "10000", NULL};

	c->connecting_ns = clock_mono_ns();
	c->db = PQconnectStartParams(keys, values, 1);
	if (!c->db)
		bug("libpq is out of memory");
	c->state = PG_CONN_CONNECTING;
	timer_in(c, CONNECT_MS);
	if (PQstatus(c->db) == CONNECTION_BAD)
		pg_conn_drop(c, PG_LOST);
	else
		watch(c, EV_WRITE); /* libpq: behave as if the last poll had said WRITING */
}

static void on_retry(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct pg_conn *c = w->data;

	if (c->state == PG_CONN_CONNECTING)
		pg_conn_drop(c, PG_LOST);
	else
		pg_conn_connect(c);
}

static void append(struct pg_conn *c, struct pg_request *r)
{
	r->next = NULL;
	*c->tail = r;
	c->tail = &r->next;
	c->in_flight++;
}

static bool is_prepared(const struct pg_conn *c, const struct pg_stmt *stmt)
{
	for (size_t i = 0; i < c->prepared_count; i++)
		if (c->prepared[i] == stmt)
			return true;
	return false;
}

static bool prepare(struct pg_conn *c, const struct pg_stmt *stmt, uint64_t deadline_ns)
{
	struct pg_request *r;

	if (c->prepared_count == PG_STATEMENTS)
		bug("more different statements than PG_STATEMENTS");
	if (!PQsendPrepare(c->db, stmt->name, stmt->sql, stmt->params, NULL) || !PQpipelineSync(c->db))
		return false;
	r = xcalloc(1, sizeof *r);
	r->preparing = true;
	r->count = 1;
	r->ops[0].stmt = stmt;
	r->deadline_ns = deadline_ns;
	append(c, r);
	c->prepared[c->prepared_count++] = stmt;
	return true;
}

static bool write_request(struct pg_conn *c, const struct pg_request *r)
{
	for (size_t i = 0; i < r->count; i++)
		if (!is_prepared(c, r->ops[i].stmt) && !prepare(c, r->ops[i].stmt, r->deadline_ns))
			return false;
	for (size_t i = 0; i < r->count; i++)
		if (!PQsendQueryPrepared(c->db, r->ops[i].stmt->name, r->ops[i].stmt->params, r->ops[i].value, NULL, NULL, 0))
			return false;
	return PQpipelineSync(c->db) == 1;
}

static bool flush(struct pg_conn *c)
{
	int left = PQflush(c->db);

	if (left < 0)
		return false;
	watch(c, left ? EV_READ | EV_WRITE : EV_READ);
	return true;
}

void pg_conn_submit(struct pg_conn *c, struct pg_request *r)
{
	bool wrote;

	r->sent_ns = clock_mono_ns();
	wrote = write_request(c, r);
	append(c, r);
	/* Dropping here would call back from inside pg_send: the watcher does it, at once, in the loop. */
	if (!wrote || !flush(c)) {
		ev_feed_event(pg_loop(c->pool), &c->io, EV_ERROR);
		watch(c, EV_READ | EV_WRITE);
	}
}

static enum pg_status classify(const char *state)
{
	static const struct {
		const char *prefix;
		enum pg_status status;
	} rows[] = {
		{"40", PG_RETRY}, {"55P03", PG_RETRY}, {"57P", PG_RETRY}, {"57014", PG_RETRY}, {"25006", PG_RETRY},
		{"53", PG_RETRY}, {"58", PG_RETRY}, {"26000", PG_RETRY}, {"23", PG_CONFLICT},
	};

	for (size_t i = 0; i < countof(rows); i++)
		if (strncmp(state, rows[i].prefix, strlen(rows[i].prefix)) == 0)
			return rows[i].status;
	return PG_REFUSED;
}

static void copy_field(const PGresult *result, int field, char *to, size_t bytes)
{
	const char *text = PQresultErrorField(result, field);

	snprintf(to, bytes, "%s", text ? text : "");
}

/* The first error of a request is its cause; the rest are its consequences. */
static void note_error(struct pg_request *r, const PGresult *result)
{
	const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	size_t at = r->answered < r->count ? r->answered : r->count - 1;

	if (r->status != PG_OK)
		return;
	copy_field(result, PG_DIAG_SQLSTATE, r->sqlstate, sizeof r->sqlstate);
	copy_field(result, PG_DIAG_CONSTRAINT_NAME, r->constraint, sizeof r->constraint);
	r->status = classify(r->sqlstate);
	log_at(r->status == PG_REFUSED ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO, "pg.error",
		"statement=%s sqlstate=%s constraint=%s error=\"%.120s\"", r->ops[at].stmt->name, r->sqlstate, r->constraint,
		text ? text : "");
}

static void forget_prepared(struct pg_conn *c, const struct pg_stmt *stmt)
{
	for (size_t i = 0; i < c->prepared_count; i++)
		if (c->prepared[i] == stmt)
			c->prepared[i] = c->prepared[--c->prepared_count];
}

static void finish_head(struct pg_conn *c)
{
	struct pg_request *r = c->head;

	c->head = r->next;
	if (!c->head)
		c->tail = &c->head;
	c->in_flight--;
	if (r->preparing && r->status != PG_OK)
		forget_prepared(c, r->ops[0].stmt);
	pg_answer_request(c->pool, r);
}

static void take_result(struct pg_conn *c, PGresult *result)
{
	struct pg_request *r = c->head;

	switch (PQresultStatus(result)) {
	case PGRES_PIPELINE_SYNC:
		PQclear(result);
		finish_head(c);
		return;
	case PGRES_TUPLES_OK:
	case PGRES_COMMAND_OK:
		if (r->answered < r->count) {
			r->results[r->answered++] = result;
			return;
		}
		break;
	case PGRES_PIPELINE_ABORTED:
		break;
	default:
		note_error(r, result);
	}
	r->answered++;
	PQclear(result);
}

static void read_answers(struct pg_conn *c)
{
	while (c->state == PG_CONN_UP && c->head && !PQisBusy(c->db)) {
		PGresult *result = PQgetResult(c->db);

		if (result)
			take_result(c, result);
	}
}

static void on_io(struct ev_loop *loop, ev_io *w, int revents)
{
	struct pg_conn *c = w->data;

	if (c->state == PG_CONN_CONNECTING) {
		poll_connection(c);
		return;
	}
	if (c->state != PG_CONN_UP)
		return;
	if ((revents & EV_ERROR) || !PQconsumeInput(c->db) || !flush(c)) {
		read_answers(c); /* what arrived before the end was answered */
		if (c->state == PG_CONN_UP)
			pg_conn_drop(c, PG_LOST);
		return;
	}
	read_answers(c);
	if (c->state == PG_CONN_UP && PQstatus(c->db) == CONNECTION_BAD)
		pg_conn_drop(c, PG_LOST);
	else
		pg_more_room(c->pool);
}
