/* SPDX-License-Identifier: ISC
 *
 * text_diff.c - see text_diff.h.
 */
#include "text_diff.h"

#include "common/base/xalloc.h"

#include <stdint.h>
#include <stdlib.h>

struct token {
	size_t at, end;
};

struct tokens {
	struct slice text;
	struct token *list;
	size_t count;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Part of a word: anything but blanks and ASCII's marks, of which ' and - stand inside words. */
static bool is_wordly(char c)
{
	return (unsigned char)c >= 0x80 || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') ||
	       c == '\'' || c == '-';
}

static void cut(struct slice text, struct tokens *out)
{
	*out = (struct tokens){.text = text, .list = xmalloc((text.n + 1) * sizeof *out->list)};
	for (size_t i = 0; i < text.n;) {
		size_t from = i;

		if (is_blank(text.p[i])) {
			i++;
			continue;
		}
		while (i < text.n && is_wordly(text.p[i]))
			i++;
		i += i == from; /* a mark */
		out->list[out->count++] = (struct token){from, i};
	}
}

static bool same(const struct tokens *a, size_t i, const struct tokens *b, size_t j)
{
	const struct token *x = &a->list[i], *y = &b->list[j];

	return slice_eq(
		slice_of(a->text.p + x->at, x->end - x->at), slice_of(b->text.p + y->at, y->end - y->at));
}

static void add(struct text_diff *d, struct hunk h)
{
	if (d->count == d->cap) {
		d->cap = d->cap ? 2 * d->cap : 8;
		d->hunks = xrealloc(d->hunks, d->cap * sizeof *d->hunks);
	}
	d->hunks[d->count++] = h;
}

/* The stretch between two matches: without the blanks that both have at its ends, if anything is left. */
static void add_stretch(struct text_diff *d, struct slice a, struct slice b, struct hunk h)
{
	while (h.a < h.a_end && h.b < h.b_end && a.p[h.a] == b.p[h.b] && is_blank(a.p[h.a]))
		h.a++, h.b++;
	while (h.a < h.a_end && h.b < h.b_end && a.p[h.a_end - 1] == b.p[h.b_end - 1] &&
		is_blank(a.p[h.a_end - 1]))
		h.a_end--, h.b_end--;
	if (!slice_eq(slice_of(a.p + h.a, h.a_end - h.a), slice_of(b.p + h.b, h.b_end - h.b)))
		add(d, h);
}

/* Tokens [i, i_end) of a against [j, j_end) of b, with the blanks around them. */
struct gap {
	size_t i, i_end, j, j_end;
};

static size_t end_before(const struct tokens *t, size_t i)
{
	return i ? t->list[i - 1].end : 0;
}

static size_t start_of(const struct tokens *t, size_t i)
{
	return i < t->count ? t->list[i].at : t->text.n;
}

static void add_gap(struct text_diff *d, const struct tokens *a, const struct tokens *b, struct gap g)
{
	size_t n = g.i_end - g.i;
	struct hunk h = {.a = end_before(a, g.i), .b = end_before(b, g.j)};

	for (size_t k = 1; n == g.j_end - g.j && n <= DIFF_WORDS && k < n;
		k++) { /* word by word, a word's blanks before it */
		h.a_end = a->list[g.i + k - 1].end;
		h.b_end = b->list[g.j + k - 1].end;
		add_stretch(d, a->text, b->text, h);
		h.a = h.a_end;
		h.b = h.b_end;
	}
	h.a_end = start_of(a, g.i_end);
	h.b_end = start_of(b, g.j_end);
	add_stretch(d, a->text, b->text, h);
}

/* lengths[i][j]: of the longest common subsequence of a's tokens from i and b's from j, in the gap. */
static uint16_t *table_of(const struct tokens *a, const struct tokens *b, struct gap g)
{
	size_t rows = g.i_end - g.i, columns = g.j_end - g.j, width = columns + 1;
	uint16_t *table = xcalloc((rows + 1) * width, sizeof *table);

	for (size_t i = rows; i-- > 0;)
		for (size_t j = columns; j-- > 0;) {
			uint16_t down = table[(i + 1) * width + j], right = table[i * width + j + 1];

			if (same(a, g.i + i, b, g.j + j))
				table[i * width + j] = (uint16_t)(table[(i + 1) * width + j + 1] + 1);
			else
				table[i * width + j] = down > right ? down : right;
		}
	return table;
}

static void walk(struct text_diff *d, const struct tokens *a, const struct tokens *b, struct gap g)
{
	uint16_t *table = table_of(a, b, g);
	size_t width = g.j_end - g.j + 1, i = g.i, j = g.j;
	struct gap open = {i, i, j, j};

	while (i < g.i_end && j < g.j_end) {
		const uint16_t *cell = &table[(i - g.i) * width + (j - g.j)];

		if (same(a, i, b, j)) {
			open.i_end = i++;
			open.j_end = j++;
			add_gap(d, a, b, open);
			open = (struct gap){i, i, j, j};
		} else if (cell[width] >= cell[1]) {
			i++;
		} else {
			j++;
		}
	}
	open.i_end = g.i_end;
	open.j_end = g.j_end;
	add_gap(d, a, b, open);
	free(table);
}

void text_diff(struct slice a, struct slice b, struct text_diff *out)
{
	struct tokens x, y;
	struct gap g = {0};

	*out = (struct text_diff){.hunks = NULL};
	cut(a, &x);
	cut(b, &y);
	g.i_end = x.count;
	g.j_end = y.count;
	while (g.i < g.i_end && g.j < g.j_end && same(&x, g.i, &y, g.j)) {
		add_gap(out, &x, &y, (struct gap){g.i, g.i, g.j, g.j}); /* the blanks before it may differ */
		g.i++, g.j++;
	}
	while (g.i < g.i_end && g.j < g.j_end && same(&x, g.i_end - 1, &y, g.j_end - 1))
		g.i_end--, g.j_end--;
	if ((g.i_end - g.i) * (g.j_end - g.j) <= DIFF_CELLS)
		walk(out, &x, &y, g);
	else
		add_gap(out, &x, &y, g);
	for (size_t i = g.i_end, j = g.j_end; i < x.count; i++, j++)
		add_gap(out, &x, &y, (struct gap){i + 1, i + 1, j + 1, j + 1});
	free(x.list);
	free(y.list);
}

void text_diff_finish(struct text_diff *d)
{
	free(d->hunks);
	*d = (struct text_diff){.hunks = NULL};
}
