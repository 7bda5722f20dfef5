/* SPDX-License-Identifier: ISC
 *
 * arena.h - memory of one turn: handed out by moving a pointer, taken back all at once.
 *
 * Invariant: blocks only grow in number; arena_reset keeps them, so that a workspace that has seen its
 * largest turn allocates no more. What arena_get returns stands until the next arena_reset. Never returns
 * NULL.
 */
#ifndef CC_ENGINE_ARENA_H
#define CC_ENGINE_ARENA_H

#include "common/base/slice.h"

struct arena_block;

struct arena {
	struct arena_block *first, *current; /* owned list; current is where the next piece comes from */
	size_t used;			     /* bytes of current */
};

void arena_init(struct arena *a);
void arena_finish(struct arena *a);
void arena_reset(struct arena *a);

void *arena_get(struct arena *a, size_t bytes);	 /* aligned for any type, not zeroed */
void *arena_zero(struct arena *a, size_t bytes); /* zeroed */

/* Copies s; the copy is followed by a NUL that its length does not count. */
struct slice arena_copy(struct arena *a, struct slice s);

/* A formatted text, cut at 256 bytes. */
struct slice arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
