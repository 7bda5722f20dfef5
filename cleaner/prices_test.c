/* SPDX-License-Identifier: ISC
 *
 * prices_test.c - amounts, tables right and wrong, and costs to the last digit.
 */
#include "prices.h"

#include "common/base/attr.h"
#include "common/base/check_run.h"


static const struct {
	const char *text;
	bool right;
	uint64_t micro;
} amounts[] = {{"0", true, 0}, {"0.30", true, 300000}, {"2.5", true, 2500000}, {".000001", true, 1},
	{"1000000", true, 1000000000000}, {"1000000.000001", false, 0}, {"0.0000001", false, 0},
	{"", false, 0}, {".", false, 0}, {"1.2.3", false, 0}, {"-1", false, 0}, {"1e3", false, 0},
	{"99999999999999999999", false, 0}};

START_TEST(amounts_as_written)
{
	uint64_t micro;

	ck_assert_int_eq(amount_parse(slice_str(amounts[_i].text), &micro), amounts[_i].right);
	if (amounts[_i].right)
		ck_assert_uint_eq(micro, amounts[_i].micro);
}
END_TEST

static const struct {
	const char *text;
	size_t count; /* 99: wrong */
} tables[] = {{"", 0}, {"  ", 0}, {"m 1 2 3 4", 1}, {" m 1 2 3 4 , n 0.1 0 0 0", 2}, {"m 1 2 3", 99},
	{"m 1 2 3 4 5", 99}, {"m 1 2 3 x", 99}, {"m 1 2 3 4,", 99}, {",", 99}};

START_TEST(tables_right_and_wrong)
{
	struct prices p;
	struct buf error;
	bool right;

	buf_init(&error, 1000);
	right = prices_parse(slice_str(tables[_i].text), &p, &error);
	ck_assert_int_eq(right, tables[_i].count != 99);
	ck_assert_int_eq(right, error.n == 0);
	if (right)
		ck_assert_uint_eq(p.count, tables[_i].count);
	buf_finish(&error);
}
END_TEST

START_TEST(costs_by_kind)
{
	struct prices p;
	struct buf error;
	uint64_t nano;

	buf_init(&error, 1000);
	ck_assert(prices_parse(SLICE("fake 0.30 0.03 2.50 3, free 0 0 0 0"), &p, &error));
	ck_assert(prices_cost(&p, "fake", &(struct llm_usage){1000000, 0, 0, 0}, &nano));
	ck_assert_uint_eq(nano, 300000000);
	/* 900 of 0.30, 100 of 0.03, 10 of 2.50, 1 of 3, a million each */
	ck_assert(prices_cost(&p, "fake", &(struct llm_usage){1000, 100, 10, 1}, &nano));
	ck_assert_uint_eq(nano, 270000 + 3000 + 25000 + 3000);
	ck_assert(prices_cost(
		&p, "fake", &(struct llm_usage){10, 20, 0, 0}, &nano)); /* more cached than there were */
	ck_assert_uint_eq(nano, 300);
	ck_assert(prices_cost(&p, "free", &(struct llm_usage){1000, 0, 10, 0}, &nano));
	ck_assert_uint_eq(nano, 0);
	ck_assert(!prices_cost(&p, "other", &(struct llm_usage){1000, 0, 10, 0}, &nano));
	buf_finish(&error);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("prices");
	TCase *tc = tcase_create("prices");

	tcase_add_loop_test(tc, amounts_as_written, 0, (int)countof(amounts));
	tcase_add_loop_test(tc, tables_right_and_wrong, 0, (int)countof(tables));
	tcase_add_test(tc, costs_by_kind);
	suite_add_tcase(suite, tc);
	return check_run(suite, CK_FORK_GETENV);
}
