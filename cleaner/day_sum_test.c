/* SPDX-License-Identifier: ISC
 *
 * day_sum_test.c - the day's sum over midnight.
 */
#include "day_sum.h"
#include "common/base/check_run.h"


START_TEST(the_greater_is_taken)
{
	struct day_sum s = {.day = ""};

	ck_assert(day_sum_turn(&s, "2026-01-31"));
	ck_assert_msg(!s.heard, "at a start the sum is not known");
	ck_assert(day_sum_hear(&s, SLICE("2026-01-31"), 50));
	ck_assert(day_sum_stored(&s, SLICE("2026-01-31"), 40));
	ck_assert(s.heard);
	ck_assert_uint_eq(s.spent, 50);
	ck_assert_uint_eq(s.stored, 40);
	ck_assert(!day_sum_turn(&s, "2026-01-31"));
	ck_assert_uint_eq(s.spent, 50);
}
END_TEST

START_TEST(what_was_asked_before_midnight_is_yesterdays)
{
	struct day_sum s = {.day = ""};

	day_sum_turn(&s, "2026-01-31");
	ck_assert(day_sum_stored(&s, SLICE("2026-01-31"), 5000));
	ck_assert(day_sum_turn(&s, "2026-02-01"));
	ck_assert_msg(s.heard, "a day that we saw beginning has cost nothing");
	ck_assert(!day_sum_stored(&s, SLICE("2026-01-31"), 5100));
	ck_assert(!day_sum_hear(&s, SLICE("2026-01-31"), 5200));
	ck_assert(!day_sum_hear(&s, slice_of(NULL, 0), 5200));
	ck_assert_uint_eq(s.spent, 0);
	ck_assert_uint_eq(s.stored, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("day_sum");
	TCase *tc = tcase_create("day_sum");

	tcase_add_test(tc, the_greater_is_taken);
	tcase_add_test(tc, what_was_asked_before_midnight_is_yesterdays);
	suite_add_tcase(suite, tc);
	return check_run(suite, CK_FORK_GETENV);
}
