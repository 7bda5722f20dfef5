/* SPDX-License-Identifier: ISC
 *
 * words.h - a turn as words that remember where in the raw text they came from.
 *
 * The raw text is cut at white space; each word into opening marks (lead), its core, and closing marks
 * (trail). Stages change these three texts, drop words, or merge neighbours, always naming the edit that says
 * why. Nothing else moves: the white space between words is the raw text's own. So the pieces of raw that the
 * words stand for tile it, and the corrections that emit.c reads off them rebuild the cleaned text by
 * construction.
 *
 * Everything lives in the turn's arena; slices point into raw, the arena or static text.
 */
#ifndef CC_ENGINE_WORDS_H
#define CC_ENGINE_WORDS_H

#include "arena.h"
#include "engine.h"
#include "lexicon.h"
#include "sorts.h"

/* Why something was changed; static or in the arena. */
struct edit {
	enum correction_kind kind;
	double score; /* 0..1: the evidence of its sort; of SORT_GIVEN, the share of such changes that are
			 right */
	const char *reason;
	enum change_sort sort;
	const char *stage; /* static; NULL: the one that makes changes of this kind (emit.c) */
};

struct word {
	struct slice lead, core, trail; /* as they stand now */
	struct slice key;		/* core in lower case, typographic apostrophes straight */
	uint32_t raw_start, core_start, core_end, raw_end;     /* bytes of raw that it stands for */
	uint32_t classes;				       /* lexicon bits of key */
	const struct edit *lead_edit, *core_edit, *trail_edit; /* NULL: as in raw */
	const struct edit *dropped; /* not NULL: no longer in the text, for this reason */
	bool absorbed;		    /* its raw bytes belong to the word before it */
	bool fixed;	   /* its spelling and case are decided: no later stage may change the core */
	bool after_filler; /* a filler stood before it: the speaker paused to think */
	const char *doubt; /* not NULL: likely misheard, nothing better known; why, static text */
};

struct words {
	struct arena *arena;
	const struct lexicon *lexicon;
	struct slice raw;
	struct word *all; /* all_count, in raw order */
	size_t all_count;
	struct word **live; /* those neither dropped nor absorbed, in order */
	size_t count;
};

/* Cuts raw (valid UTF-8, at most ENGINE_TEXT_BYTES). */
void words_cut(struct words *w, struct arena *arena, const struct lexicon *lexicon, struct slice raw);

/* Brings live up to date; each stage that drops or merges ends with it. */
void words_settle(struct words *w);

/* The i-th live word's key, empty when there is none: neighbours may be asked for without looking at the
 * bounds. */
static inline struct slice words_key(const struct words *w, size_t i)
{
	return i < w->count ? w->live[i]->key : slice_of(NULL, 0);
}

static inline bool words_is(const struct words *w, size_t i, const char *key)
{
	return slice_eq(words_key(w, i), slice_str(key));
}

/* Is it one of these? */
static inline bool words_in(const struct words *w, size_t i, const char *const *keys, size_t count)
{
	for (size_t k = 0; k < count; k++)
		if (words_is(w, i, keys[k]))
			return true;
	return false;
}

/* Nothing between live words i and i + 1 but white space: no mark closes the one, none opens the other. */
static inline bool words_joined(const struct words *w, size_t i)
{
	return i + 1 < w->count && w->live[i]->trail.n == 0 && w->live[i + 1]->lead.n == 0;
}

static inline uint32_t words_classes(const struct words *w, size_t i) /* 0 when there is none */
{
	return i < w->count ? w->live[i]->classes : 0;
}

void word_drop(struct word *word, const struct edit *why);
void word_set_core(struct words *w, struct word *word, struct slice core, const struct edit *why);
void word_set_trail(struct word *word, struct slice trail, const struct edit *why);

/* Live words [from, to) become one with this core: it takes the first one's lead and the last one's trail. */
void words_merge(struct words *w, size_t from, size_t to, struct slice core, const struct edit *why);

/* The mark that a word's trail ends a clause or sentence with: ',' '.' '?' '!' ';' ':' or 0. */
char word_mark(const struct word *word);
bool word_ends_sentence(const struct word *word); /* . ? ! or an ellipsis */

/* Lower case of s, with straight apostrophes, in the arena (s itself when nothing changes). */
struct slice text_key(struct arena *a, struct slice s);

#endif
