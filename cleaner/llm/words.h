/* SPDX-License-Identifier: ISC
 *
 * words.h - a text as words, for comparing what a model wrote with what was said. Pure.
 *
 * A word is a run of bytes between white space. Its core is the word without the punctuation around it, its
 * fold the core in lower case with a plain apostrophe: two words are the same word when their folds are. A
 * word of punctuation alone is its own core.
 *
 * Ownership: text and core are the caller's bytes; the folds are owned by the struct.
 */
#ifndef CC_LLM_WORDS_H
#define CC_LLM_WORDS_H

#include "common/base/attr.h"
#include "common/base/slice.h"

#include <stdint.h>

struct word {
	struct slice text, core, fold;
	uint32_t at, core_at, core_end, end; /* code points in the text */
	bool opens;			     /* the first of its text, or after a word that ends a sentence */
	bool capital;			     /* its core begins with a capital letter */
	bool bare;			     /* punctuation alone */
};

struct words {
	struct word *w;
	size_t n, cap;
	struct fold_chunk *chunks;
};

void words_add(struct words *words, struct slice text); /* appends the words of valid UTF-8 */
void words_finish(struct words *words);
bool words_have(const struct words *words, struct slice fold);

enum {			 /* word_is: what a word is by its fold */
	WORD_FILLER = 1, /* um, uh: means nothing anywhere */
	WORD_SOFT = 2,	 /* like, well: may mean nothing */
	WORD_NEGATION = 4,
	WORD_SMALL = 8,	      /* may come or go and nothing else is said */
	WORD_LINK = 64,	      /* other prepositions, conjunctions, question words: never names */
	WORD_FIXED = 16,      /* auxiliaries and pronouns: another one is another meaning */
	WORD_SHORT_CAPS = 32, /* us, it, who: another word when written in capitals */
	WORD_DAY = 128,	      /* monday, tomorrow, morning: another one is another time */
	WORD_MONTH = 256,
	WORD_UNIT = 512, /* minute, kilogram, dollar, one or many */
	WORD_MEASURES = WORD_DAY | WORD_MONTH | WORD_UNIT,
};
unsigned word_is(struct slice fold);

/* How alike two runs of words sound, 0 to 1: a weighted edit distance over their letters, spaces left out, in
 * which vowels and voiced pairs cost half. Runs longer than 64 letters are alike only when equal. */
double words_alike(const struct word *a, size_t n, const struct word *b, size_t m);

/* The same letters and digits, whatever stands between and around them. */
bool words_same_letters(const struct word *a, size_t n, const struct word *b, size_t m);

/* Has the word a character that nobody says: one that is not seen (zero width, controls), a letter that only
 * looks like those of the turn and the conversation, a digit of another script, a picture? */
bool words_strange(const struct word *w, const struct words *turn, const struct words *known);

/* The numbers said in these words, as one string of digits ("nineteen ninety nine" and "1999" both give 1999,
 * "three point five" 3p5, "minus five" m5); "" when there is none. out holds NUMBERS_BYTES. False when they
 * do not fit. */
enum { NUMBERS_BYTES = 256 };
must_check bool words_numbers(const struct word *w, size_t n, char out[NUMBERS_BYTES]);

#endif
