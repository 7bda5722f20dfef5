/* SPDX-License-Identifier: ISC
 *
 * pg.c - the pool (pg.h): which connection takes a request, who waits, who is refused, whose time is up.
 *
 * Connections (pg_conn.c) do the talking. A request that cannot be sent is answered on the loop's next turn,
 * never inside pg_send.
 */
#include "pg.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/xalloc.h"
#include "pg_conn.h"

#include <stdlib.h>

struct pg {
	struct ev_loop *loop;
	struct pg_options options; /* conninfo is our copy */
	struct pg_conn conns[PG_CONNECTIONS];
	size_t up;		    /* connections that are */
	bool opening;		    /* no first attempt has ended yet: requests wait for it */
	struct pg_requests waiting; /* for room on a connection */
	size_t waiting_count;
	struct pg_requests refused; /* to be told so on the next turn */
	ev_timer soon, timeout;
};

static struct pg_conn *least_busy(struct pg *pg)
{
	struct pg_conn *best = NULL;

	for (size_t i = 0; i < pg->options.connections; i++) {
		struct pg_conn *c = &pg->conns[i];

		if (pg_conn_has_room(c) && (!best || c->in_flight < best->in_flight))
			best = c;
	}
	return best;
}

static void dispatch(struct pg *pg)
{
	struct pg_conn *c;

	while (pg->waiting_count && (c = least_busy(pg)) != NULL) {
		struct pg_request *r = STAILQ_FIRST(&pg->waiting);

		STAILQ_REMOVE_HEAD(&pg->waiting, next);
		pg->waiting_count--;
		pg_conn_send(c, r);
	}
}

static void fail_waiting(struct pg *pg)
{
	pg->waiting_count = 0;
	pg_requests_finish(&pg->waiting, PG_DOWN);
}

static void nudge_all(struct pg *pg)
{
	for (size_t i = 0; i < pg->options.connections; i++)
		pg_conn_nudge(&pg->conns[i]);
}

/* The first attempts end with one that is up, or when each has failed. */
static bool is_opening(const struct pg *pg)
{
	for (size_t i = 0; pg->opening && i < pg->options.connections; i++)
		if (pg->conns[i].failures == 0)
			return pg->up == 0;
	return false;
}

static void on_changed(struct pg_conn *conn, void *arg)
{
	struct pg *pg = arg;
	size_t was = pg->up;

	pg->up = 0;
	for (size_t i = 0; i < pg->options.connections; i++)
		pg->up += pg->conns[i].state == PG_CONN_UP;
	if ((was == 0) != (pg->up == 0)) {
		log_info(pg->up ? "pg.up" : "pg.all_down", "connections=%zu", pg->options.connections);
		if (pg->up)
			nudge_all(pg);
		if (pg->options.state)
			pg->options.state(pg->up > 0, pg->options.arg);
		if (!pg->up)
			fail_waiting(pg);
	}
	if (pg->opening && !is_opening(pg)) {
		pg->opening = false;
		if (!pg->up)
			fail_waiting(pg);
	}
	dispatch(pg);
}

static void refuse(struct pg *pg, struct pg_request *r, enum pg_status status)
{
	r->status = status;
	STAILQ_INSERT_TAIL(&pg->refused, r, next);
	ev_timer_start(pg->loop, &pg->soon);
}

static void on_soon(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct pg *pg = w->data;

	ev_timer_stop(loop, w);
	pg_requests_finish(&pg->refused, PG_OK); /* each with its own status */
}

/* --- time --- */

/* When the next request is overdue; UINT64_MAX: none is under way. */
static uint64_t next_deadline(struct pg *pg)
{
	uint64_t next = pg->waiting_count ? STAILQ_FIRST(&pg->waiting)->deadline_ns : UINT64_MAX;

	for (size_t i = 0; i < pg->options.connections; i++) {
		struct pg_request *head = STAILQ_FIRST(&pg->conns[i].sent);

		if (head && pg->conns[i].state == PG_CONN_UP && head->deadline_ns < next)
			next = head->deadline_ns;
	}
	return next;
}

static void expire_waiting(struct pg *pg, uint64_t now_ns)
{
	struct pg_request *r;

	while ((r = STAILQ_FIRST(&pg->waiting)) != NULL && r->deadline_ns <= now_ns) {
		STAILQ_REMOVE_HEAD(&pg->waiting, next);
		pg->waiting_count--;
		pg_request_finish(r, PG_DOWN);
	}
}

static void arm_timeout(struct pg *pg)
{
	uint64_t next, now;

	if (ev_is_active(&pg->timeout))
		return; /* it fires no later than needed: all requests have the same time */
	next = next_deadline(pg);
	now = clock_mono_ns();
	if (next == UINT64_MAX)
		return;
	ev_timer_set(&pg->timeout, next > now ? (double)(next - now) / 1e9 : 0, 0);
	ev_timer_start(pg->loop, &pg->timeout);
}

static void on_timeout(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct pg *pg = w->data;
	uint64_t now = clock_mono_ns();

	expire_waiting(pg, now);
	for (size_t i = 0; i < pg->options.connections; i++)
		pg_conn_expire(&pg->conns[i], now);
	arm_timeout(pg);
}

/* --- the interface --- */

static void check_conninfo(const char *conninfo)
{
	char *error = NULL, quoted[200];
	PQconninfoOption *parsed = PQconninfoParse(conninfo, &error);

	if (!parsed) {
		if (error)
			error[strcspn(error, "\n")] = '\0';
		fatal("event=pg.conninfo error=%s",
			log_quote(error ? error : "out of memory", quoted, sizeof quoted));
	}
	PQconninfoFree(parsed);
}

struct pg *pg_open(struct ev_loop *loop, const struct pg_options *options)
{
	struct pg *pg = xcalloc(1, sizeof *pg);

	check_conninfo(options->conninfo);
	if (options->connections < 1 || options->connections > PG_CONNECTIONS || options->timeout_ms < 1)
		bug("pg_open: connections or timeout_ms out of bounds");
	srand48((long)clock_mono_ns()); /* for jitter only */
	pg->loop = loop;
	pg->options = *options;
	pg->options.conninfo = xstrdup(options->conninfo);
	pg->opening = true;
	STAILQ_INIT(&pg->waiting);
	STAILQ_INIT(&pg->refused);
	ev_timer_init(&pg->soon, on_soon, 0, 0);
	ev_init(&pg->timeout, on_timeout);
	pg->soon.data = pg->timeout.data = pg;
	for (size_t i = 0; i < pg->options.connections; i++)
		pg_conn_open(&pg->conns[i], loop, &pg->options, on_changed, pg);
	return pg;
}

void pg_close(struct pg **where)
{
	struct pg *pg = *where;

	*where = NULL;
	if (!pg)
		return;
	pg->up = 0;
	for (size_t i = 0; i < pg->options.connections; i++)
		pg_conn_close(&pg->conns[i]);
	fail_waiting(pg);
	while (!STAILQ_EMPTY(&pg->refused))
		pg_requests_finish(&pg->refused, PG_OK);
	ev_timer_stop(pg->loop, &pg->soon);
	ev_timer_stop(pg->loop, &pg->timeout);
	free((char *)pg->options.conninfo);
	free(pg);
}

void pg_send(struct pg *pg, const struct pg_op *ops, size_t count, pg_fn *fn, void *arg)
{
	struct pg_request *r = pg_request_create(ops, count, pg->options.timeout_ms, fn, arg);
	struct pg_conn *c = least_busy(pg);

	if (r->status != PG_OK) {
		refuse(pg, r, r->status);
		return;
	}
	if (c)
		pg_conn_send(c, r);
	else if ((pg->up || pg->opening) && pg->waiting_count < PG_QUEUE) {
		STAILQ_INSERT_TAIL(&pg->waiting, r, next);
		pg->waiting_count++;
	} else {
		refuse(pg, r, PG_DOWN);
		return;
	}
	arm_timeout(pg);
}

bool pg_is_up(const struct pg *pg)
{
	return pg->up > 0;
}

size_t pg_in_flight(const struct pg *pg)
{
	size_t n = pg->waiting_count;

	for (size_t i = 0; i < pg->options.connections; i++)
		n += pg->conns[i].in_flight;
	return n;
}
