/* SPDX-License-Identifier: ISC
 *
 * policy_test.c - the breaker and the policy as case tables, with clocks of our own.
 */
#include "cleaner/llm/breaker.h"
#include "cleaner/llm/hedge.h"
#include "cleaner/llm/policy.h"
#include "common/base/check_run.h"

#include <stdlib.h>

/* --- breaker --- */

#define MANY 20

static const struct {
	enum llm_outcome outcome;
	unsigned times;
	uint64_t wait_ms;
	enum breaker_state state;
	uint64_t until_ms; /* when open, without jitter */
} openings[] = {
	{LLM_OK, MANY, 0, BREAKER_CLOSED, 0},
	{LLM_OVERLOADED, 4, 0, BREAKER_CLOSED, 0},
	{LLM_OVERLOADED, 5, 0, BREAKER_OPEN, 1000},
	{LLM_TIMED_OUT, 5, 0, BREAKER_OPEN, 1000},
	{LLM_EMPTY, 5, 0, BREAKER_OPEN, 1000},
	{LLM_NOT_THE_TURN, 9, 0, BREAKER_CLOSED, 0},
	{LLM_NOT_THE_TURN, 10, 0, BREAKER_OPEN, 1000},
	{LLM_BLOCKED_PROMPT, MANY, 0, BREAKER_CLOSED, 0},
	{LLM_CANCELLED, MANY, 0, BREAKER_CLOSED, 0},
	{LLM_QUOTA_MINUTE, 1, 0, BREAKER_OPEN, 1000},
	{LLM_QUOTA_MINUTE, 1, 3000, BREAKER_OPEN, 3000},
	{LLM_QUOTA_MINUTE, 1, 38000, BREAKER_OPEN, BREAKER_MOST_MS},
	{LLM_QUOTA_DAY, 1, 3600000, BREAKER_OPEN, 3600000},
	{LLM_BAD_KEY, 1, 0, BREAKER_OPEN, BREAKER_GONE_MS},
	{LLM_NO_MODEL, 1, 0, BREAKER_OPEN, BREAKER_GONE_MS},
};

START_TEST(it_opens)
{
	struct breaker b = {0};

	for (unsigned i = 0; i < openings[_i].times; i++)
		breaker_heard(&b, openings[_i].outcome, openings[_i].wait_ms, 0, 0);
	ck_assert_msg(b.state == openings[_i].state, "row %d: %s", _i, breaker_state_name(b.state));
	ck_assert_uint_eq(b.until_ms, openings[_i].until_ms);
	ck_assert(breaker_closed(&b) == (openings[_i].state == BREAKER_CLOSED));
}
END_TEST

START_TEST(a_good_answer_forgives)
{
	struct breaker b = {0};

	for (int i = 0; i < 100; i++)
		breaker_heard(&b, i % 5 == 4 ? LLM_OK : LLM_RESET, 0, 0, 0);
	ck_assert(breaker_closed(&b));
}
END_TEST

START_TEST(it_probes_once_and_waits_longer_each_time)
{
	struct breaker b = {0};
	uint64_t now = 0, gaps[6];

	for (int i = 0; i < 5; i++)
		breaker_heard(&b, LLM_RESET, 0, now, 0);
	for (int i = 0; i < 6; i++) {
		ck_assert(!breaker_probe(&b, b.until_ms - 1));
		gaps[i] = b.until_ms - now;
		now = b.until_ms;
		ck_assert(breaker_probe(&b, now));
		ck_assert_msg(!breaker_probe(&b, now), "a second probe");
		ck_assert(!breaker_closed(&b));
		breaker_probed(&b, i == 2 ? LLM_CANCELLED : LLM_RESET, 0, now, 0);
	}
	ck_assert_uint_eq(gaps[0], 1000);
	ck_assert_uint_eq(gaps[1], 2000);
	ck_assert_uint_eq(gaps[5], BREAKER_MOST_MS);
	ck_assert(breaker_probe(&b, b.until_ms));
	breaker_probed(&b, LLM_OK, 0, now, 0);
	ck_assert(breaker_closed(&b));
	ck_assert_uint_eq(b.opens, 0);
}
END_TEST

START_TEST(late_answers_do_not_move_an_open_one_but_the_days_quota_does)
{
	struct breaker b = {0};

	breaker_heard(&b, LLM_QUOTA_MINUTE, 2000, 0, 0);
	ck_assert(!breaker_heard(&b, LLM_OK, 0, 10, 0));
	breaker_heard(&b, LLM_RESET, 0, 10, 0);
	ck_assert_uint_eq(b.until_ms, 2000);
	ck_assert_msg(breaker_heard(&b, LLM_QUOTA_DAY, 90000000, 10, 0), "the others are told of the day");
	ck_assert_uint_eq(b.until_ms, 90000010);
	ck_assert_msg(!breaker_heard(&b, LLM_QUOTA_DAY, 90000000, 30, 0), "once, not of each call");
}
END_TEST

/* A call of before the outage's end that times out while the probe is under way. */
START_TEST(only_the_probe_ends_probing)
{
	struct breaker b = {0};

	breaker_heard(&b, LLM_QUOTA_MINUTE, 1000, 0, 0);
	ck_assert(breaker_probe(&b, 1000));
	ck_assert(!breaker_heard(&b, LLM_TIMED_OUT, 0, 1100, 0));
	ck_assert(!breaker_heard(&b, LLM_OK, 0, 1100, 0));
	ck_assert_int_eq(b.state, BREAKER_PROBING);
	ck_assert_uint_eq(b.opens, 1);
	ck_assert(breaker_probed(&b, LLM_OK, 0, 1200, 0));
	ck_assert(breaker_closed(&b));
	breaker_heard(&b, LLM_QUOTA_MINUTE, 1000, 2000, 0);
	ck_assert(breaker_probe(&b, 3000));
	ck_assert(breaker_heard(&b, LLM_QUOTA_DAY, 90000000, 3100, 0));
	ck_assert(!breaker_probed(&b, LLM_RESET, 0, 3200, 0));
	ck_assert_uint_eq(b.until_ms, 90003100);
}
END_TEST

START_TEST(others_tell)
{
	struct breaker b = {0};

	ck_assert(!breaker_told(&b, 0, 5));
	ck_assert(breaker_told(&b, 500, 5));
	ck_assert_uint_eq(b.until_ms, 505);
	ck_assert(!breaker_told(&b, 400, 6));
	ck_assert(breaker_told(&b, 0, 7));
	ck_assert(breaker_closed(&b));
	ck_assert_msg(
		breaker_heard(&b, LLM_QUOTA_MINUTE, 1000, 0, .99) && b.until_ms > 1000 && b.until_ms <= 1200,
		"jitter");
}
END_TEST

/* --- policy --- */

static const struct {
	struct policy_case c;
	enum policy_step step;
	uint64_t wait_ms;
} steps[] = {
	{{LLM_OVERLOADED, {false, 0, false}, 400, 100, 1, false, true, .5}, STEP_RETRY, 20},
	{{LLM_OVERLOADED, {false, 0, false}, 400, 100, 2, false, true, .5}, STEP_RETRY, 40},
	{{LLM_OVERLOADED, {false, 0, false}, 400, 100, 3, false, true, .5}, STEP_GIVE_UP, 0},
	{{LLM_OVERLOADED, {false, 0, false}, 400, 100, 3, true, true, .5}, STEP_NEXT_MODEL, 0},
	{{LLM_OVERLOADED, {true, 300, false}, 400, 100, 1, false, true, .5}, STEP_RETRY, 300},
	{{LLM_OVERLOADED, {true, 300, false}, 350, 100, 1, false, true, .5}, STEP_GIVE_UP, 0},
	{{LLM_OVERLOADED, {false, 0, true}, 400, 100, 1, false, true, .5}, STEP_GIVE_UP, 0},
	{{LLM_QUOTA_MINUTE, {true, 38000, false}, 400, 100, 1, false, true, .5}, STEP_GIVE_UP, 0},
	{{LLM_QUOTA_MINUTE, {true, 38000, false}, 400, 100, 1, true, true, .5}, STEP_NEXT_MODEL, 0},
	{{LLM_QUOTA_DAY, {true, 47000, false}, 400, 100, 1, true, true, .5}, STEP_NEXT_MODEL, 0},
	{{LLM_SCHEMA_REFUSED, {false, 0, false}, 400, 100, 1, false, true, .5}, STEP_LOOSEN, 0},
	{{LLM_SCHEMA_REFUSED, {false, 0, false}, 400, 100, 1, false, false, .5}, STEP_GIVE_UP, 0},
	{{LLM_NO_MODEL, {false, 0, false}, 400, 100, 1, true, true, .5}, STEP_NEXT_MODEL, 0},
	{{LLM_NO_MODEL, {false, 0, false}, 20, 100, 1, true, true, .5}, STEP_GIVE_UP, 0},
	{{LLM_BLOCKED_PROMPT, {false, 0, false}, 400, 100, 1, true, true, .5}, STEP_GIVE_UP, 0},
	{{LLM_NOT_THE_TURN, {false, 0, false}, 400, 100, 1, true, true, .5}, STEP_GIVE_UP, 0},
	{{LLM_RESET, {false, 0, false}, 400, 0, 1, false, true, 0}, STEP_RETRY, 10},
};

START_TEST(the_next_step)
{
	uint64_t wait_ms = 0;
	enum policy_step step = policy_next(&steps[_i].c, &wait_ms);

	ck_assert_msg(step == steps[_i].step, "row %d: %d", _i, step);
	if (step == STEP_RETRY)
		ck_assert_uint_eq(wait_ms, steps[_i].wait_ms);
}
END_TEST

START_TEST(a_near_deadline_begins_nothing)
{
	ck_assert(!policy_may_begin(20, 0));
	ck_assert(policy_may_begin(30, 0));
	ck_assert(!policy_may_begin(80, 150));
	ck_assert(policy_may_begin(90, 150));
}
END_TEST

START_TEST(a_slow_answer_is_not_believed_for_ever)
{
	ck_assert(!policy_may_begin(400, policy_typical_ms(900, POLICY_LATELY_MS - 1)));
	ck_assert(policy_may_begin(400, policy_typical_ms(900, POLICY_LATELY_MS)));
}
END_TEST

static const struct {
	int64_t wall_s, reset_s;
} resets[] = {
	{1700000000, 1700035200}, /* 2023-11-14T22:13:20Z, winter: 08:00Z */
	{1720000000, 1720076400}, /* 2024-07-03T09:46:40Z, summer: 07:00Z on the 4th */
	{1720076399, 1720076400}, {1720076400, 1720162800},
	{1710064800, 1710140400}, /* 2024-03-10T10:00Z, clocks just went forward: the day has 23 hours */
	{1710057600, 1710140400}, /* the midnight before: 08:00Z */
	{1730617200, 1730707200}, /* 2024-11-03T07:00Z: 25 hours */
};

START_TEST(the_days_reset)
{
	ck_assert_msg((int64_t)policy_day_reset_ms(resets[_i].wall_s) ==
			      (resets[_i].reset_s - resets[_i].wall_s) * 1000,
		"row %d: %lld", _i, (long long)policy_day_reset_ms(resets[_i].wall_s));
}
END_TEST

START_TEST(a_hedge_waits_for_95_in_100_and_is_earned)
{
	struct hedge h = {{0}};
	int hedges = 0;

	for (unsigned i = 1; i < HEDGE_LEAST; i++)
		hedge_heard(&h, 100);
	ck_assert_uint_eq(h.p95_ms, 0);
	for (unsigned i = 1; i <= 2 * HEDGE_TIMES; i++)
		hedge_heard(&h, i % 50 ? 100 : 900); /* two in a hundred are slow */
	ck_assert_uint_eq(h.p95_ms, 101);
	for (unsigned i = 1; i <= 2 * HEDGE_TIMES; i++)
		hedge_heard(&h, i % 10 ? 100 : 900); /* ten are */
	ck_assert_uint_eq(h.p95_ms, 901);
	ck_assert(!hedge_take(&h));
	for (int i = 0; i < 1000; i++) {
		hedge_called(&h, 2);
		hedges += hedge_take(&h);
	}
	ck_assert_int_eq(hedges, 20);
	for (int i = 0; i < 1000; i++)
		hedge_called(&h, 2);
	for (hedges = 0; hedge_take(&h); hedges++)
		;
	ck_assert_int_eq(hedges, HEDGE_SAVED);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("policy");
	TCase *tc = tcase_create("policy");

	tcase_add_loop_test(tc, it_opens, 0, (int)countof(openings));
	tcase_add_test(tc, a_good_answer_forgives);
	tcase_add_test(tc, it_probes_once_and_waits_longer_each_time);
	tcase_add_test(tc, late_answers_do_not_move_an_open_one_but_the_days_quota_does);
	tcase_add_test(tc, only_the_probe_ends_probing);
	tcase_add_test(tc, others_tell);
	tcase_add_loop_test(tc, the_next_step, 0, (int)countof(steps));
	tcase_add_test(tc, a_near_deadline_begins_nothing);
	tcase_add_test(tc, a_slow_answer_is_not_believed_for_ever);
	tcase_add_test(tc, a_hedge_waits_for_95_in_100_and_is_earned);
	tcase_add_loop_test(tc, the_days_reset, 0, (int)countof(resets));
	suite_add_tcase(suite, tc);
	return check_run(suite, CK_FORK_GETENV);
}
