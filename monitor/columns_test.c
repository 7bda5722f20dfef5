/* SPDX-License-Identifier: ISC
 *
 * columns_test.c - rows to the letter, and texts that are no line of ours.
 */
#include "columns.h"
#include "common/base/check_run.h"


static const struct {
	const char *json;
	bool colour;
	const char *want; /* NULL: refused */
} rows[] = {
	{"{\"kind\":\"slow\",\"at\":\"2026-11-23T20:13:20.123Z\",\"metric\":\"api.login_response\",\"value\":412.5,"
	 "\"target\":200,\"unit\":\"ms\",\"ratio\":2.06,\"source\":\"gateway\",\"suppressed\":0}",
		false,
		"20:13:20.123  api.login_response                  412.5      200 ms     2.1x  gateway       -\n"},
	{"{\"kind\":\"slow\",\"at\":\"2026-11-23T20:13:20.123Z\",\"metric\":\"api.login_response\",\"value\":212.5,"
	 "\"target\":200,\"unit\":\"ms\",\"ratio\":1.06,\"source\":\"gateway\",\"turn_id\":\"0190\",\"suppressed\":7}",
		true,
		"20:13:20.123  \033[33mapi.login_response                  212.5\033[0m      200 ms     1.1x  gateway       0190"
		"  (+7 more)\n"},
	{"{\"kind\":\"slow\",\"source\":\"\\u001b[31m\\u0007\"}", false,
		"-             -                                       -      nan -      nanx  ?[31m?        -\n"},
	{"{\"kind\":\"snapshot\",\"at\":\"2026-11-23T20:13:20.123Z\",\"metrics\":{\"a\":{\"target\":5,\"unit\":\"ms\",\"windows\":{"
	 "\"1m\":{\"count\":3,\"p50\":1,\"p95\":2,\"p99\":20.5,\"max\":2000,\"within_target\":0.5}}},"
	 "\"b\":{\"windows\":{\"1m\":{\"count\":0}}},\"c\":7}}",
		false,
		"20:13:20.123  LAST MINUTE                        COUNT        P50        P95        P99        MAX   TARGET       "
		" WITHIN\n"
		"              a                                      3      1.000      2.000       20.5       2000        5 ms    "
		"  50.0%\n"},
	{"{\"kind\":\"snapshot\"}", false,
		"-             LAST MINUTE                        COUNT        P50        P95        P99        MAX   TARGET       "
		" WITHIN\n"},
	{"{\"kind\":\"alert\",\"at\":\"2026-11-23T20:13:20.123Z\",\"alert\":\"model_budget_soft\",\"about\":\"2026-11-23\","
	 "\"value\":20.5,\"target\":20,\"unit\":\"USD\",\"source\":\"cleaner-1\"}",
		false,
		"20:13:20.123  model_budget_soft                    20.5       20 USD    1.0x  cleaner-1     2026-11-23\n"},
	{"{\"kind\":\"alert\",\"at\":\"2026-09-21T14:13:21.000Z\",\"alert\":\"lumen_processing_over_50ms\",\"state\":\"opened\","
	 "\"id\":\"0190\",\"severity\":\"critical\",\"action\":\"check_bypass_logic\",\"about\":\"api.lumen_turn_process\","
	 "\"value\":81.500,\"limit\":50,\"target\":10,\"unit\":\"ms\",\"window\":\"1m\",\"count\":400,\"over\":40}",
		true,
		"14:13:21.000  \033[31mapi.lumen_turn_process               81.5\033[0m       10 ms     8.2x  critical      "
		"opened: lumen_processing_over_50ms, 40 of 400 past 50 ms in 1m; check_bypass_logic\n"},
	{"{\"kind\":\"alert\",\"at\":\"2026-09-21T14:13:21.000Z\",\"alert\":\"api_response_over_target\",\"state\":\"no_data\","
	 "\"severity\":\"warning\",\"action\":\"look\",\"about\":\"api.turn_insert\",\"value\":null,\"limit\":225,\"target\":150,"
	 "\"unit\":\"ms\",\"window\":\"1h\",\"count\":25,\"over\":4}",
		false,
		"14:13:21.000  api.turn_insert                         -      150 ms        -  warning       "
		"no_data: api_response_over_target, 4 of 25 past 225 ms in 1h; look\n"},
	{"{\"kind\":\"alert\",\"state\":\"resolved\"}", true,
		"-             \033[32m-                                       -\033[0m      nan -         -  -             "
		"resolved: -, nan of nan past nan - in -\n"},
	{"{\"kind\":\"alarm\"}", false, NULL},
	{"{\"kind\":7}", false, NULL},
	{"[]", false, NULL},
	{"{", false, NULL},
	{"", false, NULL},
};

START_TEST(lines_become_rows)
{
	struct buf out;
	bool ok;

	buf_init(&out, 4096);
	ok = columns_of(slice_str(rows[_i].json), rows[_i].colour, &out);
	ck_assert_msg(ok == (rows[_i].want != NULL), "row %d", _i);
	if (ok)
		ck_assert_str_eq(out.p, rows[_i].want);
	else
		ck_assert_uint_eq(out.n, 0);
	buf_finish(&out);
}
END_TEST

START_TEST(the_heading_is_as_wide_as_the_rows)
{
	struct buf heading, row;

	buf_init(&heading, 4096);
	buf_init(&row, 4096);
	columns_heading(&heading, false);
	ck_assert(columns_of(slice_str(rows[0].json), false, &row));
	ck_assert(strstr(heading.p, "SOURCE") - heading.p == strstr(row.p, "gateway") - row.p);
	ck_assert(strstr(heading.p, "TOOK") + 4 - heading.p == strstr(row.p, "412.5") + 5 - row.p);
	buf_finish(&heading);
	buf_finish(&row);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("columns");
	TCase *tc = tcase_create("columns");

	tcase_add_loop_test(tc, lines_become_rows, 0, (int)countof(rows));
	tcase_add_test(tc, the_heading_is_as_wide_as_the_rows);
	suite_add_tcase(suite, tc);
	return check_run(suite, CK_FORK_GETENV);
}
