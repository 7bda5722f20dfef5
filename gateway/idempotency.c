/* SPDX-License-Identifier: ISC
 *
 * idempotency.c - see idempotency.h.
 *
 * An entry stands in memory from a key's first use here until its answer is stored or given up; whoever comes with the
 * key meanwhile is put behind it. The row in PostgreSQL is what other gateways, and those who come later, see.
 *
 *   entry: ASKING -(reserved, ours or taken over)-> AT_WORK -(store)-> gone, all others are given the answer
 *          ASKING -(another gateway's)-> POLLING -> ASKING             -(abandon)-> the next one's turn, or gone
 */
#include "idempotency.h"

#include "common/base/log.h"
#include "common/base/xalloc.h"
#include "counters.h"
#include "http.h"

#include "idempotency_abandon.sql.h"
#include "idempotency_reserve.sql.h"
#include "idempotency_store.sql.h"
#include "idempotency_tidy.sql.h"

#include <sodium.h>
#include <stdlib.h>
#include <uthash.h>
#include <utlist.h>

static const struct pg_stmt reserve_stmt = {"idempotency_reserve", idempotency_reserve_sql, 5};
static const struct pg_stmt store_stmt = {"idempotency_store", idempotency_store_sql, 5};
static const struct pg_stmt abandon_stmt = {"idempotency_abandon", idempotency_abandon_sql, 3};
static const struct pg_stmt tidy_stmt = {"idempotency_tidy", idempotency_tidy_sql, 0};

enum { HASH_BYTES = crypto_hash_sha256_BYTES };

struct entry_id { /* user, and the hash of route and key */
	struct uuid user;
	uint8_t hash[HASH_BYTES];
};

struct waiter {
	idempotency_fn *fn;
	void *arg;
	struct waiter *prev, *next;
};

enum entry_state { ENTRY_ASKING, ENTRY_POLLING, ENTRY_AT_WORK };

struct entry {
	struct idempotency *owner;
	struct entry_id id;
	enum entry_state state;
	char *route, *key;           /* owned; key NUL-terminated */
	char body_hash[TOKEN_HASH_TEXT_BYTES];
	struct uuid object_id;
	struct waiter *waiters;      /* the first one is who is at work, until then who asks */
	bool closing;                /* taken out of the table while PostgreSQL still owes an answer */
	bool query;                  /* one is under way */
	ev_timer poll;
	UT_hash_handle hh;
};

struct idempotency {
	struct gateway *gw;
	struct entry *entries;
	struct waiter *mismatched; /* told from the loop */
	ev_timer soon;
};

bool idempotency_key_ok(struct slice key)
{
	for (size_t i = 0; i < key.n; i++)
		if (key.p[i] < 0x21 || key.p[i] > 0x7E)
			return false;
	return key.n >= 1 && key.n <= IDEMPOTENCY_KEY_BYTES;
}

static struct entry_id entry_id_of(const struct uuid *user, const char *route, struct slice key)
{
	struct entry_id id = {.user = *user};
	crypto_hash_sha256_state s;

	crypto_hash_sha256_init(&s);
	crypto_hash_sha256_update(&s, (const unsigned char *)route, strlen(route) + 1);
	crypto_hash_sha256_update(&s, (const unsigned char *)key.p, key.n);
	crypto_hash_sha256_final(&s, id.hash);
	return id;
}

static void hash_subject(struct slice path, struct slice body, char out[TOKEN_HASH_TEXT_BYTES])
{
	unsigned char hash[HASH_BYTES];
	crypto_hash_sha256_state s;

	crypto_hash_sha256_init(&s);
	crypto_hash_sha256_update(&s, (const unsigned char *)path.p, path.n);
	crypto_hash_sha256_update(&s, (const unsigned char *)"", 1);
	crypto_hash_sha256_update(&s, (const unsigned char *)body.p, body.n);
	crypto_hash_sha256_final(&s, hash);
	memcpy(out, "\\x", 2);
	sodium_bin2hex(out + 2, TOKEN_HASH_TEXT_BYTES - 2, hash, sizeof hash);
}

static void entry_free(struct entry *e)
{
	ev_timer_stop(e->owner->gw->loop, &e->poll);
	free(e->route);
	free(e->key);
	free(e);
}

/* Takes an entry out of the table; its memory stays until PostgreSQL has answered what was asked for it. */
static void entry_remove(struct entry *e)
{
	HASH_DEL(e->owner->entries, e);
	e->closing = true;
	if (!e->query)
		entry_free(e);
}

/* Tells the first waiter, and forgets it. */
static void tell_first(struct entry *e, const struct idempotency_result *result)
{
	struct waiter *w = e->waiters;

	DL_DELETE(e->waiters, w);
	w->fn(result, w->arg);
	free(w);
}

static void tell_all(struct entry *e, const struct idempotency_result *result)
{
	struct waiter *waiters = e->waiters, *w, *next;

	e->waiters = NULL;
	entry_remove(e);
	DL_FOREACH_SAFE(waiters, w, next)
	{
		w->fn(result, w->arg);
		free(w);
	}
}

/* The first waiter's turn: it makes the object. It stays counted as at work, not as a waiter. */
static void begin_work(struct entry *e)
{
	struct idempotency_result result = {.outcome = IDEMPOTENCY_FRESH, .object_id = e->object_id};

	e->state = ENTRY_AT_WORK;
	tell_first(e, &result);
}

static void ask(struct entry *e);

static void on_poll(struct ev_loop *loop, ev_timer *w, int revents)
{
	ask(w->data);
}

enum { COL_SAME, COL_OBJECT, COL_STATUS, COL_BODY, COL_MINE, COL_AGE_MS };

static void on_row(struct entry *e, const PGresult *row)
{
	struct idempotency_result result = {.outcome = IDEMPOTENCY_REPLAY};

	if (!pg_cell_bool(row, 0, COL_SAME)) {
		result.outcome = IDEMPOTENCY_OTHER_BODY;
		tell_all(e, &result);
		return;
	}
	if (!pg_cell_uuid(row, 0, COL_OBJECT, &e->object_id))
		bug("an idempotency key without an object");
	result.object_id = e->object_id;
	if (!PQgetisnull(row, 0, COL_STATUS)) {
		result.status = (int)pg_cell_i64(row, 0, COL_STATUS);
		result.body = pg_cell(row, 0, COL_BODY);
		tell_all(e, &result);
	} else if (pg_cell_bool(row, 0, COL_MINE) || pg_cell_i64(row, 0, COL_AGE_MS) > IDEMPOTENCY_TAKEOVER_MS) {
		begin_work(e);
	} else {
		e->state = ENTRY_POLLING;
		ev_timer_set(&e->poll, IDEMPOTENCY_POLL_MS / 1e3, 0);
		ev_timer_start(e->owner->gw->loop, &e->poll);
	}
}

static void on_reserved(const struct pg_answer *answer, void *arg)
{
	struct entry *e = arg;
	struct idempotency_result result = {.outcome = IDEMPOTENCY_UNAVAILABLE};

	e->query = false;
	if (e->closing)
		entry_free(e);
	else if (answer->status == PG_OK && PQntuples(answer->results[0]) == 1)
		on_row(e, answer->results[0]);
	else
		tell_all(e, &result);
}

/* Reserves the key, or reads what there is. */
static void ask(struct entry *e)
{
	char user[UUID_TEXT_BYTES], object[UUID_TEXT_BYTES];
	struct slice params[5];
	struct pg_op ops[2] = {{&reserve_stmt, params}, {&tidy_stmt, NULL}};

	e->state = ENTRY_ASKING;
	e->query = true;
	uuid_text(&e->id.user, user);
	uuid_text(&e->object_id, object);
	params[0] = slice_str(user);
	params[1] = slice_str(e->route);
	params[2] = slice_str(e->key);
	params[3] = slice_str(e->body_hash);
	params[4] = slice_str(object);
	pg_send(e->owner->gw->pg, ops, countof(ops), on_reserved, e);
}

static void on_soon(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct idempotency *i = timer->data;
	struct idempotency_result result = {.outcome = IDEMPOTENCY_OTHER_BODY};

	while (i->mismatched) {
		struct waiter *w = i->mismatched;

		DL_DELETE(i->mismatched, w);
		w->fn(&result, w->arg);
		free(w);
	}
}

static struct entry *entry_add(struct idempotency *i, const struct entry_id *id, const char *route, struct slice key,
	const char *body_hash)
{
	struct entry *e = xcalloc(1, sizeof *e);

	e->owner = i;
	e->id = *id;
	e->route = xstrdup(route);
	e->key = xstrndup(key.p, key.n);
	memcpy(e->body_hash, body_hash, sizeof e->body_hash);
	e->object_id = uuid_v7();
	ev_timer_init(&e->poll, on_poll, 0, 0);
	e->poll.data = e;
	HASH_ADD(hh, i->entries, id, sizeof e->id, e);
	return e;
}

void idempotency_reserve(struct idempotency *i, const struct uuid *user_id, const char *route, struct slice key,
	struct slice path, struct slice body, idempotency_fn *fn, void *arg)
{
	struct entry_id id = entry_id_of(user_id, route, key);
	struct waiter *w = xcalloc(1, sizeof *w);
	char body_hash[TOKEN_HASH_TEXT_BYTES];
	struct entry *e;

	w->fn = fn;
	w->arg = arg;
	hash_subject(path, body, body_hash);
	HASH_FIND(hh, i->entries, &id, sizeof id, e);
	if (e && strcmp(e->body_hash, body_hash) != 0) {
		DL_APPEND(i->mismatched, w);
		ev_timer_stop(i->gw->loop, &i->soon);
		ev_timer_set(&i->soon, 0, 0);
		ev_timer_start(i->gw->loop, &i->soon);
		return;
	}
	if (e) {
		DL_APPEND(e->waiters, w);
		return;
	}
	e = entry_add(i, &id, route, key, body_hash);
	DL_APPEND(e->waiters, w);
	ask(e);
}

static struct entry *entry_find(struct idempotency *i, const struct uuid *user_id, const char *route, struct slice key)
{
	struct entry_id id = entry_id_of(user_id, route, key);
	struct entry *e;

	HASH_FIND(hh, i->entries, &id, sizeof id, e);
	return e && e->state == ENTRY_AT_WORK ? e : NULL;
}

static void on_written(const struct pg_answer *answer, void *arg)
{
	if (answer->status != PG_OK)
		log_warning("idempotency.unstored", "pg=%d", (int)answer->status);
}

void idempotency_store(struct idempotency *i, const struct uuid *user_id, const char *route, struct slice key, int status,
	struct slice body)
{
	struct entry *e = entry_find(i, user_id, route, key);
	struct idempotency_result result = {.outcome = IDEMPOTENCY_REPLAY, .status = status, .body = body};
	char user[UUID_TEXT_BYTES], status_text[16];
	struct slice params[5];

	if (!e)
		return;
	uuid_text(user_id, user);
	snprintf(status_text, sizeof status_text, "%d", status);
	params[0] = slice_str(user);
	params[1] = slice_str(route);
	params[2] = key;
	params[3] = slice_str(status_text);
	params[4] = body;
	pg_send(i->gw->pg, &(struct pg_op){&store_stmt, params}, 1, on_written, NULL);
	result.object_id = e->object_id;
	tell_all(e, &result);
}

void idempotency_abandon(struct idempotency *i, const struct uuid *user_id, const char *route, struct slice key)
{
	struct entry *e = entry_find(i, user_id, route, key);
	char user[UUID_TEXT_BYTES];
	struct slice params[3];

	if (!e)
		return;
	if (e->waiters) {
		begin_work(e);
		return;
	}
	uuid_text(user_id, user);
	params[0] = slice_str(user);
	params[1] = slice_str(route);
	params[2] = key;
	pg_send(i->gw->pg, &(struct pg_op){&abandon_stmt, params}, 1, on_written, NULL);
	entry_remove(e);
}

struct idempotency *idempotency_open(struct gateway *gw)
{
	struct idempotency *i = xcalloc(1, sizeof *i);

	i->gw = gw;
	ev_timer_init(&i->soon, on_soon, 0, 0);
	i->soon.data = i;
	return i;
}

void idempotency_close(struct idempotency **ip)
{
	struct idempotency *i = *ip;
	struct idempotency_result result = {.outcome = IDEMPOTENCY_UNAVAILABLE};
	struct entry *e, *next;

	if (!i)
		return;
	on_soon(i->gw->loop, &i->soon, 0);
	ev_timer_stop(i->gw->loop, &i->soon);
	HASH_ITER(hh, i->entries, e, next)
		tell_all(e, &result);
	free(i);
	*ip = NULL;
}

/* For requests: the key travels with the exchange, and its answer is stored on its way out. */

struct at_work {
	void (*fresh)(struct request *r, const struct uuid *object_id);
};

static void before_answer(struct request *r, int status, struct slice body)
{
	struct idempotency *i = r->gw->idempotency;

	if (!i)
		return;
	if (status > 0 && status < 500)
		idempotency_store(i, &r->who.user_id, r->route->pattern, r->headers.idempotency_key, status, body);
	else
		idempotency_abandon(i, &r->who.user_id, r->route->pattern, r->headers.idempotency_key);
}

static void replay(struct request *r, const struct idempotency_result *result)
{
	char id[UUID_TEXT_BYTES];

	counter_add(COUNTER_REPLAYED, 1);
	uuid_text(&result->object_id, id);
	request_header(r, "Idempotency-Replayed", "true");
	if (result->status == 201 || result->status == 202)
		request_header(r, "Location", "%.*s/%s", (int)r->path.n, r->path.p, id);
	request_answer(r, result->status, result->status < 400 ? "application/json" : "application/problem+json", result->body);
}

static void on_result(const struct idempotency_result *result, void *arg)
{
	struct exchange *x = arg;
	struct request *r = &x->r;
	struct at_work *work = x->before_answer_arg;

	switch (result->outcome) {
	case IDEMPOTENCY_FRESH:
		x->before_answer = before_answer;
		work->fresh(r, &result->object_id);
		break;
	case IDEMPOTENCY_REPLAY:
		replay(r, result);
		break;
	case IDEMPOTENCY_OTHER_BODY:
		request_problem(r, PROBLEM_KEY_REUSED, "This Idempotency-Key came with another request within the last 24 hours.");
		break;
	case IDEMPOTENCY_UNAVAILABLE:
		request_problem(r, PROBLEM_UNAVAILABLE, "The database does not answer now.");
		break;
	}
	request_release(r);
}

void idempotency_begin(struct request *r, void (*fresh)(struct request *r, const struct uuid *object_id))
{
	struct exchange *x = (struct exchange *)r;
	struct slice key = r->headers.idempotency_key;
	struct invalid errors = {0};
	struct at_work *work;
	struct uuid id;

	if (!key.p) {
		id = uuid_v7();
		fresh(r, &id);
		return;
	}
	if (!idempotency_key_ok(key)) {
		invalid_add(&errors, "", NULL, "The header Idempotency-Key must be 1 to %d visible characters; it is %zu bytes.",
			IDEMPOTENCY_KEY_BYTES, key.n);
		request_invalid(r, &errors);
		return;
	}
	work = xmalloc(sizeof *work);
	work->fresh = fresh;
	x->before_answer_arg = work;
	request_hold(r);
	idempotency_reserve(r->gw->idempotency, &r->who.user_id, r->route->pattern, key, r->path, r->body, on_result, x);
}
