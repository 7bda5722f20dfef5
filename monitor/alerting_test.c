/* SPDX-License-Identifier: ISC
 *
 * alerting_test.c - when missed targets become an alert, how it is raised, what silence does to it, and when it ends.
 */
#include "alerting.h"
#include "lines.h"

#include "common/base/check_run.h"
#include "common/base/clock.h"

enum { AFTER_S = 10, CLEAR_S = 60 };

static struct alerting alerting;
static struct targets targets;
static struct rules rules;
static struct series series;
static enum metric metric;
static uint64_t now_s; /* of the played clock */
static struct alert_event told;

static void begin_with(enum metric m)
{
	metric = m;
	now_s = 1000000;
	alerting_init(&alerting);
	alerting.after_ns = AFTER_S * NS_PER_S;
	alerting.clear_ns = CLEAR_S * NS_PER_S;
	targets_shipped(&targets);
	rules_init(&rules);
	series_finish(&series);
}

/* So many samples of a value, in the metric's unit, now. */
static void hear(int n, double value)
{
	uint64_t v = (uint64_t)(value * 1e6);

	for (int i = 0; i < n; i++)
		series_add(&series, now_s * NS_PER_S, v, rules_within(&rules, &targets, metric, v));
}

static bool look(void)
{
	return alerting_look(&alerting, &targets, metric, &series, now_s * NS_PER_S, (int64_t)now_s * 1000000, &told);
}

/* Seconds go by, with n samples of the value in each, until something is told: after how many; -1: nothing was. */
static int pass(int seconds, int n, double value)
{
	for (int s = 1; s <= seconds; s++) {
		now_s++;
		hear(n, value);
		if (look())
			return s;
	}
	return -1;
}

START_TEST(a_target_missed_for_a_while_opens_one_alert)
{
	begin_with(METRIC_API_TURN_INSERT); /* 150 ms: a warning past 225 */
	ck_assert_int_eq(pass(300, 5, 200), -1);
	ck_assert_int_ge(pass(60, 5, 300), AFTER_S);
	ck_assert_int_eq(told.state, ALERT_OPENED);
	ck_assert_str_eq(told.rule->name, "api_response_over_target");
	ck_assert_int_eq(told.rule->severity, SEVERITY_WARNING);
	ck_assert_double_eq(told.figures.limit, 225);
	ck_assert_int_eq(told.figures.window, WINDOW_1M);
	ck_assert_uint_ge(told.figures.value, 300 * 1000000);
	ck_assert_int_eq(told.opened_at, (int64_t)now_s * 1000000);
	ck_assert_uint_eq(alerting_open(&alerting, SEVERITY_WARNING), 1);
	ck_assert_uint_eq(alerting_open(&alerting, SEVERITY_CRITICAL), 0);
	ck_assert_int_eq(pass(120, 5, 300), -1); /* once */
}
END_TEST

static const struct {
	int n, over;
	bool opens;
} few[] = {
	{19, 19, false}, /* too few say nothing */
	{20, 2, false},	 /* a hiccup */
	{20, 3, true},
	{400, 4, false}, /* one in a hundred */
	{400, 5, true},
};

START_TEST(a_few_slow_ones_are_none)
{
	bool opened = false;

	begin_with(METRIC_API_LOGIN_RESPONSE);
	hear(few[_i].n - few[_i].over, 20);
	hear(few[_i].over, 500);
	for (int s = 0; s <= 30; s++, now_s++) /* within the minute */
		opened |= look();
	ck_assert_int_eq(opened, few[_i].opens);
}
END_TEST

START_TEST(rare_ones_are_held_against_the_hour)
{
	begin_with(METRIC_API_LOGIN_RESPONSE);
	for (int i = 0; i < 25; i++, now_s += 120)
		hear(1, 900);
	now_s -= 120;
	ck_assert(!look());
	ck_assert_int_eq(pass(AFTER_S, 0, 0), AFTER_S);
	ck_assert_int_eq(told.figures.window, WINDOW_1H);
	ck_assert_uint_eq(told.figures.count, 25);
}
END_TEST

START_TEST(what_becomes_worse_is_raised_and_keeps_its_id)
{
	struct uuid id;

	begin_with(METRIC_API_LUMEN_TURN_PROCESS);
	ck_assert_int_gt(pass(60, 5, 20), 0);
	ck_assert_str_eq(told.rule->name, "api_response_over_target");
	id = told.id;
	ck_assert_int_ge(pass(60, 5, 80), AFTER_S);
	ck_assert_int_eq(told.state, ALERT_RAISED);
	ck_assert_str_eq(told.rule->name, "lumen_processing_over_50ms");
	ck_assert_str_eq(told.rule->action, "check_bypass_logic");
	ck_assert(uuid_eq(&told.id, &id));
	ck_assert_int_eq(pass(120, 5, 20), -1); /* better again is no news while it is not well */
	ck_assert_int_ge(pass(300, 5, 2), CLEAR_S);
	ck_assert_int_eq(told.state, ALERT_RESOLVED);
	ck_assert(uuid_eq(&told.id, &id));
	ck_assert_ptr_nonnull(told.rule);
	ck_assert_ptr_null(alerting.metric[metric].open.rule);
}
END_TEST

START_TEST(what_comes_and_goes_is_one_alert)
{
	begin_with(METRIC_API_TURN_INSERT);
	ck_assert_int_gt(pass(60, 5, 300), 0);
	for (int i = 0; i < 20; i++) {
		ck_assert_int_eq(pass(30, 5, 300), -1);
		ck_assert_int_eq(pass(CLEAR_S, 5, 10), -1); /* the minute is clear for less than that */
	}
}
END_TEST

START_TEST(silence_ends_nothing)
{
	begin_with(METRIC_API_TURN_INSERT);
	ck_assert_int_gt(pass(60, 5, 300), 0);
	ck_assert_int_gt(pass(2 * 3600, 0, 0), 3000); /* its hour is still known */
	ck_assert_int_eq(told.state, ALERT_NO_DATA);
	ck_assert_int_eq(pass(24 * 3600, 0, 0), -1);
	ck_assert_int_gt(pass(10, 5, 10), 0);
	ck_assert_int_eq(told.state, ALERT_DATA);
	ck_assert_int_ge(pass(300, 5, 10), CLEAR_S - 1);
	ck_assert_int_eq(told.state, ALERT_RESOLVED);
}
END_TEST

START_TEST(silence_begins_nothing)
{
	begin_with(METRIC_API_TURN_INSERT);
	hear(19, 10000);
	ck_assert_int_eq(pass(7200, 0, 0), -1);
}
END_TEST

START_TEST(a_monitor_that_is_started_again_goes_on)
{
	struct alert_event before;

	begin_with(METRIC_API_TURN_INSERT);
	ck_assert_int_gt(pass(60, 5, 300), 0);
	before = told;
	begin_with(METRIC_API_TURN_INSERT);
	ck_assert(alerting_restore(&alerting, &before));
	ck_assert(!alerting_restore(&alerting, &before));	    /* one a metric */
	ck_assert_int_eq(pass(7200, 0, 0), -1);		    /* that it knows nothing yet is no news */
	ck_assert_int_eq(pass(60, 5, 300), -1);		    /* nor that it is so still */
	ck_assert_int_ge(pass(300, 5, 10), CLEAR_S);
	ck_assert_int_eq(told.state, ALERT_RESOLVED);
	ck_assert(uuid_eq(&told.id, &before.id));
	ck_assert_int_eq(told.opened_at, before.opened_at);
}
END_TEST

START_TEST(an_alert_without_data_goes_on_without)
{
	begin_with(METRIC_API_TURN_INSERT);
	ck_assert_int_gt(pass(60, 5, 300), 0);
	told.state = ALERT_NO_DATA;
	begin_with(METRIC_API_TURN_INSERT);
	ck_assert(alerting_restore(&alerting, &told));
	ck_assert_int_gt(pass(60, 5, 300), 0);
	ck_assert_int_eq(told.state, ALERT_DATA);
}
END_TEST

/* Far past any limit, or far below what it must reach. */
static double worst(enum metric m)
{
	return metrics[m].lower_is_better ? targets.shown[m] * 20 : targets.shown[m] / 20;
}

static void make_slow(void)
{
	struct finding found;

	ck_assert(rules_sample(&rules, &targets, METRIC_API_TURN_INSERT, 1000000000, (now_s++) * NS_PER_S, &found));
}

START_TEST(every_target_that_is_missed_is_told)
{
	begin_with((enum metric)_i);
	for (int i = 0; i < ALERTING_SAMPLES; i++) {
		make_slow(); /* few active are a fault only when something is slow .. */
		hear(1, worst(metric));
	}
	ck_assert(!look());
	if (rules_is_capacity(metric)) { /* .. which is told itself */
		ck_assert_int_eq(pass(AFTER_S, 0, 0), -1);
		return;
	}
	ck_assert_msg(pass(AFTER_S, 0, 0) == AFTER_S, "%s", metrics[metric].name);
	ck_assert_int_eq(told.state, ALERT_OPENED);
	ck_assert_ptr_eq(alert_rule_by_name(slice_str(told.rule->name))->name, told.rule->name);
}
END_TEST

START_TEST(memory_is_told_before_it_is_short)
{
	begin_with(METRIC_SYSTEM_BACKEND_MEMORY_USAGE);
	ck_assert_int_eq(pass(60, 1, 400), -1);
	ck_assert_int_gt(pass(120, 1, 450), 0);
	ck_assert_str_eq(told.rule->name, "memory_usage_high");
	ck_assert_int_eq(told.rule->severity, SEVERITY_INFO);
	ck_assert_int_gt(pass(120, 1, 800), 0);
	ck_assert_str_eq(told.rule->name, "system_over_target");
}
END_TEST

START_TEST(an_alert_line_to_the_letter)
{
	struct alert_event e = {.state = ALERT_OPENED, .metric = METRIC_API_LUMEN_TURN_PROCESS, .id = {{1}},
		.rule = alert_rule_by_name(SLICE("lumen_processing_over_50ms")), .opened_at = 1790000000000000,
		.figures = {WINDOW_1M, 400, 40, 81500000, 50}};
	struct buf out;

	targets_shipped(&targets);
	buf_init(&out, LINES_BYTES);
	line_alert_event(&out, &e, &targets, 1790000001000000);
	ck_assert_str_eq(out.p,
		"{\"kind\":\"alert\",\"at\":\"2026-09-21T14:13:21.000Z\",\"alert\":\"lumen_processing_over_50ms\","
		"\"state\":\"opened\",\"id\":\"01000000-0000-0000-0000-000000000000\",\"severity\":\"critical\","
		"\"action\":\"check_bypass_logic\",\"about\":\"api.lumen_turn_process\",\"area\":\"api\",\"value\":81.500,"
		"\"limit\":50,\"target\":10,\"unit\":\"ms\",\"window\":\"1m\",\"count\":400,\"over\":40,"
		"\"opened_at\":\"2026-09-21T14:13:20.000Z\",\"source\":\"monitor\"}");
	e.state = ALERT_NO_DATA; /* no data is not good data */
	buf_reset(&out);
	line_alert_event(&out, &e, &targets, 1790000001000000);
	ck_assert_ptr_nonnull(strstr(out.p, "\"state\":\"no_data\""));
	ck_assert_ptr_nonnull(strstr(out.p, "\"value\":null,\"limit\":50,"));
	buf_finish(&out);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("alerting");
	TCase *tc = tcase_create("alerting");

	tcase_add_test(tc, a_target_missed_for_a_while_opens_one_alert);
	tcase_add_loop_test(tc, a_few_slow_ones_are_none, 0, (int)countof(few));
	tcase_add_test(tc, rare_ones_are_held_against_the_hour);
	tcase_add_test(tc, what_becomes_worse_is_raised_and_keeps_its_id);
	tcase_add_test(tc, what_comes_and_goes_is_one_alert);
	tcase_add_test(tc, silence_ends_nothing);
	tcase_add_test(tc, silence_begins_nothing);
	tcase_add_test(tc, a_monitor_that_is_started_again_goes_on);
	tcase_add_test(tc, an_alert_without_data_goes_on_without);
	tcase_add_loop_test(tc, every_target_that_is_missed_is_told, 0, METRIC_COUNT);
	tcase_add_test(tc, memory_is_told_before_it_is_short);
	tcase_add_test(tc, an_alert_line_to_the_letter);
	suite_add_tcase(suite, tc);
	return check_run(suite, CK_FORK_GETENV);
}
