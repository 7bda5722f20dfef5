/* SPDX-License-Identifier: ISC
 *
 * numeral.h - a number, with what belongs to it, as it will be written; and the readers that find one.
 *
 * Each reader looks at live words from i on and says how far its numeral reaches and how it is written.
 * `bare`: the turn is asked to be nothing but this numeral ("eight forty"), where short forms are right
 * (08:40) that would not be in a sentence.
 */
#ifndef CC_ENGINE_NUMERAL_H
#define CC_ENGINE_NUMERAL_H

#include "number_parse.h"
#include "turn.h"

enum { NUMERAL_BYTES = 160, FIGURES_BYTES = 64 }; /* longer ones stay in words */

struct numeral {
	char text[NUMERAL_BYTES];
	size_t end;	 /* live word after it */
	uint32_t format; /* FORMAT_* bit that allows it */
	double score;
};

/* [minus] cardinal or decimal, or digits that are there; with the million or billion that closes it. */
struct amount {
	struct number whole;
	bool negative;
	bool point; /* has a fraction; whole may be missing: "point five" */
	bool no_whole;
	char fraction[24];  /* its digits */
	struct slice scale; /* "million" and up; empty when none */
	bool digits;	    /* every word of it was in digits already */
	size_t end;
};

bool amount_read(const struct words *w, size_t i, struct amount *a);

/* The figures of it without sign and scale; with_commas: 25,000 from a thousand on. out has FIGURES_BYTES. */
void amount_text(const struct amount *a, bool with_commas, char *out);

/* A run of digits spoken one by one ("double oh seven"): its digits in out, how many in *n. The word after
 * it, or i. wide: some of them in pairs and hundreds ("oh eight hundred, double two, ninety six"). */
size_t digits_read(const struct words *w, size_t i, bool wide, char *out, size_t room, size_t *n);

/* The readers, one file each; true when a numeral starts at live word i. */
bool web_read(const struct turn *t, size_t i, bool bare, struct numeral *out);	 /* numeral_web.c */
bool phone_read(const struct turn *t, size_t i, bool bare, struct numeral *out); /* numeral_phone.c */
bool code_read(
	const struct turn *t, size_t i, bool bare, struct numeral *out); /* numeral_phone.c: Q4, B2B, x86 */
bool title_read(
	const struct turn *t, size_t i, bool bare, struct numeral *out);	/* numeral_phone.c: Dr. Dao */
bool dotted_read(const struct turn *t, size_t i, bool bare, struct numeral *out); /* numeral_dotted.c: 10.4.2 */
bool date_read(const struct turn *t, size_t i, bool bare, struct numeral *out); /* numeral_date.c */
bool year_read(const struct turn *t, size_t i, bool bare, struct numeral *out); /* numeral_date.c */
bool time_read(const struct turn *t, size_t i, bool bare, struct numeral *out); /* numeral_time.c */
bool money_read(const struct turn *t, size_t i, bool bare, struct numeral *out);    /* numeral_money.c */
bool measure_read(const struct turn *t, size_t i, bool bare, struct numeral *out);  /* numeral_measure.c */
bool ordinal_read(const struct turn *t, size_t i, bool bare, struct numeral *out);  /* numeral_plain.c */
bool cardinal_read(const struct turn *t, size_t i, bool bare, struct numeral *out); /* numeral_plain.c */

/* A year said in pairs, or in full, from 1000 to 2099: its value and the word after it; false when there is
 * none. loose: any pair of two-digit numbers, not only those that years of our time begin with. */
bool year_value(const struct words *w, size_t i, bool loose, unsigned *year, size_t *end);

/* "st", "nd", "rd", "th". */
const char *ordinal_ending(uint64_t value);

#endif
