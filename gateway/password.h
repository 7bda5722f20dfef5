/* SPDX-License-Identifier: ISC
 *
 * password.h - passwords as Argon2id (RFC 9106) hashes, through libsodium.
 *
 * Both calls take tens of milliseconds and PASSWORD_MEMORY_BYTES by intent: never on the loop. Call sodium_init first.
 */
#ifndef CC_GATEWAY_PASSWORD_H
#define CC_GATEWAY_PASSWORD_H

#include "common/base/attr.h"
#include "common/base/slice.h"

#include <stdbool.h>

enum {
	PASSWORD_MIN_BYTES = 8,     /* NIST SP 800-63B 5.1.1.2 */
	PASSWORD_MAX_BYTES = 1024,  /* hashing is linear in it: an attacker's megabyte is refused */
	PASSWORD_HASH_BYTES = 128,  /* libsodium's string with its NUL */
	PASSWORD_MEMORY_BYTES = 19456 * 1024, /* 19 MiB, t=2, p=1: OWASP's second choice, the least */
	PASSWORD_PASSES = 2,
};

/* Writes the hash string. False: out of memory. */
must_check bool password_hash(struct slice password, char out[PASSWORD_HASH_BYTES]);

/* hash is a NUL-terminated string of password_hash, whatever its parameters. */
must_check bool password_verify(const char *hash, struct slice password);

/* A hash that no password has, with today's parameters: verifying against it costs what a real one costs, so that an
 * unknown address takes as long as a wrong password. Static text. */
const char *password_decoy(void);

#endif
