/* SPDX-License-Identifier: ISC
 *
 * numeral_phone.c - digits said one by one (telephone numbers, codes) and letters with numbers (Q4, B2B,
 * x86).
 */
#include "numeral.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

enum { PHONE_DIGITS = 20, PHONE_FROM = 7, DIGITS_FROM = 3, PHONE_MOST = 13 };

static void write_phone(char *out, size_t room, const char *d, size_t n, bool plus)
{
	if (n == 10 && !plus)
		snprintf(out, room, "%.3s-%.3s-%.4s", d, d + 3, d + 6);
	else if (n == 11 && d[0] == '0')
		snprintf(out, room, "%.5s %.6s", d, d + 5);
	else if (n > 10 && n <= 13)
		snprintf(out, room, "%s%.*s %.3s-%.3s-%.4s", plus ? "+" : "", (int)(n - 10), d, d + n - 10,
			d + n - 7, d + n - 4);
	else
		snprintf(out, room, "%s%s", plus ? "+" : "", d);
}

/* A telephone number that is dictated in part by pairs and hundreds. Most of it, and what it begins with, is
 * digits: "one two three hundred people" is none. */
static size_t phone_digits(const struct words *w, size_t i, char *digits, size_t room, size_t *n)
{
	size_t narrow, narrow_end, end = digits_read(w, i, true, digits, room, n), singles = 0;
	char head[PHONE_DIGITS + 1];

	narrow_end = digits_read(w, i, false, head, sizeof head, &narrow);
	for (size_t k = i; k < end; k++)
		singles += number_small(words_key(w, k), &(bool){false}) < 10;
	if (end > narrow_end && *n >= PHONE_FROM && *n <= PHONE_MOST && narrow >= 2 && singles * 2 >= *n)
		return end;
	memcpy(digits, head, narrow + 1);
	*n = narrow;
	return narrow_end;
}

bool phone_read(const struct turn *t, size_t i, bool bare, struct numeral *out)
{
	const struct words *w = &t->words;
	bool plus = words_is(w, i, "plus");
	char digits[PHONE_DIGITS + 1];
	size_t n, end = phone_digits(w, i + plus, digits, sizeof digits, &n);

	if (n < (plus || words_is(w, i, "oh") || words_is(w, i, "o") ? PHONE_FROM : DIGITS_FROM))
		return false;
	if (end < w->count && (w->live[end]->classes & CLASS_NUMBER) && !w->live[end - 1]->trail.n &&
		n < PHONE_FROM)
		return false; /* "two five hundred" is no run of digits */
	write_phone(out->text, sizeof out->text, digits, n, plus);
	out->end = end;
	out->format = FORMAT_PHONE;
	out->score = n >= PHONE_FROM ? 0.96 : 0.88;
	return true;
}

static bool is_letter(struct slice key)
{
	return key.n == 1 && key.p[0] >= 'a' && key.p[0] <= 'z';
}

static bool quarter_code(const struct words *w, size_t i, struct numeral *out)
{
	struct number n;

	if (!(words_is(w, i, "q") || words_is(w, i, "h")) || w->live[i]->trail.n ||
		!number_read(w, i + 1, &n) || n.ordinal || n.value < 1 ||
		n.value > (words_is(w, i, "q") ? 4 : 2) || n.end != i + 2)
		return false;
	snprintf(out->text, sizeof out->text, "%c%u", words_is(w, i, "q") ? 'Q' : 'H', (unsigned)n.value);
	out->end = n.end;
	return true;
}

/* "b two b", "b two c". */
static bool business_code(const struct words *w, size_t i, struct numeral *out)
{
	struct slice first = words_key(w, i), last = words_key(w, i + 2);

	if (!is_letter(first) || !is_letter(last) || !words_is(w, i + 1, "two") ||
		!strchr("bdc", first.p[0]) || !strchr("bcg", last.p[0]))
		return false;
	snprintf(out->text, sizeof out->text, "%c2%c", first.p[0] - 32, last.p[0] - 32);
	out->end = i + 3;
	return true;
}

static bool covid(const struct words *w, size_t i, struct numeral *out)
{
	if (!words_is(w, i, "covid") || !words_is(w, i + 1, "nineteen") || w->live[i]->trail.n)
		return false;
	strcpy(out->text, "COVID-19");
	out->end = i + 2;
	return true;
}

/* Letters before the first number: three and more are a name of their own, written large (RTX 4050), an x
 * aside (PCIe x8). */
static void close_name(char *text, size_t *n)
{
	bool by = *n >= 4 && text[*n - 1] == 'x';
	size_t upper = by ? *n - 1 : *n;

	if (*n < 3)
		return;
	for (size_t i = 0; i < upper; i++)
		text[i] = (char)toupper((unsigned char)text[i]);
	if (by)
		text[(*n)++] = 'x';
	text[upper] = ' ';
	*n += !by;
}

/* A turn of letters and numbers only: "five w k r a three one", "r t x". */
static bool bare_code(const struct words *w, size_t i, struct numeral *out)
{
	size_t n = 0, letters = 0, numbers = 0, at = i;
	struct number number;
	unsigned pair;

	while (at < w->count && n + 24 < sizeof out->text) {
		if (is_letter(words_key(w, at))) {
			out->text[n++] = w->live[at++]->core.p[0];
			letters++;
		} else if (number_read(w, at, &number) && !number.ordinal && !number.article) {
			if (at == i + 1 && words_is(w, i, "a") && number.value >= 10)
				out->text[n++] = ' '; /* the article */
			if (numbers == 0)
				close_name(out->text, &n);
			if (year_value(w, at, true, &pair, &number.end))
				number.value = pair;
			n += (size_t)snprintf(out->text + n, sizeof out->text - n, "%" PRIu64, number.value);
			at = number.end;
			numbers++;
		} else {
			return false;
		}
	}
	out->end = at;
	if (!numbers && letters >= 3) {
		close_name(out->text, &n);
		n--;
	}
	out->text[n] = '\0';
	return letters && (numbers || letters >= 3);
}

bool code_read(const struct turn *t, size_t i, bool bare, struct numeral *out)
{
	const struct words *w = &t->words;

	out->format = FORMAT_CARDINAL;
	out->score = 0.96;
	if (quarter_code(w, i, out) || business_code(w, i, out) || covid(w, i, out))
		return true;
	return bare && bare_code(w, i, out);
}

/* A turn of a title and a name: "doctor dao". In a sentence titles are left as they were said. */
bool title_read(const struct turn *t, size_t i, bool bare, struct numeral *out)
{
	static const struct {
		const char *said, *written;
	} titles[] = {{"doctor", "dr."}, {"misses", "mrs."}, {"mister", "mr."}, {"missus", "mrs."},
		{"saint", "st."}};
	const struct words *w = &t->words;

	if (!bare || w->count != i + 2 || w->live[i]->trail.n)
		return false;
	for (size_t k = 0; k < countof(titles); k++) {
		if (!words_is(w, i, titles[k].said))
			continue;
		snprintf(out->text, sizeof out->text, "%c%s %.*s",
			toupper((unsigned char)titles[k].written[0]), titles[k].written + 1,
			w->live[i + 1]->core.n < FIGURES_BYTES ? (int)w->live[i + 1]->core.n : FIGURES_BYTES,
			w->live[i + 1]->core.p);
		out->end = w->count;
		out->format = FORMAT_CASE;
		out->score = 0.9;
		return true;
	}
	return false;
}
