/* SPDX-License-Identifier: ISC
 *
 * numbers.c - words_numbers of words.h: which numbers are said, however they are written.
 *
 * Not a formatter: it only tells whether two wordings say the same number. It reads units, tens and scales
 * into values and writes values one after the other, so that "nineteen ninety nine", "19 99" and "1999" are
 * the same string. What it does not know ("half past", "a dozen") says no number, or another one, and the
 * edit is then dropped: safe.
 */
#include "cleaner/llm/words.h"

#include <stdio.h>
#include <stdlib.h>

enum kind { UNIT, TENS, SCALE, POINT };

static const struct number_word {
	const char *name;
	enum kind kind;
	double value;
} table[] = {
	{"zero", UNIT, 0},
	{"oh", UNIT, 0},
	{"one", UNIT, 1},
	{"two", UNIT, 2},
	{"three", UNIT, 3},
	{"four", UNIT, 4},
	{"five", UNIT, 5},
	{"six", UNIT, 6},
	{"seven", UNIT, 7},
	{"eight", UNIT, 8},
	{"nine", UNIT, 9},
	{"ten", UNIT, 10},
	{"eleven", UNIT, 11},
	{"twelve", UNIT, 12},
	{"thirteen", UNIT, 13},
	{"fourteen", UNIT, 14},
	{"fifteen", UNIT, 15},
	{"sixteen", UNIT, 16},
	{"seventeen", UNIT, 17},
	{"eighteen", UNIT, 18},
	{"nineteen", UNIT, 19},
	{"first", UNIT, 1},
	{"second", UNIT, 2},
	{"third", UNIT, 3},
	{"fourth", UNIT, 4},
	{"fifth", UNIT, 5},
	{"sixth", UNIT, 6},
	{"seventh", UNIT, 7},
	{"eighth", UNIT, 8},
	{"ninth", UNIT, 9},
	{"tenth", UNIT, 10},
	{"eleventh", UNIT, 11},
	{"twelfth", UNIT, 12},
	{"thirteenth", UNIT, 13},
	{"fourteenth", UNIT, 14},
	{"fifteenth", UNIT, 15},
	{"sixteenth", UNIT, 16},
	{"seventeenth", UNIT, 17},
	{"eighteenth", UNIT, 18},
	{"nineteenth", UNIT, 19},
	{"twenty", TENS, 20},
	{"thirty", TENS, 30},
	{"forty", TENS, 40},
	{"fifty", TENS, 50},
	{"sixty", TENS, 60},
	{"seventy", TENS, 70},
	{"eighty", TENS, 80},
	{"ninety", TENS, 90},
	{"twentieth", TENS, 20},
	{"thirtieth", TENS, 30},
	{"hundred", SCALE, 1e2},
	{"thousand", SCALE, 1e3},
	{"k", SCALE, 1e3},
	{"million", SCALE, 1e6},
	{"m", SCALE, 1e6},
	{"billion", SCALE, 1e9},
	{"bn", SCALE, 1e9},
	{"trillion", SCALE, 1e12},
	{"point", POINT, 0},
};

struct reader {
	char *out;
	size_t n;
	bool overflow;
	bool open;	     /* a number is being said */
	double total, group; /* of it: finished scales, and what the next scale multiplies */
	double below;	     /* a unit may follow if it is less than this */
	char digits[48];     /* it was written in digits: as written, for leading zeros */
	bool fraction;	     /* after the point */
	bool minus;	     /* it is below zero */
	bool minus_said;     /* the one that comes is */
};

static void put(struct reader *r, const char *text)
{
	size_t n = strlen(text);

	if (r->n + n + 1 > NUMBERS_BYTES) {
		r->overflow = true;
		return;
	}
	memcpy(r->out + r->n, text, n + 1);
	r->n += n;
}

static void flush(struct reader *r)
{
	char text[64];

	if (r->open && r->minus)
		put(r, "m");
	if (r->open && r->digits[0]) {
		put(r, r->digits);
	} else if (r->open) {
		snprintf(text, sizeof text, "%.0f", r->total + r->group);
		put(r, text);
	}
	r->open = r->fraction = r->minus = false;
	r->total = r->group = r->below = 0;
	r->digits[0] = 0;
}

static void begin(struct reader *r)
{
	if (r->open)
		return;
	r->open = true;
	r->minus = r->minus_said;
	r->minus_said = false;
}

/* "1,500" "3.5" "5:30" "555-1234": digits, with p for a point; ".00" and ":00" say nothing. */
static size_t written(struct slice s, char out[48])
{
	size_t at = 0, n = 0;

	while (at < s.n && n < 46) {
		char c = s.p[at];
		bool digit_next = at + 1 < s.n && s.p[at + 1] >= '0' && s.p[at + 1] <= '9';

		if (c >= '0' && c <= '9')
			out[n++] = c;
		else if (n && digit_next && (c == '.' || c == ':') && s.n - at >= 3 && s.p[at + 1] == '0' &&
			 s.p[at + 2] == '0' && !(s.n - at > 3 && s.p[at + 3] >= '0' && s.p[at + 3] <= '9'))
			at += 2;
		else if (n && digit_next && c == '.')
			out[n++] = 'p';
		else if (!(n && digit_next && strchr(",:-/", c)))
			break;
		at++;
	}
	out[n] = 0;
	return at;
}

static double value_of(const char *digits)
{
	char plain[48];

	snprintf(plain, sizeof plain, "%s", digits);
	for (char *p = plain; *p; p++)
		if (*p == 'p')
			*p = '.';
	return strtod(plain, NULL);
}

static void scale(struct reader *r, double by)
{
	char text[64];
	double value;

	if (r->digits[0]) { /* "1.5 million" */
		value = value_of(r->digits) * by;
		snprintf(text, sizeof text, "%.0f", value);
		r->digits[0] = 0;
		r->fraction = false;
		r->group = 0;
		r->total = value;
		r->below = by;
	} else if (by == 1e2 && r->group > 0 && r->group < 100) {
		r->group *= 100;
		r->below = 100;
	} else {
		r->total += (r->group > 0 || r->open ? r->group : 1) * by;
		r->group = 0;
		r->below = by;
	}
	begin(r);
}

static void small(struct reader *r, double value, double next_below)
{
	if (r->open && (r->digits[0] || value >= r->below || (value == 0)))
		flush(r);
	begin(r);
	r->group += value;
	r->below = next_below;
	if (value == 0)
		r->below = 0;
}

/* After "point" each unit is a digit of the fraction. */
static void fraction_digit(struct reader *r, double value)
{
	size_t n = strlen(r->digits);

	if (n + 4 < sizeof r->digits)
		snprintf(r->digits + n, sizeof r->digits - n, "%.0f", value);
}

static void say(struct reader *r, const struct number_word *w)
{
	if (w->kind == POINT) {
		char text[40];

		if (!r->open || r->digits[0])
			return;
		snprintf(text, sizeof text, "%.0fp", r->total + r->group);
		snprintf(r->digits, sizeof r->digits, "%s", text);
		r->fraction = true;
	} else if (w->kind == SCALE) {
		scale(r, w->value);
	} else if (r->fraction) {
		fraction_digit(r, w->value);
	} else {
		small(r, w->value, w->kind == TENS ? 10 : 0);
	}
}

static const struct number_word *look_up(struct slice s)
{
	for (size_t i = 0; i < countof(table); i++)
		if (slice_eq(s, slice_str(table[i].name)) || /* "hundreds"; "seconds" are none */
			(table[i].kind == SCALE && s.n > 2 && s.p[s.n - 1] == 's' &&
				slice_eq(slice_of(s.p, s.n - 1), slice_str(table[i].name))))
			return &table[i];
	return NULL;
}

/* A number's name. */
static bool name(struct reader *r, struct slice s)
{
	const struct number_word *w = look_up(s);

	if (!w || (s.n < 3 && !r->open) || (w->kind == POINT && !r->open))
		return false;
	say(r, w);
	return true;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static size_t letters_at(struct slice s, size_t at)
{
	size_t n = 0;

	while (at + n < s.n && s.p[at + n] >= 'a' && s.p[at + n] <= 'z')
		n++;
	return n;
}

/* What stands before a number's first digit says that it is below zero: "-5", "-$5", a dash of any length. */
static bool has_minus(struct slice before)
{
	static const char *const dashes[] = {"-", "\xE2\x88\x92", "\xE2\x80\x90", "\xE2\x80\x91",
		"\xE2\x80\x92", "\xE2\x80\x93", "\xE2\x80\x94", "\xE2\x80\x95"};

	for (size_t i = 0; i < before.n; i++)
		if (letters_at(before, i))
			return false;
	for (size_t i = 0; i < countof(dashes); i++)
		if (before.n && memmem(before.p, before.n, dashes[i], strlen(dashes[i])))
			return true;
	return false;
}

/* Each run of digits in a word with what stands around it: "5k", "3rd", "75%", "-5", ".5", "5k-10k". */
static void written_word(struct reader *r, struct slice s)
{
	bool first = true;

	for (size_t at = 0, used; at < s.n; at += used) {
		bool point = at && s.p[at - 1] == '.' && !(at > 1 && letters_at(s, at - 2));
		const struct number_word *w;
		char digits[48];

		used = 1;
		if (!is_digit(s.p[at]))
			continue;
		used = written(slice_of(s.p + at, s.n - at), digits);
		flush(r);
		r->minus_said |= first && has_minus(slice_of(s.p, at));
		first = false;
		begin(r);
		snprintf(r->digits, sizeof r->digits, "%s%.45s", point ? "0p" : "", digits);
		w = look_up(slice_of(s.p + at + used, letters_at(s, at + used)));
		if (w && w->kind == SCALE)
			scale(r, w->value);
	}
}

static bool has_digit(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] >= '0' && s.p[i] <= '9')
			return true;
	return false;
}

static void word(struct reader *r, struct slice fold)
{
	bool number = has_digit(fold);

	if (number)
		written_word(r, fold);
	for (size_t at = 0; !has_digit(fold) && at <= fold.n;) { /* twenty-five */
		const char *dash = at < fold.n ? memchr(fold.p + at, '-', fold.n - at) : NULL;
		size_t n = dash ? (size_t)(dash - fold.p) - at : fold.n - at;

		number |= n && name(r, slice_of(fold.p + at, n));
		at += n + 1;
	}
	if (!number && !(word_is(fold) & WORD_FILLER) && !(r->open && slice_eq(fold, SLICE("and")))) {
		flush(r);
		r->minus_said = slice_eq(fold, SLICE("minus")) || slice_eq(fold, SLICE("negative"));
	}
}

bool words_numbers(const struct word *w, size_t n, char out[NUMBERS_BYTES])
{
	struct reader r = {.out = out};

	out[0] = 0;
	for (size_t i = 0; i < n; i++)
		word(&r, w[i].fold);
	flush(&r);
	return !r.overflow;
}
