/* SPDX-License-Identifier: ISC
 *
 * caller_test.c - the language-model client against the fake model server and a real Redis: every case of the
 * interfaces, deadlines, the breaker's whole way there and back, cache, merging, batches. Each test is a
 * process of its own (Check's fork), so each has its own client; servers are started once.
 */
#include "cleaner/llm/hedge.h"
#include "cleaner/llm/llm.h"
#include "common/base/check_run.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/uuid.h"
#include "common/store/redis.h"

#include <ev.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	TURN_MS = 2000,
	GIVE_UP_S = 20,
	MANY = 64,
	OVER_TLS = 8, /* streams at once: libwebsockets' HTTP/2 server now and then resets some of sixty-four */
};

static char dir[] = "/tmp/cleanerctx-llm-XXXXXX", redis_url[128], base_url[64];
static pid_t fake_pid, redis_pid;
static struct ev_loop *loop;
static struct redis *redis;

/* --- the servers --- */

static void start_fake(bool tls)
{
	char line[64] = "", cert[100], key[100];
	int out[2], port = 0;
	FILE *f;

	if (pipe(out) != 0)
		exit(1);
	fake_pid = fork();
	if (fake_pid == 0) {
		dup2(out[1], 1);
		snprintf(cert, sizeof cert, "%s/cert.pem", dir);
		snprintf(key, sizeof key, "%s/key.pem", dir);
		execl(FAKE_MODEL, FAKE_MODEL, "--port", "0", tls ? "--cert" : NULL, cert, "--key", key, NULL);
		_exit(127);
	}
	close(out[1]);
	f = fdopen(out[0], "r");
	if (!f || !fgets(line, sizeof line, f) || sscanf(line, "listening %d", &port) != 1)
		exit(1);
	snprintf(base_url, sizeof base_url, "http://127.0.0.1:%d", port);
}

static void start_redis(void)
{
	char socket[100];

	snprintf(socket, sizeof socket, "%s/redis.sock", dir);
	snprintf(redis_url, sizeof redis_url, "unix://%s", socket);
	redis_pid = fork();
	if (redis_pid == 0) {
		execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", socket, "--save", "",
			"--dir", dir, "--logfile", "redis.log", NULL);
		_exit(127);
	}
}

static void fake_set(const char *what)
{
	char command[200];

	snprintf(command, sizeof command, "curl -s -o /dev/null %s/fake/set/%s", base_url, what);
	ck_assert_int_eq(system(command), 0);
}

static long fake_requests(void) /* POSTs seen so far by this server */
{
	char command[200];
	long n = -1;
	FILE *f;

	snprintf(command, sizeof command, "curl -s %s/fake/log | grep -c items..[1-9]", base_url);
	f = popen(command, "r");
	ck_assert(f && fscanf(f, "%ld", &n) == 1);
	pclose(f);
	return n;
}

/* --- asking --- */

struct asked {
	enum llm_outcome outcome;
	char text[256];
	bool told, cached, model_down, refuse; /* refuse: the judge's part, played here */
	uint64_t took_ns, call_ns;
	size_t foreign;
	char model[64];
};

static size_t open_questions;

static bool on_told(const struct llm_told *t, void *arg)
{
	struct asked *a = arg;

	ck_assert_msg(!a->told, "told twice");
	a->told = true;
	a->outcome = t->outcome;
	a->cached = t->cached;
	a->model_down = t->model_down;
	a->call_ns = t->call_ns;
	a->foreign = t->foreign_count;
	a->took_ns = clock_mono_ns() - a->took_ns;
	snprintf(a->text, sizeof a->text, "%.*s", (int)t->text.n, t->text.n ? t->text.p : "");
	snprintf(a->model, sizeof a->model, "%s", t->model ? t->model : "");
	if (--open_questions == 0)
		ev_break(loop, EVBREAK_ALL);
	return !a->refuse;
}

static struct llm_waiter *ask(struct llm *llm, struct asked *a, const char *raw, unsigned ms)
{
	struct clean_input in = {.raw = slice_str(raw)};
	struct prompt_item item = {.in = &in};
	struct llm_waiter *w;
	struct buf text;

	buf_init(&text, PROMPT_ITEM_BYTES);
	ck_assert(prompt_item_write(&text, &item));
	a->took_ns = clock_mono_ns();
	open_questions++;
	w = llm_ask(llm, &(struct llm_ask){.item = buf_view(&text),
				 .raw_bytes = in.raw.n,
				 .told = on_told,
				 .arg = a,
				 .deadline_ns = clock_mono_ns() + ms * NS_PER_MS});
	ck_assert_msg(!a->told, "told before llm_ask returned");
	buf_finish(&text);
	return w;
}

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

static void on_give_up(struct ev_loop *l, ev_timer *w, int revents)
{
	ck_abort_msg("no end in sight");
}

static void run_until_told(void)
{
	ev_timer timer;

	if (!open_questions)
		return;
	ev_timer_init(&timer, on_give_up, GIVE_UP_S, 0);
	ev_timer_start(loop, &timer);
	while (open_questions) /* a Redis that comes back breaks the loop as well */
		ev_run(loop, 0);
	ev_timer_stop(loop, &timer);
}

static void on_nap(struct ev_loop *l, ev_timer *w, int revents)
{
	ev_break(l, EVBREAK_ONE);
}

static void run_for(double seconds)
{
	ev_timer timer;

	ev_timer_init(&timer, on_nap, seconds, 0);
	ev_timer_start(loop, &timer);
	ev_run(loop, 0);
	ev_timer_stop(loop, &timer);
}

static struct llm *client(const char *provider, const char *models, uint64_t cache_s, uint64_t gather_ms)
{
	char url[80];
	struct llm_config config = {.services = {{provider, url, models, "a-key"}},
		.thinking = THINKING_BUDGET_0,
		.cache_s = cache_s,
		.gather_ms = gather_ms};

	snprintf(url, sizeof url, "%s%s", base_url, strcmp(provider, "openai") == 0 ? "/v1" : "");
	ck_assert_ptr_eq(llm_config_error(&config), NULL);
	return llm_open(loop, redis, &config);
}

static void redis_up(bool up, void *arg)
{
	if (up)
		ev_break(loop, EVBREAK_ALL);
}

static void setup(void)
{
	log_init("test", LOG_LEVEL_WARNING);
	loop = ev_loop_new(EVFLAG_AUTO);
	redis = redis_open(
		loop, &(struct redis_options){.url = redis_url, .timeout_ms = 2000, .state = redis_up});
	while (!redis_is_up(redis))
		ev_run(loop, EVRUN_ONCE);
	redis_send(redis, (struct slice[]){SLICE("FLUSHALL")}, 1, NULL, NULL);
	fake_set("case/normal");
	fake_set("latency/0");
	fake_set("fail/0");
}

static void teardown(void)
{
	redis_close(&redis);
	ev_loop_destroy(loop);
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

/* --- the breaker --- */

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
		ask(llm, &a[i], raw, 200 + 20 * (unsigned)i); /* one after the other, all before the call ends */
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
	struct llm_config config = {.services = {{"gemini", url, "fake", "k"}}, .hedge_percent = HEDGE_MOST_PERCENT};
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
	start_fake(true);
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
	};

	for (size_t i = 0; i < countof(rows); i++)
		ck_assert_msg(!llm_config_error(&rows[i].config) == rows[i].right, "row %zu", i);
	ck_assert_ptr_eq(llm_open(loop, redis, &rows[0].config), NULL);
}
END_TEST

static Suite *tests(void)
{
	Suite *suite = suite_create("caller");
	TCase *tc = tcase_create("caller");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 3 * GIVE_UP_S);
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
	tcase_add_loop_test(tc, it_opens_costs_nothing_and_comes_back, 0, (int)countof(failures));
	tcase_add_test(tc, a_call_that_many_wait_for_is_slow_once);
	tcase_add_test(tc, a_model_that_comes_back_slowly_is_asked_again);
	tcase_add_test(tc, others_and_the_next_life_hear_of_it);
	tcase_add_test(tc, a_slow_call_is_made_again_and_the_first_answer_counts);
	tcase_add_test(tc, hedges_keep_to_their_share);
	tcase_add_test(tc, calls_share_a_connection_over_tls);
	tcase_add_test(tc, a_wrong_configuration_is_told);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	char *remove = NULL;
	int failed;

	if (!mkdtemp(dir))
		return 1;
	start_fake(false);
	start_redis();
	failed = check_run(tests(), CK_FORK_GETENV);
	kill(fake_pid, SIGTERM);
	kill(redis_pid, SIGTERM);
	waitpid(fake_pid, NULL, 0);
	waitpid(redis_pid, NULL, 0);
	if (asprintf(&remove, "rm -rf %s", dir) < 0 || system(remove) != 0)
		failed++;
	free(remove);
	return failed ? 1 : 0;
}
