/* SPDX-License-Identifier: ISC
 *
 * artefact.c - what a recogniser or a voice agent leaves in a text that nobody said: tags (<noise>,
 * [laughter],
 * ##VOICE_STYLE##), runs of pause dots, noise in another script (foreign.h). Nothing that was said is touched, so this runs in verbatim mode too.
 */
#include "foreign.h"
#include "reasons.h"

#include <ctype.h>

enum { SEAM_WORDS = 8, SEAM_BYTES = 256 }; /* how much before a seam is looked at, and said again after it */
enum { TAG_WORDS = 6 };			   /* a bracket that is still open after so many words is no tag */

static const struct edit edit_tag = {KIND_ARTEFACT, 0.99, why_tag};
static const struct edit edit_seam = {KIND_ARTEFACT, 0.97, why_seam};
static const struct edit edit_foreign = {KIND_ARTEFACT, 0.9, why_foreign};
static const struct edit edit_pause = {KIND_ARTEFACT, 0.98, why_pause};

static struct slice word_raw(const struct words *w, const struct word *word)
{
	return slice_of(w->raw.p + word->raw_start, word->raw_end - word->raw_start);
}

static bool slice_ends(struct slice s, struct slice end)
{
	return s.n >= end.n && slice_eq(slice_of(s.p + s.n - end.n, end.n), end);
}

/* Without the sentence marks that may stick to a closed tag. */
static struct slice without_marks(struct slice s)
{
	while (s.n && s.p[s.n - 1] && strchr(".,?!", s.p[s.n - 1]))
		s.n--;
	return s;
}

static const struct {
	struct slice open, close;
} tags[] = {
	{{"##", 2}, {"##", 2}},
	{{"<", 1}, {">", 1}},
	{{"[", 1}, {"]", 1}},
	{{"*", 1}, {"*", 1}},
	{{"(", 1}, {")", 1}},
};

/* Words of sounds that recognisers note in round brackets, which people also use for words that they mean. */
static bool names_a_sound(struct slice text)
{
	static const char *const sounds[] = {"noise", "laugh", "cough", "inaudible", "music", "silence",
		"applause", "crosstalk", "unintelligible", "sigh", "breath", "static", "beep",
		"clears throat", "background"};

	for (size_t i = 0; i < countof(sounds); i++)
		for (size_t at = 0; at + strlen(sounds[i]) <= text.n; at++)
			if (strncasecmp(text.p + at, sounds[i], strlen(sounds[i])) == 0)
				return true;
	return false;
}

/* How many live words from i on are one tag; 0: none starts here. */
static size_t tag_length(const struct words *w, size_t i)
{
	struct slice first = word_raw(w, w->live[i]);

	for (size_t k = 0; k < countof(tags); k++) {
		if (!slice_starts(first, tags[k].open))
			continue;
		for (size_t n = 1; n <= TAG_WORDS && i + n <= w->count; n++) {
			struct slice last = without_marks(word_raw(w, w->live[i + n - 1]));
			struct slice all = slice_of(first.p, (size_t)(last.p + last.n - first.p));

			if (!slice_ends(last, tags[k].close) || all.n < tags[k].open.n * 2 + 1)
				continue;
			return first.p[0] == '#' || first.p[0] == '<' || names_a_sound(all) ? n : 0;
		}
	}
	return 0;
}

static bool is_dots(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != '.' && (unsigned char)s.p[i] != 0xE2 && (unsigned char)s.p[i] != 0x80 &&
			(unsigned char)s.p[i] != 0xA6)
			return false;
	return s.n > 1;
}

static bool ends_in_pause(const struct word *word)
{
	return slice_ends(word->trail, SLICE("..")) || slice_ends(word->trail, SLICE("\xE2\x80\xA6"));
}

/* ---- seams: "on Google.C on Google." ---- */

/* Where a point joins two texts inside the core: letters before it, a small letter, an apostrophe or a lone
 * letter after. */
static size_t seam_in(struct slice core)
{
	const char *point = core.n ? memchr(core.p, '.', core.n) : NULL;
	size_t at = point ? (size_t)(point - core.p) : 0;

	if (at < 3 || at + 1 >= core.n || memchr(point + 1, '.', core.n - at - 1) ||
		memchr(core.p, '@', core.n))
		return 0;
	for (size_t i = 0; i < at; i++)
		if (!isalpha((unsigned char)core.p[i]) && core.p[i] != '\'')
			return 0;
	return islower((unsigned char)point[1]) || point[1] == '\'' || at + 2 == core.n ? at : 0;
}

static size_t put_key(char *out, size_t n, size_t room, struct slice key)
{
	if (n + key.n + 1 >= room)
		return n;
	if (n)
		out[n++] = ' ';
	memcpy(out + n, key.p, key.n);
	return n + key.n;
}

static bool ends_with(const char *text, size_t n, const char *end, size_t m)
{
	return m > 0 && m <= n && memcmp(text + n - m, end, m) == 0;
}

/* A streaming recogniser said the end of the text once more after the point: the last word of the repeat, or
 * i. */
static size_t seam_end(const struct words *w, size_t i, size_t at)
{
	char said[SEAM_BYTES], again[SEAM_BYTES];
	struct slice key = w->live[i]->key;
	size_t n = 0, m = 0, first = i > SEAM_WORDS ? i - SEAM_WORDS : 0;

	if (at == 0 || key.n <= at)
		return i;
	for (size_t k = first; k < i; k++)
		n = put_key(said, n, sizeof said, w->live[k]->key);
	n = put_key(said, n, sizeof said, slice_of(key.p, at));
	m = put_key(again, m, sizeof again, slice_of(key.p + at + 1, key.n - at - 1));
	for (size_t k = i; k < w->count && k <= i + SEAM_WORDS; k++) {
		const char *space;

		if (k > i)
			m = put_key(again, m, sizeof again, w->live[k]->key);
		if (!word_ends_sentence(w->live[k]))
			continue;
		space = m ? memchr(again, ' ', m) : NULL;
		if (ends_with(said, n, again, m))
			return k;
		if (space && space - again <= 2 &&
			ends_with(said, n, space + 1, m - (size_t)(space + 1 - again)))
			return k;
		return i;
	}
	return i;
}

static void mend_seams(struct words *w)
{
	for (size_t i = 0; i < w->count; i++) {
		struct word *word = w->live[i];
		size_t at = seam_in(word->core), end = seam_end(w, i, at);

		if (end == i)
			continue;
		word_set_core(w, word, slice_of(word->core.p, at), &edit_seam);
		word_set_trail(word, SLICE("."), &edit_seam);
		for (size_t k = i + 1; k <= end; k++)
			word_drop(w->live[k], &edit_seam);
		i = end;
	}
	words_settle(w);
}

/* Live words [i, i + n) go; the end of a sentence that stood behind them stays. */
static void drop_foreign(struct words *w, size_t i, size_t n, struct word *before)
{
	char mark = word_mark(w->live[i + n - 1]);

	for (size_t k = 0; k < n; k++)
		word_drop(w->live[i + k], &edit_foreign);
	if (before && !before->trail.n && mark && strchr(".?!", mark))
		word_set_trail(before, slice_of(strchr(".?!", mark), 1), &edit_foreign);
}

void stage_artefacts(struct turn *t)
{
	struct words *w = &t->words;
	struct word *before = NULL; /* the last word that stays */
	struct foreign foreign;

	mend_seams(w);
	foreign_begin(&foreign, t);
	for (size_t i = 0; i < w->count;) {
		size_t n = tag_length(w, i), other = n ? 0 : foreign_length(&foreign, i);

		for (size_t k = 0; k < n; k++)
			word_drop(w->live[i + k], &edit_tag);
		if (other)
			drop_foreign(w, i, n = other, before);
		if (n == 0 && before && w->live[i]->core.n == 0 && is_dots(w->live[i]->trail)) {
			word_drop(w->live[i], &edit_pause);
			if (!word_mark(before) || (!ends_in_pause(before) && word_mark(before) == ','))
				word_set_trail(before, SLICE("..."), &edit_pause);
		} else if (n == 0) {
			before = w->live[i];
		}
		i += n ? n : 1;
	}
	words_settle(w);
}

bool artefacts_in(const struct turn *t)
{
	const struct words *w = &t->words;
	struct foreign foreign;

	foreign_begin(&foreign, t);
	for (size_t i = 0; i < w->count; i++)
		if (tag_length(w, i) || foreign_length(&foreign, i) || seam_end(w, i, seam_in(w->live[i]->core)) > i ||
			(i && w->live[i]->core.n == 0 && is_dots(w->live[i]->trail)))
			return true;
	return false;
}
