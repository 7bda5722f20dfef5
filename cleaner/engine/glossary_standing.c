/* SPDX-License-Identifier: ISC
 *
 * glossary_standing.c - terms of the glossary that are there in letters: written as the glossary has them,
 * and kept from being taken for others.
 */
#include "glossary_hunt.h"
#include "reasons.h"

static const struct edit edit_rule = {KIND_GLOSSARY, 0.99, why_rule};
static const struct edit edit_joined = {KIND_GLOSSARY, 1, why_term, SORT_TERM_JOINED};
static const struct edit edit_cased = {KIND_CASE, 1, why_term, SORT_TERM_CASE, .stage = "glossary"};

static void mark_taken(struct hunt *h, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		h->taken[i] = true;
}

static struct slice term_text(struct hunt *h, const struct term *term, bool possessive)
{
	return possessive ? arena_printf(h->t->arena, "%s's", term->text) : slice_str(term->text);
}

/* Writes the term over live words [from, to): a case change when only that differs. */
static void write_term(struct hunt *h, size_t from, size_t to, const struct term *term, bool possessive,
	const struct edit *why)
{
	struct words *w = &h->t->words;
	struct word *word = w->live[from];
	struct slice text = term_text(h, term, possessive);

	if (to == from + 1 && slice_eq_nocase(word->core, text) && why != &edit_rule)
		why = &edit_cased;
	if (to > from + 1 || !slice_eq(word->core, text))
		words_merge(w, from, to, text, why);
	word->fixed = true;
	words_settle(w);
	if (to > from + 1) {
		memmove(h->taken + from + 1, h->taken + to, (w->count - from - 1) * sizeof *h->taken);
		memmove(h->frequency + from + 1, h->frequency + to,
			(w->count - from - 1) * sizeof *h->frequency);
	}
	h->taken[from] = true;
}

/* Words of a term that stand apart keep their words, only the case is set: "wells fargo". True when done. */
static bool case_words(struct hunt *h, size_t from, size_t to, const struct term *term)
{
	struct slice rest = slice_str(term->text);

	for (size_t i = from; i < to; i++) {
		struct word *word = h->t->words.live[i];
		bool possessive;
		struct slice core = without_s(word->core, &possessive);

		if (rest.n < core.n || strncasecmp(rest.p, core.p, core.n) != 0 ||
			(rest.n > core.n && rest.p[core.n] != ' '))
			return false;
		rest = rest.n > core.n ? slice_of(rest.p + core.n + 1, rest.n - core.n - 1)
				       : slice_of(NULL, 0);
	}
	if (rest.n)
		return false;
	rest = slice_str(term->text);
	for (size_t i = from; i < to; i++) {
		struct word *word = h->t->words.live[i];
		bool possessive;
		struct slice core = without_s(word->core, &possessive);
		struct slice text =
			arena_printf(h->t->arena, "%.*s%s", (int)core.n, rest.p, possessive ? "'s" : "");

		if (!slice_eq(word->core, text))
			word_set_core(&h->t->words, word, text, &edit_cased);
		word->fixed = true;
		rest = rest.n > core.n ? slice_of(rest.p + core.n + 1, rest.n - core.n - 1)
				       : slice_of(NULL, 0);
	}
	return true;
}

static bool window_stands(const struct words *w, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (w->live[i]->fixed || w->live[i]->key.n == 0 ||
			(i + 1 < to && (w->live[i]->trail.n || w->live[i + 1]->lead.n)))
			return false;
	return true;
}

/* The same letters are the same term, but for everyday words: "as a" is no ASA, "us" no U S. */
static bool joins_well(const struct words *w, size_t from, size_t to, const struct term *term)
{
	bool meaning = false;

	for (size_t i = from; i < to; i++)
		meaning |= !(w->live[i]->classes & CLASS_STOP) && w->live[i]->key.n > 1;
	if (!isalnum((unsigned char)w->live[from]->key.p[0]) ||
		!isalnum((unsigned char)w->live[to - 1]->key.p[0]))
		return false;
	if (to == from + 1)
		return !term->common && (term->words == 1 || meaning);
	if (to - from == term->words)
		return true;
	return meaning && !splits_letters(w, from, to);
}

size_t glossary_take_standing(struct hunt *h, size_t i)
{
	struct words *w = &h->t->words;

	for (size_t n = TERM_WORDS; n > 0; n--) {
		uint64_t hash = SQUEEZE_START;
		const struct term *term;
		bool rule = false, possessive = false;

		if (i + n > w->count || !window_stands(w, i, i + n))
			continue;
		for (size_t k = i; k < i + n; k++)
			hash = squeeze_hash(hash,
				k + 1 < i + n ? w->live[k]->key : without_s(w->live[k]->key, &possessive));
		term = terms_exact(h->terms, hash, &rule);
		if (!term || (!rule && !joins_well(w, i, i + n, term)))
			continue;
		if (!rule && case_words(h, i, i + n, term)) {
			mark_taken(h, i, i + n);
			return i + n;
		}
		write_term(h, i, i + n, term, possessive, rule ? &edit_rule : &edit_joined);
		return i + 1;
	}
	return i + 1;
}
