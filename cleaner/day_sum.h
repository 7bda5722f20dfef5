/* SPDX-License-Identifier: ISC
 *
 * day_sum.h - what a UTC day's model calls have cost, as far as this cleaner knows.
 *
 * Pure. What others say of it names its day: an answer that was asked for before midnight and comes after is
 * yesterday's, and must not count for the day that has just begun. Sums only grow within a day, so the
 * greater of what is heard is taken.
 */
#ifndef CC_DAY_SUM_H
#define CC_DAY_SUM_H

#include "common/base/attr.h"
#include "common/base/slice.h"

#include <stdbool.h>
#include <stdint.h>

struct day_sum {
	char day[16];		/* "2026-01-31"; empty: none yet */
	uint64_t spent, stored; /* 1e-9 of the currency: as far as heard; as PostgreSQL has it */
	bool heard;		/* somebody told the day's sum */
};

/* It is this day now. True: another one than before, which begins with nothing. */
bool day_sum_turn(struct day_sum *s, const char *day);

/* The sum of `day`, by another cleaner or by PostgreSQL. False: of another day, and nothing is taken. */
must_check bool day_sum_hear(struct day_sum *s, struct slice day, uint64_t nano);
must_check bool day_sum_stored(struct day_sum *s, struct slice day, uint64_t nano);

#endif
