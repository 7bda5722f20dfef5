/* SPDX-License-Identifier: ISC
 *
 * passwords.h - password checks off the loop: a few threads, a bounded queue.
 *
 * The only threads of the gateway. A job is copied in and its result comes back through an ev_async; no other memory is
 * shared.
 */
#ifndef CC_GATEWAY_PASSWORDS_H
#define CC_GATEWAY_PASSWORDS_H

#include "common/base/attr.h"
#include "common/base/slice.h"

#include <ev.h>

enum {
	PASSWORDS_THREADS = 2, /* each needs PASSWORD_MEMORY_BYTES while it works .. */
	PASSWORDS_KEEP_S = 5,  /* .. and so long after: sign-ins come in bursts, an idle gateway is small */
	PASSWORDS_QUEUE = 64,  /* 64 checks of 17 ms on 2 threads: who comes later would wait over a second, and is told 503 */
};

struct passwords;
struct passwords *passwords_open(struct ev_loop *loop);
void passwords_close(struct passwords **p); /* waits for the check at hand; what was not begun is answered with false */

typedef void passwords_fn(bool ok, void *arg);

/* Checks a password against a hash; hash NULL or empty takes as long and is never right. fn is called on the loop.
 * False: the queue is full, fn is not called. */
must_check bool passwords_check(struct passwords *p, const char *hash, struct slice password, passwords_fn *fn, void *arg);

#endif
