/* SPDX-License-Identifier: ISC
 *
 * tally_test.c - counts of keys that come and go.
 */
#include "tally.h"
#include "common/base/check_run.h"

#include <stdlib.h>

START_TEST(each_key_has_its_own_count)
{
	struct tally *t = tally_create();
	struct uuid one = {{1}}, two = {{2}};

	ck_assert_uint_eq(tally_of(t, &one), 0);
	tally_add(t, &one);
	tally_add(t, &one);
	tally_add(t, &two);
	ck_assert_uint_eq(tally_of(t, &one), 2);
	ck_assert_uint_eq(tally_of(t, &two), 1);
	tally_drop(t, &one);
	tally_drop(t, &two);
	ck_assert_uint_eq(tally_of(t, &one), 1);
	ck_assert_uint_eq(tally_of(t, &two), 0);
	tally_add(t, &two); /* back after it was gone */
	ck_assert_uint_eq(tally_of(t, &two), 1);
	tally_destroy(&t);
	ck_assert_ptr_null(t);
	tally_destroy(&t);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tally");
	TCase *tc = tcase_create("tally");

	tcase_add_test(tc, each_key_has_its_own_count);
	suite_add_tcase(suite, tc);
	return check_run(suite, CK_FORK_GETENV);
}
