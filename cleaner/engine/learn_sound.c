/* SPDX-License-Identifier: ISC
 *
 * learn_sound.c - how far apart two spellings sound: letters to sounds by a few rules of English, then the
 * cheapest edit of one into the other, where sounds that recognisers mix up cost little.
 *
 * Coarse on purpose: it only has to tell "heard wrongly" from "said differently". Capitals of 2 to 5 letters
 * are spelt out by the letters' names. What is not ASCII stands for itself.
 */
#include "learn.h"
#include "common/base/attr.h"
#include "common/base/utf8.h"

#include <unicase.h>

enum { SOUNDS = 2 * LEARN_PAIR_BYTES };

struct sounds {
	uint32_t s[SOUNDS];
	size_t n;
};

static const char *const letter_names[26] = {
	"ei",
	"bi",
	"si",
	"di",
	"i",
	"ef",
	"Ji",
	"eiC",
	"ai",
	"Jei",
	"kei",
	"el",
	"em",
	"en",
	"o",
	"pi",
	"kiu",
	"ar",
	"es",
	"ti",
	"iu",
	"vi",
	"dabliu",
	"eks",
	"wai",
	"si",
};

/* Several letters, one sound; the first row that fits. A '^' stands for a word's beginning. */
static const struct {
	const char *letters, *sounds;
} rows[] = {
	{"^kn", "n"},
	{"^wr", "r"},
	{"^ps", "s"},
	{"tch", "C"},
	{"ch", "C"},
	{"ck", "k"},
	{"ph", "f"},
	{"sh", "S"},
	{"th", "T"},
	{"gh", ""},
	{"wh", "w"},
	{"qu", "kw"},
	{"ce", "se"},
	{"ci", "si"},
	{"cy", "si"},
	{"ge", "Je"},
	{"gi", "Ji"},
	{"gy", "Ji"},
	{"ee", "i"},
	{"ea", "i"},
	{"oo", "u"},
	{"ou", "u"},
	{"ay", "ei"},
	{"ey", "i"},
	{"c", "k"},
	{"q", "k"},
	{"j", "J"},
	{"x", "ks"},
	{"y", "i"},
	{"z", "s"},
};

static void add(struct sounds *to, uint32_t c)
{
	if (to->n < SOUNDS && !(to->n && to->s[to->n - 1] == c))
		to->s[to->n++] = c;
}

static void add_text(struct sounds *to, const char *text)
{
	for (; *text; text++)
		add(to, (unsigned char)*text);
}

static bool is_letter(uint32_t c)
{
	return (c | 32) >= 'a' && (c | 32) <= 'z';
}

/* A word of 2 to 5 capitals. */
static bool is_spelt(struct slice word)
{
	for (size_t i = 0; i < word.n; i++)
		if (word.p[i] < 'A' || word.p[i] > 'Z')
			return false;
	return word.n >= 2 && word.n <= 5;
}

/* The bytes of `letters` that stand at lower[i]; 0: they do not. */
static size_t fits(const char *letters, const uint32_t *lower, size_t n, size_t i)
{
	size_t k = 0;

	if (*letters == '^') {
		if (i)
			return 0;
		letters++;
	}
	for (; letters[k]; k++)
		if (i + k >= n || lower[i + k] != (unsigned char)letters[k])
			return 0;
	return k;
}

static size_t add_at(struct sounds *to, const uint32_t *lower, size_t n, size_t i)
{
	for (size_t row = 0; row < countof(rows); row++) {
		size_t k = fits(rows[row].letters, lower, n, i);

		if (k) {
			add_text(to, rows[row].sounds);
			return k;
		}
	}
	if (lower[i] == 'e' && i + 1 == n && n > 2)
		return 1; /* silent */
	if (is_letter(lower[i]) || lower[i] >= 0x80)
		add(to, lower[i]);
	return 1;
}

static void add_word(struct sounds *to, struct slice word)
{
	uint32_t lower[LEARN_PAIR_BYTES], c;
	size_t n = 0, at = 0;

	if (is_spelt(word)) {
		for (size_t i = 0; i < word.n; i++)
			add_text(to, letter_names[word.p[i] - 'A']);
		return;
	}
	while (n < countof(lower) && utf8_next(word, &at, &c))
		lower[n++] = uc_tolower(c);
	for (size_t i = 0; i < n;)
		i += add_at(to, lower, n, i);
}

static void sounds_of(struct slice s, struct sounds *to)
{
	size_t from = 0;

	to->n = 0;
	for (size_t i = 0; i <= s.n; i++)
		if (i == s.n || s.p[i] == ' ' || s.p[i] == '-' || s.p[i] == '\t' || s.p[i] == '\n') {
			add_word(to, slice_of(s.p + from, i - from));
			from = i + 1;
		}
}

static bool is_vowel(uint32_t c)
{
	return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u';
}

static double cost_of_one(uint32_t c)
{
	if (is_vowel(c))
		return 0.45;
	return c == 'h' ? 0.3 : c == 'w' ? 0.5 : 1;
}

static double cost_of_two(uint32_t a, uint32_t b)
{
	static const char pairs[][3] = {
		"pb", "td", "kg", "fv", "SJ", "CJ", "CS", "sS", "mn", "lr", "Tf", "Ts", "Td"};

	if (a == b)
		return 0;
	if (is_vowel(a) && is_vowel(b))
		return 0.35;
	for (size_t i = 0; i < countof(pairs); i++)
		if ((a == (unsigned char)pairs[i][0] && b == (unsigned char)pairs[i][1]) ||
			(b == (unsigned char)pairs[i][0] && a == (unsigned char)pairs[i][1]))
			return 0.4;
	return 1;
}

static double least(double a, double b)
{
	return a < b ? a : b;
}

double learn_distance(struct slice a, struct slice b)
{
	struct sounds x, y;
	double row[SOUNDS + 1];

	sounds_of(a, &x);
	sounds_of(b, &y);
	row[0] = 0;
	for (size_t j = 0; j < y.n; j++)
		row[j + 1] = row[j] + cost_of_one(y.s[j]);
	for (size_t i = 0; i < x.n; i++) {
		double diagonal = row[0];

		row[0] += cost_of_one(x.s[i]);
		for (size_t j = 0; j < y.n; j++) {
			double two = diagonal + cost_of_two(x.s[i], y.s[j]);

			diagonal = row[j + 1];
			row[j + 1] = least(
				two, least(row[j + 1] + cost_of_one(x.s[i]), row[j] + cost_of_one(y.s[j])));
		}
	}
	if (x.n == 0 || y.n == 0)
		return 1;
	return row[y.n] / (double)(x.n > y.n ? x.n : y.n);
}
