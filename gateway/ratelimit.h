/* SPDX-License-Identifier: ISC
 *
 * ratelimit.h - token buckets, one a key, in a table of fixed size.
 *
 * Pure: the clock is given. A key is 16 bytes (a user's id, or a hash). When the table is full the longest unused bucket
 * gives way: it is full again by then or nearly so, unless more than RATELIMIT_KEYS keys are busy at once.
 */
#ifndef CC_GATEWAY_RATELIMIT_H
#define CC_GATEWAY_RATELIMIT_H

#include "common/base/uuid.h"

struct ratelimit;

enum { RATELIMIT_KEYS = 8192 }; /* 8192 x 64 bytes: half a MiB when all are in use */

/* rate tokens a period of period_s seconds come in, at most burst lie ready. */
struct ratelimit *ratelimit_create(uint64_t rate, uint64_t period_s, uint64_t burst);
void ratelimit_destroy(struct ratelimit **r);

struct ratelimit_answer {
	bool allowed;
	uint64_t limit;         /* burst */
	uint64_t remaining;     /* whole tokens left */
	uint64_t reset_s;       /* until the bucket is full, rounded up */
	uint64_t retry_after_s; /* until there is a token, rounded up; 0 when allowed */
};

/* Takes cost tokens if they are there; cost 0 only looks (allowed: is one there?). */
struct ratelimit_answer ratelimit_take(struct ratelimit *r, const struct uuid *key, uint64_t cost, uint64_t now_ns);

/* The key of any bytes. */
struct uuid ratelimit_key(struct slice bytes);

#endif
