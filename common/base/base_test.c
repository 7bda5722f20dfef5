/* SPDX-License-Identifier: ISC
 *
 * base_test.c - case tables for the leaf modules of common/base.
 */
#include "common/base/buf.h"
#include "common/base/check_run.h"
#include "common/base/clock.h"
#include "common/base/json_out.h"
#include "common/base/sched.h"
#include "common/base/utf8.h"
#include "common/base/uuid.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

START_TEST(buf_refuses_past_its_ceiling_and_says_so)
{
	struct buf b;

	buf_init(&b, 8);
	buf_str(&b, "1234");
	buf_str(&b, "56789");
	ck_assert(b.overflow);
	ck_assert_str_eq(b.p, "1234");
	buf_reset(&b);
	buf_str(&b, "12345678");
	ck_assert(!b.overflow);
	ck_assert_uint_eq(b.n, 8);
	buf_finish(&b);
}
END_TEST

START_TEST(buf_numbers)
{
	struct buf b;

	buf_init(&b, 100);
	buf_i64(&b, INT64_MIN);
	buf_char(&b, ' ');
	buf_u64(&b, UINT64_MAX);
	buf_printf(&b, " %d", 7);
	ck_assert_str_eq(b.p, "-9223372036854775808 18446744073709551615 7");
	buf_finish(&b);
}
END_TEST

START_TEST(json_escapes_and_separates)
{
	struct buf b;

	buf_init(&b, 1000);
	buf_char(&b, '{');
	json_kv_str(&b, "a", SLICE("q\"\\\n\x01\xC3\xA9"));
	json_kv_str(&b, "none", slice_of(NULL, 0));
	json_kv_ms(&b, "ms", 12345678);
	json_kv_time(&b, "at", 1700000000123456);
	buf_char(&b, '}');
	ck_assert_str_eq(b.p, "{\"a\":\"q\\\"\\\\\\n\\u0001\xC3\xA9\",\"none\":null,\"ms\":12.345,"
			      "\"at\":\"2023-11-14T22:13:20.123Z\"}");
	buf_finish(&b);
}
END_TEST

static const struct {
	const char *text;
	int64_t us; /* -1: refused */
} times[] = {
	{"1970-01-01T00:00:00Z", 0},
	{"2023-11-14T22:13:20.123456Z", 1700000000123456},
	{"2023-11-14T23:13:20+01:00", 1700000000000000},
	{"2023-02-29T00:00:00Z", -1},
	{"2023-13-01T00:00:00Z", -1},
	{"2023-11-14", -1},
	{"2023-11-14T22:13:20", -1},
	{"2023-11-14T22:13:20.Z", -1},
	{"2023-11-14T22:13:20Zx", -1},
	{"", -1},
};

START_TEST(rfc3339)
{
	int64_t us = -1;
	bool ok = clock_parse_rfc3339(slice_str(times[_i].text), &us);

	ck_assert_msg(ok == (times[_i].us != -1) && us == times[_i].us, "row %d: %s gave %lld", _i, times[_i].text,
		(long long)us);
}
END_TEST

static const struct {
	const char *bytes;
	bool valid;
	size_t bad;
} texts[] = {
	{"plain", true, 0},
	{"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", true, 0},
	{"a\xC0\xAF", false, 1},         /* overlong */
	{"ab\xED\xA0\x80", false, 2},    /* surrogate */
	{"\xF4\x90\x80\x80", false, 0},  /* past U+10FFFF */
	{"x\xE2\x82", false, 1},         /* cut */
	{"\x80", false, 0},              /* continues nothing */
	{"\xE0\x9F\xBF", false, 0},      /* overlong, three bytes */
};

START_TEST(utf8)
{
	size_t bad = 0;
	bool ok = utf8_valid(slice_str(texts[_i].bytes), &bad);

	ck_assert_msg(ok == texts[_i].valid && bad == texts[_i].bad, "row %d: %d at %zu", _i, ok, bad);
}
END_TEST

START_TEST(uuid_round_trip_and_order)
{
	struct uuid a = uuid_v7(), b = uuid_v7(), c;
	char text[UUID_TEXT_BYTES];

	ck_assert_int_lt(memcmp(a.b, b.b, 8), 0);
	uuid_text(&a, text);
	ck_assert_int_eq(text[14], '7');
	ck_assert(strchr("89ab", text[19]) != NULL);
	ck_assert(uuid_parse(slice_str(text), &c));
	ck_assert(uuid_eq(&a, &c));
	text[8] = '0';
	ck_assert(!uuid_parse(slice_str(text), &c));
	ck_assert(!uuid_parse(SLICE("0190"), &c));
	ck_assert(!uuid_parse(SLICE("g1900000-0000-7000-8000-000000000000"), &c));
}
END_TEST

START_TEST(slices_are_the_threads_own)
{
	if (!sched_slice(SCHED_SHORT_US)) {
		fprintf(stderr, "this kernel has no slices of a thread's own (Linux 6.12 has): not tried\n");
		return;
	}
	ck_assert_uint_eq(sched_slice_now(), SCHED_SHORT_US);
	ck_assert(sched_slice(SCHED_LONG_US));
	ck_assert_uint_eq(sched_slice_now(), SCHED_LONG_US);
}
END_TEST

START_TEST(giving_way_is_never_taken_back)
{
	int before = getpriority(PRIO_PROCESS, 0), after = before > 10 ? before : 10;

	sched_give_way(10);
	ck_assert_int_eq(getpriority(PRIO_PROCESS, 0), after);
	sched_give_way(5);
	ck_assert_int_eq(getpriority(PRIO_PROCESS, 0), after);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("base");
	TCase *tc = tcase_create("base");

	tcase_add_test(tc, buf_refuses_past_its_ceiling_and_says_so);
	tcase_add_test(tc, buf_numbers);
	tcase_add_test(tc, json_escapes_and_separates);
	tcase_add_loop_test(tc, rfc3339, 0, (int)countof(times));
	tcase_add_loop_test(tc, utf8, 0, (int)countof(texts));
	tcase_add_test(tc, uuid_round_trip_and_order);
	tcase_add_test(tc, slices_are_the_threads_own);
	tcase_add_test(tc, giving_way_is_never_taken_back);
	suite_add_tcase(suite, tc);
	return check_run(suite, CK_FORK_GETENV);
}
