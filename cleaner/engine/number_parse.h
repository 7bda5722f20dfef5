/* SPDX-License-Identifier: ISC
 *
 * number_parse.h - cardinals in words: "one million two hundred and five", "seventy-five", "a hundred",
 * "twenty-one hundred".
 *
 * Pure reading of live words; decides nothing about how, or whether, the number is written.
 */
#ifndef CC_ENGINE_NUMBER_PARSE_H
#define CC_ENGINE_NUMBER_PARSE_H

#include "words.h"

struct number {
	uint64_t value;
	size_t end;	    /* live word after the last one read */
	bool ordinal;	    /* twenty-first */
	bool article;	    /* began with "a": a hundred */
	bool digits;	    /* was in digits already */
	uint64_t cut_value; /* the value up to the last million or billion, */
	size_t cut_end;	    /* and the word after that; 0: the same as value and end */
	uint64_t scale;	    /* the last factor when it was million or more and nothing followed: "four hundred
			       five billion"; else 1 */
};

/* Reads the longest cardinal or ordinal that starts at live word i. False when none does. Marks end it. */
bool number_read(const struct words *w, size_t i, struct number *number);

/* The value of a single word: 0..19, tens, or -1; *ordinal when it is first, second .. twentieth, thirtieth.
 */
int number_small(struct slice key, bool *ordinal);

/* The factor that a word names: hundred, thousand .. quadrillion; 0 when none. */
uint64_t number_factor(struct slice key, bool *ordinal);

#endif
