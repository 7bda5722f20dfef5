/* SPDX-License-Identifier: ISC
 *
 * access.c - see access.h.
 */
#include "access.h"

#include "apikey.h"
#include "common/base/clock.h"
#include "common/base/xalloc.h"
#include "key_find.sql.h"
#include "key_stands.sql.h"

#include <stdlib.h>
#include <uthash.h>
#include <utlist.h>

struct cached {
	uint8_t hash[APIKEY_HASH_BYTES];
	struct identity who;
	uint64_t until_ns;
	struct cached *prev, *next; /* oldest first: all live equally long */
	UT_hash_handle hh;
};

struct access {
	struct gateway *gw;
	struct cached *by_hash, *by_age;
	size_t count;
};

static const struct pg_stmt find_stmt = {"key_find", key_find_sql, 1}, stands_stmt = {"key_stands", key_stands_sql, 1};

struct access *access_open(struct gateway *gw)
{
	struct access *a = xcalloc(1, sizeof *a);

	a->gw = gw;
	return a;
}

static void cached_remove(struct access *a, struct cached *c)
{
	HASH_DEL(a->by_hash, c);
	DL_DELETE(a->by_age, c);
	a->count--;
	free(c);
}

void access_close(struct access **a)
{
	if (!*a)
		return;
	while ((*a)->by_age)
		cached_remove(*a, (*a)->by_age);
	free(*a);
	*a = NULL;
}

struct slice access_bearer(struct slice authorization)
{
	size_t n = sizeof "Bearer" - 1;

	if (authorization.n <= n || strncasecmp(authorization.p, "Bearer", n) != 0 || authorization.p[n] != ' ')
		return (struct slice){0};
	while (n < authorization.n && authorization.p[n] == ' ')
		n++;
	return slice_of(authorization.p + n, authorization.n - n);
}

static enum access_verdict check_key(struct access *a, struct slice key, struct identity *out)
{
	uint8_t hash[APIKEY_HASH_BYTES];
	struct cached *c;

	if (!apikey_looks_like_one(key))
		return ACCESS_FORGED;
	apikey_hash(key, hash);
	HASH_FIND(hh, a->by_hash, hash, sizeof hash, c);
	if (c && c->until_ns > clock_mono_ns()) {
		*out = c->who;
		return ACCESS_GOOD;
	}
	if (c)
		cached_remove(a, c);
	return ACCESS_PENDING;
}

enum access_verdict access_check(struct access *a, struct slice credential, struct identity *out)
{
	struct token_claims claims;

	if (credential.n == 0)
		return ACCESS_MISSING;
	if (slice_starts(credential, SLICE("ck_")))
		return check_key(a, credential, out);
	switch (token_read(&a->gw->tokens, credential, clock_wall_us() / US_PER_S, &claims)) {
	case TOKEN_EXPIRED:
		return ACCESS_EXPIRED;
	case TOKEN_FORGED:
		return ACCESS_FORGED;
	default:
		*out = (struct identity){.user_id = claims.user_id, .is_operator = claims.is_operator,
			.expires_at = claims.expires_s * US_PER_S};
		return ACCESS_GOOD;
	}
}

struct asked {
	struct access *access;
	uint8_t hash[APIKEY_HASH_BYTES];
	bool again; /* by its id: there is no hash */
	access_fn *fn;
	void *arg;
};

static void remember(struct access *a, const uint8_t hash[APIKEY_HASH_BYTES], const struct identity *who)
{
	struct cached *c;

	HASH_FIND(hh, a->by_hash, hash, APIKEY_HASH_BYTES, c);
	if (c)
		cached_remove(a, c);
	if (a->count == ACCESS_KEYS)
		cached_remove(a, a->by_age);
	c = xcalloc(1, sizeof *c);
	memcpy(c->hash, hash, sizeof c->hash);
	c->who = *who;
	c->until_ns = clock_mono_ns() + ACCESS_KEY_TTL_S * NS_PER_S;
	HASH_ADD(hh, a->by_hash, hash, sizeof c->hash, c);
	DL_APPEND(a->by_age, c);
	a->count++;
}

static struct cached *cached_of(struct access *a, const struct uuid *key_id)
{
	struct cached *c;

	DL_FOREACH(a->by_age, c)
		if (uuid_eq(&c->who.key_id, key_id))
			return c;
	return NULL;
}

/* It is believed for as long again, if it still is in the cache. */
static void renew(struct access *a, const struct identity *who)
{
	struct cached *c = cached_of(a, &who->key_id);

	if (!c)
		return;
	DL_DELETE(a->by_age, c);
	c->who = *who;
	c->until_ns = clock_mono_ns() + ACCESS_KEY_TTL_S * NS_PER_S;
	DL_APPEND(a->by_age, c);
}

static void on_found(const struct pg_answer *answer, void *arg)
{
	struct asked *asked = arg;
	struct identity who = {.is_key = true};
	enum access_verdict verdict = answer->status == PG_OK ? ACCESS_FORGED : ACCESS_UNAVAILABLE;

	if (answer->status == PG_OK && PQntuples(answer->results[0]) == 1 &&
		pg_cell_uuid(answer->results[0], 0, 0, &who.key_id) && pg_cell_uuid(answer->results[0], 0, 1, &who.user_id)) {
		who.is_operator = slice_eq(pg_cell(answer->results[0], 0, 2), SLICE("operator"));
		if (asked->again)
			renew(asked->access, &who);
		else
			remember(asked->access, asked->hash, &who);
		verdict = ACCESS_GOOD;
	}
	asked->fn(verdict, &who, asked->arg);
	free(asked);
}

void access_key(struct access *a, struct slice key, access_fn *fn, void *arg)
{
	struct asked *asked = xcalloc(1, sizeof *asked);
	char hash[TOKEN_HASH_TEXT_BYTES];
	struct slice params[1];

	*asked = (struct asked){.access = a, .fn = fn, .arg = arg};
	apikey_hash(key, asked->hash);
	token_hash_text(key, hash);
	params[0] = slice_str(hash);
	pg_send(a->gw->pg, &(struct pg_op){&find_stmt, params}, 1, on_found, asked);
}

enum access_verdict access_stands(struct access *a, const struct identity *who)
{
	const struct cached *c;

	if (!who->is_key)
		return clock_wall_us() < who->expires_at ? ACCESS_GOOD : ACCESS_EXPIRED;
	c = cached_of(a, &who->key_id);
	return c && c->until_ns > clock_mono_ns() ? ACCESS_GOOD : ACCESS_PENDING;
}

void access_key_again(struct access *a, const struct uuid *key_id, access_fn *fn, void *arg)
{
	struct asked *asked = xcalloc(1, sizeof *asked);
	char id[UUID_TEXT_BYTES];

	*asked = (struct asked){.access = a, .again = true, .fn = fn, .arg = arg};
	uuid_text(key_id, id);
	pg_send(a->gw->pg, &(struct pg_op){&stands_stmt, (struct slice[]){slice_str(id)}}, 1, on_found, asked);
}

void access_forget(struct access *a, const struct uuid *key_id)
{
	struct cached *c = cached_of(a, key_id);

	if (c)
		cached_remove(a, c);
}

const char *access_challenge(enum access_verdict verdict)
{
	switch (verdict) {
	case ACCESS_MISSING:
		return "Bearer realm=\"cleanerctx\", error=\"missing_token\", error_description=\"missing\"";
	case ACCESS_EXPIRED:
		return "Bearer realm=\"cleanerctx\", error=\"invalid_token\", error_description=\"expired\"";
	default:
		return "Bearer realm=\"cleanerctx\", error=\"invalid_token\", error_description=\"forged\"";
	}
}
