/* SPDX-License-Identifier: ISC
 *
 * hist_test.c - percentiles against sorted samples at random, merge against the union, buckets at their borders.
 */
#include "common/base/attr.h"
#include "common/base/check_run.h"
#include "common/base/hist.h"

#include <math.h>
#include <stdlib.h>

enum { SAMPLES = 5000 };

#define LARGEST ((UINT64_C(1) << HIST_VALUE_BITS) - 1)

static const uint64_t seeds[] = {1, 2, 3, 42, 977, 65537};

/* splitmix64: the same row on every machine. */
static uint64_t next(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);

	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return z ^ (z >> 31);
}

/* Any magnitude from 0 to 2^44-1. */
static uint64_t sample(uint64_t *state)
{
	return next(state) >> (20 + next(state) % 44);
}

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

START_TEST(percentiles_against_sorted_samples)
{
	static const double shares[] = {0, 0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1};
	static struct hist h;
	static uint64_t values[SAMPLES];
	uint64_t state = seeds[_i], sum = 0;

	hist_init(&h);
	for (size_t i = 0; i < SAMPLES; i++) {
		values[i] = sample(&state);
		sum += values[i];
		hist_add(&h, values[i]);
	}
	qsort(values, SAMPLES, sizeof values[0], ascending);
	ck_assert(h.count == SAMPLES && h.sum == sum && h.min == values[0] && h.max == values[SAMPLES - 1]);
	for (size_t i = 0; i < countof(shares); i++) {
		double rank = ceil(shares[i] * SAMPLES);
		uint64_t exact = values[rank < 1 ? 0 : (size_t)rank - 1], got = hist_percentile(&h, shares[i]);

		ck_assert_msg(got >= exact && (double)got <= (double)exact * (1 + 1.0 / 32) + 1,
			"seed %d share %g: %llu for %llu", _i, shares[i], (unsigned long long)got, (unsigned long long)exact);
	}
}
END_TEST

START_TEST(merge_is_the_union)
{
	static struct hist a, b, all;
	uint64_t state = seeds[_i];

	hist_init(&a);
	hist_init(&b);
	hist_init(&all);
	for (size_t i = 0; i < SAMPLES; i++) {
		uint64_t value = sample(&state);

		hist_add(&all, value);
		hist_add(next(&state) % 3 ? &a : &b, value);
	}
	hist_merge(&a, &b);
	ck_assert_mem_eq(&a, &all, sizeof a);
}
END_TEST

START_TEST(merge_with_an_empty_one_changes_nothing)
{
	static struct hist a, empty;

	hist_init(&a);
	hist_init(&empty);
	hist_add(&a, 7);
	hist_merge(&a, &empty);
	ck_assert(a.count == 1 && a.min == 7 && a.max == 7);
	hist_merge(&empty, &a);
	ck_assert_mem_eq(&a, &empty, sizeof a);
}
END_TEST

START_TEST(buckets_cover_every_value_in_order)
{
	for (size_t i = 0; i < HIST_BUCKETS; i++) {
		ck_assert_uint_eq(hist_bucket_of(hist_bucket_top(i)), i);
		if (i + 1 < HIST_BUCKETS)
			ck_assert_uint_eq(hist_bucket_of(hist_bucket_top(i) + 1), i + 1);
	}
	ck_assert_uint_eq(hist_bucket_top(HIST_BUCKETS - 1), LARGEST);
	ck_assert_uint_eq(hist_bucket_of(UINT64_MAX), HIST_BUCKETS - 1);
}
END_TEST

START_TEST(within_a_limit)
{
	static struct hist h;

	hist_init(&h);
	ck_assert_uint_eq(hist_percentile(&h, 0.5), 0);
	ck_assert_uint_eq(hist_count_within(&h, 10), 0);
	for (uint64_t v = 0; v < 30; v++)
		hist_add(&h, v);
	ck_assert_uint_eq(hist_count_within(&h, 9), 10);
	ck_assert_uint_eq(hist_count_within(&h, 29), 30);
	ck_assert_uint_eq(hist_count_within(&h, UINT64_MAX), 30);
	hist_add(&h, UINT64_MAX);
	ck_assert_uint_eq(h.max, UINT64_MAX);
	ck_assert_uint_eq(hist_percentile(&h, 1), LARGEST);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hist");
	TCase *tc = tcase_create("hist");

	tcase_add_loop_test(tc, percentiles_against_sorted_samples, 0, (int)countof(seeds));
	tcase_add_loop_test(tc, merge_is_the_union, 0, (int)countof(seeds));
	tcase_add_test(tc, merge_with_an_empty_one_changes_nothing);
	tcase_add_test(tc, buckets_cover_every_value_in_order);
	tcase_add_test(tc, within_a_limit);
	suite_add_tcase(suite, tc);
	return check_run(suite, CK_FORK_GETENV);
}
