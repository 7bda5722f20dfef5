/* SPDX-License-Identifier: ISC
 *
 * artefact.c - what a recogniser or a voice agent leaves in a text that nobody said: tags (<noise>, [laughter],
 * ##VOICE_STYLE##), runs of pause dots. Nothing that was said is touched, so this runs in verbatim mode too.
 */
#include "turn.h"

enum { TAG_WORDS = 6 }; /* a bracket that is still open after so many words is no tag */

static const struct edit edit_tag = {KIND_ARTEFACT, 0.99, "A tag of the recogniser or the voice, not said."};
static const struct edit edit_pause = {KIND_ARTEFACT, 0.98, "A run of pause marks."};

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
	{{"##", 2}, {"##", 2}}, {{"<", 1}, {">", 1}}, {{"[", 1}, {"]", 1}}, {{"*", 1}, {"*", 1}}, {{"(", 1}, {")", 1}},
};

/* Words of sounds that recognisers note in round brackets, which people also use for words that they mean. */
static bool names_a_sound(struct slice text)
{
	static const char *const sounds[] = {"noise", "laugh", "cough", "inaudible", "music", "silence", "applause",
		"crosstalk", "unintelligible", "sigh", "breath", "static", "beep", "clears throat", "background"};

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

void stage_artefacts(struct turn *t)
{
	struct words *w = &t->words;
	struct word *before = NULL; /* the last word that stays */

	for (size_t i = 0; i < w->count;) {
		size_t n = tag_length(w, i);

		for (size_t k = 0; k < n; k++)
			word_drop(w->live[i + k], &edit_tag);
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

bool artefacts_in(const struct words *w)
{
	for (size_t i = 0; i < w->count; i++)
		if (tag_length(w, i) || (i && w->live[i]->core.n == 0 && is_dots(w->live[i]->trail)))
			return true;
	return false;
}
