/* SPDX-License-Identifier: ISC
 *
 * access.h - who a credential is: an access token at once, an API key from a small cache or PostgreSQL.
 *
 * Cached keys are believed for ACCESS_KEY_TTL_S, so that a revoked key ends within that time everywhere (at once on the
 * gateway that revoked it). At most ACCESS_KEYS are kept; keys that are not good are not cached. Who stays connected asks
 * again now and then (access_stands), so that sockets and streams end with what let them in.
 */
#ifndef CC_GATEWAY_ACCESS_H
#define CC_GATEWAY_ACCESS_H

#include "request.h"

enum { ACCESS_KEYS = 1024, ACCESS_KEY_TTL_S = 30 };

struct access;
struct access *access_open(struct gateway *gw);
void access_close(struct access **a);

enum access_verdict {
	ACCESS_GOOD,
	ACCESS_MISSING,     /* no credential */
	ACCESS_FORGED,      /* not ours, revoked, or not a credential at all */
	ACCESS_EXPIRED,
	ACCESS_PENDING,     /* a key that must be asked for: access_key */
	ACCESS_UNAVAILABLE, /* PostgreSQL did not answer */
	ACCESS_VERDICTS
};

/* A credential without its "Bearer ". */
enum access_verdict access_check(struct access *a, struct slice credential, struct identity *out);

/* Asks PostgreSQL; fn is called exactly once, never inside the call. who is set when the verdict is good. */
typedef void access_fn(enum access_verdict verdict, const struct identity *who, void *arg);
void access_key(struct access *a, struct slice key, access_fn *fn, void *arg);

/* Is an identity that was good still so: ACCESS_GOOD, ACCESS_EXPIRED, or ACCESS_PENDING: ask with access_key_again. */
enum access_verdict access_stands(struct access *a, const struct identity *who);
/* As access_key, for a key that was let in before. */
void access_key_again(struct access *a, const struct uuid *key_id, access_fn *fn, void *arg);
void access_forget(struct access *a, const struct uuid *key_id);

/* The credential in an Authorization header: what follows "Bearer ", any case; empty when it is not that. */
struct slice access_bearer(struct slice authorization);

/* The WWW-Authenticate value for a verdict that is not good. */
const char *access_challenge(enum access_verdict verdict);

#endif
