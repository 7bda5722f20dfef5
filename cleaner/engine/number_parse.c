/* SPDX-License-Identifier: ISC
 *
 * number_parse.c - see number_parse.h.
 */
#include "number_parse.h"
#include "common/base/attr.h"

#define W(literal)                                                                                           \
	{                                                                                                    \
		literal, sizeof(literal) - 1                                                                 \
	}

static const struct {
	struct slice cardinal, ordinal;
	int value;
} smalls[] = {
	{W("zero"), W("zeroth"), 0},
	{W("one"), W("first"), 1},
	{W("two"), W("second"), 2},
	{W("three"), W("third"), 3},
	{W("four"), W("fourth"), 4},
	{W("five"), W("fifth"), 5},
	{W("six"), W("sixth"), 6},
	{W("seven"), W("seventh"), 7},
	{W("eight"), W("eighth"), 8},
	{W("nine"), W("ninth"), 9},
	{W("ten"), W("tenth"), 10},
	{W("eleven"), W("eleventh"), 11},
	{W("twelve"), W("twelfth"), 12},
	{W("thirteen"), W("thirteenth"), 13},
	{W("fourteen"), W("fourteenth"), 14},
	{W("fifteen"), W("fifteenth"), 15},
	{W("sixteen"), W("sixteenth"), 16},
	{W("seventeen"), W("seventeenth"), 17},
	{W("eighteen"), W("eighteenth"), 18},
	{W("nineteen"), W("nineteenth"), 19},
	{W("twenty"), W("twentieth"), 20},
	{W("thirty"), W("thirtieth"), 30},
	{W("forty"), W("fortieth"), 40},
	{W("fifty"), W("fiftieth"), 50},
	{W("sixty"), W("sixtieth"), 60},
	{W("seventy"), W("seventieth"), 70},
	{W("eighty"), W("eightieth"), 80},
	{W("ninety"), W("ninetieth"), 90},
	{W("fourty"), W("fourtieth"), 40},
};

static const struct {
	struct slice cardinal, ordinal;
	uint64_t value;
} factors[] = {
	{W("hundred"), W("hundredth"), 100},
	{W("thousand"), W("thousandth"), 1000},
	{W("million"), W("millionth"), 1000000},
	{W("billion"), W("billionth"), UINT64_C(1000000000)},
	{W("trillion"), W("trillionth"), UINT64_C(1000000000000)},
	{W("quadrillion"), W("quadrillionth"), UINT64_C(1000000000000000)},
};

int number_small(struct slice key, bool *ordinal)
{
	for (size_t i = 0; i < countof(smalls); i++) {
		if (slice_eq(key, smalls[i].cardinal)) {
			*ordinal = false;
			return smalls[i].value;
		}
		if (slice_eq(key, smalls[i].ordinal)) {
			*ordinal = true;
			return smalls[i].value;
		}
	}
	return -1;
}

uint64_t number_factor(struct slice key, bool *ordinal)
{
	for (size_t i = 0; i < countof(factors); i++) {
		if (slice_eq(key, factors[i].cardinal)) {
			*ordinal = false;
			return factors[i].value;
		}
		if (slice_eq(key, factors[i].ordinal)) {
			*ordinal = true;
			return factors[i].value;
		}
	}
	return 0;
}

/* "seventy-five" in one word: its value, or -1. */
static int hyphenated(struct slice key, bool *ordinal)
{
	const char *hyphen = key.n ? memchr(key.p, '-', key.n) : NULL;
	bool unused;
	int tens, unit;

	if (!hyphen)
		return -1;
	tens = number_small(slice_of(key.p, (size_t)(hyphen - key.p)), &unused);
	unit = number_small(slice_of(hyphen + 1, key.n - (size_t)(hyphen + 1 - key.p)), ordinal);
	return tens >= 20 && unit >= 1 && unit <= 9 ? tens + unit : -1;
}

/* 0..99 from live word i: *end is after it. */
static int read_tens(const struct words *w, size_t i, size_t *end, bool *ordinal)
{
	struct slice key = words_key(w, i);
	int value = number_small(key, ordinal), unit;
	bool unit_ordinal;

	*end = i + 1;
	if (value < 0)
		return hyphenated(key, ordinal);
	if (value < 20 || *ordinal || !words_joined(w, i))
		return value;
	unit = number_small(words_key(w, i + 1), &unit_ordinal);
	if (unit < 1 || unit > 9)
		return value;
	*end = i + 2;
	*ordinal = unit_ordinal;
	return value + unit;
}

/* "and" between groups, when a number follows it. */
static size_t skip_and(const struct words *w, size_t i)
{
	bool ordinal;
	size_t end;

	if (!words_is(w, i, "and") || !words_joined(w, i))
		return i;
	return read_tens(w, i + 1, &end, &ordinal) > 0 ? i + 1 : i;
}

/* "hundred and fifty", its "a" swallowed. */
static bool bare_hundred(const struct words *w, size_t i)
{
	bool ordinal;
	size_t end;

	return words_is(w, i, "hundred") && words_joined(w, i) && !(i > 0 && words_is(w, i - 1, "a")) &&
	       !(i > 0 && words_joined(w, i - 1) && (words_classes(w, i - 1) & CLASS_NUMBER)) &&
	       read_tens(w, skip_and(w, i + 1), &end, &ordinal) > 0 && !ordinal;
}

/* 0..9999 as "two hundred and five", "twenty-one hundred": without a factor above hundred. */
static bool read_hundreds(const struct words *w, size_t i, struct number *n)
{
	bool article = words_is(w, i, "a") && words_joined(w, i), bare = bare_hundred(w, i), ordinal = false;
	size_t end = bare ? i : i + 1, rest_end;
	int value = article || bare ? 1 : read_tens(w, i, &end, &ordinal), rest;

	if (article && number_factor(words_key(w, end), &ordinal) == 0)
		return false;
	if (value < 0)
		return false;
	*n = (struct number){
		.value = (uint64_t)value, .end = end, .ordinal = ordinal, .article = article, .scale = 1};
	if (ordinal || value == 0 || (!article && !bare && !words_joined(w, end - 1)) ||
		number_factor(words_key(w, end), &ordinal) != 100)
		return true;
	n->value *= 100;
	n->end = end + 1;
	n->ordinal = ordinal;
	if (ordinal || !words_joined(w, end))
		return true;
	rest = read_tens(w, skip_and(w, end + 1), &rest_end, &ordinal);
	if (rest > 0) {
		n->value += (uint64_t)rest;
		n->end = rest_end;
		n->ordinal = ordinal;
	}
	return true;
}

bool number_read(const struct words *w, size_t i, struct number *n)
{
	uint64_t below = UINT64_MAX; /* factors come in falling order */
	struct number group;
	size_t at = i;

	*n = (struct number){.scale = 1};
	while (read_hundreds(w, at, &group) && (at == i || group.value > 0)) {
		bool ordinal = false;
		uint64_t factor = group.ordinal || !words_joined(w, group.end - 1)
					  ? 0
					  : number_factor(words_key(w, group.end), &ordinal);

		if (factor == 100)
			factor = 0;
		if (factor >= below || (at != i && group.article) ||
			(factor == 0 && at != i && group.value >= 1000))
			break;
		n->article |= group.article;
		if (!factor && n->scale > 1) {
			n->cut_value = n->value;
			n->cut_end = n->end;
		}
		n->value += group.value * (factor ? factor : 1);
		n->end = group.end + (factor ? 1 : 0);
		n->ordinal = group.ordinal || ordinal;
		n->scale = factor >= 1000000 ? factor : 1;
		below = factor ? factor : 1;
		if (!factor || n->ordinal || group.value >= 10000 || !words_joined(w, n->end - 1))
			break;
		at = skip_and(w, n->end);
	}
	return n->end > i;
}
