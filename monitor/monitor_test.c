/* SPDX-License-Identifier: ISC
 *
 * monitor_test.c - the real monitor, a real sender of timings in the service frame, and cleanerctx-alerts as the reader.
 *
 * The sender measures something harmless until the monitor's snapshot shows it (a PUB loses what it sends before it is
 * connected), then, at SIGHUP, the samples that the test knows. Programs are named by the build: MONITOR and ALERTS.
 */
#include "common/base/clock.h"
#include "common/base/check_run.h"
#include "common/base/log.h"
#include "common/service/link.h"
#include "common/service/timings.h"

#include <cjson/cJSON.h>
#include <czmq.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	DEADLINE_S = 30,  /* for anything that must come; a deadline, not an expectation */
	KNOWN = 100,      /* samples of 1 to 100 ms */
	SLOW = 40,        /* at once: ten are told, thirty counted */
	TEXT_BYTES = 256 * 1024,
};

static char dir[] = "/tmp/cleanerctx-monitor-XXXXXX";

/* --- processes with their output on a pipe --- */

struct program {
	pid_t pid;
	int out;               /* its stdout, or stderr */
	char text[TEXT_BYTES]; /* what was read of it */
	size_t n, taken;
};

static void run_with(struct program *p, const char *const *argv, int output)
{
	int ends[2];

	p->n = p->taken = 0;
	ck_assert(pipe2(ends, O_CLOEXEC) == 0);
	p->pid = fork();
	if (p->pid == 0) {
		dup2(ends[1], output);
		execv(argv[0], (char *const *)argv);
		_exit(127);
	}
	close(ends[1]);
	p->out = ends[0];
}

static void run(struct program *p, const char *const *argv)
{
	run_with(p, argv, STDOUT_FILENO);
}

static int ended(pid_t pid)
{
	int status;

	ck_assert(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int stop(struct program *p)
{
	kill(p->pid, SIGTERM);
	close(p->out);
	return ended(p->pid);
}

/* The next whole line, NUL-terminated in place; NULL when the deadline or the output's end comes first. */
static char *next_line(struct program *p, uint64_t until_ns)
{
	for (;;) {
		char *from = p->text + p->taken, *end = memchr(from, '\n', p->n - p->taken);
		struct pollfd in = {.fd = p->out, .events = POLLIN};
		ssize_t n;

		if (end) {
			*end = '\0';
			p->taken = (size_t)(end + 1 - p->text);
			return from;
		}
		memmove(p->text, from, p->n - p->taken);
		p->n -= p->taken;
		p->taken = 0;
		if (clock_mono_ns() > until_ns || p->n == TEXT_BYTES)
			return NULL;
		if (poll(&in, 1, 100) == 1 && (n = read(p->out, p->text + p->n, TEXT_BYTES - p->n)) >= 0) {
			if (n == 0)
				return NULL;
			p->n += (size_t)n;
		}
	}
}

static uint64_t deadline(void)
{
	return clock_mono_ns() + DEADLINE_S * NS_PER_S;
}

/* --- the sender: a decider that measures --- */

static ev_timer beat;
static bool told_modes;
static int dropped_out = -1; /* where the sender tells at each beat how much it could not send */

static void on_beat(struct ev_loop *loop, ev_timer *w, int revents)
{
	if (dropped_out >= 0)
		dprintf(dropped_out, "%llu\n", (unsigned long long)timings_dropped());
	if (told_modes)
		timing_ns(METRIC_API_CLEANING_DECISION, NS_PER_MS);
}

static bool sender_start(struct service_run *run)
{
	ev_timer_init(&beat, on_beat, 0.05, 0.05);
	ev_timer_start(service_loop(run), &beat);
	service_ready(run, "measuring");
	return true;
}

static void sender_modes(struct service_run *run)
{
	told_modes = true;
}

static void sender_reload(struct service_run *run)
{
	static const struct uuid turn = {{0x01, 0x90}};

	for (uint64_t ms = 1; ms <= KNOWN; ms++)
		timing_ns(METRIC_API_TURN_INSERT, ms * NS_PER_MS);
	for (int i = 0; i < SLOW; i++)
		timing_turn_ns(METRIC_API_LUMEN_TURN_PROCESS, 25 * NS_PER_MS, &turn);
}

/* At the first SIGHUP what opens an alert, at the next what ends it: a hundred good ones to one slow. */
static void on_well(struct ev_loop *loop, ev_timer *w, int revents)
{
	on_beat(loop, w, revents);
	for (int i = 0; i < KNOWN; i++)
		timing_ns(METRIC_API_LUMEN_TURN_PROCESS, NS_PER_MS);
}

static void sender_reload_twice(struct service_run *run)
{
	static bool again;

	if (again)
		ev_set_cb(&beat, on_well);
	else
		sender_reload(run);
	again = true;
}

static const struct config_key no_keys[] = {{NULL}};
static char no_config;

static pid_t run_sender_with(void (*reload)(struct service_run *run))
{
	const struct service sender = {.name = "decider", .summary = "a sender", .keys = no_keys,
		.config = &no_config, .start = sender_start, .modes = sender_modes, .reload = reload};
	char *argv[] = {(char[]){"sender"}, (char[]){"--runtime_dir"}, dir, (char[]){"--log_level"}, (char[]){"error"}, NULL};
	pid_t pid = fork();

	if (pid == 0)
		exit(service_main(&sender, 5, argv));
	return pid;
}

static pid_t run_sender(void)
{
	return run_sender_with(sender_reload);
}

static pid_t run_telling_sender(struct program *told)
{
	int ends[2];

	told->n = told->taken = 0;
	ck_assert(pipe2(ends, O_CLOEXEC) == 0);
	dropped_out = ends[1];
	told->pid = run_sender();
	dropped_out = -1;
	close(ends[1]);
	told->out = ends[0];
	return told->pid;
}

/* --- reading what was told --- */

static double number(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsNumber(item) ? item->valuedouble : -1;
}

static const char *text(const cJSON *object, const char *name)
{
	const char *s = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));

	return s ? s : "";
}

/* The minute's figures of a metric in a snapshot, or NULL. */
static const cJSON *minute_of(const cJSON *snapshot, enum metric m)
{
	const cJSON *all = cJSON_GetObjectItemCaseSensitive(snapshot, "metrics");
	const cJSON *one = cJSON_GetObjectItemCaseSensitive(all, metrics[m].name);

	return cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(one, "windows"), "1m");
}

/* The next line of that kind for which the metric, in a snapshot's minute, has at least `count` samples. */
static cJSON *await(struct program *p, const char *kind, enum metric m, double count)
{
	uint64_t until = deadline();
	char *line;

	while ((line = next_line(p, until)) != NULL) {
		cJSON *json = cJSON_Parse(line);

		ck_assert_msg(json != NULL, "no JSON: %s", line);
		if (strcmp(text(json, "kind"), kind) == 0 && (count == 0 || number(minute_of(json, m), "count") >= count))
			return json;
		cJSON_Delete(json);
	}
	ck_abort_msg("no %s line with %g samples of %s within %d s", kind, count, metrics[m].name, DEADLINE_S);
	return NULL;
}

static void check_slow(const cJSON *line)
{
	ck_assert_str_eq(text(line, "metric"), "api.lumen_turn_process");
	ck_assert_str_eq(text(line, "area"), "api");
	ck_assert_str_eq(text(line, "unit"), "ms");
	ck_assert_str_eq(text(line, "source"), "decider");
	ck_assert_str_eq(text(line, "turn_id"), "01900000-0000-0000-0000-000000000000");
	ck_assert_double_eq(number(line, "value"), 25);
	ck_assert_double_eq(number(line, "target"), 10);
	ck_assert_double_eq(number(line, "ratio"), 2.5);
}

/* Two bursts, more than a second apart: each operation is told or counted, the second's rest with a line yet to come. A
 * burst may fall into two seconds of the monitor's clock, so 10 to 20 of each are told. */
static void check_told(double told, double suppressed)
{
	ck_assert_double_ge(told, 2 * 10);
	ck_assert_double_le(told, 2 * 20);
	ck_assert_double_ge(told + suppressed, SLOW + 10);
	ck_assert_double_le(told + suppressed, 2 * SLOW);
}

static double take_slow(struct program *p, double *suppressed)
{
	cJSON *line = await(p, "slow", METRIC_API_LUMEN_TURN_PROCESS, 0);
	double more = number(line, "suppressed");

	check_slow(line);
	cJSON_Delete(line);
	*suppressed += more;
	return 1;
}

/* stdout has them all by now; the stream's reader, a process of its own, gets as many. */
static void check_slow_lines(struct program *out, struct program *stream)
{
	double told = 0, suppressed = 0, streamed = 0, stream_suppressed = 0;
	struct pollfd more = {.fd = out->out, .events = POLLIN};

	while (memchr(out->text + out->taken, '\n', out->n - out->taken) || poll(&more, 1, 0) == 1)
		told += take_slow(out, &suppressed);
	check_told(told, suppressed);
	while (streamed < told)
		streamed += take_slow(stream, &stream_suppressed);
	ck_assert_double_eq(stream_suppressed, suppressed);
}

static void check_figures(const cJSON *snapshot)
{
	const cJSON *minute = minute_of(snapshot, METRIC_API_TURN_INSERT);

	ck_assert_double_eq(number(minute, "count"), KNOWN);
	ck_assert_double_eq(number(minute, "average"), 50.5);
	ck_assert_double_eq(number(minute, "min"), 1);
	ck_assert_double_eq(number(minute, "max"), 100);
	ck_assert_double_eq(number(minute, "within_target"), 1);
	ck_assert(number(minute, "p50") >= 50 && number(minute, "p50") <= 50 * 1.04);
	ck_assert(number(minute, "p95") >= 95 && number(minute, "p95") <= 95 * 1.04);
	ck_assert(number(minute, "p99") >= 99 && number(minute, "p99") <= 100);
	ck_assert_double_eq(number(minute_of(snapshot, METRIC_API_LUMEN_TURN_PROCESS), "within_target"), 0);
}

static const char *const monitor_argv[] = {MONITOR, "--runtime_dir", dir, "--usage_interval_ms", "200", "--log_level",
	"error", NULL};
static const char *const alerts_argv[] = {ALERTS, "--json", "--kind", "slow,snapshot", "--runtime_dir", dir, NULL};
static const char *const slow_argv[] = {ALERTS, "--json", "--runtime_dir", dir, NULL};

START_TEST(timings_come_in_and_judgements_go_out)
{
	static struct program monitor, snapshots, slow;
	pid_t sender;
	cJSON *line;

	run(&monitor, monitor_argv);
	run(&snapshots, alerts_argv);
	run(&slow, slow_argv);
	line = await(&snapshots, "snapshot", METRIC_SYSTEM_BACKEND_MEMORY_USAGE, 1); /* the monitor's been heard for a while */
	cJSON_Delete(line);
	sender = run_sender(); /* late: it measures only once it was told the modes */
	line = await(&snapshots, "snapshot", METRIC_API_CLEANING_DECISION, 1);
	cJSON_Delete(line);
	kill(sender, SIGHUP);
	line = await(&snapshots, "snapshot", METRIC_API_LUMEN_TURN_PROCESS, SLOW);
	check_figures(line);
	ck_assert_double_eq(number(line, "samples_lost"), 0);
	ck_assert_double_eq(number(line, "messages_refused"), 0);
	cJSON_Delete(line);
	for (int i = 0; i < 2; i++) /* two snapshots: a second has passed */
		cJSON_Delete(await(&snapshots, "snapshot", METRIC_API_LUMEN_TURN_PROCESS, SLOW));
	kill(sender, SIGHUP);
	line = await(&snapshots, "snapshot", METRIC_API_LUMEN_TURN_PROCESS, 2 * SLOW);
	cJSON_Delete(line);
	check_slow_lines(&monitor, &slow);
	line = await(&snapshots, "snapshot", METRIC_SYSTEM_CPU_USAGE_PROCESSING, 1);
	cJSON_Delete(line);
	kill(sender, SIGTERM);
	ck_assert_int_eq(ended(sender), 0);
	ck_assert_int_eq(stop(&monitor), 0);
	ck_assert_int_eq(stop(&slow), 128 + SIGTERM);
	ck_assert_int_eq(stop(&snapshots), 128 + SIGTERM);
}
END_TEST

static cJSON *await_alert(struct program *p, const char *state)
{
	cJSON *line = await(p, "alert", METRIC_API_LUMEN_TURN_PROCESS, 0);

	ck_assert_str_eq(text(line, "about"), "api.lumen_turn_process");
	ck_assert_str_eq(text(line, "alert"), "api_response_over_target");
	ck_assert_str_eq(text(line, "severity"), "warning");
	ck_assert_str_eq(text(line, "state"), state);
	ck_assert_double_eq(number(line, "limit"), 15);
	return line;
}

START_TEST(a_missed_target_is_an_alert_until_it_is_met)
{
	static const char *const argv[] = {MONITOR, "--runtime_dir", dir, "--alert_after_s", "1", "--alert_clear_s", "1",
		"--usage_interval_ms", "60000", "--log_level", "error", NULL};
	static struct program monitor, snapshots, alerts;
	cJSON *opened, *resolved;
	pid_t sender;

	run(&monitor, argv);
	run(&snapshots, alerts_argv);
	run(&alerts, slow_argv);
	sender = run_sender_with(sender_reload_twice);
	cJSON_Delete(await(&snapshots, "snapshot", METRIC_API_CLEANING_DECISION, 1));
	kill(sender, SIGHUP);
	opened = await_alert(&monitor, "opened");
	ck_assert_double_eq(number(opened, "over"), SLOW);
	ck_assert_double_ge(number(opened, "value"), 25);
	kill(sender, SIGHUP);
	resolved = await_alert(&monitor, "resolved");
	ck_assert_str_eq(text(resolved, "id"), text(opened, "id"));
	ck_assert_str_eq(text(resolved, "opened_at"), text(opened, "opened_at"));
	cJSON_Delete(await_alert(&alerts, "opened")); /* and the stream has the same */
	cJSON_Delete(await_alert(&alerts, "resolved"));
	cJSON_Delete(opened);
	cJSON_Delete(resolved);
	kill(sender, SIGTERM);
	ck_assert_int_eq(ended(sender), 0);
	ck_assert_int_eq(stop(&monitor), 0);
	stop(&alerts);
	stop(&snapshots);
}
END_TEST

static void await_dropped(struct program *told, unsigned long long least)
{
	uint64_t until = deadline();
	char *line;

	while ((line = next_line(told, until)) != NULL)
		if (strtoull(line, NULL, 10) >= least)
			return;
	ck_abort_msg("%llu timings were not counted as dropped within %d s", least, DEADLINE_S);
}

/* Figures are of the time at which samples come: what was measured while nobody heard it must not come later as if it were new. */
START_TEST(without_a_monitor_timings_are_dropped_and_counted)
{
	static struct program monitor, snapshots, told;
	double lost = 0;
	pid_t sender;
	cJSON *line;

	run(&monitor, monitor_argv);
	run(&snapshots, alerts_argv);
	sender = run_telling_sender(&told);
	cJSON_Delete(await(&snapshots, "snapshot", METRIC_API_CLEANING_DECISION, 1));
	ck_assert_int_eq(stop(&monitor), 0);
	kill(sender, SIGHUP);
	await_dropped(&told, KNOWN + SLOW);
	run(&monitor, monitor_argv);
	for (uint64_t until = deadline(); lost < KNOWN + SLOW && clock_mono_ns() < until; cJSON_Delete(line)) {
		line = await(&snapshots, "snapshot", METRIC_API_CLEANING_DECISION, 1);
		lost = number(line, "samples_lost");
		ck_assert_ptr_null(minute_of(line, METRIC_API_TURN_INSERT));
	}
	ck_assert_double_ge(lost, KNOWN + SLOW);
	kill(sender, SIGHUP);
	line = await(&snapshots, "snapshot", METRIC_API_LUMEN_TURN_PROCESS, SLOW);
	check_figures(line);
	cJSON_Delete(line);
	ck_assert_int_eq(stop(&told), 0);
	ck_assert_int_eq(stop(&monitor), 0);
	stop(&snapshots);
}
END_TEST

static void await_text(struct program *p, const char *what)
{
	uint64_t until = deadline();
	char *line;

	while ((line = next_line(p, until)) != NULL)
		if (strstr(line, what))
			return;
	ck_abort_msg("no line with %s within %d s", what, DEADLINE_S);
}

START_TEST(connected_processes_are_counted_and_no_others)
{
	static const char *const argv[] = {MONITOR, "--runtime_dir", dir, "--usage_interval_ms", "100", "--log_level", "debug",
		NULL};
	static struct program monitor, reader;
	pid_t sender;

	run_with(&monitor, argv, STDERR_FILENO);
	run(&reader, slow_argv); /* a reader of alerts is none of ours */
	await_text(&monitor, "processes=1 ");
	sender = run_sender();
	await_text(&monitor, "processes=2 ");
	kill(sender, SIGKILL);
	ck_assert_int_eq(ended(sender), 128 + SIGKILL);
	await_text(&monitor, "processes=1 ");
	ck_assert_int_eq(stop(&monitor), 0);
	stop(&reader);
}
END_TEST

/* Anything on the timings socket: raw frames, each row one message after the topic. */
static const struct {
	const char *frames[6];
	size_t sizes[6];
} noise[] = {
	{{""}, {0}},
	{{"nonsense"}, {8}},
	{{"\x06\x01", "s"}, {2, 1}},                                             /* too few */
	{{"\x06\x01", "s", "0123456789abcdef", "01234567", "123"}, {2, 1, 16, 8, 3}}, /* no whole sample */
	{{"\x06\x01", "s", "0123456789abcdef", "01234567", "\xFF\xFF\x01\0\0\0\0\0\0\0"}, {2, 1, 16, 8, 10}}, /* no metric */
	{{"\x06\x01", "s", "0123456789abcde", "01234567", ""}, {2, 1, 15, 8, 0}},  /* no id */
	{{"\x06\x63", "s", "0123456789abcdef", "01234567", ""}, {2, 1, 16, 8, 0}}, /* no version of ours */
	{{"\x07\x01", "modes"}, {2, 5}},                                         /* another kind */
};

static void send_noise(zsock_t *socket)
{
	for (size_t i = 0; i < countof(noise); i++) {
		zmsg_t *msg = zmsg_new();

		zmsg_addstr(msg, "t");
		for (size_t f = 0; f < countof(noise[i].frames) && noise[i].frames[f]; f++)
			zmsg_addmem(msg, noise[i].frames[f], noise[i].sizes[f]);
		zmsg_send(&msg, socket);
	}
}

START_TEST(noise_is_refused_and_counted)
{
	static struct program monitor, snapshots;
	double refused = 0, rows = (double)countof(noise);
	zsock_t *socket;
	cJSON *line;

	run(&monitor, monitor_argv);
	run(&snapshots, alerts_argv);
	socket = zsock_new(ZMQ_PUB);
	ck_assert(zsock_connect(socket, "ipc://%s/timings", dir) == 0);
	for (int left = DEADLINE_S; refused < rows || fmod(refused, rows) != 0; left--) {
		ck_assert_msg(left > 0, "%g of %g messages a round were refused", refused, rows);
		if (refused < rows) /* the first rounds may go before it is connected; a snapshot may fall into one */
			send_noise(socket);
		line = await(&snapshots, "snapshot", METRIC_SYSTEM_BACKEND_MEMORY_USAGE, 1);
		refused = number(line, "messages_refused");
		cJSON_Delete(line);
	}
	zsock_destroy(&socket);
	zsys_shutdown();
	ck_assert_int_eq(stop(&monitor), 0);
	stop(&snapshots);
}
END_TEST

START_TEST(the_reader_finds_a_monitor_that_came_back)
{
	static struct program monitor, snapshots;

	run(&snapshots, alerts_argv); /* before any monitor */
	for (int i = 0; i < 2; i++) {
		run(&monitor, monitor_argv);
		cJSON_Delete(await(&snapshots, "snapshot", METRIC_SYSTEM_BACKEND_MEMORY_USAGE, 1));
		ck_assert_int_eq(stop(&monitor), 0);
	}
	stop(&snapshots);
}
END_TEST

START_TEST(columns_and_an_end_after_so_many)
{
	static const char *const argv[] = {ALERTS, "--kind", "snapshot", "-n", "2", "--runtime_dir", dir, NULL};
	static struct program monitor, shown;

	run(&monitor, monitor_argv);
	run(&shown, argv);
	ck_assert_ptr_nonnull(strstr(next_line(&shown, deadline()), "LAST MINUTE"));
	while (next_line(&shown, deadline()))
		;
	ck_assert_int_eq(ended(shown.pid), 0);
	close(shown.out);
	ck_assert_int_eq(stop(&monitor), 0);
}
END_TEST

static const struct {
	const char *argv[6], *targets;
	int code;
} refused[] = {
	{{MONITOR, "--targets_file", "@", "--runtime_dir", dir}, "metric,area\n", EXIT_BAD_CONFIG},
	{{MONITOR, "--targets_file", "@", "--runtime_dir", dir}, "metric,area,target,unit,better\nnone,api,1,ms,lower\n",
		EXIT_BAD_CONFIG},
	{{MONITOR, "--targets_file", "/nonexistent/targets.csv", "--runtime_dir", dir}, NULL, EXIT_BAD_CONFIG},
	{{MONITOR, "--targets_file", dir, "--check-config"}, NULL, EXIT_BAD_CONFIG},
	{{MONITOR, "--check-config"}, NULL, 0},
	{{MONITOR, "--usage_interval_ms", "1", "--runtime_dir", dir}, NULL, EXIT_BAD_CONFIG},
	{{ALERTS, "--kind", "loud"}, NULL, EXIT_BAD_USAGE},
	{{ALERTS, "stray"}, NULL, EXIT_BAD_USAGE},
	{{ALERTS, "--no-such-key", "1"}, NULL, EXIT_BAD_CONFIG},
	{{ALERTS, "--endpoint=tcp://192.0.2.1:1"}, NULL, EXIT_BAD_CONFIG}, /* without keys it would travel in clear */
	{{ALERTS, "--help"}, NULL, 0},
};

START_TEST(command_lines_and_files_that_are_refused)
{
	static struct program p;
	const char *argv[6];
	char path[64];
	FILE *file;

	snprintf(path, sizeof path, "%s/targets.csv", dir);
	memcpy(argv, refused[_i].argv, sizeof argv);
	if (refused[_i].targets) {
		file = fopen(path, "w");
		ck_assert(file && fputs(refused[_i].targets, file) >= 0 && fclose(file) == 0);
		argv[2] = path;
	}
	run(&p, argv);
	while (next_line(&p, deadline()))
		;
	close(p.out);
	ck_assert_int_eq(ended(p.pid), refused[_i].code);
}
END_TEST

static void remove_dir(void)
{
	static const char *const names[] = {"timings", "alerts", "control", "targets.csv"};
	char path[64];

	for (size_t i = 0; i < countof(names); i++) {
		snprintf(path, sizeof path, "%s/%s", dir, names[i]);
		unlink(path);
	}
	rmdir(dir);
}

int main(void)
{
	Suite *suite = suite_create("monitor");
	TCase *tc = tcase_create("monitor");
	int failed;

	if (!mkdtemp(dir))
		return 1;
	tcase_add_test(tc, timings_come_in_and_judgements_go_out);
	tcase_add_test(tc, a_missed_target_is_an_alert_until_it_is_met);
	tcase_add_test(tc, without_a_monitor_timings_are_dropped_and_counted);
	tcase_add_test(tc, connected_processes_are_counted_and_no_others);
	tcase_add_test(tc, noise_is_refused_and_counted);
	tcase_add_test(tc, the_reader_finds_a_monitor_that_came_back);
	tcase_add_test(tc, columns_and_an_end_after_so_many);
	tcase_add_loop_test(tc, command_lines_and_files_that_are_refused, 0, (int)countof(refused));
	suite_add_tcase(suite, tc);
	failed = check_run(suite, CK_NOFORK); /* its own forks are services that run exit handlers */
	remove_dir();
	return failed ? 1 : 0;
}
