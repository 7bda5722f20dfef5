/* SPDX-License-Identifier: ISC
 *
 * breaker_test.c - the language-model client where the model is away or slow, against the fake model server
 * and a real Redis: the breaker's whole way there and back, what other cleaners and the next life hear of it,
 * second calls beside slow ones.
 */
#include "cleaner/llm/hedge.h"
#include "common/base/clock.h"
#include "llm_fixture_test.h"

#include <stdio.h>

static enum breaker_state state_of(struct llm *llm)
{
	const char *name;
	enum breaker_state state;

	ck_assert(llm_model(llm, 0, &name, &state));
	return state;
}

static void poll_until(struct llm *llm, enum breaker_state wanted, const char *what)
{
	for (int i = 0; i < GIVE_UP_S * 20; i++) {
		if (state_of(llm) == wanted)
			return;
		run_for(.05);
	}
	ck_abort_msg("%s: still %s", what, breaker_state_name(state_of(llm)));
}

static const char *const failures[] = {
	"reset", "stall", "429-minute", "500", "503", "empty", "truncated", "answers"};

START_TEST(it_opens_costs_nothing_and_comes_back)
{
	char set[48];
	struct llm *llm = client("gemini", "fake", 60, 0);
	struct asked a = {.refuse = true};

	snprintf(set, sizeof set, "case/%s", failures[_i]);
	fake_set(set);
	for (int i = 0; i < 12 && state_of(llm) == BREAKER_CLOSED; i++) {
		char raw[32];

		a = (struct asked){
			.refuse = true}; /* the judge would refuse "answers"; others never get so far */
		snprintf(raw, sizeof raw, "um turn %d", i);
		ask(llm, &a, raw, strcmp(failures[_i], "stall") == 0 ? 100 : TURN_MS);
		run_until_told();
		ck_assert_int_ne(a.outcome == LLM_OK && !a.refuse, true);
	}
	ck_assert_int_eq(state_of(llm), BREAKER_OPEN);
	a = (struct asked){0};
	ask(llm, &a, "um open", TURN_MS);
	run_until_told();
	ck_assert_int_eq(a.outcome, LLM_BREAKER_OPEN);
	ck_assert_uint_eq(a.call_ns, 0);
	fake_set("case/normal");
	poll_until(llm, BREAKER_CLOSED, failures[_i]);
	a = (struct asked){0};
	ask(llm, &a, "um back", TURN_MS);
	run_until_told();
	ck_assert_int_eq(a.outcome, LLM_OK);
	llm_close(&llm);
}
END_TEST

START_TEST(a_call_that_many_wait_for_is_slow_once)
{
	struct llm *llm = client("gemini", "fake", 0, 10);
	struct asked a[8] = {{0}};

	fake_set("case/stall");
	for (int i = 0; i < 8; i++) {
		char raw[32];

		snprintf(raw, sizeof raw, "um turn %c", 'a' + i);
		ask(llm, &a[i], raw,
			200 + 20 * (unsigned)i); /* one after the other, all before the call ends */
	}
	run_until_told();
	for (int i = 0; i < 8; i++)
		ck_assert_int_eq(a[i].outcome, LLM_TIMED_OUT);
	ck_assert_uint_eq(llm_counts(llm)->calls, 1);
	ck_assert_int_eq(state_of(llm), BREAKER_CLOSED);
	llm_close(&llm);
}
END_TEST

/* The first answer after an outage comes over a new connection, from a model that is just starting. */
START_TEST(a_model_that_comes_back_slowly_is_asked_again)
{
	struct llm *llm = client("gemini", "fake", 0, 0);
	uint64_t give_up;
	struct asked a = {0};

	fake_set("case/500");
	for (int i = 0; i < 12 && state_of(llm) == BREAKER_CLOSED; i++) {
		a = (struct asked){0};
		ask(llm, &a, "um away", TURN_MS);
		run_until_told();
	}
	fake_set("latency/900");
	fake_set("case/normal");
	poll_until(llm, BREAKER_CLOSED, "slowly");
	fake_set("latency/0");
	give_up = clock_mono_ns() + GIVE_UP_S * NS_PER_S;
	do {
		a = (struct asked){0};
		ask(llm, &a, "um back", 400);
		run_until_told();
		run_for(.02);
	} while (a.outcome != LLM_OK && clock_mono_ns() < give_up);
	ck_assert_str_eq(llm_outcomes[a.outcome].name, llm_outcomes[LLM_OK].name);
	llm_close(&llm);
}
END_TEST

START_TEST(others_and_the_next_life_hear_of_it)
{
	struct llm *one = client("gemini", "fake", 60, 0), *two = client("gemini", "fake", 60, 0), *three;
	struct asked a = {0};

	ask(two, &a, "um kept", TURN_MS);
	run_until_told();
	fake_set("case/429-day");
	a = (struct asked){0};
	ask(one, &a, "um yes", TURN_MS);
	run_until_told();
	ck_assert_int_eq(a.outcome, LLM_QUOTA_DAY);
	poll_until(two, BREAKER_OPEN, "the other cleaner");
	llm_close(&one);
	three = client("gemini", "fake", 60, 0);
	poll_until(three, BREAKER_OPEN, "the next life");
	a = (struct asked){0};
	ask(three, &a, "um kept", TURN_MS);
	run_until_told();
	ck_assert_msg(a.cached && a.model_down, "what was kept still answers");
	llm_close(&two);
	llm_close(&three);
}
END_TEST

/* Asks one after another until `calls` questions were answered. */
static void ask_many(struct llm *llm, const char *what, int count, unsigned ms)
{
	for (int i = 0; i < count; i++) {
		struct asked a = {0};
		char raw[48];

		snprintf(raw, sizeof raw, "um %s %d", what, i);
		ask(llm, &a, raw, ms);
		run_until_told();
		ck_assert_msg(a.outcome == LLM_OK, "%s %d: %s", what, i, llm_outcomes[a.outcome].name);
	}
}

START_TEST(a_slow_call_is_made_again_and_the_first_answer_counts)
{
	char url[80];
	struct llm_config config = {
		.services = {{"gemini", url, "fake", "k"}}, .hedge_percent = HEDGE_MOST_PERCENT};
	const struct llm_counts *n;
	struct llm *llm;

	snprintf(url, sizeof url, "%s", base_url);
	llm = llm_open(loop, redis, &config);
	n = llm_counts(llm);
	ask_many(llm, "before", HEDGE_LEAST + HEDGE_SAVED * 100 / HEDGE_MOST_PERCENT, GIVE_UP_S * 1000);
	fake_set("once/stall"); /* only the next call */
	ask_many(llm, "stalled", 1, GIVE_UP_S * 1000);
	ck_assert_uint_ge(n->hedges, 1);
	ck_assert_uint_ge(n->hedges_won, 1);
	fake_set("once/500"); /* a call that fails beside none is tried again as ever */
	ask_many(llm, "failed", 1, GIVE_UP_S * 1000);
	llm_close(&llm);
}
END_TEST

START_TEST(hedges_keep_to_their_share)
{
	char url[80];
	struct llm_config config = {.services = {{"gemini", url, "fake", "k"}}, .hedge_percent = 5};
	struct asked a[MANY] = {{0}};
	const struct llm_counts *n;
	struct llm *llm;

	snprintf(url, sizeof url, "%s", base_url);
	llm = llm_open(loop, redis, &config);
	n = llm_counts(llm);
	ask_many(llm, "before", HEDGE_LEAST, GIVE_UP_S * 1000);
	fake_set("latency/300"); /* all are slow now */
	for (int i = 0; i < MANY; i++) {
		char raw[32];

		snprintf(raw, sizeof raw, "um slow %d", i);
		ask(llm, &a[i], raw, GIVE_UP_S * 1000);
	}
	run_until_told();
	for (int i = 0; i < MANY; i++)
		ck_assert_int_eq(a[i].outcome, LLM_OK);
	ck_assert_uint_ge(n->hedges, 1);
	ck_assert_uint_le(n->hedges * 100, n->calls * 5);
	llm_close(&llm);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("breaker");
	TCase *tc = tcase_create("breaker");

	tcase_add_loop_test(tc, it_opens_costs_nothing_and_comes_back, 0, (int)countof(failures));
	tcase_add_test(tc, a_call_that_many_wait_for_is_slow_once);
	tcase_add_test(tc, a_model_that_comes_back_slowly_is_asked_again);
	tcase_add_test(tc, others_and_the_next_life_hear_of_it);
	tcase_add_test(tc, a_slow_call_is_made_again_and_the_first_answer_counts);
	tcase_add_test(tc, hedges_keep_to_their_share);
	return fixture_run(suite, tc);
}
