/* SPDX-License-Identifier: ISC
 *
 * day_sum.c - see day_sum.h.
 */
#include "day_sum.h"

#include <stdio.h>

bool day_sum_turn(struct day_sum *s, const char *day)
{
	bool first = s->day[0] == 0;

	if (strcmp(day, s->day) == 0)
		return false;
	*s = (struct day_sum){.heard = !first}; /* at midnight we know it; at a start we do not */
	snprintf(s->day, sizeof s->day, "%s", day);
	return true;
}

bool day_sum_hear(struct day_sum *s, struct slice day, uint64_t nano)
{
	if (!slice_eq(day, slice_str(s->day)))
		return false;
	s->heard = true;
	s->spent = nano > s->spent ? nano : s->spent;
	return true;
}

bool day_sum_stored(struct day_sum *s, struct slice day, uint64_t nano)
{
	if (!day_sum_hear(s, day, nano))
		return false;
	s->stored = nano > s->stored ? nano : s->stored;
	return true;
}
