/* SPDX-License-Identifier: ISC
 *
 * service_test.c - the frame and the links, with real processes: a "decider" that echoes, a "gateway" that asks, a
 * "monitor" that tells modes and hears timings. Each is a fork that runs service_main as the real ones do.
 */
#include "common/base/clock.h"
#include "common/base/check_run.h"
#include "common/base/log.h"
#include "common/base/xalloc.h"
#include "common/wire/limits.h"
#include "common/wire/modes.h"
#include "link.h"
#include "timings.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	ASKED = 5000,        /* turns sent in bursts: many times LINK_BURST, so that the edge matters */
	TOPICS = 30000,      /* three times the mark of the events' link */
	TEST_SECONDS = 30,   /* a deadline, not an expectation */
};

static char dir[] = "/tmp/cleanerctx-service-XXXXXX";
static struct link *one, *two;
static uint64_t answered, sent, samples;
static bool moded;

static void give_up(struct ev_loop *loop, ev_timer *w, int revents)
{
	fprintf(stderr, "gave up: sent %llu answered %llu samples %llu moded %d\n", (unsigned long long)sent,
		(unsigned long long)answered, (unsigned long long)samples, moded);
	service_fail(w->data);
}

static void deadline(struct service_run *run)
{
	static ev_timer timer;

	ev_timer_init(&timer, give_up, TEST_SECONDS, 0);
	timer.data = run;
	ev_timer_start(service_loop(run), &timer);
	service_ready(run, "testing");
}

static void close_links(struct service_run *run)
{
	link_close(&one);
	link_close(&two);
}

/* --- decider: answers each turn with its seq in queue_position --- */

static void echo(const struct link_in *in, void *arg)
{
	struct msg_verdict v = {.turn_id = in->msg->turn.turn_id, .queue_position = in->msg->turn.priority,
		.turn = in->msg->turn.raw_text};

	if (!link_send_to(in->link, &in->peer, MSG_VERDICT, &v))
		bug("the answer did not go out");
}

static bool decider_start(struct service_run *run)
{
	one = link_open(run, LINK_TURNS, LINK_BINDS, NULL, (struct link_handlers){.message = echo});
	deadline(run);
	return true;
}

/* --- gateway: keeps a burst under way until all are answered in order, then drains --- */

static void ask(void)
{
	struct msg_turn t = {.priority = sent, .raw_text = SLICE("text"), .speaker = SLICE("User")};

	if (link_send(one, MSG_TURN, &t)) /* refused until the decider is there: tried again by the timer */
		sent++;
}

static void heard(const struct link_in *in, void *arg)
{
	if (in->kind != MSG_VERDICT || in->msg->verdict.queue_position != answered ||
		!slice_eq(in->msg->verdict.turn, SLICE("text"))) {
		service_fail(arg);
		return;
	}
	timing_ns(METRIC_API_CLEANING_DECISION, answered);
	if (++answered == ASKED)
		service_drained(arg);
	else if (sent < ASKED)
		ask();
}

static void more(struct ev_loop *loop, ev_timer *w, int revents)
{
	for (uint64_t before = sent; sent < ASKED && sent < answered + 700; before = sent) {
		ask();
		if (sent == before)
			return;
	}
}

static bool gateway_start(struct service_run *run)
{
	static ev_timer timer;

	one = link_open(run, LINK_TURNS, LINK_CONNECTS, NULL, (struct link_handlers){.message = heard, .arg = run});
	ev_timer_init(&timer, more, 0.02, 0.02);
	ev_timer_start(service_loop(run), &timer);
	deadline(run);
	return true;
}

/* --- monitor: ends when it has had samples and told the modes to somebody --- */

static void timing_heard(const struct link_in *in, void *arg)
{
	if (in->kind == MSG_TIMINGS)
		samples += in->msg->timings.samples.n / 10;
	if (samples >= ASKED && moded)
		service_drained(arg);
}

static void subscribed(struct link *link, struct slice topic, bool on, void *arg)
{
	int64_t now_at = clock_wall_us();
	struct msg_control m = {.modes = SLICE("aggressive_caching simple_ui light_cleaning batch_model_calls")};
	struct buf words;

	buf_init(&words, 1024);
	mode_override_write(&words, &(struct mode_override){MODE_LIGHT_CLEANING, true, now_at + US_PER_S / 2});
	mode_override_write(&words, &(struct mode_override){MODE_BATCH_MODEL_CALLS, true, now_at + 3600 * US_PER_S});
	m.overrides = buf_view(&words);
	if (on)
		link_publish(link, SLICE(""), MSG_CONTROL, &m);
	moded = true;
	buf_finish(&words);
}

static bool monitor_start(struct service_run *run)
{
	one = link_open(run, LINK_TIMINGS, LINK_BINDS, NULL, (struct link_handlers){.message = timing_heard, .arg = run});
	link_subscribe(one, SLICE("t"));
	two = link_open(run, LINK_CONTROL, LINK_BINDS, NULL, (struct link_handlers){.subscription = subscribed});
	deadline(run);
	return true;
}

/* --- notifier: runs until a mode reaches it, and one of an operator's words is over, which the monitor does not say --- */

static void mode_heard(struct service_run *run)
{
	if (!service_mode(run, "simple_ui") || service_mode(run, "simple") || service_mode(run, "ui") ||
		!service_mode(run, "batch_model_calls"))
		service_fail(run);
	else if (!service_mode(run, "light_cleaning"))
		service_drained(run);
}

static bool notifier_start(struct service_run *run)
{
	deadline(run);
	return true;
}

/* --- a gateway with many subscriptions, and a notifier that comes after it and must hear of each --- */

static bool subscriber_start(struct service_run *run)
{
	char topic[LIMIT_TOPIC_BYTES];

	one = link_open(run, LINK_EVENTS, LINK_CONNECTS, NULL, (struct link_handlers){0});
	for (int i = 0; i < TOPICS; i++) {
		snprintf(topic, sizeof topic, "c.%d", i);
		link_subscribe(one, slice_str(topic));
	}
	deadline(run);
	return true;
}

static void topic_heard(struct link *link, struct slice topic, bool on, void *arg)
{
	if (++answered == TOPICS)
		service_drained(arg);
}

static bool publisher_start(struct service_run *run)
{
	one = link_open(run, LINK_EVENTS, LINK_BINDS, NULL, (struct link_handlers){.subscription = topic_heard, .arg = run});
	deadline(run);
	return true;
}

static const struct config_key no_keys[] = {{NULL}};
static char no_config;

static pid_t run_as(const char *name, bool (*start)(struct service_run *), void (*modes)(struct service_run *))
{
	struct service service = {.name = name, .summary = "a test", .keys = no_keys, .config = &no_config, .start = start,
		.stop = close_links, .modes = modes};
	static char program[] = "test", key[] = "--runtime_dir", level[] = "--log-level=warning";
	char *argv[] = {program, key, dir, level, NULL};
	pid_t pid = fork();

	if (pid == 0)
		exit(service_main(&service, 4, argv));
	return pid;
}

static int ended(pid_t pid)
{
	int status = -1;

	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

START_TEST(processes_talk_and_lose_nothing)
{
	pid_t monitor = run_as("monitor", monitor_start, NULL), decider, gateway, notifier;

	gateway = run_as("gateway", gateway_start, NULL);
	notifier = run_as("notifier", notifier_start, mode_heard);
	decider = run_as("decider", decider_start, NULL);
	ck_assert_int_eq(ended(gateway), 0);
	ck_assert_int_eq(ended(notifier), 0);
	kill(decider, SIGTERM);
	ck_assert_int_eq(ended(decider), 0);
	ck_assert_int_eq(ended(monitor), 0);
}
END_TEST

START_TEST(a_publisher_that_comes_late_hears_of_every_subscription)
{
	pid_t gateway = run_as("gateway", subscriber_start, NULL), notifier;

	for (int times = 0; times < 2; times++) { /* started anew, too */
		notifier = run_as("notifier", publisher_start, NULL);
		ck_assert_int_eq(ended(notifier), 0);
	}
	kill(gateway, SIGTERM);
	ck_assert_int_eq(ended(gateway), 0);
}
END_TEST

START_TEST(bad_command_lines_have_their_exit_codes)
{
	struct service service = {.name = "decider", .summary = "a test", .keys = no_keys, .config = &no_config};
	static const struct {
		const char *args[3];
		int code;
	} rows[] = {
		{{"--log_level", "loud"}, EXIT_BAD_CONFIG}, {{"--no-such-key", "1"}, EXIT_BAD_CONFIG},
		{{"stray"}, EXIT_BAD_USAGE}, {{"--log_level"}, EXIT_BAD_USAGE}, {{"--help"}, 0}, {{"--check-config"}, 0},
		{{"--config", "/nowhere/at/all"}, EXIT_BAD_CONFIG},
	};

	for (size_t i = 0; i < countof(rows); i++) {
		static char program[] = "test";
		char *argv[] = {program, (char *)rows[i].args[0], (char *)rows[i].args[1], NULL};
		pid_t pid = fork();

		if (pid == 0) {
			if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
				_exit(99);
			exit(service_main(&service, rows[i].args[1] ? 3 : 2, argv));
		}
		ck_assert_msg(ended(pid) == rows[i].code, "row %zu", i);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("service");
	TCase *tc = tcase_create("service");
	char *remove = NULL;
	int failed;

	if (!mkdtemp(dir))
		return 1;
	tcase_set_timeout(tc, 2 * TEST_SECONDS);
	tcase_add_test(tc, processes_talk_and_lose_nothing);
	tcase_add_test(tc, a_publisher_that_comes_late_hears_of_every_subscription);
	tcase_add_test(tc, bad_command_lines_have_their_exit_codes);
	suite_add_tcase(suite, tc);
	failed = check_run(suite, CK_FORK_GETENV);
	if (asprintf(&remove, "rm -rf %s", dir) < 0 || system(remove) != 0)
		failed++;
	free(remove);
	return failed ? 1 : 0;
}
