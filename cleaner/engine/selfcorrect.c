/* SPDX-License-Identifier: ISC
 *
 * selfcorrect.c - "on Tuesday, no wait, on Friday": the speaker takes words back with a clear cue.
 *
 * Changes only what is clear: after the cue the speaker begins again with a word that stood shortly before
 * it, or gives another of the same sort (day, month, number). From there to the end of the cue all is
 * dropped. Never in verbatim mode.
 */
#include "phrase.h"
#include "reasons.h"
#include "turn.h"

enum { TAKEN_BACK_WORDS = 6 }; /* how far back the words that are taken back may begin */

static const struct edit edit_self = {KIND_SELF_CORRECTION, 0.92, why_taken_back};

static const char *const cues[] = {
	"no wait",
	"wait no",
	"no sorry",
	"sorry no",
	"oh sorry",
	"sorry i mean",
	"sorry i meant",
	"no i mean",
	"no i meant",
	"i mean",
	"i meant",
	"scratch that",
	"no scratch that",
	"no actually",
	"actually no",
	"or rather",
	"make that",
	"no make that",
	"sorry make that",
	"correction",
	"no rather",
	"i should say",
	"wait sorry",
	"or should i say",
	"actually i meant",
	"actually i mean",
	"sorry",
	"no",
};

/* These alone are too common: they need a mark on both sides. */
static bool cue_needs_marks(const char *cue)
{
	static const char *const weak[] = {"i mean", "sorry", "no", "make that", "oh sorry", "correction"};

	for (size_t i = 0; i < countof(weak); i++)
		if (strcmp(cue, weak[i]) == 0)
			return true;
	return false;
}

static size_t cue_words(const struct words *w, size_t i, const char *cue)
{
	size_t n = 0;

	while (*cue) {
		size_t len = strcspn(cue, " ");

		if (!slice_eq(words_key(w, i + n), slice_of(cue, len)))
			return 0;
		cue += len + (cue[len] == ' ');
		n++;
	}
	return n;
}

/* The sorts in which one word may stand for another: 0 for a word of none. */
static int sort_of(const struct words *w, size_t i)
{
	static const char *const days[] = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday",
		"sunday", "today", "tomorrow", "yesterday"};
	static const char *const months[] = {"january", "february", "march", "april", "may", "june", "july",
		"august", "september", "october", "november", "december"};
	struct slice key = words_key(w, i);

	for (size_t k = 0; k < countof(days); k++)
		if (slice_eq(key, slice_str(days[k])))
			return 1;
	for (size_t k = 0; k < countof(months); k++)
		if (slice_eq(key, slice_str(months[k])))
			return 2;
	if ((words_classes(w, i) & CLASS_NUMBER) || (key.n && key.p[0] >= '0' && key.p[0] <= '9'))
		return 3;
	return 0;
}

/* "March third sorry March fifth": even without marks it is clear when two of a sort stand around the cue. */
static bool sorts_agree(const struct words *w, size_t cue, size_t again)
{
	int sort = sort_of(w, again);

	for (size_t back = 1; sort && back <= 2 && back <= cue; back++)
		if (sort_of(w, cue - back) == sort && !word_ends_sentence(w->live[cue - back]))
			return true;
	return false;
}

/* How many words from i on are a cue; 0: none. The longest counts. */
static size_t cue_at(const struct words *w, size_t i)
{
	size_t best = 0;

	for (size_t k = 0; k < countof(cues); k++) {
		size_t n = cue_words(w, i, cues[k]);

		if (n <= best || i + n >= w->count)
			continue;
		if (cue_needs_marks(cues[k]) &&
			(!word_mark(w->live[i - 1]) || word_mark(w->live[i + n - 1]) != ',') &&
			(strcmp(cues[k], "no") == 0 || !sorts_agree(w, i, i + n)))
			continue;
		best = n;
	}
	return best;
}

/* Where the words taken back begin, given the cue [cue, again); == cue: not clear. */
static size_t taken_back_from(const struct words *w, size_t cue, size_t again)
{
	size_t least = cue > TAKEN_BACK_WORDS ? cue - TAKEN_BACK_WORDS : 0;
	int sort = sort_of(w, again);
	size_t from = cue;

	for (size_t i = cue; i-- > least;) {
		if (i + 1 < cue && word_ends_sentence(w->live[i]))
			break;
		if (slice_eq(w->live[i]->key, w->live[again]->key) && !(w->live[i]->classes & CLASS_FILLER))
			return i;
	}
	while (sort && from > least && sort_of(w, from - 1) == sort)
		from--;
	return from;
}

void stage_selfcorrect(struct turn *t)
{
	struct words *w = &t->words;

	for (size_t i = 1; i < w->count; i++) {
		size_t n = cue_at(w, i);
		size_t from = n ? taken_back_from(w, i, i + n) : i;

		if (from == i || (from && words_is(w, from - 1, "said"))) /* "I said 70, I meant 17" stays */
			continue;
		for (size_t k = from; k < i + n; k++)
			word_drop(w->live[k], &edit_self);
		i += n;
	}
	words_settle(w);
}
