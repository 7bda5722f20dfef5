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

bool cardinal_read(const struct turn *t, size_t i, bool bare, struct numeral *out)
{
	const struct words *w = &t->words;
	struct amount a;
	char figures[FIGURES_BYTES];
	bool alone;

	if (!amount_read(w, i, &a) || a.digits || a.end == i)
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
	out->format = FORMAT_CARDINAL;
	out->score = a.point || a.scale.n ? 0.96 : 0.93;
	return true;
}
