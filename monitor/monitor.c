/* SPDX-License-Identifier: ISC
 *
 * monitor.c - the shell: timings in; slow lines, snapshots and modes out.
 *
 * Input   `timings` (SUB, bound): samples and notices of every process, an operator's words on modes. `control` (XPUB, bound):
 *         subscriptions.
 * Output  slow and alert lines on stdout and, with a snapshot each second, on `alerts` (PUB, bound); the modes on `control`, sent
 *         again to every new subscriber.
 * Limits  A message's samples LIMIT_TIMING_SAMPLES; lines RULES_SLOW_PER_S a metric and second; memory as in window.h. No
 *         state is kept for a sender, so their number does not matter.
 * Loss    Windows begin empty at every start; open alerts (alert_store.h) and an operator's words on modes (kept.h) are kept. What senders or stdout lose is counted and told in the snapshot.
 * Never   waits for a reader: a pipe that is full on stdout loses lines, a slow subscriber its copies.
 */
#include "monitor.h"

#include "alert_store.h"
#include "alerting.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/xalloc.h"
#include "common/service/counts.h"
#include "common/service/link.h"
#include "common/service/timings.h"
#include "intake.h"
#include "kept.h"
#include "lines.h"
#include "modes.h"
#include "usage.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	SNAPSHOT_S = 1,
	MODES_BYTES = 1024,     /* every name and every word: a third of it */
	WORD_LOOK_US = 1000000, /* the longest sleep while an operator's word stands */
};

struct monitor_config monitor_config;

static struct {
	struct service_run *run;
	struct link *timings, *alerts, *control;
	ev_timer snapshot, look, words;
	struct targets targets;
	struct rules rules;
	struct alerting alerting;
	struct alert_store *kept_alerts;
	struct modes modes;
	struct tally tally;
	struct series series[METRIC_COUNT];
	struct usage usage;
	struct counts *counts;
	struct {
		char about[INTAKE_SOURCE_BYTES]; /* the last that it was told of */
		uint64_t told;
	} notices[ALERT_COUNT];
	uint64_t events[ALERT_STATES]; /* of alerts, told */
	bool worked;     /* an operation was heard of since the last look: the processor share is "processing" */
	struct buf line; /* the one under composition */
} monitor;

/* A pipe that polls writable has room for PIPE_BUF bytes, which no slow line exceeds: the write never waits. */
static void put_stdout(struct slice line)
{
	struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};

	if (poll(&out, 1, 0) != 1 || !(out.revents & POLLOUT) || write(STDOUT_FILENO, line.p, line.n) != (ssize_t)line.n)
		monitor.tally.lines_lost++;
}

static void publish(struct slice topic)
{
	struct msg_alert m = {.json = buf_view(&monitor.line)};

	if (monitor.line.overflow)
		bug("a line longer than LINES_BYTES");
	link_publish(monitor.alerts, topic, MSG_ALERT, &m);
}

/* The line under composition: to whoever listens, and on stdout. */
static void tell(struct slice topic)
{
	publish(topic);
	buf_char(&monitor.line, '\n');
	put_stdout(buf_view(&monitor.line));
}

static void tell_slow(const struct finding *found, const char *source, const struct uuid *turn_id)
{
	buf_reset(&monitor.line);
	line_slow(&monitor.line, found, &monitor.targets, source, turn_id, clock_wall_us());
	monitor.tally.slow++;
	tell(SLICE("slow"));
}

/* Each process says it, again and again while it holds: told once, until it holds of something else. */
static void on_notice(const struct msg_notice *m)
{
	char about[INTAKE_SOURCE_BYTES], source[INTAKE_SOURCE_BYTES], unit[INTAKE_SOURCE_BYTES];
	struct msg_notice told = *m;

	if (m->alert >= ALERT_COUNT) {
		monitor.tally.messages_refused++;
		return;
	}
	intake_source(m->about, about);
	intake_source(m->source, source);
	intake_source(m->unit, unit);
	if (monitor.notices[m->alert].told && strcmp(monitor.notices[m->alert].about, about) == 0)
		return;
	memcpy(monitor.notices[m->alert].about, about, sizeof about);
	monitor.notices[m->alert].told++;
	told.about = slice_str(about);
	told.source = slice_str(source);
	told.unit = slice_str(unit);
	buf_reset(&monitor.line);
	line_alert(&monitor.line, &told, clock_wall_us());
	tell(SLICE("alert"));
}

static bool take_over(const struct alert_event *e)
{
	return alerting_restore(&monitor.alerting, e);
}

/* Each second: has a target been missed, or met, for long enough? */
static void look_for_alerts(void)
{
	uint64_t now_ns = clock_mono_ns();
	int64_t wall_us = clock_wall_us();
	struct alert_event event;

	monitor.alerting.after_ns = (uint64_t)monitor_config.alert_after_s * NS_PER_S;
	monitor.alerting.clear_ns = (uint64_t)monitor_config.alert_clear_s * NS_PER_S;
	for (enum metric m = 0; m < METRIC_COUNT; m++) {
		if (!alerting_look(&monitor.alerting, &monitor.targets, m, &monitor.series[m], now_ns, wall_us, &event))
			continue;
		buf_reset(&monitor.line);
		line_alert_event(&monitor.line, &event, &monitor.targets, wall_us);
		monitor.events[event.state]++;
		alert_store_put(monitor.kept_alerts, &event.id, buf_view(&monitor.line));
		tell(SLICE("alert"));
	}
}

static void take_sample(enum metric metric, uint64_t value, uint64_t now_ns, const char *source, const struct uuid *turn_id)
{
	struct finding found;

	monitor.tally.samples++;
	monitor.worked |= !slice_eq(metric_area(metric), SLICE("system"));
	series_add(&monitor.series[metric], now_ns, value, rules_within(&monitor.rules, &monitor.targets, metric, value));
	if (rules_sample(&monitor.rules, &monitor.targets, metric, value, now_ns, &found))
		tell_slow(&found, source, turn_id);
}

/* To all, since a publisher cannot choose: those who know the modes already see no change. */
static void tell_modes(void)
{
	struct msg_control m;
	struct buf modes, said;

	buf_init(&modes, MODES_BYTES);
	buf_init(&said, MODES_BYTES);
	modes_text(&monitor.modes, &modes);
	modes_said_text(&monitor.modes, &said);
	m = (struct msg_control){buf_view(&modes), buf_view(&said)};
	link_publish(monitor.control, SLICE(""), MSG_CONTROL, &m);
	buf_finish(&modes);
	buf_finish(&said);
}

static void on_control_subscription(struct link *link, struct slice topic, bool on, void *arg)
{
	if (on && monitor.control)
		tell_modes();
}

/* Wakes when the next word of an operator ends; the wall clock may have been set meanwhile, so not much later. */
static void wait_for_end(void)
{
	struct ev_loop *loop = service_loop(monitor.run);
	int64_t next = modes_next_end(&monitor.modes), left = next - clock_wall_us();

	ev_timer_stop(loop, &monitor.words);
	if (!next)
		return;
	ev_timer_set(&monitor.words, left <= 0 ? 0 : left < WORD_LOOK_US ? (double)left / 1e6 : WORD_LOOK_US / 1e6, 0);
	ev_timer_start(loop, &monitor.words);
}

static void on_words(struct ev_loop *loop, ev_timer *w, int revents)
{
	if (modes_expire(&monitor.modes, clock_wall_us())) {
		log_info("monitor.mode_ended", "");
		kept_write(service_common(monitor.run)->runtime_dir, &monitor.modes);
		tell_modes();
	}
	wait_for_end();
}

static void on_mode(const struct msg_mode *m)
{
	struct mode_override said = {mode_by_name(m->mode), m->on != 0, m->until_at};

	if (said.mode == MODE_COUNT) {
		monitor.tally.messages_refused++;
		return;
	}
	modes_say(&monitor.modes, &said, clock_wall_us());
	log_info("monitor.mode", "mode=%s on=%d until_us=%lld", mode_names[said.mode], said.on, (long long)said.until_at);
	kept_write(service_common(monitor.run)->runtime_dir, &monitor.modes);
	tell_modes();
	wait_for_end();
}

static void on_timings(const struct link_in *in, void *arg)
{
	static const struct uuid none;
	const struct msg_timings *m = &in->msg->timings;
	char source[INTAKE_SOURCE_BYTES];
	struct slice samples;
	uint64_t value, now_ns = clock_mono_ns();
	enum metric metric;
	bool known = true;

	if (in->kind == MSG_MODE) {
		on_mode(&in->msg->mode);
		return;
	}
	if (in->kind == MSG_NOTICE) {
		on_notice(&in->msg->notice);
		return;
	}
	if (in->kind == MSG_ALERT) { /* what a process counted: for whoever shows it, as it came */
		link_publish(monitor.alerts, SLICE("counts"), MSG_ALERT, &in->msg->alert);
		return;
	}
	if (in->kind != MSG_TIMINGS || !intake_valid(m->samples)) {
		monitor.tally.messages_refused++;
		return;
	}
	intake_source(m->source, source);
	monitor.tally.samples_lost += m->dropped;
	for (samples = m->samples; intake_next(&samples, &metric, &value);) {
		known &= metric != METRIC_COUNT;
		if (metric != METRIC_COUNT)
			take_sample(metric, value, now_ns, source, uuid_eq(&m->turn_id, &none) ? NULL : &m->turn_id);
	}
	monitor.tally.messages_refused += !known;
}

static uint64_t messages_refused(void)
{
	return monitor.tally.messages_refused + link_dropped(monitor.timings);
}

/* Its own go the way of every other process'. */
static void count(struct buf *out, void *arg)
{
	count_add(out, COUNT_MONITOR_TIMINGS, monitor.tally.samples);
	count_add(out, COUNT_MONITOR_LOST, monitor.tally.samples_lost);
	count_add(out, COUNT_MONITOR_REFUSED, messages_refused());
	count_add(out, COUNT_MONITOR_LINES_LOST, monitor.tally.lines_lost);
	count_of(out, COUNT_MONITOR_ALERTS, monitor.tally.slow, "kind", "slow");
	for (size_t i = 0; i < ALERT_COUNT; i++)
		count_of(out, COUNT_MONITOR_ALERTS, monitor.notices[i].told, "kind", alert_names[i]);
	for (enum alert_state i = 0; i < ALERT_STATES; i++)
		count_of(out, COUNT_MONITOR_ALERTS, monitor.events[i], "kind", alert_state_names[i]);
	for (enum severity i = 0; i < SEVERITY_COUNT; i++)
		count_of(out, COUNT_MONITOR_OPEN, alerting_open(&monitor.alerting, i), "severity", severity_names[i]);
	count_add(out, COUNT_MONITOR_SUPPRESSED, monitor.rules.suppressed);
}

static void on_snapshot(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct tally tally = monitor.tally;

	tally.messages_refused = messages_refused();
	buf_reset(&monitor.line);
	line_snapshot(&monitor.line, monitor.series, &monitor.targets, &tally, clock_mono_ns(), clock_wall_us());
	publish(SLICE("snapshot"));
	look_for_alerts();
}

/* The figures go the way of every other sample: out through the timings client, in through the link. */
static void look(void)
{
	const char *endpoint = link_endpoint(monitor.timings), *scheme = "ipc://";
	struct usage_figures f;

	if (strncmp(endpoint, scheme, strlen(scheme)) == 0)
		endpoint += strlen(scheme);
	usage_look(&monitor.usage, endpoint, clock_mono_ns(), &f);
	log_debug("monitor.usage", "processes=%zu memory_bytes=%llu cpu_percent=%.2f", f.processes,
		(unsigned long long)f.memory_bytes, f.cpu_percent);
	timing_value(METRIC_SYSTEM_BACKEND_MEMORY_USAGE, (double)f.memory_bytes / 1e6);
	if (f.cpu_percent >= 0)
		timing_value(monitor.worked ? METRIC_SYSTEM_CPU_USAGE_PROCESSING : METRIC_SYSTEM_CPU_USAGE_IDLE, f.cpu_percent);
	monitor.worked = false;
}

static void on_look(struct ev_loop *loop, ev_timer *w, int revents)
{
	look();
	w->repeat = (double)monitor_config.usage_interval_ms / 1e3;
	ev_timer_again(loop, w);
}

/* The file's text, NULL with the reason in error; the caller frees it. */
static char *read_whole(const char *path, size_t *n, struct buf *error)
{
	FILE *file = fopen(path, "re");
	char *text = file ? xmalloc(TARGETS_FILE_BYTES) : NULL;

	*n = file ? fread(text, 1, TARGETS_FILE_BYTES, file) : 0;
	if (file && !ferror(file) && *n < TARGETS_FILE_BYTES) {
		fclose(file);
		return text;
	}
	if (file && !ferror(file))
		buf_printf(error, "%s: is %d bytes or more, no file of targets", path, TARGETS_FILE_BYTES);
	else
		buf_printf(error, "%s: cannot read: %s", path, strerror(errno));
	if (file)
		fclose(file);
	free(text);
	return NULL;
}

bool monitor_check(struct buf *error)
{
	const char *path = monitor_config.targets_file;
	bool ok;
	size_t n;
	char *text;

	targets_shipped(&monitor.targets);
	if (!*path)
		return true;
	text = read_whole(path, &n, error);
	ok = text && targets_parse(&monitor.targets, slice_of(text, n), path, error);
	free(text);
	return ok;
}

static void start_timer(ev_timer *timer, void (*run)(struct ev_loop *, ev_timer *, int), double every_s)
{
	ev_timer_init(timer, run, every_s, every_s);
	ev_timer_start(service_loop(monitor.run), timer);
}

bool monitor_start(struct service_run *run)
{
	struct link_handlers in = {.message = on_timings}, told = {.subscription = on_control_subscription};

	monitor.run = run;
	rules_init(&monitor.rules);
	alerting_init(&monitor.alerting);
	for (enum metric m = 0; m < METRIC_COUNT; m++)
		series_init(&monitor.series[m]);
	buf_init(&monitor.line, LINES_BYTES);
	kept_read(service_common(run)->runtime_dir, &monitor.modes, clock_wall_us());
	monitor.alerts = link_open(run, LINK_ALERTS, LINK_BINDS, NULL, (struct link_handlers){0});
	monitor.control = link_open(run, LINK_CONTROL, LINK_BINDS, NULL, told);
	monitor.timings = link_open(run, LINK_TIMINGS, LINK_BINDS, NULL, in);
	link_subscribe(monitor.timings, SLICE("t"));
	link_subscribe(monitor.timings, SLICE("m"));
	link_subscribe(monitor.timings, SLICE("c"));
	link_subscribe(monitor.timings, SLICE("a"));
	ev_timer_init(&monitor.words, on_words, 0, 0);
	wait_for_end();
	monitor.kept_alerts = alert_store_open(run, &monitor_config.alert_keep_days, take_over);
	start_timer(&monitor.snapshot, on_snapshot, SNAPSHOT_S);
	start_timer(&monitor.look, on_look, (double)monitor_config.usage_interval_ms / 1e3);
	monitor.counts = counts_open(run, count, NULL);
	service_ready(run, "listening");
	return true;
}

void monitor_stop(struct service_run *run)
{
	counts_close(&monitor.counts);
	ev_timer_stop(service_loop(run), &monitor.snapshot);
	ev_timer_stop(service_loop(run), &monitor.look);
	ev_timer_stop(service_loop(run), &monitor.words);
	alert_store_close(&monitor.kept_alerts);
	link_close(&monitor.timings);
	link_close(&monitor.control);
	link_close(&monitor.alerts);
	for (enum metric m = 0; m < METRIC_COUNT; m++)
		series_finish(&monitor.series[m]);
	buf_finish(&monitor.line);
}
