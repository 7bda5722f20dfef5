/* SPDX-License-Identifier: ISC
 *
 * core_test.c - the monitor's pure modules: windows at their borders, targets files right and wrong, the slow rule and its
 * bound, samples nobody should send, lines to the letter, /proc texts, modes.
 */
#include "intake.h"
#include "kept.h"
#include "lines.h"
#include "modes.h"
#include "usage.h"

#include "common/base/check_run.h"
#include "common/base/clock.h"
#include "common/wire/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SECOND NS_PER_S
#define HEADING "metric,area,target,unit,better,measured_by,what\n"

/* --- windows --- */

START_TEST(a_window_holds_its_length_and_at_most_a_slot_more)
{
	static const struct {
		enum window window;
		uint64_t age_s, want;
	} rows[] = {
		{WINDOW_1M, 0, 1}, {WINDOW_1M, 60, 1}, {WINDOW_1M, 65, 0}, {WINDOW_1M, 100000, 0},
		{WINDOW_5M, 300, 1}, {WINDOW_5M, 325, 0},
		{WINDOW_1H, 3600, 1}, {WINDOW_1H, 3900, 0},
	};
	static struct series s;
	static struct hist h;
	uint64_t at = 1000000 * SECOND + _i, within;

	for (size_t i = 0; i < countof(rows); i++) {
		series_init(&s);
		series_add(&s, at, 7, true);
		series_merge(&s, rows[i].window, at + rows[i].age_s * SECOND, &h, &within);
		ck_assert_msg(h.count == rows[i].want && within == rows[i].want, "row %zu: %llu", i,
			(unsigned long long)h.count);
		series_finish(&s);
	}
}
END_TEST

START_TEST(a_merge_equals_one_histogram_of_what_the_window_saw)
{
	static struct series s;
	static struct hist got, want;
	uint64_t now = 77 * SECOND, within, met = 0;
	unsigned state = 5;

	series_init(&s);
	hist_init(&want);
	for (int i = 0; i < 20000; i++) {
		uint64_t value = (uint64_t)rand_r(&state) << (rand_r(&state) % 12);

		now += SECOND / 400; /* 50 s in all: within the minute */
		series_add(&s, now, value, value < 1000000);
		hist_add(&want, value);
		met += value < 1000000;
	}
	for (enum window w = 0; w < WINDOW_COUNT; w++) {
		series_merge(&s, w, now, &got, &within);
		ck_assert_mem_eq(&got, &want, sizeof got);
		ck_assert_uint_eq(within, met);
	}
	series_finish(&s);
}
END_TEST

START_TEST(a_slot_comes_round_again_empty)
{
	static struct series s;
	static struct hist h;
	uint64_t within;

	series_init(&s);
	for (uint64_t second = 0; second < 500; second++)
		series_add(&s, second * SECOND, second, false);
	series_merge(&s, WINDOW_1M, 499 * SECOND, &h, &within);
	ck_assert_uint_eq(h.count, 65); /* 435 to 499: twelve slots of 5 s and the one under way */
	ck_assert_uint_eq(h.min, 435);
	ck_assert_uint_eq(h.max, 499);
	ck_assert_uint_eq(within, 0);
	series_finish(&s);
}
END_TEST

START_TEST(a_slot_never_holds_more_than_every_bucket)
{
	static struct series s;

	series_init(&s);
	for (int round = 0; round < 3; round++)
		for (size_t i = 0; i < HIST_BUCKETS; i++)
			series_add(&s, SECOND, hist_bucket_top(HIST_BUCKETS - 1 - i), true);
	for (enum window w = 0; w < WINDOW_COUNT; w++)
		for (int i = 0; i < WINDOW_SLOTS; i++)
			ck_assert_uint_le(s.slots[w][i].cap, HIST_BUCKETS);
	series_finish(&s);
}
END_TEST

/* --- targets --- */

static const struct {
	const char *text, *error; /* NULL: right */
} files[] = {
	{HEADING, NULL},
	{HEADING "api.login_response,api,250,ms,lower,gateway,POST /auth/login\n", NULL},
	{"metric,area,target,unit,better\r\napi.login_response,api,250,ms,lower\r\n\r\n# note\n", NULL},
	{HEADING "api.login_response,api,250,ms,lower", NULL},
	{"", "t.csv:1: the first line must be the heading metric,area,target,unit,better"},
	{"metric,area,target,unit,betterx\n", "t.csv:1: the first line must be the heading metric,area,target,unit,better"},
	{HEADING "\napi.login_response,api,fast,ms,lower\n",
		"t.csv:3: target of api.login_response must be a number above 0 and at most 10000000, got \"fast\""},
	{HEADING "api.login_response,api,0,ms,lower\n",
		"t.csv:2: target of api.login_response must be a number above 0 and at most 10000000, got \"0\""},
	{HEADING "api.login_response,api,inf,ms,lower\n",
		"t.csv:2: target of api.login_response must be a number above 0 and at most 10000000, got \"inf\""},
	{HEADING "api.login_response,api,-1,ms,lower\n",
		"t.csv:2: target of api.login_response must be a number above 0 and at most 10000000, got \"-1\""},
	{HEADING "api.login_response,api,1.2.3,ms,lower\n",
		"t.csv:2: target of api.login_response must be a number above 0 and at most 10000000, got \"1.2.3\""},
	{HEADING "api.login_response,api\n",
		"t.csv:2: target of api.login_response must be a number above 0 and at most 10000000, got \"\""},
	{HEADING "api.login_response,ui,250,ms,lower\n", "t.csv:2: area of api.login_response must be api, got \"ui\""},
	{HEADING "api.login_response,api,250,s,lower\n", "t.csv:2: unit of api.login_response must be ms, got \"s\""},
	{HEADING "api.login_response,api,250,ms,higher\n",
		"t.csv:2: better of api.login_response must be lower, got \"higher\""},
	{HEADING "api.login_response,api,250,ms,lower\napi.login_response,api,250,ms,lower\n",
		"t.csv:3: a second row for api.login_response"},
	{HEADING "api.logn,api,250,ms,lower\n", "t.csv:2: unknown metric \"api.logn\"; known: ui.button_click_feedback, "},
};

START_TEST(targets_files)
{
	struct targets t;
	struct buf error;
	bool ok;

	buf_init(&error, 8192);
	targets_shipped(&t);
	ok = targets_parse(&t, slice_str(files[_i].text), "t.csv", &error);
	ck_assert_msg(ok == !files[_i].error, "row %d: %s", _i, error.p);
	if (files[_i].error)
		ck_assert_msg(strncmp(error.p, files[_i].error, strlen(files[_i].error)) == 0, "row %d: %s", _i, error.p);
	else if (strstr(files[_i].text, "250"))
		ck_assert(t.shown[METRIC_API_LOGIN_RESPONSE] == 250 && t.limit[METRIC_API_LOGIN_RESPONSE] == 250000000);
	buf_finish(&error);
}
END_TEST

START_TEST(meeting_a_target)
{
	static const struct {
		enum metric metric;
		double value; /* in the metric's unit */
		bool met;
	} rows[] = {
		{METRIC_API_LOGIN_RESPONSE, 200, true}, {METRIC_API_LOGIN_RESPONSE, 200.001, false},
		{METRIC_UI_PROGRESS_BAR_UPDATE, 16.7, true}, {METRIC_UI_PROGRESS_BAR_UPDATE, 16.8, false},
		{METRIC_SYSTEM_QUEUE_PROCESSING_RATE, 10, true}, {METRIC_SYSTEM_QUEUE_PROCESSING_RATE, 9, false},
	};
	struct targets t;

	targets_shipped(&t);
	for (size_t i = 0; i < countof(rows); i++)
		ck_assert_msg(targets_met(&t, rows[i].metric, (uint64_t)(rows[i].value * 1e6 + 0.5)) == rows[i].met,
			"row %zu", i);
}
END_TEST

START_TEST(every_metric_has_an_area_and_a_target)
{
	struct targets t;

	targets_shipped(&t);
	for (enum metric m = 0; m < METRIC_COUNT; m++) {
		struct slice area = metric_area(m);

		ck_assert(slice_eq(area, SLICE("ui")) || slice_eq(area, SLICE("api")) || slice_eq(area, SLICE("ai")) ||
			  slice_eq(area, SLICE("system")));
		ck_assert(t.limit[m] > 0);
	}
}
END_TEST

/* --- the slow rule --- */

START_TEST(ten_slow_ones_a_second_and_the_rest_counted)
{
	struct targets t;
	struct rules r;
	struct finding f;
	uint64_t slow = 201 * NS_PER_MS;
	int told = 0;

	targets_shipped(&t);
	rules_init(&r);
	for (int i = 0; i < 25; i++)
		if (rules_sample(&r, &t, METRIC_API_LOGIN_RESPONSE, slow, 5 * SECOND + i, &f)) {
			ck_assert_uint_eq(f.suppressed, 0);
			told++;
		}
	ck_assert_int_eq(told, RULES_SLOW_PER_S);
	ck_assert(rules_sample(&r, &t, METRIC_API_TOKEN_REFRESH, slow, 5 * SECOND, &f)); /* a metric's own bound */
	ck_assert(rules_sample(&r, &t, METRIC_API_LOGIN_RESPONSE, slow, 6 * SECOND, &f));
	ck_assert_uint_eq(f.suppressed, 15);
	ck_assert_uint_eq(f.value, slow);
	ck_assert(rules_sample(&r, &t, METRIC_API_LOGIN_RESPONSE, slow, 6 * SECOND, &f));
	ck_assert_uint_eq(f.suppressed, 0);
}
END_TEST

START_TEST(what_is_no_slow_operation)
{
	static const struct {
		enum metric metric;
		double value;
	} rows[] = {
		{METRIC_API_LOGIN_RESPONSE, 200},
		{METRIC_SYSTEM_BACKEND_MEMORY_USAGE, 4000},   /* a figure, not an operation */
		{METRIC_SYSTEM_CPU_USAGE_PROCESSING, 99},
		{METRIC_SYSTEM_WEBSOCKET_CONNECTIONS, 5},     /* fewer than its target are no fault by themselves */
	};
	struct targets t;
	struct rules r;
	struct finding f;

	targets_shipped(&t);
	rules_init(&r);
	for (size_t i = 0; i < countof(rows); i++)
		ck_assert_msg(!rules_sample(&r, &t, rows[i].metric, (uint64_t)(rows[i].value * 1e6), SECOND, &f), "row %zu", i);
}
END_TEST

START_TEST(few_are_a_missed_capacity_only_when_something_is_slow)
{
	const uint64_t few = 5 * 1000000, enough = UINT64_C(1000) * 1000000;
	const enum metric sockets = METRIC_SYSTEM_WEBSOCKET_CONNECTIONS, conversations = METRIC_SYSTEM_CONCURRENT_CONVERSATIONS;
	struct targets t;
	struct rules r;
	struct finding f;

	targets_shipped(&t);
	rules_init(&r);
	ck_assert(rules_within(&r, &t, sockets, few));
	ck_assert(rules_sample(&r, &t, METRIC_API_LOGIN_RESPONSE, 201 * NS_PER_MS, SECOND, &f));
	ck_assert(!rules_within(&r, &t, sockets, few));
	ck_assert(rules_within(&r, &t, sockets, few));
	ck_assert(rules_within(&r, &t, conversations, enough));
	ck_assert(!rules_within(&r, &t, METRIC_SYSTEM_QUEUE_PROCESSING_RATE, few)); /* a rate is measured under load */
}
END_TEST

/* --- intake --- */

START_TEST(samples_that_nobody_should_send)
{
	static char bytes[(LIMIT_TIMING_SAMPLES + 1) * INTAKE_SAMPLE_BYTES];
	struct slice s = slice_of(bytes, INTAKE_SAMPLE_BYTES);
	enum metric metric;
	uint64_t value;

	ck_assert(intake_valid(slice_of(NULL, 0)));
	ck_assert(intake_valid(slice_of(bytes, LIMIT_TIMING_SAMPLES * INTAKE_SAMPLE_BYTES)));
	ck_assert(!intake_valid(slice_of(bytes, sizeof bytes)));
	ck_assert(!intake_valid(slice_of(bytes, INTAKE_SAMPLE_BYTES - 1)));
	memset(bytes, 0xFF, sizeof bytes);
	ck_assert(intake_next(&s, &metric, &value));
	ck_assert_int_eq(metric, METRIC_COUNT);
	ck_assert_uint_eq(value, (UINT64_C(1) << HIST_VALUE_BITS) - 1);
	ck_assert(!intake_next(&s, &metric, &value));
	memcpy(bytes, "\x01\x00\x02\x01\x00\x00\x00\x00\x00\x00", INTAKE_SAMPLE_BYTES);
	s = slice_of(bytes, INTAKE_SAMPLE_BYTES);
	ck_assert(intake_next(&s, &metric, &value));
	ck_assert(metric == (enum metric)1 && value == 258);
}
END_TEST

START_TEST(names_of_senders)
{
	static const struct {
		struct slice given;
		const char *want;
	} rows[] = {
		{{"cleaner-2", 9}, "cleaner-2"},
		{{NULL, 0}, ""},
		{{"a\"\n\0\xFFz", 6}, "a????z"},
		{{"0123456789012345678901234567890123456789tail", 44}, "0123456789012345678901234567890123456789"},
	};
	char out[INTAKE_SOURCE_BYTES];

	for (size_t i = 0; i < countof(rows); i++) {
		intake_source(rows[i].given, out);
		ck_assert_str_eq(out, rows[i].want);
	}
}
END_TEST

/* --- lines --- */

START_TEST(a_slow_line_to_the_letter)
{
	const struct finding f = {METRIC_API_USER_TURN_FULL_CLEAN, 812345678, 3};
	struct uuid id;
	struct targets t;
	struct buf out;

	targets_shipped(&t);
	ck_assert(uuid_parse(SLICE("01900000-0000-7000-8000-000000000001"), &id));
	buf_init(&out, LINES_BYTES);
	line_slow(&out, &f, &t, "gateway", &id, 1700000000123456);
	ck_assert_str_eq(out.p,
		"{\"kind\":\"slow\",\"at\":\"2023-11-14T22:13:20.123Z\",\"metric\":\"api.user_turn_full_clean\",\"area\":\"api\","
		"\"value\":812.345,\"target\":500,\"unit\":\"ms\",\"ratio\":1.62,\"source\":\"gateway\","
		"\"turn_id\":\"01900000-0000-7000-8000-000000000001\",\"suppressed\":3}");
	buf_reset(&out);
	line_slow(&out, &f, &t, "gateway", NULL, 1700000000123456);
	ck_assert(strstr(out.p, "turn_id") == NULL);
	buf_finish(&out);
}
END_TEST

START_TEST(a_snapshot_to_the_letter)
{
	static struct series all[METRIC_COUNT];
	const struct tally tally = {4, 1, 2, 0};
	struct targets t;
	struct buf out;

	targets_shipped(&t);
	for (uint64_t ms = 1; ms <= 4; ms++)
		series_add(&all[METRIC_API_TOKEN_REFRESH], SECOND, ms * 40 * NS_PER_MS, ms * 40 <= 100);
	buf_init(&out, LINES_BYTES);
	line_snapshot(&out, all, &t, &tally, 200 * SECOND, 1700000000123456);
	ck_assert_str_eq(out.p,
		"{\"kind\":\"snapshot\",\"at\":\"2023-11-14T22:13:20.123Z\",\"samples\":4,\"samples_lost\":1,"
		"\"messages_refused\":2,\"lines_lost\":0,\"metrics\":{\"api.token_refresh\":{\"area\":\"api\",\"unit\":\"ms\","
		"\"target\":100,\"better\":\"lower\",\"windows\":{"
		"\"1m\":{\"count\":0,\"average\":null,\"min\":null,\"max\":null,\"p50\":null,\"p95\":null,\"p99\":null,"
		"\"within_target\":null},"
		"\"5m\":{\"count\":4,\"average\":100.000,\"min\":40.000,\"max\":160.000,\"p50\":81.788,\"p95\":160.000,"
		"\"p99\":160.000,\"within_target\":0.5},"
		"\"1h\":{\"count\":4,\"average\":100.000,\"min\":40.000,\"max\":160.000,\"p50\":81.788,\"p95\":160.000,"
		"\"p99\":160.000,\"within_target\":0.5}}}}}");
	series_finish(&all[METRIC_API_TOKEN_REFRESH]);
	buf_finish(&out);
}
END_TEST

START_TEST(a_snapshot_of_everything_fits)
{
	static struct series all[METRIC_COUNT];
	static const struct tally tally = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX};
	struct targets t;
	struct buf out;

	targets_shipped(&t);
	for (enum metric m = 0; m < METRIC_COUNT; m++)
		series_add(&all[m], SECOND, UINT64_C(1) << 43, false);
	buf_init(&out, LINES_BYTES);
	line_snapshot(&out, all, &t, &tally, SECOND, 1700000000123456);
	ck_assert(!out.overflow && out.n < LINES_BYTES / 2);
	buf_finish(&out);
	for (enum metric m = 0; m < METRIC_COUNT; m++)
		series_finish(&all[m]);
}
END_TEST

/* --- /proc --- */

START_TEST(proc_texts)
{
	uint64_t v = 0;

	ck_assert(usage_parse_stat(
		SLICE("7 (a) b) S 1 7 7 0 -1 4194560 100 0 0 0 12 30 0 0 20 0 1 0 99 1000 200\n"), &v));
	ck_assert_uint_eq(v, 42);
	ck_assert(!usage_parse_stat(SLICE("7 (a) S 1 7"), &v));
	ck_assert(!usage_parse_stat(SLICE("nonsense"), &v));
	ck_assert(!usage_parse_stat(slice_of(NULL, 0), &v));
	ck_assert(usage_parse_pss(SLICE("0-f ---p 0 00:00 0 [rollup]\nRss:  90 kB\nPss:      12 kB\nPss_Anon: 1 kB\n"), &v));
	ck_assert_uint_eq(v, 12 * 1024);
	ck_assert(!usage_parse_pss(SLICE("Rss:  90 kB\n"), &v));
	ck_assert(!usage_parse_pss(slice_of(NULL, 0), &v));
}
END_TEST

START_TEST(a_look_finds_this_process)
{
	static struct usage u;
	struct usage_figures f;

	usage_look(&u, "/nonexistent/timings", SECOND, &f);
	ck_assert_uint_eq(f.processes, 1);
	ck_assert(f.memory_bytes > 0 && f.cpu_percent < 0);
	usage_look(&u, "/nonexistent/timings", 2 * SECOND, &f);
	ck_assert(f.cpu_percent >= 0 && f.cpu_percent <= 100);
}
END_TEST

START_TEST(modes_by_name)
{
	struct modes m = {0};
	struct buf out;

	buf_init(&out, 1000);
	modes_text(&m, &out);
	ck_assert_uint_eq(out.n, 0);
	m.on[MODE_LIGHT_CLEANING] = m.on[MODE_SIMPLE_PAGE] = true;
	modes_text(&m, &out);
	ck_assert_str_eq(out.p, "light_cleaning simple_page");
	buf_finish(&out);
}
END_TEST

static const char *modes_now(const struct modes *m)
{
	static char text[200];
	struct buf on, said;

	buf_init(&on, sizeof text / 2);
	buf_init(&said, sizeof text / 2);
	modes_text(m, &on);
	modes_said_text(m, &said);
	snprintf(text, sizeof text, "%s|%s", on.n ? on.p : "", said.n ? said.p : "");
	buf_finish(&on);
	buf_finish(&said);
	return text;
}

START_TEST(a_word_stands_over_the_rules_until_its_time)
{
	struct modes m = {.on[MODE_SIMPLE_PAGE] = true};

	modes_say(&m, &(struct mode_override){MODE_BATCH_MODEL_CALLS, true, 2000}, 1000);
	modes_say(&m, &(struct mode_override){MODE_SIMPLE_PAGE, false, 3000}, 1000);
	ck_assert_str_eq(modes_now(&m), "batch_model_calls|batch_model_calls=1@2000 simple_page=0@3000");
	ck_assert_int_eq(modes_next_end(&m), 2000);
	ck_assert(!modes_expire(&m, 1999));
	ck_assert(modes_expire(&m, 2000));
	ck_assert_str_eq(modes_now(&m), "|simple_page=0@3000");
	modes_say(&m, &(struct mode_override){MODE_SIMPLE_PAGE, true, 1500}, 2000); /* over already: taken back */
	ck_assert_str_eq(modes_now(&m), "simple_page|");
	ck_assert_int_eq(modes_next_end(&m), 0);
}
END_TEST

static void write_kept(const char *folder, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof path, "%s/modes.kept", folder);
	file = fopen(path, "we");
	ck_assert(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

static const char *read_kept(const char *folder, int64_t now_at)
{
	struct modes m = {.on = {false}};

	kept_read(folder, &m, now_at);
	return modes_now(&m);
}

START_TEST(words_are_kept)
{
	char folder[] = "/tmp/cleanerctx-kept-XXXXXX", path[128];
	struct modes m = {.on = {false}};

	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_str_eq(read_kept(folder, 1000), "|");
	modes_say(&m, &(struct mode_override){MODE_BATCH_MODEL_CALLS, true, 2000}, 1000);
	modes_say(&m, &(struct mode_override){MODE_SIMPLE_PAGE, false, 3000}, 1000);
	kept_write(folder, &m);
	ck_assert_str_eq(read_kept(folder, 1500), "batch_model_calls|batch_model_calls=1@2000 simple_page=0@3000");
	ck_assert_str_eq(read_kept(folder, 2000), "|simple_page=0@3000"); /* over while nobody was there */
	modes_say(&m, &(struct mode_override){MODE_BATCH_MODEL_CALLS, false, 0}, 1500);
	modes_say(&m, &(struct mode_override){MODE_SIMPLE_PAGE, false, 0}, 1500);
	kept_write(folder, &m);
	ck_assert_str_eq(read_kept(folder, 1500), "|");
	write_kept(folder, "batch_model_calls=1@9999 nonsense simple_page=1@9999");
	ck_assert_str_eq(read_kept(folder, 1000), "batch_model_calls|batch_model_calls=1@9999");
	snprintf(path, sizeof path, "%s/modes.kept", folder);
	ck_assert(unlink(path) == 0 && rmdir(folder) == 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("monitor core");
	TCase *tc = tcase_create("core");

	tcase_add_loop_test(tc, a_window_holds_its_length_and_at_most_a_slot_more, 0, 3);
	tcase_add_test(tc, a_merge_equals_one_histogram_of_what_the_window_saw);
	tcase_add_test(tc, a_slot_comes_round_again_empty);
	tcase_add_test(tc, a_slot_never_holds_more_than_every_bucket);
	tcase_add_loop_test(tc, targets_files, 0, (int)countof(files));
	tcase_add_test(tc, meeting_a_target);
	tcase_add_test(tc, every_metric_has_an_area_and_a_target);
	tcase_add_test(tc, ten_slow_ones_a_second_and_the_rest_counted);
	tcase_add_test(tc, what_is_no_slow_operation);
	tcase_add_test(tc, few_are_a_missed_capacity_only_when_something_is_slow);
	tcase_add_test(tc, samples_that_nobody_should_send);
	tcase_add_test(tc, names_of_senders);
	tcase_add_test(tc, a_slow_line_to_the_letter);
	tcase_add_test(tc, a_snapshot_to_the_letter);
	tcase_add_test(tc, a_snapshot_of_everything_fits);
	tcase_add_test(tc, proc_texts);
	tcase_add_test(tc, a_look_finds_this_process);
	tcase_add_test(tc, words_are_kept);
	tcase_add_test(tc, modes_by_name);
	tcase_add_test(tc, a_word_stands_over_the_rules_until_its_time);
	suite_add_tcase(suite, tc);
	return check_run(suite, CK_FORK_GETENV);
}
