/* SPDX-License-Identifier: ISC
 *
 * words.c - see words.h: splitting, folding, the closed lists of words, likeness.
 */
#include "cleaner/llm/words.h"

#include "common/base/utf8.h"
#include "common/base/xalloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <unicase.h>
#include <unictype.h>

struct fold_chunk {
	struct fold_chunk *next;
	char bytes[];
};

/* --- splitting --- */

static bool is_punctuation(uint32_t cp)
{
	static const char ascii[] = ".,;:!?\"'()[]{}-";

	if (cp < 0x80)
		return cp && strchr(ascii, (int)cp);
	if (cp == 0xFF05 || cp == 0x2030 ||
		cp == 0x2031) /* percent, per mille ..: Unicode's punctuation, a unit here */
		return false;
	return uc_is_general_category(cp, UC_CATEGORY_P);
}

static bool is_digit(struct slice s, size_t at)
{
	return at < s.n && s.p[at] >= '0' && s.p[at] <= '9';
}

/* The mark cp at `before` is part of a number, not around it: "-5", "-$5", ".5". `at` is what follows it. */
static bool begins_number(struct slice s, uint32_t cp, size_t before, size_t at)
{
	static const struct slice currencies[] = {{"$", 1}, {"\xC2\xA3", 2}, {"\xE2\x82\xAC", 3}};

	if (cp == '.')
		return is_digit(s, at) && (before == 0 || s.p[before - 1] != '.');
	if (!uc_is_general_category(cp, UC_CATEGORY_Pd))
		return false;
	for (size_t i = 0; i < countof(currencies); i++)
		if (slice_starts(slice_of(s.p + at, s.n - at), currencies[i]))
			at += currencies[i].n;
	return is_digit(s, at + (at < s.n && s.p[at] == '.'));
}

/* Narrows the word to its core: bytes and code points without punctuation at both ends; a number's sign and
 * point are its own. */
static void find_core(struct word *w)
{
	size_t at = 0, from = w->text.n, to = 0, before;
	uint32_t cp, index = w->at;

	w->core_at = w->core_end = w->at;
	while (before = at, utf8_next(w->text, &at, &cp)) {
		index++;
		if (is_punctuation(cp) && !(from == w->text.n && begins_number(w->text, cp, before, at)))
			continue;
		if (from == w->text.n) {
			from = before;
			w->core_at = index - 1;
			w->capital = uc_is_upper(cp);
		}
		to = at;
		w->core_end = index;
	}
	w->bare = from == w->text.n;
	w->core = w->bare ? w->text : slice_of(w->text.p + from, to - from);
	if (w->bare)
		w->core_at = w->at, w->core_end = w->end;
}

/* Writes the fold of a core to out (room for 2 * n bytes + 8) and returns its length. */
static size_t fold(struct slice core, char *out)
{
	size_t n = 0, length = 2 * core.n + 8;
	bool ascii = true;

	for (size_t i = 0; i < core.n; i++) {
		unsigned char c = (unsigned char)core.p[i];

		if (c == 0xE2 && i + 2 < core.n && core.p[i + 1] == '\x80' &&
			(unsigned char)core.p[i + 2] == 0x99) {
			out[n++] = '\'';
			i += 2;
			continue;
		}
		ascii &= c < 0x80;
		out[n++] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : (char)c;
	}
	if (!ascii) {
		uint8_t *lower = u8_tolower((const uint8_t *)out, n, NULL, NULL, NULL, &length);

		if (lower && length <= 2 * core.n + 8)
			memcpy(out, lower, n = length);
		free(lower);
	}
	return n;
}

static struct word *append(struct words *words)
{
	if (words->n == words->cap) {
		words->cap = words->cap ? words->cap * 2 : 64;
		words->w = xrealloc(words->w, words->cap * sizeof *words->w);
	}
	words->w[words->n] = (struct word){0};
	return &words->w[words->n++];
}

static bool ends_sentence(const struct word *w)
{
	char last = w->text.p[w->text.n - 1];

	return last == '.' || last == '?' || last == '!';
}

/* The next run of bytes that is not white space; *index counts code points. */
static bool next_word(struct slice text, size_t *at, uint32_t *index, struct word *w)
{
	size_t before = *at, from = text.n;
	uint32_t cp;

	*w = (struct word){0};
	while (before = *at, utf8_next(text, at, &cp)) {
		bool space = uc_is_property_white_space(cp);

		if (space && from != text.n)
			break;
		++*index;
		if (!space && from == text.n) {
			from = before;
			w->at = *index - 1;
		}
	}
	if (from == text.n)
		return false;
	*at = before; /* the white space, or the end */
	w->end = *index;
	w->text = slice_of(text.p + from, before - from);
	return true;
}

void words_add(struct words *words, struct slice text)
{
	struct fold_chunk *chunk =
		xmalloc(sizeof *chunk + 10 * text.n + 8); /* a word of n bytes may need 2 * n + 8 */
	struct word w, *last = NULL;
	char *to = chunk->bytes;
	size_t at = 0;
	uint32_t index = 0;

	chunk->next = words->chunks;
	words->chunks = chunk;
	while (next_word(text, &at, &index, &w)) {
		struct word *mine = append(words);

		w.opens = !last || ends_sentence(mine - 1);
		find_core(&w);
		w.fold = slice_of(to, fold(w.core, to));
		to += w.fold.n;
		*mine = w;
		last = mine;
	}
}

void words_finish(struct words *words)
{
	for (struct fold_chunk *c = words->chunks, *next; c; c = next) {
		next = c->next;
		free(c);
	}
	free(words->w);
	*words = (struct words){0};
}

bool words_have(const struct words *words, struct slice f)
{
	for (size_t i = 0; i < words->n; i++)
		if (slice_eq(words->w[i].fold, f))
			return true;
	return false;
}

/* --- the closed lists --- */

static const struct {
	unsigned is;
	const char *list; /* with a space before and after each */
} lists[] = {
	{WORD_FILLER, " um uh er erm uhm hmm mm mmm mhm ah eh umm uhh "},
	{WORD_SOFT, " like well so basically actually literally anyway you know i mean sort kind of "},
	{WORD_NEGATION, " no not never none nobody nothing nowhere neither nor without cannot cant dont wont "
			"isnt arent wasnt"
			" werent doesnt didnt hasnt havent hadnt wouldnt couldnt shouldnt aint "},
	{WORD_SMALL, " a an the to of and so that "},
	{WORD_LINK, " in on at for or but with by as this it if than then there from when where what who how "
		    "why here "},
	{WORD_FIXED,
		" i you he she we they me him her us them my your his our their mine yours is are was were "
		"am be been"
		" will would can could should may might must shall have has had do does did "
		"before after more less most least all some any every always only over under up down yes "},
	{WORD_SHORT_CAPS, " us it who am or in "},
	{WORD_DAY,
		" monday tuesday wednesday thursday friday saturday sunday today tomorrow yesterday tonight "
		"morning noon afternoon evening night midnight "},
	{WORD_MONTH,
		" january february march april may june july august september october november december "},
	{WORD_UNIT, " second minute hour day week month quarter year decade century "
		    "millimeter centimeter meter kilometer millimetre centimetre metre kilometre inch foot "
		    "feet yard mile "
		    "milligram gram kilogram kilo ounce pound stone ton tonne mg kg lb km cm mm "
		    "milliliter liter millilitre litre pint gallon "
		    "kilobyte megabyte gigabyte terabyte watt kilowatt degree percent cent dollar euro "},
};

unsigned word_is(struct slice f)
{
	char padded[20];
	unsigned is = 0;

	if (f.n > 3 && memcmp(f.p + f.n - 3, "n't", 3) == 0)
		is |= WORD_NEGATION;
	if (!f.n || f.n + 3 > sizeof padded)
		return is;
	snprintf(padded, sizeof padded, " %.*s ", (int)f.n, f.p);
	for (size_t i = 0; i < countof(lists); i++)
		if (strstr(lists[i].list, padded))
			is |= lists[i].is;
	if (f.p[f.n - 1] == 's' && !(is & WORD_MEASURES))
		is |= word_is(slice_of(f.p, f.n - 1)) & WORD_MEASURES;
	return is;
}

/* --- likeness --- */

enum { LETTERS = 64 };

static size_t letters(const struct word *w, size_t n, char out[LETTERS + 1])
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < w[i].fold.n; j++) {
			unsigned char c = (unsigned char)w[i].fold.p[j];

			if (c < 0x80 && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9'))
				continue;
			if (k == LETTERS)
				return LETTERS + 1;
			out[k++] = (char)c;
		}
	return k;
}

static bool vowel(char c)
{
	return c && strchr("aeiouy", c);
}

static float skip_cost(char c)
{
	return vowel(c) ? .7f : c == 'h' || c == 'w' ? .5f : 1;
}

static float change_cost(char a, char b)
{
	static const char *const pairs[] = {"bp", "dt", "gk", "vf", "zs", "ck", "cs", "mn", "qk", "jg"};

	if (a == b)
		return 0;
	if (vowel(a) && vowel(b))
		return .5f;
	for (size_t i = 0; i < countof(pairs); i++)
		if ((a == pairs[i][0] && b == pairs[i][1]) || (a == pairs[i][1] && b == pairs[i][0]))
			return .5f;
	return 1;
}

static float least(float a, float b)
{
	return a < b ? a : b;
}

static float distance(const char *a, size_t n, const char *b, size_t m)
{
	float row[LETTERS + 1], corner, up;

	row[0] = 0;
	for (size_t j = 1; j <= m; j++)
		row[j] = row[j - 1] + skip_cost(b[j - 1]);
	for (size_t i = 1; i <= n; i++) {
		corner = row[0];
		row[0] += skip_cost(a[i - 1]);
		for (size_t j = 1; j <= m; j++) {
			up = row[j];
			row[j] = least(least(up + skip_cost(a[i - 1]), row[j - 1] + skip_cost(b[j - 1])),
				corner + change_cost(a[i - 1], b[j - 1]));
			corner = up;
		}
	}
	return row[m];
}

double words_alike(const struct word *a, size_t n, const struct word *b, size_t m)
{
	char left[LETTERS + 1], right[LETTERS + 1];
	size_t x = letters(a, n, left), y = letters(b, m, right), longer = x > y ? x : y;
	double alike;

	if (!x || !y || longer > LETTERS)
		return 0;
	alike = 1 - distance(left, x, right, y) / (double)longer;
	return alike < 0 ? 0 : alike;
}

bool words_same_letters(const struct word *a, size_t n, const struct word *b, size_t m)
{
	char left[LETTERS + 1], right[LETTERS + 1];
	size_t x = letters(a, n, left), y = letters(b, m, right);

	return x && x == y && x <= LETTERS && memcmp(left, right, x) == 0;
}
