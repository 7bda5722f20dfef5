/* SPDX-License-Identifier: ISC
 *
 * glossary_hunt.h - what the two halves of the glossary stage share: terms that stand (glossary_standing.c)
 * and terms that were misheard (glossary.c). Nobody else includes it.
 */
#ifndef CC_ENGINE_GLOSSARY_HUNT_H
#define CC_ENGINE_GLOSSARY_HUNT_H

#include "glossary.h"

#include <ctype.h>

struct hunt {
	struct turn *t;
	const struct terms *terms;
	struct phones_cache *phones;
	bool *taken;	  /* live words that are part of a term already */
	float *frequency; /* of each live word */
	bool cased;
	float size;	    /* log of the glossary's */
	size_t comparisons; /* so far */
	struct candidate *list;
	size_t count;
};

/* The longest term that stands at live word i, letters compared, or that a sounds_like spelling stands for:
 * writes it as the glossary has it. The word after it, or i + 1. */
size_t glossary_take_standing(struct hunt *h, size_t i);

/* A possessive's word without its 's. */
static inline struct slice without_s(struct slice key, bool *possessive)
{
	*possessive = key.n > 2 && memcmp(key.p + key.n - 2, "'s", 2) == 0;
	return *possessive ? slice_of(key.p, key.n - 2) : key;
}

static inline bool is_letter(struct slice key)
{
	return key.n == 1 && isalpha((unsigned char)key.p[0]);
}

/* A window that takes some of a run of spelled letters and leaves the others: "I B | M". */
static inline bool splits_letters(const struct words *w, size_t from, size_t to)
{
	return (is_letter(w->live[from]->key) && from > 0 && is_letter(w->live[from - 1]->key)) ||
	       (is_letter(w->live[to - 1]->key) && is_letter(words_key(w, to)));
}

#endif
