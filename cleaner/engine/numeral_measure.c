/* SPDX-License-Identifier: ISC
 *
 * numeral_measure.c - percentages and measures. In a sentence a percentage gets its sign and units stay
 * words; a bare measure ("eight point eight meters") is written short.
 */
#include "numeral.h"

#include <stdio.h>

static const struct {
	const char *word, *sign;
} prefixes[] = {
	{"kilo", "k"},
	{"mega", "m"},
	{"giga", "g"},
	{"tera", "t"},
	{"peta", "p"},
	{"milli", "m"},
	{"micro", "\xCE\xBC"},
	{"centi", "c"},
	{"deci", "d"},
	{"nano", "n"},
	{"hecto", "h"},
	{"", ""},
};

static const struct {
	const char *word, *sign;
	bool prefixed; /* may follow a prefix */
} units[] = {
	{"meter", "m", true},
	{"metre", "m", true},
	{"gram", "g", true},
	{"liter", "l", true},
	{"litre", "l", true},
	{"watt hour", "Wh", true},
	{"watt", "W", true},
	{"hertz", "hz", true},
	{"byte", "b", true},
	{"bit", "b", true},
	{"volt", "v", true},
	{"ohm", "\xCE\xA9", true},
	{"calorie", "cal", true},
	{"pascal", "pa", true},
	{"amp", "a", true},
	{"ampere", "a", true},
	{"joule", "j", true},
	{"lumen", "lm", true},
	{"tesla", "t", true},
	{"newton", "n", true},
	{"siemens", "s", true},
	{"second", "s", true},
	{"mile", "mi"},
	{"foot", "ft"},
	{"feet", "ft"},
	{"inch", "in"},
	{"inche", "in"},
	{"yard", "yd"},
	{"ounce", "oz"},
	{"pound", "lbs"},
	{"hectare", "ha"},
	{"acre", "ac"},
	{"hour", "h"},
	{"minute", "min"},
	{"horsepower", "hp"},
	{"c c", "cc"},
	{"astronomical unit", "au"},
	{"degrees celsius", "\xC2\xB0"
			    "C"},
	{"degree celsius", "\xC2\xB0"
			   "C"},
	{"degrees fahrenheit", "\xC2\xB0"
			       "F"},
	{"degree fahrenheit", "\xC2\xB0"
			      "F"},
	{"kelvin", "K"},
	{"ton", "t"},
	{"tonne", "t"},
	{"atmosphere", "atm"},
	{"decibel", "db"},
	{"stone", "st"},
	{"gallon", "gal"},
	{"pint", "pt"},
	{"quart", "qt"},
	{"knot", "kn"},
};

static const struct {
	const char *spoken, *sign; /* numerator's sign and "/" and denominator's: one of its own */
} rates[] = {
	{"mi/h", "mph"},
	{"gb/s", "gbps"},
	{"mb/s", "mbps"},
	{"kb/s", "kbps"},
	{"tb/s", "tbps"},
};

/* Matches `text` (words, or the start of one word) at live word `at`, byte offset *in of it. True with both
 * moved on. */
static bool match(const struct words *w, const char *text, size_t *at, size_t *in)
{
	size_t word = *at, offset = *in;

	while (*text) {
		struct slice key = words_key(w, word);

		if (*text == ' ') {
			if (offset != key.n)
				return false;
			word++;
			offset = 0;
			text++;
			continue;
		}
		if (offset == key.n && offset > 0) {
			word++;
			offset = 0;
			key = words_key(w, word);
		}
		if (offset >= key.n || key.p[offset] != *text)
			return false;
		offset++;
		text++;
	}
	*at = word;
	*in = offset;
	return true;
}

/* Ends a unit: the whole word used up, a plural's s aside. */
static bool match_end(const struct words *w, size_t *at, size_t in)
{
	struct slice key = words_key(w, *at);

	if (in + 1 == key.n && key.p[in] == 's')
		in++;
	if (in != key.n)
		return false;
	(*at)++;
	return true;
}

/* A single unit from live word *at: its sign in out. */
static bool unit_read(const struct words *w, size_t *at, char *out, size_t room)
{
	for (size_t p = 0; p < countof(prefixes); p++)
		for (size_t u = 0; u < countof(units); u++) {
			size_t word = *at, in = 0;

			if (prefixes[p].word[0] && !units[u].prefixed)
				continue;
			if (!match(w, prefixes[p].word, &word, &in) || !match(w, units[u].word, &word, &in) ||
				!match_end(w, &word, in))
				continue;
			snprintf(out, room, "%s%s", prefixes[p].sign, units[u].sign);
			*at = word;
			return true;
		}
	return false;
}

static bool powered_read(const struct words *w, size_t *at, char *out, size_t room)
{
	bool square = words_is(w, *at, "square"), cubic = words_is(w, *at, "cubic");
	size_t word = *at + (square || cubic);
	char unit[24];
	bool imperial;

	if (!unit_read(w, &word, unit, sizeof unit))
		return false;
	if (words_is(w, word, "force"))
		word++, strcat(unit, "f");
	imperial = strcmp(unit, "ft") == 0 || strcmp(unit, "mi") == 0 || strcmp(unit, "in") == 0 ||
		   strcmp(unit, "yd") == 0;
	if (square || cubic)
		snprintf(out, room, "%s%s%s", imperial ? (square ? "sq " : "cu ") : "", unit,
			imperial ? ""
			: square ? "\xC2\xB2"
				 : "\xC2\xB3");
	else
		snprintf(out, room, "%s", unit);
	*at = word;
	return true;
}

/* A unit, possibly per another, or only per one. */
static bool compound_read(const struct words *w, size_t *at, char *out, size_t room)
{
	char above[40] = "", below[40];
	size_t word = *at;
	bool has_above = powered_read(w, &word, above, sizeof above);

	if (!words_is(w, word, "per")) {
		snprintf(out, room, "%s", above);
		*at = word;
		return has_above;
	}
	word++;
	if (!powered_read(w, &word, below, sizeof below))
		return false;
	snprintf(out, room, "%s/%s", above, below);
	for (size_t i = 0; i < countof(rates); i++)
		if (strcmp(out, rates[i].spoken) == 0)
			snprintf(out, room, "%s", rates[i].sign);
	*at = word;
	return true;
}

static size_t percent_end(const struct words *w, size_t i)
{
	if (words_is(w, i, "percent"))
		return i + 1;
	return words_is(w, i, "per") && words_is(w, i + 1, "cent") ? i + 2 : 0;
}

bool measure_read(const struct turn *t, size_t i, bool bare, struct numeral *out)
{
	const struct words *w = &t->words;
	struct amount a;
	char figures[FIGURES_BYTES], unit[80];
	size_t end, percent;

	if (!amount_read(w, i, &a) || a.end >= w->count || w->live[a.end - 1]->trail.n)
		return false;
	percent = percent_end(w, a.end);
	end = percent ? percent : a.end;
	if (a.scale.n || (!percent && (!bare || !compound_read(w, &end, unit, sizeof unit))))
		return false;
	amount_text(&a, false, figures);
	snprintf(out->text, sizeof out->text, "%s%s%s%s%s", a.negative ? "-" : "",
		a.no_whole && !bare ? "0" : "", figures, bare ? (percent || unit[0] != '/' ? " " : " ") : "",
		percent ? "%" : unit);
	out->end = end;
	out->format = FORMAT_MEASURE;
	out->score = 0.96;
	return true;
}
