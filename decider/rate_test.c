/* SPDX-License-Identifier: ISC
 *
 * rate_test.c - readings of the queue and the rate that comes of them, as a table.
 */
#include "rate.h"
#include "common/base/check_run.h"

#include <stdlib.h>

static const struct {
	uint64_t seconds, waiting, finished;
	double rate; /* 0: none */
} readings[] = {
	{1, 5, 100, 0},
	{2, 5, 120, 0},	 /* 20 counted */
	{3, 5, 150, 25}, /* 50 over two seconds */
	{4, 0, 250, 0},	 /* nothing waited at the end */
	{5, 9, 350, 0},
	{6, 9, 450, 100},
	{7, 9, 3, 0}, /* Redis began again */
	{9, 9, 203, 100},
};

START_TEST(only_seconds_in_which_turns_waited_count)
{
	struct rate r = {0};

	for (size_t i = 0; i < sizeof readings / sizeof readings[0]; i++) {
		double rate = 0;
		bool told = rate_take(&r, readings[i].seconds * 1000000000, readings[i].waiting,
			readings[i].finished, &rate);

		ck_assert_msg(told == (readings[i].rate > 0) && rate == readings[i].rate, "row %zu gave %f",
			i, rate);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rate");
	TCase *tc = tcase_create("rate");

	tcase_add_test(tc, only_seconds_in_which_turns_waited_count);
	suite_add_tcase(suite, tc);
	return check_run(suite, CK_FORK_GETENV);
}
