/* SPDX-License-Identifier: ISC
 *
 * number.c - numbers in words become digits where people write digits: the readers in order, the first that
 * reads wins.
 *
 * Idioms stay: "one of the", "step one", "a hundred reasons", numbers below ten in a sentence.
 */
#include "numeral.h"
#include "reasons.h"

static bool (*const readers[])(const struct turn *t, size_t i, bool bare, struct numeral *out) = {
	web_read,
	dotted_read,
	date_read,
	time_read,
	money_read,
	measure_read,
	title_read,
	code_read,
	phone_read,
	year_read,
	ordinal_read,
	cardinal_read,
};

static bool read_at(const struct turn *t, size_t i, bool bare, struct numeral *out)
{
	for (size_t k = 0; k < countof(readers); k++) {
		*out = (struct numeral){.score = 0};
		if (!readers[k](t, i, bare, out) || !(t->in->options.formats & out->format) || out->end <= i)
			continue;
		if (!bare || out->end == t->words.count)
			return true;
	}
	return false;
}

static const struct edit *numeral_edit(struct turn *t, const struct numeral *n)
{
	struct edit *edit = arena_get(t->arena, sizeof *edit);

	*edit = (struct edit){KIND_NUMBER, 1,
		n->format == FORMAT_ELECTRONIC ? why_address : why_digits, SORT_NUMBER};
	return edit;
}

/* Only words that may begin or hold a numeral are asked: nearly all words are not. */
static bool may_start(const struct words *w, size_t i)
{
	static const char *const openers[] = {"minus", "negative", "plus", "point", "half", "quarter",
		"covid", "www", "http", "https", "a", "the", "january", "february", "march", "april", "may",
		"june", "july", "august", "september", "october", "november", "december"};
	const struct word *word = w->live[i];

	if (word->fixed || word->key.n == 0)
		return false;
	if ((word->classes & CLASS_NUMBER) || word->key.n == 1 ||
		(word->key.p[0] >= '0' && word->key.p[0] <= '9') || memchr(word->key.p, '-', word->key.n))
		return true;
	if (words_is(w, i + 1, "dot") || words_is(w, i + 1, "at") || words_is(w, i + 1, "dash") ||
		words_is(w, i + 1, "underscore"))
		return true;
	for (size_t k = 0; k < countof(openers); k++)
		if (slice_eq(word->key, slice_str(openers[k])))
			return true;
	return false;
}

void stage_numbers(struct turn *t)
{
	struct words *w = &t->words;
	struct numeral n;

	if (w->count && read_at(t, 0, true, &n)) {
		words_merge(w, 0, n.end, arena_copy(t->arena, slice_str(n.text)), numeral_edit(t, &n));
		words_settle(w);
		return;
	}
	for (size_t i = 0; i < w->count; i++) {
		if (!may_start(w, i) || !read_at(t, i, false, &n))
			continue;
		if (n.end > i + 1 || !slice_eq(w->live[i]->core, slice_str(n.text)))
			words_merge(
				w, i, n.end, arena_copy(t->arena, slice_str(n.text)), numeral_edit(t, &n));
		i = n.end -
		    1; /* the words of it are still in live: what looks back sees them as they were said */
	}
	words_settle(w);
}
