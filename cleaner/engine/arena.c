/* SPDX-License-Identifier: ISC
 *
 * arena.c - see arena.h.
 */
#include "arena.h"
#include "common/base/xalloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { ARENA_BLOCK_BYTES = 64 * 1024, ARENA_ALIGN = 16, ARENA_PRINTF_BYTES = 256 };

struct arena_block {
	struct arena_block *next;
	size_t size;
	_Alignas(ARENA_ALIGN) char bytes[];
};

void arena_init(struct arena *a)
{
	*a = (struct arena){0};
}

void arena_finish(struct arena *a)
{
	while (a->first) {
		struct arena_block *next = a->first->next;

		free(a->first);
		a->first = next;
	}
	arena_init(a);
}

void arena_reset(struct arena *a)
{
	a->current = a->first;
	a->used = 0;
}

/* Makes current a block with room for bytes: the next one that has it, or a new one put after current. */
static void arena_advance(struct arena *a, size_t bytes)
{
	struct arena_block **link = a->current ? &a->current->next : &a->first;
	struct arena_block *fresh;
	size_t size = bytes > ARENA_BLOCK_BYTES ? bytes : ARENA_BLOCK_BYTES;

	if (!*link || (*link)->size < bytes) {
		fresh = xmalloc(sizeof *fresh + size);
		fresh->size = size;
		fresh->next = *link;
		*link = fresh;
	}
	a->current = *link;
	a->used = 0;
}

void *arena_get(struct arena *a, size_t bytes)
{
	void *p;

	bytes = (bytes + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
	if (!a->current || a->current->size - a->used < bytes)
		arena_advance(a, bytes);
	p = a->current->bytes + a->used;
	a->used += bytes;
	return p;
}

void *arena_zero(struct arena *a, size_t bytes)
{
	return memset(arena_get(a, bytes), 0, bytes);
}

struct slice arena_copy(struct arena *a, struct slice s)
{
	char *p = arena_get(a, s.n + 1);

	if (s.n)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return slice_of(p, s.n);
}

struct slice arena_printf(struct arena *a, const char *fmt, ...)
{
	char text[ARENA_PRINTF_BYTES];
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	if (n < 0)
		n = 0;
	return arena_copy(a, slice_of(text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1));
}
