/* SPDX-License-Identifier: ISC
 *
 * ratelimit.c - see ratelimit.h. A bucket is filled when it is looked at.
 */
#include "ratelimit.h"

#include "common/base/clock.h"
#include "common/base/xalloc.h"

#include <sodium.h>
#include <stdlib.h>
#include <utlist.h>
#include <uthash.h>

struct bucket {
	struct uuid key;
	double tokens;
	uint64_t at_ns;             /* when tokens was true */
	struct bucket *prev, *next; /* by last use, oldest first */
	UT_hash_handle hh;
};

struct ratelimit {
	double per_ns; /* tokens that come in a nanosecond */
	uint64_t burst;
	size_t count;
	struct bucket *by_key, *by_use;
};

struct ratelimit *ratelimit_create(uint64_t rate, uint64_t period_s, uint64_t burst)
{
	struct ratelimit *r = xcalloc(1, sizeof *r);

	r->per_ns = (double)rate / (double)(period_s * NS_PER_S);
	r->burst = burst;
	return r;
}

void ratelimit_destroy(struct ratelimit **r)
{
	struct bucket *b, *tmp;

	if (!*r)
		return;
	HASH_CLEAR(hh, (*r)->by_key);
	DL_FOREACH_SAFE((*r)->by_use, b, tmp)
		free(b);
	free(*r);
	*r = NULL;
}

/* A bucket for a new key: the longest unused one when the table is full. */
static struct bucket *bucket_add(struct ratelimit *r, const struct uuid *key, uint64_t now_ns)
{
	struct bucket *b;

	if (r->count == RATELIMIT_KEYS) {
		b = r->by_use;
		DL_DELETE(r->by_use, b);
		HASH_DEL(r->by_key, b);
	} else {
		b = xcalloc(1, sizeof *b);
		r->count++;
	}
	b->key = *key;
	b->tokens = (double)r->burst;
	b->at_ns = now_ns;
	HASH_ADD(hh, r->by_key, key, sizeof b->key, b);
	DL_APPEND(r->by_use, b);
	return b;
}

static struct bucket *bucket_of(struct ratelimit *r, const struct uuid *key, uint64_t now_ns)
{
	struct bucket *b;

	HASH_FIND(hh, r->by_key, key, sizeof *key, b);
	if (!b)
		return bucket_add(r, key, now_ns);
	DL_DELETE(r->by_use, b);
	DL_APPEND(r->by_use, b);
	if (now_ns > b->at_ns)
		b->tokens += (double)(now_ns - b->at_ns) * r->per_ns;
	if (b->tokens > (double)r->burst)
		b->tokens = (double)r->burst;
	b->at_ns = now_ns;
	return b;
}

static uint64_t seconds_until(const struct ratelimit *r, double missing)
{
	double s = missing / r->per_ns / (double)NS_PER_S;

	return (uint64_t)s + ((double)(uint64_t)s < s);
}

struct ratelimit_answer ratelimit_take(struct ratelimit *r, const struct uuid *key, uint64_t cost, uint64_t now_ns)
{
	struct bucket *b = bucket_of(r, key, now_ns);
	double needed = cost ? (double)cost : 1;
	struct ratelimit_answer a = {.allowed = b->tokens >= needed, .limit = r->burst};

	if (a.allowed)
		b->tokens -= (double)cost;
	else
		a.retry_after_s = seconds_until(r, needed - b->tokens);
	a.remaining = (uint64_t)b->tokens;
	a.reset_s = seconds_until(r, (double)r->burst - b->tokens);
	return a;
}

struct uuid ratelimit_key(struct slice bytes)
{
	struct uuid key;

	crypto_generichash(key.b, sizeof key.b, (const unsigned char *)bytes.p, bytes.n, NULL, 0);
	return key;
}
