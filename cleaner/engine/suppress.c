/* SPDX-License-Identifier: ISC
 *
 * suppress.c - see suppress.h.
 */
#include "suppress.h"
#include "common/base/utf8.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static struct slice without_blanks(struct slice s)
{
	while (s.n && is_blank(s.p[0]))
		s = slice_of(s.p + 1, s.n - 1);
	while (s.n && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

/* A letter or a digit; of other scripts any character will do. */
static bool has_word(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if ((unsigned char)c >= 0x80 || (c >= '0' && c <= '9') ||
			((c | 32) >= 'a' && (c | 32) <= 'z'))
			return true;
	}
	return false;
}

bool is_suppressed(const struct clean_input *in, struct slice original, struct slice corrected)
{
	original = without_blanks(original);
	corrected = without_blanks(corrected);
	if (!has_word(original))
		return false;
	for (size_t i = 0; i < in->suppressed_count; i++)
		if (slice_eq_nocase(original, without_blanks(in->suppressed[i].original)) &&
			slice_eq_nocase(corrected, without_blanks(in->suppressed[i].corrected)))
			return true;
	return false;
}

struct rebuilt {
	char *text;
	size_t n, raw_at;
	uint32_t points;
};

static void put(struct rebuilt *b, struct slice s)
{
	if (s.n)
		memcpy(b->text + b->n, s.p, s.n);
	b->n += s.n;
	b->points += (uint32_t)utf8_count(s);
}

/* The raw text up to `end`, then what a correction that stays makes of its original. */
static void put_change(struct rebuilt *b, struct slice raw, struct correction *c)
{
	size_t start = (size_t)(c->original.p - raw.p);

	put(b, slice_of(raw.p + b->raw_at, start - b->raw_at));
	c->cleaned_start = b->points;
	put(b, c->corrected);
	c->corrected = slice_of(b->text + b->n - c->corrected.n, c->corrected.n);
	c->cleaned_end = b->points;
	b->raw_at = start + c->original.n;
}

static size_t count_suppressed(const struct clean_input *in, const struct clean_result *r)
{
	size_t n = 0;

	for (size_t i = 0; in->suppressed_count && i < r->correction_count; i++)
		n += is_suppressed(in, r->corrections[i].original, r->corrections[i].corrected);
	return n;
}

void suppress(const struct clean_input *in, struct arena *arena, struct clean_result *result)
{
	struct correction *kept;
	size_t count = 0;
	struct rebuilt b = {0};

	if (count_suppressed(in, result) == 0)
		return;
	kept = arena_get(arena, result->correction_count * sizeof *kept);
	b.text = arena_get(arena, in->raw.n + result->cleaned.n + 1); /* each piece is raw's or cleaned's */
	for (size_t i = 0; i < result->correction_count; i++) {
		if (is_suppressed(in, result->corrections[i].original, result->corrections[i].corrected))
			continue;
		kept[count] = result->corrections[i];
		put_change(&b, in->raw, &kept[count++]);
	}
	put(&b, slice_of(in->raw.p + b.raw_at, in->raw.n - b.raw_at));
	b.text[b.n] = '\0';
	result->cleaned = slice_of(b.text, b.n);
	result->corrections = kept;
	result->correction_count = count;
}
