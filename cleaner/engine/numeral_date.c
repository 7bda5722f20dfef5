/* SPDX-License-Identifier: ISC
 *
 * numeral_date.c - dates and years: "july twenty fifth twenty twelve", "nineteen ninety four".
 */
#include "numeral.h"

#include <ctype.h>
#include <stdio.h>

static const char *const months[] = {"january", "february", "march", "april", "may", "june", "july", "august",
	"september", "october", "november", "december"};

static bool is_month(const struct words *w, size_t i)
{
	for (size_t k = 0; k < countof(months); k++)
		if (words_is(w, i, months[k]))
			return true;
	return false;
}

/* 10..99, or "oh five", in one or two words from i. */
static bool two_digits(const struct words *w, size_t i, unsigned *value, size_t *end)
{
	struct number n;

	if (i >= w->count || (i > 0 && w->live[i - 1]->trail.n))
		return false;
	if (words_is(w, i, "oh") || words_is(w, i, "o")) {
		if (!number_read(w, i + 1, &n) || n.ordinal || n.value < 1 || n.value > 9)
			return false;
	} else if (!number_read(w, i, &n) || n.article || n.value < 10 || n.value > 99) {
		return false;
	}
	if (n.ordinal) { /* "twenty twenty first quarter" */
		if (n.end != i + 2 || !(words_is(w, n.end, "quarter") || words_is(w, n.end, "half")))
			return false;
		n.value -= n.value % 10;
		n.end--;
	}
	*value = (unsigned)n.value;
	*end = n.end;
	return true;
}

/* The first half of a year in pairs: one word, so that "twenty one twelve" is none. */
static bool century(const struct words *w, size_t i, bool loose, unsigned *value)
{
	bool ordinal;
	int v = number_small(words_key(w, i), &ordinal);

	*value = (unsigned)v;
	if (v < 10 || ordinal || i >= w->count || w->live[i]->trail.n)
		return false;
	return loose ? v <= 20 : v >= 18 && v <= 20;
}

bool year_value(const struct words *w, size_t i, bool loose, unsigned *year, size_t *end)
{
	unsigned high, low;
	struct number n;

	if (century(w, i, loose, &high) && two_digits(w, i + 1, &low, end)) {
		*year = high * 100 + low;
		return true;
	}
	if (!number_read(w, i, &n) || n.ordinal || n.article || n.scale > 1)
		return false;
	*end = n.end;
	*year = (unsigned)n.value;
	if (n.end == i + 2 && n.value % 100 == 0)
		return false; /* "two thousand" is an amount */
	return n.value >= (loose ? 1000 : 1900) && n.value <= 2099 && !words_is(w, i + 1, "hundred");
}

/* "It costs nineteen ninety nine" is a price: 19.99, or who knows. No year costs anything. */
static bool is_price(const struct words *w, size_t i)
{
	static const char *const paid[] = {"costs", "cost", "paid", "pay", "price", "priced"};
	static const char *const between[] = {"me", "us", "is", "at", "only", "just"};

	for (size_t back = 1; back <= 2 && back <= i; back++)
		if (words_in(w, i - back, paid, countof(paid)) && !w->live[i - back]->trail.n &&
			(back == 1 || words_in(w, i - 1, between, countof(between))))
			return true;
	return false;
}

bool year_read(const struct turn *t, size_t i, bool bare, struct numeral *out)
{
	const struct words *w = &t->words;
	struct number n;
	unsigned year, high;

	out->format = FORMAT_DATE;
	out->score = 0.94;
	if (bare && number_read(w, i, &n) && words_is(w, n.end, "b") && words_is(w, n.end + 1, "c")) {
		snprintf(out->text, sizeof out->text, "%uBC", (unsigned)n.value);
		out->end = n.end + 2;
		return true;
	}
	if (bare && two_digits(w, i + 1, &year, &out->end) && number_read(w, i, &n) && n.end == i + 1 &&
		n.value >= 1 && n.value <= 9 && words_is(w, out->end, "b") &&
		words_is(w, out->end + 1, "c")) {
		snprintf(out->text, sizeof out->text, "%u%02uBC", (unsigned)n.value, year);
		out->end += 2;
		return true;
	}
	if (!year_value(w, i, bare, &year, &out->end) || w->live[i]->fixed)
		return false;
	if (is_price(w, i) && century(w, i, false, &high) && out->end > i + 1) {
		if (year % 100 < 10)
			return false;
		snprintf(out->text, sizeof out->text, "%u.%02u", high, year % 100);
		out->format = FORMAT_MONEY;
		return true;
	}
	snprintf(out->text, sizeof out->text, "%u", year);
	return true;
}

/* The day at live word i, as ordinal or cardinal. */
static bool day_at(const struct words *w, size_t i, struct number *day)
{
	return number_read(w, i, day) && day->value >= 1 && day->value <= 31 && !day->article;
}

/* month [day] [year]: at least one of them. */
static bool month_first(const struct words *w, size_t i, bool bare, struct numeral *out)
{
	struct slice month = w->live[i]->core;
	struct number day;
	unsigned year;
	bool has_day;
	size_t end = i + 1;

	if (w->live[i]->trail.n)
		return false;
	if (year_value(w, end, bare, &year, &out->end)) {
		snprintf(out->text, sizeof out->text, "%.*s %u", (int)month.n, month.p, year);
		return true;
	}
	has_day = day_at(w, end, &day);
	if (!has_day || (!day.ordinal && words_is(w, i, "may") && !bare))
		return false;
	out->end = day.end;
	if (w->live[day.end - 1]->trail.n == 0 && year_value(w, day.end, bare, &year, &out->end)) {
		snprintf(out->text, sizeof out->text, bare ? "%.*s %u %u" : "%.*s %u, %u", (int)month.n,
			month.p, (unsigned)day.value, year);
		if (!bare && day.ordinal)
			snprintf(out->text, sizeof out->text, "%.*s %u%s, %u", (int)month.n, month.p,
				(unsigned)day.value, ordinal_ending(day.value), year);
		return true;
	}
	snprintf(out->text, sizeof out->text, "%.*s %u%s", (int)month.n, month.p, (unsigned)day.value,
		day.ordinal ? ordinal_ending(day.value) : "");
	return true;
}

/* [the] day of month [year]. */
static bool day_first(const struct words *w, size_t i, bool bare, struct numeral *out)
{
	size_t from = words_is(w, i, "the") ? i + 1 : i, month;
	struct number day;
	struct slice name;
	unsigned year;
	size_t end;

	if (!day_at(w, from, &day) || !day.ordinal || w->live[day.end - 1]->trail.n)
		return false;
	month = words_is(w, day.end, "of") ? day.end + 1 : day.end;
	if (!is_month(w, month) || (month == day.end && words_is(w, month, "march") && !bare))
		return false;
	name = w->live[month]->core;
	if (bare && w->live[month]->trail.n == 0 && year_value(w, month + 1, true, &year, &end)) {
		snprintf(out->text, sizeof out->text, "%u %.*s %u", (unsigned)day.value, (int)name.n, name.p,
			year);
		out->end = end;
		return true;
	}
	snprintf(out->text, sizeof out->text, "%s%u%s%s %.*s", from > i ? "the " : "", (unsigned)day.value,
		ordinal_ending(day.value), month > day.end ? " of" : "", (int)name.n, name.p);
	out->end = month + 1;
	return true;
}

static bool quarter(const struct words *w, size_t i, struct numeral *out)
{
	struct number n;
	unsigned year;

	if (!number_read(w, i, &n) || !n.ordinal || n.value > 4 || !words_is(w, n.end, "quarter") ||
		!words_is(w, n.end + 1, "of"))
		return false;
	if (!year_value(w, n.end + 2, true, &year, &out->end))
		return false;
	snprintf(out->text, sizeof out->text, "Q%u %u", (unsigned)n.value, year);
	return true;
}

/* The month's capital: no later stage looks into a numeral. */
static void capital_month(char *date)
{
	for (char *p = date; p; p = strchr(p, ' '))
		if (islower((unsigned char)*(p += *p == ' ')) && strncmp(p, "the ", 4) &&
			strncmp(p, "of ", 3))
			*p = (char)toupper((unsigned char)*p);
}

bool date_read(const struct turn *t, size_t i, bool bare, struct numeral *out)
{
	const struct words *w = &t->words;

	out->format = FORMAT_DATE;
	out->score = 0.95;
	if (bare && quarter(w, i, out))
		return true;
	if (!(is_month(w, i) ? month_first(w, i, bare, out) : day_first(w, i, bare, out)))
		return false;
	if (t->in->options.formats & FORMAT_CASE)
		capital_month(out->text);
	return true;
}
