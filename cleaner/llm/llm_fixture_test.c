/* SPDX-License-Identifier: ISC
 *
 * llm_fixture_test.c - see llm_fixture_test.h.
 */
#include "llm_fixture_test.h"

#include "common/base/check_run.h"
#include "common/base/clock.h"
#include "common/base/log.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

char dir[] = "/tmp/cleanerctx-llm-XXXXXX", base_url[64];
pid_t fake_pid;
struct ev_loop *loop;
struct redis *redis;
static char redis_url[128];
static pid_t redis_pid;

/* --- the servers --- */

void fake_start(bool tls)
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

void fake_set(const char *what)
{
	char command[200];

	snprintf(command, sizeof command, "curl -s -o /dev/null %s/fake/set/%s", base_url, what);
	ck_assert_int_eq(system(command), 0);
}

long fake_requests(void) /* POSTs seen so far by this server */
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

size_t open_questions;

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

struct llm_waiter *ask(struct llm *llm, struct asked *a, const char *raw, unsigned ms)
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

static void on_give_up(struct ev_loop *l, ev_timer *w, int revents)
{
	ck_abort_msg("no end in sight");
}

void run_until_told(void)
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

void run_for(double seconds)
{
	ev_timer timer;

	ev_timer_init(&timer, on_nap, seconds, 0);
	ev_timer_start(loop, &timer);
	ev_run(loop, 0);
	ev_timer_stop(loop, &timer);
}

struct llm *client(const char *provider, const char *models, uint64_t cache_s, uint64_t gather_ms)
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

static void set_up(void)
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

static void tear_down(void)
{
	redis_close(&redis);
	ev_loop_destroy(loop);
}

int fixture_run(Suite *suite, TCase *tc)
{
	char *remove = NULL;
	int failed;

	if (!mkdtemp(dir))
		return EXIT_FAILURE;
	fake_start(false);
	start_redis();
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_set_timeout(tc, 3 * GIVE_UP_S);
	suite_add_tcase(suite, tc);
	failed = check_run(suite, CK_FORK_GETENV);
	kill(fake_pid, SIGTERM);
	kill(redis_pid, SIGTERM);
	waitpid(fake_pid, NULL, 0);
	waitpid(redis_pid, NULL, 0);
	if (asprintf(&remove, "rm -rf %s", dir) < 0 || system(remove) != 0)
		failed++;
	free(remove);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
