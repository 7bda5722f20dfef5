/* SPDX-License-Identifier: ISC
 *
 * uuid.h - UUIDs (RFC 9562): made as version 7, so that ids sort by the time they were made.
 */
#ifndef CC_BASE_UUID_H
#define CC_BASE_UUID_H

#include "attr.h"
#include "slice.h"

#include <stdint.h>

enum { UUID_TEXT_BYTES = 37 }; /* 36 characters and the NUL */

struct uuid {
	uint8_t b[16];
};

/* A new version 7 id: 48 bits of wall-clock ms, a 12-bit counter that keeps ids of one ms and process in order, 62
 * random bits from the kernel. */
struct uuid uuid_v7(void);

/* Reads the 36-character form, any case. False when it is not one, *out untouched. */
must_check bool uuid_parse(struct slice s, struct uuid *out);

/* Lower-case text with a NUL. */
void uuid_text(const struct uuid *id, char out[UUID_TEXT_BYTES]);

static inline bool uuid_eq(const struct uuid *a, const struct uuid *b)
{
	return memcmp(a->b, b->b, sizeof a->b) == 0;
}

/* A stable 32-bit hash (FNV-1a) of the id's bytes, the same on every host: chooses a conversation's notifier and its
 * queue shard. */
uint32_t uuid_hash(const struct uuid *id);

#endif
