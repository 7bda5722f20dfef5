/* SPDX-License-Identifier: ISC
 *
 * lexicon.h - what the stages know about single English words: one look-up a word gives its classes as bits.
 *
 * The classes are lists of words in lexicon.c, readable and complete there. Built once at engine_open,
 * read-only after.
 */
#ifndef CC_ENGINE_LEXICON_H
#define CC_ENGINE_LEXICON_H

#include "common/base/slice.h"

#include <stdint.h>

enum word_class {
	CLASS_FILLER = 1 << 0,	    /* um, uh */
	CLASS_ACKNOWLEDGE = 1 << 1, /* a turn of only these needs nothing */
	CLASS_REPEATABLE = 1 << 2,  /* may be said twice and meant: very very */
	CLASS_FUNCTION =
		1 << 3,	       /* articles, prepositions, pronouns, auxiliaries: their repeats are stutters */
	CLASS_NUMBER = 1 << 4, /* part of a number in words */
	CLASS_QUESTION = 1 << 5,     /* opens a question: what, how */
	CLASS_AUXILIARY = 1 << 6,    /* opens a question before a pronoun: do you */
	CLASS_PRONOUN = 1 << 7,	     /* I, you, we */
	CLASS_ABBREVIATION = 1 << 8, /* a point after it ends no sentence: mr, vs */
	CLASS_STOP = 1 << 9,	     /* too common to be part of a name at its edge */
	CLASS_CORRECTING = 1 << 10,  /* may open a self-correction: sorry, wait, actually */
	CLASS_PREPOSITION = 1 << 11,
	CLASS_ARTICLE = 1 << 12,
};

struct lexicon;

struct lexicon *lexicon_create(void);
void lexicon_destroy(struct lexicon **lexicon);

uint32_t lexicon_classes(const struct lexicon *lexicon, struct slice key); /* key in lower case */

/* FNV-1a, the hash of all our tables of words. */
uint32_t text_hash(struct slice s);

#endif
