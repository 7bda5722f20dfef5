/* SPDX-License-Identifier: ISC
 *
 * align.c - see align.h. Wagner and Fischer's table over what is left when the common beginning and end are
 * taken off, which in a cleaned turn is little.
 */
#include "cleaner/llm/align.h"

#include "common/base/xalloc.h"

#include <stdlib.h>

enum { SKIP = 2, CHANGE = 3 }; /* a changed word is nearer than one left out and one put in */

static bool same(const struct words *a, size_t i, const struct words *b, size_t j)
{
	return slice_eq(a->w[i].fold, b->w[j].fold);
}

static void differ(struct alignment *out, size_t i, size_t i_end, size_t j, size_t j_end)
{
	struct stretch *last = out->n ? &out->rows[out->n - 1] : NULL;

	if (last && last->a_end == i && last->b_end == j) {
		last->a_end = i_end;
		last->b_end = j_end;
		return;
	}
	if (out->n == out->cap) {
		out->cap = out->cap ? out->cap * 2 : 16;
		out->rows = xrealloc(out->rows, out->cap * sizeof *out->rows);
	}
	out->rows[out->n++] = (struct stretch){i, i_end, j, j_end};
}

struct middle {
	const struct words *a, *b;
	size_t from, n, m; /* both begin at `from`; lengths */
	uint16_t *cost;	   /* (n + 1) x (m + 1): from here to the end */
};

static uint16_t *cell(const struct middle *t, size_t i, size_t j)
{
	return &t->cost[i * (t->m + 1) + j];
}

static bool same_here(const struct middle *t, size_t i, size_t j)
{
	return same(t->a, t->from + i, t->b, t->from + j);
}

static uint16_t best(const struct middle *t, size_t i, size_t j)
{
	uint16_t skip_a, skip_b, both;

	if (i == t->n)
		return (uint16_t)(SKIP * (t->m - j));
	if (j == t->m)
		return (uint16_t)(SKIP * (t->n - i));
	skip_a = (uint16_t)(*cell(t, i + 1, j) + SKIP);
	skip_b = (uint16_t)(*cell(t, i, j + 1) + SKIP);
	both = (uint16_t)(*cell(t, i + 1, j + 1) + (same_here(t, i, j) ? 0 : CHANGE));
	if (skip_a < both)
		both = skip_a;
	return skip_b < both ? skip_b : both;
}

static void fill(const struct middle *t)
{
	for (size_t i = t->n + 1; i-- > 0;)
		for (size_t j = t->m + 1; j-- > 0;)
			*cell(t, i, j) = best(t, i, j);
}

static void walk(const struct middle *t, struct alignment *out)
{
	size_t i = 0, j = 0, f = t->from;

	while (i < t->n || j < t->m) {
		size_t di = 0, dj = 0;

		if (i < t->n && j < t->m && same_here(t, i, j) && *cell(t, i, j) == *cell(t, i + 1, j + 1)) {
			out->same++;
			i++;
			j++;
			continue;
		}
		if (i < t->n && *cell(t, i, j) == *cell(t, i + 1, j) + SKIP)
			di = 1;
		else if (j < t->m && *cell(t, i, j) == *cell(t, i, j + 1) + SKIP)
			dj = 1;
		else
			di = dj = 1;
		differ(out, f + i, f + i + di, f + j, f + j + dj);
		i += di;
		j += dj;
	}
}

bool align_words(const struct words *a, const struct words *b, struct alignment *out)
{
	size_t head = 0, tail = 0, less = a->n < b->n ? a->n : b->n;
	struct middle t = {a, b};

	*out = (struct alignment){0};
	if (a->n > ALIGN_WORDS || b->n > ALIGN_WORDS)
		return false;
	while (head < less && same(a, head, b, head))
		head++;
	while (tail < less - head && same(a, a->n - 1 - tail, b, b->n - 1 - tail))
		tail++;
	t.from = head;
	t.n = a->n - head - tail;
	t.m = b->n - head - tail;
	out->same = head + tail;
	if (!t.n && !t.m)
		return true;
	t.cost = xmalloc((t.n + 1) * (t.m + 1) * sizeof *t.cost);
	fill(&t);
	walk(&t, out);
	free(t.cost);
	return true;
}

void align_finish(struct alignment *alignment)
{
	free(alignment->rows);
	*alignment = (struct alignment){0};
}
