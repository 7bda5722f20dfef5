/* SPDX-License-Identifier: ISC
 *
 * numeral_money.c - money: "two point five billion dollars" is $2.5 billion.
 */
#include "numeral.h"

#include <inttypes.h>
#include <stdio.h>

static const struct {
	const char *word, *symbol;
	bool weight; /* also a weight: not when one is weighed */
} currencies[] = {
	{"dollars", "$"},
	{"dollar", "$"},
	{"bucks", "$"},
	{"pounds", "\xC2\xA3", true},
	{"pound", "\xC2\xA3", true},
	{"quid", "\xC2\xA3"},
	{"euros", "\xE2\x82\xAC"},
	{"euro", "\xE2\x82\xAC"},
	{"yen", "\xC2\xA5"},
	{"won", "\xE2\x82\xA9"},
	{"rupees", "\xE2\x82\xB9"},
};

static const char *const weights[] = {
	"weigh", "weighs", "weight", "heavy", "lbs", "lift", "ounces", "kilos", "flour"};

static bool weighed(const struct words *w)
{
	for (size_t i = 0; i < w->count; i++)
		for (size_t k = 0; k < countof(weights); k++)
			if (words_is(w, i, weights[k]))
				return true;
	return false;
}

/* "five pounds of flour": so many are weighed rather than paid. */
enum { WEIGHED_BELOW = 100 };

static bool weighs(const struct words *w, size_t i)
{
	return words_is(w, i, "pounds") || words_is(w, i, "pound");
}

/* The currency that starts at live word i: its symbol, and the word after it. */
static const char *currency_at(const struct words *w, size_t i, size_t *end)
{
	if ((words_is(w, i, "us") || words_is(w, i, "u.s")) && words_is(w, i + 1, "dollars"))
		i++;
	else if (words_is(w, i, "united") && words_is(w, i + 1, "states"))
		i += 2;
	*end = i + 1;
	for (size_t k = 0; k < countof(currencies); k++)
		if (words_is(w, i, currencies[k].word))
			return currencies[k].weight && weighed(w) ? NULL : currencies[k].symbol;
	return NULL;
}

static bool is_cents(const struct words *w, size_t i)
{
	return words_is(w, i, "cents") || words_is(w, i, "cent") || words_is(w, i, "pence");
}

/* Does nothing follow live word i - 1 that it would count? "two pounds fifty please", not "fifty people". */
static bool closes(const struct words *w, size_t i)
{
	static const char *const after[] = {"please", "each", "at", "for", "in", "on", "to", "from", "with",
		"and", "but", "so", "or", "if", "when", "because", "now", "today", "yesterday", "last", "a",
		"an", "per", "is", "was", "it", "that", "which", "then", "instead", "plus", "total",
		"altogether"};

	return i >= w->count || w->live[i - 1]->trail.n || words_in(w, i, after, countof(after));
}

/* "[and] sixty nine cents", or "sixty three" with nothing to count, after whole dollars. *end stands when
 * there are none. */
static bool cents_after(const struct words *w, size_t at, struct number *cents, size_t *end)
{
	size_t from = words_is(w, at, "and") ? at + 1 : at;

	if (at == 0 || at >= w->count || w->live[at - 1]->trail.n || !number_read(w, from, cents) ||
		cents->value > 99 || cents->ordinal)
		return false;
	if (is_cents(w, cents->end)) {
		*end = cents->end + 1;
		return true;
	}
	if (from != at || cents->value < 10 || !closes(w, cents->end))
		return false;
	*end = cents->end;
	return true;
}

static bool cents_alone(const struct words *w, const struct amount *a, struct numeral *out)
{
	if (!is_cents(w, a->end) || words_is(w, a->end, "pence") || a->point || a->scale.n ||
		a->whole.value > 99)
		return false;
	snprintf(out->text, sizeof out->text, "$0.%02u", (unsigned)a->whole.value);
	out->end = a->end + 1;
	return true;
}

bool money_read(const struct turn *t, size_t i, bool bare, struct numeral *out)
{
	const struct words *w = &t->words;
	struct amount a;
	struct number cents;
	char figures[FIGURES_BYTES];
	const char *symbol;

	if (!amount_read(w, i, &a) || a.end >= w->count || w->live[a.end - 1]->trail.n || a.negative)
		return false;
	out->format = FORMAT_MONEY;
	out->score = 0.96;
	if ((bare || words_is(w, a.end + 1, "per")) && cents_alone(w, &a, out))
		return true;
	symbol = currency_at(w, a.end, &out->end);
	if (symbol && words_is(w, out->end, "of") && weighs(w, a.end) && !a.scale.n &&
		a.whole.value < WEIGHED_BELOW)
		return false;
	if (!symbol || (a.whole.article && a.scale.n && a.whole.value < 100))
		return false;
	amount_text(&a, !bare && !a.point, figures);
	if (!a.point && !a.scale.n && cents_after(w, out->end, &cents, &out->end)) {
		snprintf(out->text, sizeof out->text, "%s%s.%02u", symbol, figures, (unsigned)cents.value);
		return true;
	}
	snprintf(out->text, sizeof out->text, "%s%s%s%s%.*s", symbol, a.no_whole && !bare ? "0" : "", figures,
		a.scale.n ? " " : "", (int)a.scale.n, a.scale.p);
	return true;
}
