/* SPDX-License-Identifier: ISC
 *
 * policy.c - see policy.h.
 */
#include "cleaner/llm/policy.h"

enum { DAY_S = 86400, HOUR_S = 3600 };

static uint64_t needed_ms(uint64_t typical_ms)
{
	uint64_t ms = typical_ms * 6 / 10; /* the quicker half of answers still comes in time */

	return ms > POLICY_LEAST_MS ? ms : POLICY_LEAST_MS;
}

uint64_t policy_typical_ms(uint64_t typical_ms, uint64_t age_ms)
{
	return age_ms < POLICY_LATELY_MS ? typical_ms : 0;
}

bool policy_may_begin(uint64_t left_ms, uint64_t typical_ms)
{
	return left_ms >= needed_ms(typical_ms);
}

static bool may_retry(const struct policy_case *c, uint64_t wait_ms)
{
	return !c->retry.never && c->tries < POLICY_TRIES && wait_ms < c->left_ms &&
	       policy_may_begin(c->left_ms - wait_ms, c->typical_ms);
}

enum policy_step policy_next(const struct policy_case *c, uint64_t *wait_ms)
{
	enum llm_remedy remedy = llm_outcomes[c->outcome].remedy;
	double backoff = (double)((uint64_t)POLICY_BACKOFF_MS << (c->tries ? c->tries - 1 : 0));

	*wait_ms = c->retry.asked ? c->retry.wait_ms : (uint64_t)(backoff * (.5 + c->chance));
	if (remedy == REMEDY_NONE)
		return STEP_GIVE_UP;
	if (remedy == REMEDY_LOOSEN && c->schema && policy_may_begin(c->left_ms, c->typical_ms))
		return STEP_LOOSEN;
	if (remedy == REMEDY_RETRY && may_retry(c, *wait_ms))
		return STEP_RETRY;
	return c->another_model && policy_may_begin(c->left_ms, c->typical_ms) ? STEP_NEXT_MODEL
									       : STEP_GIVE_UP;
}

/* --- the US Pacific day: the rule of 2007, second Sunday of March 02:00 to first Sunday of November 02:00
 * --- */

/* Days since 1970-01-01 of a date; Howard Hinnant's civil calendar formula. */
static int64_t days_of(int64_t year, int month, int day)
{
	int64_t era, yoe, doy;

	year -= month <= 2;
	era = year / 400;
	yoe = year - era * 400;
	doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static int64_t year_of(int64_t wall_s)
{
	int64_t year = 1970 + wall_s / DAY_S / 366;

	while (days_of(year + 1, 1, 1) <= wall_s / DAY_S)
		year++;
	return year;
}

/* The n-th Sunday of a month, as days since 1970; 1970-01-01 was a Thursday. */
static int64_t sunday(int64_t year, int month, int nth)
{
	int64_t first = days_of(year, month, 1);

	return first + (3 - first % 7 + 7) % 7 + 7 * (nth - 1);
}

static int64_t pacific_offset_s(int64_t wall_s)
{
	int64_t year = year_of(wall_s);
	bool summer = wall_s >= sunday(year, 3, 2) * DAY_S + 10 * HOUR_S &&
		      wall_s < sunday(year, 11, 1) * DAY_S + 9 * HOUR_S;

	return summer ? -7 * HOUR_S : -8 * HOUR_S;
}

uint64_t policy_day_reset_ms(int64_t wall_s)
{
	int64_t local = wall_s + pacific_offset_s(wall_s), midnight = (local / DAY_S + 1) * DAY_S;
	int64_t at = midnight - pacific_offset_s(wall_s);

	at = midnight - pacific_offset_s(at); /* the night may change the clock before */
	return (uint64_t)(at - wall_s) * 1000;
}
