/* SPDX-License-Identifier: ISC
 *
 * learn.c - see learn.h: pairs from changes, names from perfect text. How things sound is learn_sound.c's.
 */
#include "learn.h"
#include "common/base/utf8.h"

#include <unicase.h>
#include <unictype.h>

#define LEARN_DISTANCE_MOST 0.45 /* "book" and "Facebook" are .41 apart, "Tuesday" and "Friday" .48 */

/* Words that no rule may turn into another everywhere: of grammar, of number, of time. */
static const char common_words[] =
	"a about after all am an and any are as at be because been before but by can could day days did do "
	"does eight eighteen eighty eleven fifteen fifty five for forty four fourteen from get go good got "
	"had has have he her here him his how hundred i i'm if in into is it it's its just know like make me "
	"million month more my nine nineteen ninety no not now of oh ok okay on one or our out people really "
	"right say see seven seventeen seventy she six sixteen sixty so some ten than that that's the their "
	"them then there they thing think thirteen thirty this thousand three time to twelve twenty two up "
	"us very want was we week well were what when where which who will with would year yes you your zero";

/* Capitals that are no names of anybody's: of the calendar, of address. */
static const char common_capitals[] =
	"april august december dr february friday i i'd i'll i'm i've january july june march may monday mr "
	"mrs ms november october ok saturday september sunday thursday tuesday wednesday";

static bool is_blank(uint32_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == 0xA0;
}

/* Inside a word that a rule may be about. */
static bool is_joiner(uint32_t c)
{
	return c == '\'' || c == 0x2019 || c == '-' || c == '&' || c == '.' || c == '+' || c == '/';
}

static struct slice without_blanks(struct slice s)
{
	while (s.n && is_blank((unsigned char)s.p[0]))
		s = slice_of(s.p + 1, s.n - 1);
	while (s.n && is_blank((unsigned char)s.p[s.n - 1]))
		s.n--;
	return s;
}

static bool next_word(struct slice *rest, struct slice *word)
{
	*rest = without_blanks(*rest);
	word->p = rest->p;
	for (word->n = 0; word->n < rest->n && !is_blank((unsigned char)rest->p[word->n]);)
		word->n++;
	*rest = slice_of(rest->p + word->n, rest->n - word->n);
	return word->n > 0;
}

static bool is_one_of(const char *words, struct slice word)
{
	struct slice rest = slice_str(words), one;

	while (next_word(&rest, &one))
		if (slice_eq(one, word))
			return true;
	return false;
}

static bool is_mark(char c)
{
	return c && strchr(".,;:!?\"()", c);
}

/* Marks that both have at the same end are no part of the change. */
static void without_same_marks(struct slice *a, struct slice *b)
{
	while (a->n && b->n && a->p[0] == b->p[0] && is_mark(a->p[0])) {
		*a = slice_of(a->p + 1, a->n - 1);
		*b = slice_of(b->p + 1, b->n - 1);
	}
	while (a->n && b->n && a->p[a->n - 1] == b->p[b->n - 1] && is_mark(a->p[a->n - 1])) {
		a->n--;
		b->n--;
	}
}

struct look {
	size_t words, letters, digits, others;
};

static struct look look_at(struct slice s)
{
	struct look l = {0};
	bool in_word = false;
	size_t at = 0;
	uint32_t c;

	while (utf8_next(s, &at, &c)) {
		bool blank = is_blank(c);

		l.words += !blank && !in_word;
		in_word = !blank;
		if (uc_is_alpha(c) || uc_combining_class(c))
			l.letters++;
		else if (uc_is_digit(c))
			l.digits++;
		else if (!blank && !is_joiner(c))
			l.others++;
	}
	return l;
}

/* s with runs of blanks as one space, in lower case if asked, with a NUL. False when it does not fit. */
static bool copy_words(struct slice s, bool lower, char out[LEARN_PAIR_BYTES + 1])
{
	size_t n = 0, at = 0;
	bool gap = false;
	uint32_t c;

	while (utf8_next(s, &at, &c)) {
		char text[4];
		size_t bytes;

		if (is_blank(c)) {
			gap = true;
			continue;
		}
		bytes = utf8_put(lower ? uc_tolower(c) : c, text);
		if (n + bytes + gap > LEARN_PAIR_BYTES)
			return false;
		if (gap)
			out[n++] = ' ';
		gap = false;
		memcpy(out + n, text, bytes);
		n += bytes;
	}
	out[n] = '\0';
	return n > 0;
}

static bool only_common_words(struct slice heard)
{
	struct slice word;

	while (next_word(&heard, &word))
		if (!is_one_of(common_words, word))
			return false;
	return true;
}

bool learn_pair(struct slice original, struct slice corrected, struct learn_pair *out)
{
	struct look heard, meant;

	original = without_blanks(original);
	corrected = without_blanks(corrected);
	without_same_marks(&original, &corrected);
	heard = look_at(original);
	meant = look_at(corrected);
	if (heard.letters == 0 || meant.letters == 0 || heard.digits || heard.others || meant.others)
		return false;
	if (heard.words > LEARN_PAIR_WORDS || meant.words > LEARN_PAIR_WORDS)
		return false;
	if (!copy_words(original, true, out->heard) || !copy_words(corrected, false, out->meant))
		return false;
	if (strcmp(out->heard, out->meant) == 0 || only_common_words(slice_str(out->heard)))
		return false;
	return learn_distance(original, corrected) <= LEARN_DISTANCE_MOST;
}

/* --- names --- */

/* A capital that says more than that a sentence begins: inside a sentence, or inside the word. */
static bool is_name(struct slice word, bool first)
{
	char lower[LEARN_PAIR_BYTES + 1];
	bool inner = false, begins = false;
	size_t at = 0, letters = 0;
	uint32_t c;

	if (!copy_words(word, true, lower) || is_one_of(common_capitals, slice_str(lower)) ||
		is_one_of(common_words, slice_str(lower)))
		return false;
	while (utf8_next(word, &at, &c)) {
		bool capital = uc_is_upper(c);

		begins |= capital && letters == 0;
		inner |= capital && letters > 0;
		letters += uc_is_alpha(c);
	}
	return letters >= 2 && (inner || (begins && !first));
}

static bool ends_sentence(struct slice word)
{
	return word.n && strchr(".?!:", word.p[word.n - 1]);
}

/* The word without the marks around it. */
static struct slice core_of(struct slice word)
{
	while (word.n && (is_mark(word.p[0]) || word.p[0] == '\''))
		word = slice_of(word.p + 1, word.n - 1);
	while (word.n && (is_mark(word.p[word.n - 1]) || word.p[word.n - 1] == '\''))
		word.n--;
	if (word.n > 2 && word.p[word.n - 2] == '\'' && word.p[word.n - 1] == 's')
		word.n -= 2;
	return word;
}

static size_t add_term(struct slice term, struct slice *out, size_t count, size_t most)
{
	for (size_t i = 0; i < count; i++)
		if (slice_eq(out[i], term))
			return count;
	if (count == most || term.n > LEARN_PAIR_BYTES)
		return count;
	out[count] = term;
	return count + 1;
}

size_t learn_terms(struct slice text, struct slice *out, size_t most)
{
	struct slice word, term = {NULL, 0};
	size_t count = 0, words = 0;
	bool first = true;

	while (next_word(&text, &word)) {
		struct slice core = core_of(word);
		bool name = core.n && is_name(core, first), alone = core.p != word.p;

		if (term.n && (!name || alone || words == LEARN_TERM_WORDS)) {
			count = add_term(term, out, count, most);
			term.n = words = 0;
		}
		if (name) {
			term = slice_of(term.n ? term.p : core.p,
				(size_t)(core.p + core.n - (term.n ? term.p : core.p)));
			words++;
		}
		if (term.n && core.n != word.n) { /* a mark after it: the name ends */
			count = add_term(term, out, count, most);
			term.n = words = 0;
		}
		first = ends_sentence(word);
	}
	return term.n ? add_term(term, out, count, most) : count;
}
