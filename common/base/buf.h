/* SPDX-License-Identifier: ISC
 *
 * buf.h - a growing byte buffer with a ceiling.
 *
 * Invariant: n <= cap <= max; p is NUL-terminated at n once anything was written. An append that would pass max writes
 * nothing and sets `overflow`, which stays set until buf_reset: check it once, at the end of a whole composition.
 */
#ifndef CC_BASE_BUF_H
#define CC_BASE_BUF_H

#include "attr.h"
#include "slice.h"

#include <stdint.h>

struct buf {
	char *p;       /* owned; NULL before the first append */
	size_t n;      /* bytes used */
	size_t cap;    /* bytes that fit without growing, without the NUL */
	size_t max;    /* bytes, the ceiling */
	bool overflow; /* an append was refused */
};

void buf_init(struct buf *b, size_t max_bytes);
void buf_finish(struct buf *b); /* frees the bytes; the buffer may be initialised again */
void buf_reset(struct buf *b);  /* empties it, keeps the memory */

void buf_append(struct buf *b, const void *p, size_t n);
void buf_slice(struct buf *b, struct slice s);
void buf_str(struct buf *b, const char *s);
void buf_char(struct buf *b, char c);
void buf_u64(struct buf *b, uint64_t v); /* decimal digits */
void buf_i64(struct buf *b, int64_t v);
void buf_printf(struct buf *b, const char *fmt, ...) printf_like(2, 3);

/* The bytes so far, borrowed until the next append. */
static inline struct slice buf_view(const struct buf *b)
{
	return slice_of(b->p, b->n);
}

/* Hands the NUL-terminated bytes to the caller, who frees them; leaves the buffer empty. Never NULL. */
char *buf_take(struct buf *b, size_t *n);

/* Makes room for n more bytes and returns where they go, or NULL past the ceiling; after writing k <= n of them, add
 * k to b->n. */
must_check char *buf_reserve(struct buf *b, size_t n);

#endif
