/* SPDX-License-Identifier: ISC
 *
 * pg.c - see pg.h: the pool. Requests go to the least busy connection that is up; what finds no room waits in one queue.
 */
#include "pg.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/xalloc.h"
#include "pg_conn.h"

#include <stdlib.h>
#include <sys/random.h>

enum { CONNECTIONS_MAX = 32, TIMEOUT_LOOK_MS = 50 /* how late a time-out may be noticed */ };

struct pg {
	struct ev_loop *loop;
	struct pg_options options;
	char *conninfo;
	struct pg_conn conns[CONNECTIONS_MAX];
	size_t count, up;
	struct pg_request *waiting, **waiting_tail;
	size_t waiting_count;
	struct pg_request *failed, **failed_tail; /* answered from the loop, never from inside pg_send */
	ev_timer fail_timer, look_timer;
	bool answering;
};

struct ev_loop *pg_loop(const struct pg *pool)
{
	return pool->loop;
}

const char *pg_conninfo(const struct pg *pool)
{
	return pool->conninfo;
}

bool pg_is_up(const struct pg *pg)
{
	return pg->up > 0;
}

size_t pg_in_flight(const struct pg *pg)
{
	size_t n = pg->waiting_count;

	for (size_t i = 0; i < pg->count; i++)
		n += pg->conns[i].in_flight;
	return n;
}

static void free_request(struct pg_request *r)
{
	for (size_t i = 0; i < r->count; i++)
		PQclear(r->results[i]);
	free(r->text);
	free(r);
}

void pg_answer_request(struct pg *pool, struct pg_request *r)
{
	struct pg_answer answer = {.status = r->status, .results = r->results, .count = r->count, .sqlstate = r->sqlstate,
		.constraint = r->constraint, .took_ns = r->sent_ns ? clock_mono_ns() - r->sent_ns : 0};

	if (r->status == PG_LOST || r->status == PG_TIMEOUT)
		for (size_t i = 0; i < r->count; i++) {
			PQclear(r->results[i]); /* seen, but not known to be committed */
			r->results[i] = NULL;
		}
	if (r->fn)
		r->fn(&answer, r->arg);
	free_request(r);
}

static void push(struct pg_request ***tail, struct pg_request *r)
{
	r->next = NULL;
	**tail = r;
	*tail = &r->next;
}

static struct pg_request *pop(struct pg_request **head, struct pg_request ***tail)
{
	struct pg_request *r = *head;

	if (r) {
		*head = r->next;
		if (!*head)
			*tail = head;
	}
	return r;
}

static void on_fail_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct pg *pg = w->data;
	struct pg_request *list = pg->failed;

	pg->failed = NULL;
	pg->failed_tail = &pg->failed;
	while (list) {
		struct pg_request *r = list;

		list = r->next;
		pg_answer_request(pg, r);
	}
}

static void fail_soon(struct pg *pg, struct pg_request *r, enum pg_status status)
{
	r->status = status;
	push(&pg->failed_tail, r);
	if (!ev_is_active(&pg->fail_timer)) {
		ev_timer_set(&pg->fail_timer, 0, 0);
		ev_timer_start(pg->loop, &pg->fail_timer);
	}
}

static struct pg_conn *least_busy(struct pg *pg)
{
	struct pg_conn *best = NULL;

	for (size_t i = 0; i < pg->count; i++) {
		struct pg_conn *c = &pg->conns[i];

		if (c->state == PG_CONN_UP && c->in_flight < PG_PIPELINE && (!best || c->in_flight < best->in_flight))
			best = c;
	}
	return best;
}

void pg_more_room(struct pg *pool)
{
	struct pg_conn *c;

	while (pool->waiting && (c = least_busy(pool)) != NULL) {
		pool->waiting_count--;
		pg_conn_submit(c, pop(&pool->waiting, &pool->waiting_tail));
	}
}

void pg_conn_is_up(struct pg *pool, uint64_t took_ns)
{
	if (pool->options.connected)
		pool->options.connected(took_ns, pool->options.arg);
	if (pool->up++ == 0 && pool->options.state)
		pool->options.state(true, pool->options.arg);
	pg_more_room(pool);
}

void pg_conn_is_down(struct pg *pool)
{
	if (--pool->up > 0)
		return;
	for (struct pg_request *r; (r = pop(&pool->waiting, &pool->waiting_tail)) != NULL;)
		fail_soon(pool, r, PG_DOWN);
	pool->waiting_count = 0;
	if (pool->options.state)
		pool->options.state(false, pool->options.arg);
}

static void fail_late_waiting(struct pg *pg, uint64_t now)
{
	while (pg->waiting && pg->waiting->deadline_ns < now) {
		pg->waiting_count--;
		fail_soon(pg, pop(&pg->waiting, &pg->waiting_tail), PG_TIMEOUT);
	}
}

static void on_look(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct pg *pg = w->data;
	uint64_t now = clock_mono_ns();

	for (size_t i = 0; i < pg->count; i++) {
		struct pg_conn *c = &pg->conns[i];

		if (c->state == PG_CONN_UP && c->head && c->head->deadline_ns < now)
			pg_conn_drop(c, PG_TIMEOUT);
	}
	fail_late_waiting(pg, now);
	if (pg_in_flight(pg) == 0)
		ev_timer_stop(loop, w); /* an idle process does not wake for nothing */
}

struct pg *pg_open(struct ev_loop *loop, const struct pg_options *options)
{
	struct pg *pg = xcalloc(1, sizeof *pg);
	char *wrong = NULL;
	PQconninfoOption *parsed = PQconninfoParse(options->conninfo, &wrong);
	unsigned seed;

	if (!parsed && strpbrk(options->conninfo, "=:"))
		fatal("event=config.postgres error=\"%.*s\"", wrong ? (int)strcspn(wrong, "\n") : 7, wrong ? wrong : "invalid");
	PQconninfoFree(parsed);
	PQfreemem(wrong);
	if (getrandom(&seed, sizeof seed, 0) == sizeof seed)
		srandom(seed); /* the backoff's jitter */
	pg->loop = loop;
	pg->options = *options;
	pg->conninfo = xstrdup(options->conninfo);
	pg->count = options->connections < 1 ? 1 : options->connections > CONNECTIONS_MAX ? CONNECTIONS_MAX : options->connections;
	pg->waiting_tail = &pg->waiting;
	pg->failed_tail = &pg->failed;
	ev_timer_init(&pg->fail_timer, on_fail_timer, 0, 0);
	ev_timer_init(&pg->look_timer, on_look, TIMEOUT_LOOK_MS / 1e3, TIMEOUT_LOOK_MS / 1e3);
	pg->fail_timer.data = pg->look_timer.data = pg;
	for (size_t i = 0; i < pg->count; i++) {
		pg_conn_init(&pg->conns[i], pg);
		pg_conn_connect(&pg->conns[i]);
	}
	return pg;
}

void pg_close(struct pg **where)
{
	struct pg *pg = *where;

	*where = NULL;
	if (!pg)
		return;
	pg->up = 0;
	pg->options.state = NULL;
	for (size_t i = 0; i < pg->count; i++)
		pg_conn_finish(&pg->conns[i]);
	for (struct pg_request *r; (r = pop(&pg->waiting, &pg->waiting_tail)) != NULL;)
		fail_soon(pg, r, PG_DOWN);
	ev_timer_stop(pg->loop, &pg->fail_timer);
	on_fail_timer(pg->loop, &pg->fail_timer, 0);
	ev_timer_stop(pg->loop, &pg->look_timer);
	free(pg->conninfo);
	free(pg);
}

/* Copies every value behind another, each with its NUL. False: a NUL byte inside one, which PostgreSQL's text cannot hold. */
static bool copy_values(struct pg_request *r, const struct pg_op *ops)
{
	size_t bytes = 0;
	bool whole = true;
	char *to;

	for (size_t i = 0; i < r->count; i++)
		for (int p = 0; p < ops[i].stmt->params; p++)
			bytes += ops[i].params[p].n + 1;
	to = r->text = xmalloc(bytes);
	for (size_t i = 0; i < r->count; i++) {
		r->ops[i].stmt = ops[i].stmt;
		for (int p = 0; p < ops[i].stmt->params; p++) {
			struct slice v = ops[i].params[p];

			if (!v.p)
				continue;
			whole = whole && (v.n == 0 || memchr(v.p, 0, v.n) == NULL);
			memcpy(to, v.p, v.n);
			to[v.n] = '\0';
			r->ops[i].value[p] = to;
			to += v.n + 1;
		}
	}
	return whole;
}

void pg_send(struct pg *pg, const struct pg_op *ops, size_t count, pg_fn *fn, void *arg)
{
	struct pg_request *r = xcalloc(1, sizeof *r);
	struct pg_conn *c;

	if (count < 1 || count > PG_OPS)
		bug("a request of no or too many statements");
	r->fn = fn;
	r->arg = arg;
	r->count = count;
	r->deadline_ns = clock_mono_ns() + pg->options.timeout_ms * NS_PER_MS;
	if (!copy_values(r, ops)) {
		fail_soon(pg, r, PG_REFUSED);
		return;
	}
	c = least_busy(pg);
	if (!c && (pg->up == 0 || pg->waiting_count >= PG_QUEUE)) {
		fail_soon(pg, r, PG_DOWN);
		return;
	}
	if (!ev_is_active(&pg->look_timer))
		ev_timer_again(pg->loop, &pg->look_timer);
	if (c) {
		pg_conn_submit(c, r);
		return;
	}
	pg->waiting_count++;
	push(&pg->waiting_tail, r);
}

struct slice pg_cell(const PGresult *r, int row, int col)
{
	if (PQgetisnull(r, row, col))
		return slice_of(NULL, 0);
	return slice_of(PQgetvalue(r, row, col), (size_t)PQgetlength(r, row, col));
}

int64_t pg_cell_i64(const PGresult *r, int row, int col)
{
	return PQgetisnull(r, row, col) ? 0 : strtoll(PQgetvalue(r, row, col), NULL, 10);
}

bool pg_cell_bool(const PGresult *r, int row, int col)
{
	return !PQgetisnull(r, row, col) && PQgetvalue(r, row, col)[0] == 't';
}

bool pg_cell_uuid(const PGresult *r, int row, int col, struct uuid *out)
{
	return uuid_parse(pg_cell(r, row, col), out);
}

void pg_array_begin(struct buf *b)
{
	buf_char(b, '{');
}

static void array_comma(struct buf *b)
{
	if (b->n && b->p[b->n - 1] != '{')
		buf_char(b, ',');
}

void pg_array_add(struct buf *b, struct slice value)
{
	array_comma(b);
	if (!value.p) {
		buf_str(b, "NULL");
		return;
	}
	buf_char(b, '"');
	for (size_t i = 0; i < value.n; i++) {
		if (value.p[i] == '"' || value.p[i] == '\\')
			buf_char(b, '\\');
		buf_char(b, value.p[i]);
	}
	buf_char(b, '"');
}

void pg_array_add_i64(struct buf *b, int64_t value)
{
	array_comma(b);
	buf_i64(b, value);
}

void pg_array_end(struct buf *b)
{
	buf_char(b, '}');
}
