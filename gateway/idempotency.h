/* SPDX-License-Identifier: ISC
 *
 * idempotency.h - the same Idempotency-Key gives the same result for 24 hours (api.md), whoever dies in between.
 *
 * A key's first use reserves it in PostgreSQL together with the id of what will be made; making is an insert by that id,
 * so doing it twice has effect once. The first answer below 500 is stored and replayed. While the first is at work others
 * wait: here in memory, of another gateway by asking again. If the first died, the next one takes over after
 * IDEMPOTENCY_TAKEOVER_MS, with the same id.
 *
 * Scope: user and route; a request's path and body are what its hash covers.
 */
#ifndef CC_GATEWAY_IDEMPOTENCY_H
#define CC_GATEWAY_IDEMPOTENCY_H

#include "request.h"

struct idempotency;

enum {
	IDEMPOTENCY_KEY_BYTES = 255,     /* api.md */
	IDEMPOTENCY_TAKEOVER_MS = 15000, /* longer than any wait for a turn (10 s) */
	IDEMPOTENCY_POLL_MS = 100,       /* how often a waiter asks for another gateway's answer */
};

struct idempotency *idempotency_open(struct gateway *gw);
void idempotency_close(struct idempotency **i);

/* For an HTTP handler: looks at Idempotency-Key. Calls fresh with the id to make the object with (a new one when there is
 * no key), or answers by itself: the replay, 422, 503. When a key is at work the request's own answer is stored. */
void idempotency_begin(struct request *r, void (*fresh)(struct request *r, const struct uuid *object_id));

/* The same for a socket: */
enum idempotency_outcome {
	IDEMPOTENCY_FRESH,       /* do it, with object_id, then idempotency_store or idempotency_abandon */
	IDEMPOTENCY_REPLAY,      /* status and body are the first answer's */
	IDEMPOTENCY_OTHER_BODY,  /* 422 */
	IDEMPOTENCY_UNAVAILABLE, /* 503: PostgreSQL */
};
struct idempotency_result {
	enum idempotency_outcome outcome;
	struct uuid object_id;
	int status;
	struct slice body; /* borrowed for the call */
};
typedef void idempotency_fn(const struct idempotency_result *result, void *arg);

/* Everything is copied. fn is called exactly once, never inside the call. subject is what the hash covers: path, then body. */
void idempotency_reserve(struct idempotency *i, const struct uuid *user_id, const char *route, struct slice key,
	struct slice path, struct slice body, idempotency_fn *fn, void *arg);
void idempotency_store(struct idempotency *i, const struct uuid *user_id, const char *route, struct slice key, int status,
	struct slice body);
void idempotency_abandon(struct idempotency *i, const struct uuid *user_id, const char *route, struct slice key);

/* 1 to 255 visible ASCII characters? */
must_check bool idempotency_key_ok(struct slice key);

#endif
