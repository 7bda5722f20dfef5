/* SPDX-License-Identifier: ISC
 *
 * redis_test.c - the connection against a real Redis: order, scripts, loss, silence, and coming back; URLs as
 * a table.
 */
#include "common/store/redis.h"
#include "common/base/check_run.h"
#include "common/base/clock.h"
#include "common/store/fixture.h"
#include "common/store/redis_url.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct seen {
	size_t calls, nulls, errors;
	char last[64];
	long long number;
};

static struct ev_loop *loop;
static struct redis *redis;
static int ups, downs;

static const struct redis_script push = {"push", "return redis.call('RPUSH', KEYS[1], ARGV[1])\n",
	"0e15f5ffb3cb1b7b5b4a3de80e7a8c0ca8e1b3d4"}; /* a name that no server has: always sent whole */

static void on_state(bool up, void *arg)
{
	ups += up;
	downs += !up;
}

static void see(const redisReply *reply, void *arg)
{
	struct seen *seen = arg;
	struct slice s = redis_str(reply);

	seen->calls++;
	seen->nulls += !reply;
	seen->errors += reply && reply->type == REDIS_REPLY_ERROR;
	seen->number = reply ? reply->integer : -1;
	snprintf(seen->last, sizeof seen->last, "%.*s", (int)s.n, s.p ? s.p : "");
}

static bool is_up(void *arg)
{
	return redis_is_up(redis);
}

static bool is_down(void *arg)
{
	return !redis_is_up(redis);
}

static bool answered(void *arg)
{
	return ((struct seen *)arg)->calls > 0;
}

static void open_url(const char *url, uint64_t timeout_ms)
{
	struct redis_options options = {.url = url, .timeout_ms = timeout_ms, .state = on_state};

	loop = ev_loop_new(0);
	redis = redis_open(loop, &options);
}

static void open_redis(uint64_t timeout_ms)
{
	open_url(fixture_redis, timeout_ms);
	fixture_until(loop, is_up, NULL);
}

static void close_redis(void)
{
	redis_close(&redis);
	ev_loop_destroy(loop);
}

/* A command of words that hold no blanks. */
static void send_words(const char *command, struct seen *seen)
{
	struct slice argv[REDIS_ARGS];
	size_t argc = 0;

	for (const char *at = command; *at; at += strspn(at, " ")) {
		size_t n = strcspn(at, " ");

		argv[argc++] = slice_of(at, n);
		at += n;
	}
	redis_send(redis, argv, argc, see, seen);
}

static struct seen ask(const char *command)
{
	struct seen seen = {0};

	send_words(command, &seen);
	ck_assert_uint_eq(seen.calls, 0); /* never inside the call */
	fixture_until(loop, answered, &seen);
	return seen;
}

START_TEST(bytes_go_there_and_back)
{
	struct slice set[] = {SLICE("SET"), SLICE("k"), slice_of("a\0b\r\n", 5)},
		     length[] = {SLICE("STRLEN"), SLICE("k")};
	struct seen seen = {0};

	open_redis(5000);
	redis_send(redis, set, 3, NULL, NULL);
	redis_send(redis, length, 2, see, &seen);
	fixture_until(loop, answered, &seen);
	ck_assert_int_eq(seen.number, 5);
	ck_assert_uint_eq(ask("INCR k").errors, 1);
	ck_assert_str_eq(ask("PING").last, "PONG");
	close_redis();
}
END_TEST

START_TEST(while_down_commands_fail_on_the_next_turn)
{
	open_redis(5000);
	close_redis();
	open_url("unix:///nonexistent/redis.sock", 5000);
	ck_assert_uint_eq(ask("PING").nulls, 1);
	close_redis();
}
END_TEST

static void run_push(const struct redis_script *script, const char *value, struct seen *seen)
{
	struct slice key = SLICE("list"), arg = slice_str(value);

	redis_eval(redis, script, &key, 1, &arg, 1, see, seen);
}

/* The SHA-1 as embed.sh would make it. */
static struct redis_script named(const struct redis_script *script, char sha[41])
{
	char command[300];
	FILE *f;

	snprintf(command, sizeof command, "printf %%s\\\\n \"%.*s\" | sha1sum",
		(int)strlen(script->source) - 1, script->source);
	f = popen(command, "r");
	ck_assert(f != NULL && fscanf(f, "%40s", sha) == 1);
	pclose(f);
	return (struct redis_script){script->name, script->source, sha};
}

START_TEST(scripts_run_in_order_and_survive_a_flush)
{
	char sha[41];
	struct redis_script script = named(&push, sha);
	struct seen seen = {0};

	open_redis(5000);
	ask("DEL list");
	ask("SCRIPT FLUSH"); /* a server that never saw it: all calls but the loading are by name, and in
				order */
	run_push(&script, "1", &seen);
	run_push(&script, "2", &seen);
	send_words("RPUSH list 3", &seen);
	run_push(&script, "4", &seen);
	ck_assert_int_eq(ask("LLEN list").number, 4);
	ck_assert_str_eq(ask("LINDEX list 2").last, "3");
	ck_assert_uint_eq(seen.calls, 4);
	ck_assert_uint_eq(seen.errors, 0);
	ask("SCRIPT FLUSH");
	seen = (struct seen){0};
	run_push(&script, "5", &seen);
	fixture_until(loop, answered, &seen);
	ck_assert_int_eq(seen.number, 5);
	close_redis();
}
END_TEST

START_TEST(a_script_with_a_wrong_name_is_sent_whole)
{
	struct seen seen = {0};

	open_redis(5000);
	ask("DEL list");
	run_push(&push, "1", &seen);
	fixture_until(loop, answered, &seen);
	ck_assert_uint_eq(seen.errors, 0);
	ck_assert_int_eq(seen.number, 1);
	close_redis();
}
END_TEST

START_TEST(a_killed_server_is_found_again)
{
	struct seen blocked = {0}, behind = {0};
	uint64_t back;

	open_redis(60000);
	send_words("BLPOP nothing 0", &blocked);
	send_words("PING", &behind);
	fixture_servers("kill", "redis");
	fixture_until(loop, answered, &behind);
	ck_assert_uint_eq(blocked.nulls, 1);
	ck_assert_uint_eq(behind.nulls, 1);
	ck_assert_int_eq(downs, 1);
	ck_assert_uint_eq(ask("PING").nulls, 1);
	fixture_servers("start", "redis");
	back = clock_mono_ns();
	fixture_until(loop, is_up, NULL);
	printf("up again %.0f ms after the server\n", (double)(clock_mono_ns() - back) / 1e6);
	ck_assert_str_eq(ask("PING").last, "PONG");
	ck_assert_int_eq(ups, 2);
	close_redis();
}
END_TEST

START_TEST(a_silent_server_is_given_up)
{
	struct seen seen = {0};

	open_redis(300);
	kill(fixture_redis_pid(), SIGSTOP);
	send_words("PING", &seen);
	fixture_until(loop, answered, &seen);
	ck_assert_uint_eq(seen.nulls, 1);
	fixture_until(loop, is_down, NULL);
	kill(fixture_redis_pid(), SIGCONT);
	fixture_until(loop, is_up, NULL);
	ck_assert_str_eq(ask("PING").last, "PONG");
	close_redis();
}
END_TEST

START_TEST(too_many_under_way_are_refused)
{
	struct seen seen = {0};
	struct slice ping = SLICE("PING");

	open_redis(20000);
	for (int i = 0; i < REDIS_IN_FLIGHT + 5; i++)
		redis_send(redis, &ping, 1, see, &seen);
	ask("PING"); /* refused at once, or answered after all */
	while (seen.calls < REDIS_IN_FLIGHT + 5)
		ev_run(loop, EVRUN_ONCE);
	ck_assert_uint_eq(seen.nulls, 5);
	close_redis();
}
END_TEST

static bool tried(void *arg)
{
	return redis_is_up(redis) || ev_now(loop) > *(double *)arg;
}

/* Redis also listens on a port that nobody has, below those that the system gives to connections. */
static void listen_on_a_port(char port[8])
{
	char command[32];

	for (int i = 0; i < 100; i++) {
		snprintf(port, 8, "%d", 20000 + ((int)getpid() + i * 97) % 12000);
		snprintf(command, sizeof command, "CONFIG SET port %s", port);
		if (ask(command).errors == 0)
			return;
	}
	ck_abort_msg("no port is free");
}

START_TEST(a_password_and_a_database)
{
	static const struct {
		const char *form;
		bool up;
	} rows[] = {{"unix://%s/redis.sock", false}, {"redis://:wrong@127.0.0.1:%s", false},
		{"redis://:s3cret@127.0.0.1:%s/2", true}};
	char port[8], value[300];
	double until;

	open_redis(5000);
	listen_on_a_port(port);
	ask("CONFIG SET requirepass s3cret");
	for (size_t i = 0; i < countof(rows); i++) {
		close_redis();
		snprintf(value, sizeof value, rows[i].form, i == 0 ? fixture_dir : port);
		open_url(value, 5000);
		until = ev_now(loop) + (rows[i].up ? 10 : 0.3);
		fixture_until(loop, tried, &until);
		ck_assert_int_eq(redis_is_up(redis), rows[i].up);
	}
	ask("SET only_here 1");
	ask("SELECT 0");
	ck_assert_int_eq(ask("EXISTS only_here").number, 0);
	close_redis();
	fixture_servers("kill", "redis"); /* back without a password */
	fixture_servers("start", "redis");
}
END_TEST

START_TEST(closing_answers_everybody)
{
	struct seen sent = {0};

	open_redis(5000);
	send_words("BLPOP nothing 0", &sent);
	close_redis();
	ck_assert_uint_eq(sent.nulls, 1);
}
END_TEST

static const struct {
	const char *url, *path, *host;
	int port, db;
	const char *user, *password; /* host NULL and path NULL: refused */
} urls[] = {
	{"unix:///run/r.sock", "/run/r.sock", "", 0, 0, "", ""},
	{"unix:///run/r.sock?db=3", "/run/r.sock", "", 0, 3, "", ""},
	{"redis://h", "", "h", 6379, 0, "", ""},
	{"redis://h/", "", "h", 6379, 0, "", ""},
	{"redis://h:7000/2", "", "h", 7000, 2, "", ""},
	{"redis://:pw@h", "", "h", 6379, 0, "", "pw"},
	{"redis://u:p%40%3a@h:1", "", "h", 1, 0, "u", "p@:"},
	{"redis://[::1]:7000/1", "", "::1", 7000, 1, "", ""},
	{"redis://[::1]", "", "::1", 6379, 0, "", ""},
	{"", NULL, NULL},
	{"redis://", NULL, NULL},
	{"http://h", NULL, NULL},
	{"unix://r.sock", NULL, NULL},
	{"unix:///r?base=1", NULL, NULL},
	{"redis://h:0", NULL, NULL},
	{"redis://h:65536", NULL, NULL},
	{"redis://h:7x", NULL, NULL},
	{"redis://h/one", NULL, NULL},
	{"redis://pw@h", NULL, NULL},
	{"redis://:p%4@h", NULL, NULL},
	{"redis://[::1", NULL, NULL},
	{"unix:///r?db=", NULL, NULL},
	{"redis://h/99999999999", NULL, NULL},
};

START_TEST(url)
{
	struct redis_url u;
	const char *wrong = redis_url_parse(urls[_i].url, &u);

	ck_assert_msg(
		(wrong == NULL) == (urls[_i].path != NULL), "%s: %s", urls[_i].url, wrong ? wrong : "taken");
	if (wrong)
		return;
	ck_assert_str_eq(u.path, urls[_i].path);
	ck_assert_str_eq(u.host, urls[_i].host);
	ck_assert_int_eq(u.port, urls[_i].port);
	ck_assert_int_eq(u.db, urls[_i].db);
	ck_assert_str_eq(u.user, urls[_i].user);
	ck_assert_str_eq(u.password, urls[_i].password);
}
END_TEST

static void start(void)
{
	fixture_start("redis");
}

int main(void)
{
	Suite *suite = suite_create("redis");
	TCase *tc = tcase_create("connection"), *pure = tcase_create("urls");

	tcase_add_unchecked_fixture(tc, start, fixture_stop);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, bytes_go_there_and_back);
	tcase_add_test(tc, while_down_commands_fail_on_the_next_turn);
	tcase_add_test(tc, scripts_run_in_order_and_survive_a_flush);
	tcase_add_test(tc, a_script_with_a_wrong_name_is_sent_whole);
	tcase_add_test(tc, a_killed_server_is_found_again);
	tcase_add_test(tc, a_silent_server_is_given_up);
	tcase_add_test(tc, too_many_under_way_are_refused);
	tcase_add_test(tc, a_password_and_a_database);
	tcase_add_test(tc, closing_answers_everybody);
	tcase_add_loop_test(pure, url, 0, (int)countof(urls));
	suite_add_tcase(suite, tc);
	suite_add_tcase(suite, pure);
	return check_run(suite, CK_FORK_GETENV);
}
