/* SPDX-License-Identifier: ISC
 *
 * caller_test.c - the language-model client against the fake model server and a real Redis: every case of the
 * interfaces, the way through services and models, deadlines, cache, merging, batches, TLS.
 */
#include "common/base/clock.h"
#include "llm_fixture_test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

enum {
	OVER_TLS =
		8, /* streams at once: libwebsockets' HTTP/2 server now and then resets some of sixty-four */
};

/* The calls that were over. */
static struct {
	size_t count, answered, askers;
	enum llm_outcome last;
	struct llm_usage usage;
	char tier[24];
} called;

static void on_called(const struct llm_call *call, void *arg)
{
	called.count++;
	called.answered += call->answered;
	called.askers += call->asker_count;
	called.last = call->outcome;
	called.usage.prompt += call->usage.prompt;
	called.usage.output += call->usage.output;
	snprintf(called.tier, sizeof called.tier, "%s", call->tier);
	ck_assert_str_eq(call->provider, "gemini");
	for (size_t i = 0; i < call->asker_count; i++)
		ck_assert_msg(!((struct asked *)call->askers[i])->told, "told before its call was");
}

/* --- every case of the interfaces --- */

static const struct {
	const char *name;
	enum llm_outcome gemini, openai;
} cases[] = {
	{"normal", LLM_OK, LLM_OK},
	{"fence", LLM_OK, LLM_OK},
	{"thought", LLM_OK, LLM_OK},
	{"trickle", LLM_TIMED_OUT, LLM_TIMED_OUT},
	{"gzip", LLM_OK, LLM_OK},
	{"tier", LLM_OK, LLM_OK},
	{"spans", LLM_OK, LLM_OK},
	{"sse-stop", LLM_OK, LLM_OK},
	{"answers", LLM_OK, LLM_OK},
	{"adds", LLM_OK, LLM_OK}, /* the judge's, not the caller's */
	{"truncated", LLM_TRUNCATED, LLM_TRUNCATED},
	{"empty", LLM_EMPTY, LLM_EMPTY},
	{"blocked", LLM_BLOCKED_PROMPT, LLM_BLOCKED_PROMPT},
	{"safety", LLM_BLOCKED_ANSWER, LLM_BLOCKED_ANSWER},
	{"recitation", LLM_RECITATION, LLM_BLOCKED_ANSWER},
	{"odd-stop", LLM_ODD_STOP, LLM_ODD_STOP},
	{"refusal", LLM_BAD_ANSWER, LLM_REFUSED},
	{"429-minute", LLM_QUOTA_MINUTE, LLM_QUOTA_MINUTE},
	{"429-day", LLM_QUOTA_DAY, LLM_QUOTA_SPENT},
	{"429", LLM_BUSY, LLM_BUSY},
	{"503", LLM_OVERLOADED, LLM_OVERLOADED},
	{"503-demand", LLM_OVERLOADED, LLM_OVERLOADED},
	{"500", LLM_SERVER_ERROR, LLM_SERVER_ERROR},
	{"504", LLM_SERVER_TIMEOUT, LLM_SERVER_TIMEOUT},
	{"bad-key", LLM_BAD_KEY, LLM_BAD_KEY},
	{"forbidden", LLM_FORBIDDEN, LLM_FORBIDDEN},
	{"too-long", LLM_TOO_LONG, LLM_TOO_LONG},
	{"no-model", LLM_NO_MODEL, LLM_NO_MODEL},
	{"retired", LLM_NO_MODEL, LLM_NO_MODEL},
	{"unknown-field", LLM_BAD_REQUEST, LLM_BAD_REQUEST},
	{"schema", LLM_OK, LLM_OK}, /* asked again without */
	{"array-error", LLM_OVERLOADED, LLM_OVERLOADED},
	{"no-retry", LLM_SERVER_ERROR, LLM_SERVER_ERROR},
	{"retry-long", LLM_OVERLOADED, LLM_OVERLOADED},
	{"stall", LLM_TIMED_OUT, LLM_TIMED_OUT},
	{"reset", LLM_RESET, LLM_RESET},
	{"sse-error", LLM_OVERLOADED, LLM_SERVER_ERROR},
	{"bad-utf8", LLM_BAD_TEXT, LLM_BAD_TEXT},
	{"surrogate", LLM_BAD_ANSWER, LLM_BAD_ANSWER},
	{"duplicate", LLM_DUPLICATE_KEY, LLM_DUPLICATE_KEY},
	{"missing-turn", LLM_WRONG_TURNS, LLM_WRONG_TURNS},
	{"html", LLM_BAD_REPLY, LLM_BAD_REPLY},
};

START_TEST(every_case_has_its_outcome)
{
	bool openai = _i % 2;
	enum llm_outcome wanted = openai ? cases[_i / 2].openai : cases[_i / 2].gemini;
	char model[64];
	struct asked a = {0};
	struct llm *llm;

	snprintf(model, sizeof model, "fake-%s", cases[_i / 2].name);
	llm = client(openai ? "openai" : "gemini", model, 0, 0);
	ask(llm, &a, "um i am the vector of marketing", wanted == LLM_TIMED_OUT ? 200 : TURN_MS);
	run_until_told();
	ck_assert_msg(a.outcome == wanted, "%s %s: %s", openai ? "openai" : "gemini", cases[_i / 2].name,
		llm_outcomes[a.outcome].name);
	if (wanted == LLM_OK && strcmp(cases[_i / 2].name, "answers") != 0 &&
		strcmp(cases[_i / 2].name, "adds") != 0)
		ck_assert_str_eq(a.text, "I am the director of marketing.");
	llm_close(&llm);
}
END_TEST

/* --- the way through services and models --- */

START_TEST(the_next_model_answers_when_one_is_retired)
{
	struct llm *llm = client("gemini", "retired-1, fake-bad-key fake", 0, 0);
	struct asked a = {0};

	ask(llm, &a, "um yes", TURN_MS);
	run_until_told();
	ck_assert_int_eq(a.outcome, LLM_OK);
	ck_assert_str_eq(a.model, "fake");
	a = (struct asked){0};
	ask(llm, &a, "um no", TURN_MS);
	run_until_told();
	ck_assert_msg(llm_counts(llm)->calls == 4, "the first two are not asked again: %llu calls",
		(unsigned long long)llm_counts(llm)->calls);
	llm_close(&llm);
}
END_TEST

START_TEST(a_second_service_takes_over)
{
	char url[80];
	struct llm_config config = {
		.services = {{"gemini", "http://127.0.0.1:1", "fake", "k"}, {"openai", url, "fake", "k"}}};
	struct asked a = {0};
	struct llm *llm;

	snprintf(url, sizeof url, "%s/v1/", base_url);
	llm = llm_open(loop, redis, &config);
	ask(llm, &a, "um yes", TURN_MS);
	run_until_told();
	ck_assert_int_eq(a.outcome, LLM_OK);
	llm_close(&llm);
}
END_TEST

START_TEST(what_may_help_is_retried_within_the_deadline)
{
	struct llm *llm = client("gemini", "fake", 0, 0);
	struct asked a[MANY] = {{0}};
	size_t good = 0;

	fake_set("fail/30"); /* 503 is the case when none is named */
	for (int i = 0; i < MANY; i++) {
		char raw[32];

		snprintf(raw, sizeof raw, "um turn %d", i);
		ask(llm, &a[i], raw, TURN_MS);
		run_until_told();
		good += a[i].outcome == LLM_OK;
	}
	ck_assert_msg(good >= MANY - 8, "%zu of %d", good, MANY);
	ck_assert_uint_gt(llm_counts(llm)->retries, 0);
	llm_close(&llm);
}
END_TEST

/* --- deadlines --- */

START_TEST(a_deadline_too_near_asks_nothing)
{
	struct llm *llm = client("gemini", "fake", 0, 0);
	struct asked a = {0};

	ask(llm, &a, "um yes", 10);
	run_until_told();
	ck_assert_int_eq(a.outcome, LLM_NO_TIME);
	ck_assert_uint_eq(llm_counts(llm)->calls, 0);
	llm_close(&llm);
}
END_TEST

START_TEST(cancelled_and_closed_leave_nothing_behind)
{
	struct llm *llm = client("gemini", "fake-stall", 60, 0);
	struct asked a = {0}, b = {0};
	struct llm_waiter *w = ask(llm, &a, "one", TURN_MS);

	ask(llm, &b, "two", TURN_MS);
	llm_cancel(w);
	open_questions--;
	run_for(.05);
	llm_close(&llm);
	ck_assert(!a.told);
	ck_assert_int_eq(b.outcome, LLM_CANCELLED);
	run_for(.05); /* Redis' answers to what is gone */
}
END_TEST

/* --- cache and merging --- */

START_TEST(an_accepted_answer_is_kept_a_refused_one_is_not)
{
	struct llm *llm = client("gemini", "fake", 60, 0);
	struct asked a = {0}, b = {0}, c = {.refuse = true}, d = {0};

	ask(llm, &a, "um yes", TURN_MS);
	run_until_told();
	ask(llm, &b, "um yes", TURN_MS);
	run_until_told();
	ck_assert(!a.cached && b.cached && !b.model_down);
	ck_assert_str_eq(b.text, "Yes.");
	ask(llm, &c, "um no", TURN_MS);
	run_until_told();
	ask(llm, &d, "um no", TURN_MS);
	run_until_told();
	ck_assert(!d.cached);
	ck_assert_uint_eq(llm_counts(llm)->outcomes[LLM_NOT_THE_TURN], 1);
	llm_close(&llm);
}
END_TEST

START_TEST(the_same_question_is_asked_once)
{
	struct llm *llm = client("openai", "fake", 60, 0);
	struct asked a[8] = {{0}};
	long before;

	fake_set("latency/100");
	before = fake_requests();
	for (size_t i = 0; i < countof(a); i++)
		ask(llm, &a[i], "um yes", TURN_MS);
	run_until_told();
	for (size_t i = 0; i < countof(a); i++)
		ck_assert_str_eq(a[i].text, "Yes.");
	ck_assert_int_eq(fake_requests() - before, 1);
	ck_assert_uint_eq(llm_counts(llm)->merged, 7);
	llm_close(&llm);
}
END_TEST

START_TEST(many_are_under_way_at_a_time)
{
	struct llm *llm = client("gemini", "fake", 0, 0);
	struct asked a[MANY] = {{0}};
	uint64_t start;

	fake_set("latency/200");
	start = clock_mono_ns();
	for (int i = 0; i < MANY; i++) {
		char raw[32];

		snprintf(raw, sizeof raw, "um turn %d", i);
		ask(llm, &a[i], raw, GIVE_UP_S * 1000);
	}
	run_until_told();
	for (int i = 0; i < MANY; i++)
		ck_assert_int_eq(a[i].outcome, LLM_OK);
	ck_assert_msg(clock_mono_ns() - start < MANY * 200 * NS_PER_MS / 4, "one after the other");
	llm_close(&llm);
}
END_TEST

/* --- batches --- */

START_TEST(turns_share_a_call_and_each_gets_its_own)
{
	struct llm *llm = client("gemini", "fake", 0, 10);
	struct asked a[5] = {{0}};

	for (int i = 0; i < 5; i++) {
		char raw[32];

		snprintf(raw, sizeof raw, "um turn %c", 'a' + i);
		ask(llm, &a[i], raw, TURN_MS);
	}
	run_until_told();
	for (int i = 0; i < 5; i++) {
		char wanted[32];

		snprintf(wanted, sizeof wanted, "Turn %c.", 'a' + i);
		ck_assert_str_eq(a[i].text, wanted);
		ck_assert_uint_eq(a[i].foreign, 4);
	}
	ck_assert_uint_eq(llm_counts(llm)->calls, 1);
	llm_close(&llm);
}
END_TEST

START_TEST(every_call_is_told_once_with_what_it_cost)
{
	struct llm_config config = {
		.services = {{"gemini", base_url, "fake", "k"}}, .gather_ms = 30, .called = on_called};
	struct llm *llm = llm_open(loop, redis, &config);
	struct asked a[4] = {{0}};

	fake_set("case/tier");
	ask(llm, &a[0], "um yes", TURN_MS);
	ask(llm, &a[1], "um no", TURN_MS);
	run_until_told();
	ck_assert_uint_eq(called.count, 1);
	ck_assert_uint_eq(called.answered, 1);
	ck_assert_uint_eq(called.askers, 2);
	ck_assert_uint_gt(called.usage.prompt, 0);
	ck_assert_uint_eq(called.usage.prompt, llm_counts(llm)->usage.prompt);
	ck_assert_uint_eq(called.usage.output, llm_counts(llm)->usage.output);
	ck_assert_str_eq(called.tier, "standard");
	fake_set("case/stall");
	ask(llm, &a[2], "um maybe", 200);
	run_until_told();
	ck_assert_uint_eq(called.count, 2);
	ck_assert_uint_eq(called.answered, 1); /* nobody says what that one cost */
	ck_assert_int_eq(called.last, LLM_TIMED_OUT);
	fake_set("case/500");
	ask(llm, &a[3], "um never", 300);
	run_until_told();
	ck_assert_uint_eq(called.count, llm_counts(llm)->calls + llm_counts(llm)->probes);
	llm_close(&llm);
}
END_TEST

START_TEST(kept_answers_only)
{
	struct llm *llm = client("gemini", "fake", 60, 0);
	struct asked a[3] = {{0}};

	ask(llm, &a[0], "um yes", TURN_MS);
	run_until_told();
	llm_set_cache_only(llm, true);
	ask(llm, &a[1], "um yes", TURN_MS);
	ask(llm, &a[2], "um no", TURN_MS);
	run_until_told();
	ck_assert_int_eq(a[1].outcome, LLM_OK);
	ck_assert(a[1].cached && a[1].model_down);
	ck_assert_int_eq(a[2].outcome, LLM_CACHE_ONLY);
	ck_assert_uint_eq(llm_counts(llm)->calls, 1);
	llm_close(&llm);
}
END_TEST

START_TEST(a_batch_that_came_back_wrong_is_asked_one_by_one)
{
	struct llm *llm = client("gemini", "fake-missing-turn", 0, 10);
	struct asked a[3] = {{0}};
	static const char *const raw[] = {"a", "b", "c"};

	for (int i = 0; i < 3; i++)
		ask(llm, &a[i], raw[i], TURN_MS);
	run_until_told();
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(a[i].outcome, LLM_WRONG_TURNS);
	ck_assert_uint_eq(llm_counts(llm)->calls, 4);
	llm_close(&llm);
}
END_TEST

/* A certificate of our own, a server with it, and all calls over one HTTP/2 connection. */
START_TEST(calls_share_a_connection_over_tls)
{
	char command[700], url[100], ca[100];
	struct llm_config config = {.services = {{"gemini", url, "fake", "k"}}, .ca_file = ca};
	struct asked a[OVER_TLS] = {{0}};
	pid_t plain = fake_pid;
	struct llm *llm;

	snprintf(ca, sizeof ca, "%s/cert.pem", dir);
	snprintf(command, sizeof command,
		"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
		"-keyout %s/key.pem -out %s -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 "
		"2>/dev/null",
		dir, ca);
	ck_assert_int_eq(system(command), 0);
	fake_start(true);
	snprintf(url, sizeof url, "https%s", base_url + strlen("http"));
	llm = llm_open(loop, redis, &config);
	for (int i = 0; i < OVER_TLS; i++) {
		char raw[32];

		snprintf(raw, sizeof raw, "um turn %d", i);
		ask(llm, &a[i], raw, GIVE_UP_S * 1000);
	}
	run_until_told();
	for (int i = 0; i < OVER_TLS; i++)
		ck_assert_int_eq(a[i].outcome, LLM_OK);
	llm_close(&llm);
	kill(fake_pid, SIGTERM);
	waitpid(fake_pid, NULL, 0);
	fake_pid = plain;
}
END_TEST

START_TEST(a_wrong_configuration_is_told)
{
	static const struct {
		struct llm_config config;
		bool right;
	} rows[] = {
		{{{{"", "", "", ""}, {"", "", "", ""}}}, true},
		{{{{"gemini", "https://h", "m", ""}}}, true},
		{{{{"gemini", "https://h", "", ""}}}, false},
		{{{{"gemini", "h", "m", ""}}}, false},
		{{{{"nobody", "https://h", "m", ""}}}, false},
		{{{{"", "", "m", ""}}}, false},
		{{{{"", "", "", ""}, {"openai", "https://h", "m", ""}}}, false},
		{{{{"gemini", "https://h", " , ", ""}}}, false},
		{{{{"gemini", "https://h", "a,b, c,,d e f g h", ""}}}, true},
		{{{{"gemini", "https://h", "a,b,c,d,e,f,g,h,i", ""}}}, false},
		{{{{"gemini", "https://h", "a,b,c,d,e,f,g,h", ""}, {"openai", "https://h", "m", ""}}}, false},
		{{{{"gemini", "https://h",
			 "123456789-123456789-123456789-123456789-123456789-123456789-123456789-123456789-"
			 "123456789-123456789-123456789-123456789-12345678",
			 ""}}},
			false},
	};

	for (size_t i = 0; i < countof(rows); i++)
		ck_assert_msg(!llm_config_error(&rows[i].config) == rows[i].right, "row %zu", i);
	ck_assert_ptr_eq(llm_open(loop, redis, &rows[0].config), NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("caller");
	TCase *tc = tcase_create("caller");

	tcase_add_loop_test(tc, every_case_has_its_outcome, 0, 2 * (int)countof(cases));
	tcase_add_test(tc, the_next_model_answers_when_one_is_retired);
	tcase_add_test(tc, a_second_service_takes_over);
	tcase_add_test(tc, what_may_help_is_retried_within_the_deadline);
	tcase_add_test(tc, a_deadline_too_near_asks_nothing);
	tcase_add_test(tc, cancelled_and_closed_leave_nothing_behind);
	tcase_add_test(tc, an_accepted_answer_is_kept_a_refused_one_is_not);
	tcase_add_test(tc, the_same_question_is_asked_once);
	tcase_add_test(tc, many_are_under_way_at_a_time);
	tcase_add_test(tc, turns_share_a_call_and_each_gets_its_own);
	tcase_add_test(tc, every_call_is_told_once_with_what_it_cost);
	tcase_add_test(tc, kept_answers_only);
	tcase_add_test(tc, a_batch_that_came_back_wrong_is_asked_one_by_one);
	tcase_add_test(tc, calls_share_a_connection_over_tls);
	tcase_add_test(tc, a_wrong_configuration_is_told);
	return fixture_run(suite, tc);
}
