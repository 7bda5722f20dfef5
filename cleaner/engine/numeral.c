/* SPDX-License-Identifier: ISC
 *
 * numeral.c - amounts and runs of digits, which the readers share. See numeral.h.
 */
#include "numeral.h"

#include <inttypes.h>
#include <stdio.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "1,250.5" in one word. */
static bool read_figures(const struct words *w, size_t i, struct amount *a)
{
	struct slice key = words_key(w, i);
	size_t at = 0, n = 0;

	for (; at < key.n && at < 15 && (is_digit(key.p[at]) || (at && key.p[at] == ',')); at++)
		if (is_digit(key.p[at]))
			a->whole.value = a->whole.value * 10 + (uint64_t)(key.p[at] - '0');
	if (at == 0 || !is_digit(key.p[at - 1]))
		return false;
	if (at < key.n && key.p[at] == '.') {
		for (at++; at < key.n && is_digit(key.p[at]) && n + 1 < sizeof a->fraction; at++)
			a->fraction[n++] = key.p[at];
		a->point = n > 0;
	}
	a->fraction[n] = '\0';
	a->digits = true;
	a->end = i + 1;
	return at == key.n;
}

static int digit_of(struct slice key)
{
	bool ordinal = false;
	int value;

	if (slice_eq(key, SLICE("oh")) || slice_eq(key, SLICE("o")))
		return 0;
	value = number_small(key, &ordinal);
	return value > 9 || ordinal ? -1 : value;
}

/* The digits after "point" at live word i. */
static void read_fraction(const struct words *w, size_t i, struct amount *a)
{
	size_t at = i + 1, n = 0;

	while (at < w->count && words_joined(w, at - 1) && n + 3 < sizeof a->fraction) {
		struct slice key = words_key(w, at);
		int digit = digit_of(key), value;
		bool ordinal;

		if (digit < 0) {
			value = number_small(key, &ordinal);
			if (n == 0 && value >= 10 && !ordinal && at + 1 <= w->count) {
				struct number two;

				if (number_read(w, at, &two) && two.value < 100 && !two.ordinal) {
					n += (size_t)sprintf(a->fraction + n, "%" PRIu64, two.value);
					at = two.end;
				}
			}
			break;
		}
		a->fraction[n++] = (char)('0' + digit);
		at++;
	}
	a->fraction[n] = '\0';
	if (n == 0)
		return;
	a->point = true;
	a->end = at;
}

static void read_scale(const struct words *w, struct amount *a)
{
	bool ordinal;
	uint64_t factor;

	if (a->end == 0 || a->end >= w->count || !words_joined(w, a->end - 1))
		return;
	factor = number_factor(words_key(w, a->end), &ordinal);
	if (factor < 1000000 || ordinal)
		return;
	a->scale = w->live[a->end]->core;
	a->end++;
}

/* "four hundred five billion": the billion is said, not written in zeros. */
static void split_scale(const struct words *w, struct amount *a)
{
	if (a->whole.scale == 1 || a->whole.value % a->whole.scale)
		return;
	if (a->whole.value / a->whole.scale >= (a->whole.scale >= 1000000000 ? 100000 : 1000))
		return;
	a->whole.value /= a->whole.scale;
	a->scale = w->live[a->end - 1]->core;
}

/* "one billion two hundred and thirty million" is 1.23 billion. */
static void lift_scale(const struct words *w, size_t i, struct amount *a)
{
	static const struct {
		uint64_t factor;
		struct slice name;
	} lifts[] = {{UINT64_C(1000000000), {"billion", 7}}, {UINT64_C(1000000000000), {"trillion", 8}}};
	uint64_t rest;

	for (size_t k = 0; k < countof(lifts) && !a->scale.n && a->whole.scale > 1; k++) {
		rest = a->whole.value % lifts[k].factor / (lifts[k].factor / 1000);
		if (a->whole.scale * 1000 != lifts[k].factor || (i == 0 && a->end == w->count))
			continue;
		a->whole.value /= lifts[k].factor;
		snprintf(a->fraction, sizeof a->fraction, "%03u", (unsigned)rest);
		for (size_t n = 3; n > 0 && a->fraction[n - 1] == '0'; n--)
			a->fraction[n - 1] = '\0';
		a->point = a->fraction[0] != '\0';
		a->scale = lifts[k].name;
	}
}

/* In a sentence "374 million eight percent" is two amounts: little is said after millions. */
static void cut_short(const struct words *w, size_t i, struct amount *a)
{
	struct number *n = &a->whole;

	if (!n->cut_end || n->value - n->cut_value >= 100 || (i == 0 && n->end == w->count))
		return;
	n->value = n->cut_value;
	n->end = n->cut_end;
	n->ordinal = false;
	for (n->scale = 1000000; n->value % (n->scale * 1000) == 0; n->scale *= 1000)
		;
}

static bool amount_words(const struct words *w, size_t i, size_t at, struct amount *a)
{
	if (number_read(w, at, &a->whole)) {
		cut_short(w, i, a);
		a->end = a->whole.end;
		if (a->whole.ordinal)
			return false;
		if (words_is(w, a->end, "point") && words_joined(w, a->end - 1))
			read_fraction(w, a->end, a);
		if (a->point)
			read_scale(w, a);
		else
			split_scale(w, a);
		if (!a->point)
			lift_scale(w, i, a);
		return true;
	}
	if (!words_is(w, at, "point"))
		return false;
	a->no_whole = true;
	read_fraction(w, at, a);
	if (a->point)
		read_scale(w, a);
	return a->point;
}

bool amount_read(const struct words *w, size_t i, struct amount *a)
{
	size_t at = i;

	*a = (struct amount){.whole = {.scale = 1}};
	if (i >= w->count || w->live[i]->fixed)
		return false;
	if (read_figures(w, i, a)) {
		read_scale(w, a);
		return true;
	}
	*a = (struct amount){.whole = {.scale = 1}};
	if (words_is(w, i, "minus") && words_joined(w, i)) {
		a->negative = true;
		at++;
	}
	return amount_words(w, i, at, a);
}

void amount_text(const struct amount *a, bool with_commas, char *out)
{
	char figures[32];
	size_t n = (size_t)snprintf(figures, sizeof figures, "%" PRIu64, a->whole.value), at = 0;

	if (!a->no_whole)
		for (size_t i = 0; i < n; i++) {
			out[at++] = figures[i];
			if (with_commas && n > 3 && i + 1 < n && (n - i - 1) % 3 == 0)
				out[at++] = ',';
		}
	out[at] = '\0';
	if (a->point)
		sprintf(out + at, ".%s", a->fraction);
}

/* One piece of a number that is dictated: "five", "oh", "double two"; or, wide, "eight hundred", "ninety
 * six". Its digits in out (5 bytes, "" when there is none); the word after it. */
static size_t dictated(const struct words *w, size_t at, bool wide, char *out)
{
	struct slice key = words_key(w, at);
	size_t times = slice_eq(key, SLICE("double")) ? 2 : slice_eq(key, SLICE("triple")) ? 3 : 1;
	int digit = digit_of(times > 1 ? words_key(w, at + 1) : key);
	bool more = times == 1 && wide && at + 1 < w->count && words_joined(w, at);
	struct number n;

	*out = '\0';
	if (digit >= 0) {
		if (more && digit && words_is(w, at + 1, "hundred"))
			return (void)sprintf(out, "%d00", digit), at + 2;
		if (more && digit && words_is(w, at + 1, "thousand"))
			return (void)sprintf(out, "%d000", digit), at + 2;
		memset(out, '0' + digit, times);
		out[times] = '\0';
		return at + (times > 1 ? 2 : 1);
	}
	if (!wide || !number_read(w, at, &n) || n.ordinal || n.article || n.value < 10 || n.value > 99)
		return at;
	return (void)sprintf(out, "%" PRIu64, n.value), n.end;
}

size_t digits_read(const struct words *w, size_t i, bool wide, char *out, size_t room, size_t *n)
{
	size_t at = i;

	*n = 0;
	while (at < w->count && (at == i || words_joined(w, at - 1))) {
		char piece[8];
		size_t end = dictated(w, at, wide, piece), length = strlen(piece);

		if (!length || *n + length >= room)
			break;
		memcpy(out + *n, piece, length);
		*n += length;
		at = end;
	}
	out[*n] = '\0';
	return at;
}

const char *ordinal_ending(uint64_t value)
{
	static const char *const endings[] = {"th", "st", "nd", "rd"};

	if (value % 100 >= 11 && value % 100 <= 13)
		return "th";
	return endings[value % 10 <= 3 ? value % 10 : 0];
}
