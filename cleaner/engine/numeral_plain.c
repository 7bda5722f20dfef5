/* SPDX-License-Identifier: ISC
 *
 * numeral_plain.c - plain cardinals, decimals and ordinals.
 *
 * In a sentence numbers below ten stay in words, unless a larger one stands by in a range ("five to
 * fifteen").
 */
#include "numeral.h"

#include <inttypes.h>
#include <stdio.h>

enum {
	DIGITS_FROM = 10,
	BARE_DIGITS_FROM = 13
}; /* an answer that is one number stays in words up to twelve */

bool ordinal_read(const struct turn *t, size_t i, bool bare, struct numeral *out)
{
	struct number n;

	if (!number_read(&t->words, i, &n) || !n.ordinal || (n.value < DIGITS_FROM && !bare) || n.article)
		return false;
	snprintf(out->text, sizeof out->text, "%" PRIu64 "%s", n.value, ordinal_ending(n.value));
	out->end = n.end;
	out->format = FORMAT_ORDINAL;
	out->score = 0.93;
	return true;
}

/* "five to fifteen percent", "five or ten": the other end is written in digits, so this one is too. */
static bool in_range(const struct words *w, const struct amount *a)
{
	static const char *const links[] = {"to", "or", "through"};
	struct amount other;

	for (size_t k = 0; k < countof(links); k++)
		if (words_is(w, a->end, links[k]) && !word_mark(w->live[a->end - 1]) &&
			amount_read(w, a->end + 1, &other) &&
			(other.point || other.scale.n || other.whole.value >= DIGITS_FROM))
			return other.end > a->end + 1;
	return false;
}

static bool is_round(uint64_t value)
{
	while (value >= 10 && value % 10 == 0)
		value /= 10;
	return value == 1;
}

/* "a hundred" is 100 beside another number, or when it is measured ("over a hundred"); "a hundred reasons" is
 * talk. */
static bool beside_number(const struct words *w, size_t i)
{
	static const char *const measuring[] = {
		"about", "over", "than", "around", "nearly", "almost", "approximately", "to", "of"};
	struct amount a;

	for (size_t k = 0; i > 0 && k < countof(measuring); k++)
		if (words_is(w, i - 1, measuring[k]))
			return true;
	return i >= 2 && (words_is(w, i - 1, "to") || words_is(w, i - 1, "or")) && amount_read(w, i - 2, &a);
}

/* One to nine in a word, of its own: not the end of a numeral that was written. */
static bool is_digit_word(const struct words *w, size_t i)
{
	bool ordinal;
	int value;

	if (i >= w->count || w->live[i]->trail.n || w->live[i]->fixed || w->live[i]->absorbed)
		return false;
	value = number_small(w->live[i]->key, &ordinal);
	return value >= 1 && value <= 9 && !ordinal;
}

/* "one eighty", "room two twelve", "one twenty over eighty": hundreds that are not said. Written where it can
 * be neither a time ("five thirty"), nor a price ("three ninety nine"), nor the number of something before it
 * ("phase two sixty patients"). */
static bool hundreds_read(const struct words *w, size_t i, unsigned *value, size_t *end)
{
	static const char *const named[] = {"room", "route", "flight", "boeing", "airbus", "extension",
		"highway", "interstate", "page", "suite", "bus", "psalm", "line", "apartment", "gate",
		"seat"};
	static const char *const numbered[] = {"phase", "stage", "step", "level", "group", "option", "part",
		"tier", "version", "quarter", "day", "week", "team", "year", "class", "grade", "type",
		"number", "question", "season", "chapter", "section", "costs", "cost", "price", "paid", "pay",
		"for", "only"};
	bool name = i > 0 && words_in(w, i - 1, named, countof(named));
	bool ordinal;
	struct number n;

	if (!is_digit_word(w, i) || !number_read(w, i + 1, &n) || n.ordinal || n.article || n.value < 10 ||
		n.value > 99)
		return false;
	if (i > 0 && !w->live[i - 1]->trail.n && (words_classes(w, i - 1) & CLASS_NUMBER))
		return false;
	if (!w->live[n.end - 1]->trail.n && (words_classes(w, n.end) & CLASS_NUMBER))
		return false;
	if (!name && !words_is(w, n.end, "over") &&
		(n.value < 60 || n.value == 95 || n.value == 99 ||
			(i > 0 && words_in(w, i - 1, numbered, countof(numbered)))))
		return false;
	*value = (unsigned)number_small(w->live[i]->key, &ordinal) * 100 + (unsigned)n.value;
	*end = n.end;
	return true;
}

/* Half of something that the other half would be torn from: "seven eleven", "from nine to five thirty". */
static bool is_half(const struct words *w, size_t i, const struct amount *a)
{
	return i > 0 && a->whole.value >= 10 && a->whole.value <= 99 && !a->point && !a->scale.n &&
	       !a->negative && !a->whole.article && is_digit_word(w, i - 1);
}

/* "three to four hundred": the first is hundreds as well, or is it? Both stay as they were said. */
static bool shares_factor(const struct words *w, size_t i, const struct amount *a)
{
	static const char *const links[] = {"to", "or", "and"};
	const uint64_t value = a->whole.value;
	uint64_t factor = value % 1000 == 0 ? 1000 : value % 100 == 0 ? 100 : 0;
	struct amount first;

	if (i < 2 || !factor || a->point || a->scale.n || a->whole.article ||
		!words_in(w, i - 1, links, countof(links)) || w->live[i - 1]->trail.n ||
		w->live[i - 2]->fixed || w->live[i - 2]->absorbed || w->live[i - 2]->trail.n)
		return false;
	return amount_read(w, i - 2, &first) && !first.digits && first.end == i - 1 && first.whole.value &&
	       first.whole.value < value / factor;
}

/* The same, seen from the first: it is followed by what shares its factor. */
static bool factor_follows(const struct words *w, size_t i, const struct amount *a)
{
	struct amount other;

	return a->end == i + 1 && amount_read(w, a->end + 1, &other) && shares_factor(w, a->end + 1, &other);
}

/* "point one of the plan", "my point two": a place in a list, no tenth. */
static bool is_listed(const struct words *w, size_t i, const struct amount *a)
{
	static const char *const before[] = {"the", "my", "your", "our", "this", "that", "next", "last", "main", "key", "bullet"};
	static const char *const after[] = {"is", "was", "of", "says", "and", "about", "would", "will", "on", "in", "concerns"};

	if (!a->no_whole || a->scale.n || a->fraction[1])
		return false;
	return i == 0 ? words_in(w, a->end, after, countof(after)) : words_in(w, i - 1, before, countof(before));
}

bool cardinal_read(const struct turn *t, size_t i, bool bare, struct numeral *out)
{
	const struct words *w = &t->words;
	struct amount a;
	char figures[FIGURES_BYTES];
	bool alone;
	unsigned hundreds;

	out->format = FORMAT_CARDINAL;
	if (!bare && hundreds_read(w, i, &hundreds, &out->end)) {
		snprintf(out->text, sizeof out->text, "%u", hundreds);
		return true;
	}
	if (!amount_read(w, i, &a) || a.digits || a.end == i)
		return false;
	if (!bare && (is_listed(w, i, &a) || is_half(w, i, &a) || shares_factor(w, i, &a) || factor_follows(w, i, &a)))
		return false;
	if (a.whole.article && is_round(a.whole.value) && (a.scale.n || !beside_number(w, i)))
		return false;
	alone = i == 0 && a.end == w->count;
	if (!a.point && !a.scale.n && !a.negative &&
		a.whole.value < (alone ? BARE_DIGITS_FROM : DIGITS_FROM) && (alone || !in_range(w, &a)))
		return false;
	amount_text(&a, !bare && !a.point, figures);
	snprintf(out->text, sizeof out->text, "%s%s%s%s%.*s",
		a.negative ? (bare || a.point ? "-" : "minus ") : "", a.no_whole && !bare ? "0" : "", figures,
		a.scale.n ? " " : "", (int)a.scale.n, a.scale.p);
	out->end = a.end;
	out->score = a.point || a.scale.n ? 0.96 : 0.93;
	return true;
}
