/* SPDX-License-Identifier: ISC
 *
 * service.c - see service.h: the one lifecycle of all processes.
 *
 * Signals reach the loop as ev_signal watchers (libev's own pipe); czmq's handlers are kept off. The watchdog is fed from
 * the loop itself, so a stuck loop is restarted, not just a dead process.
 */
#include "service.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/sched.h"
#include "common/base/xalloc.h"
#include "common/wire/modes.h"
#include "link.h"
#include "link_curve.h"
#include "options.h"
#include "timings.h"
#include "timings_frame.h"

#include <czmq.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>

enum {
	ALERTED_SIGNALS = 3,
	WORD_LOOK_S = 1, /* between looks whether an operator's word is over: the monitor usually says it sooner */
};

struct service_run {
	const struct service *service;
	struct service_common common;
	struct options options;
	struct ev_loop *loop;
	uint64_t started_ns;
	ev_signal signals[ALERTED_SIGNALS]; /* TERM, INT, HUP */
	ev_timer drain_timer, watchdog;
	struct link *control, *timings;
	char *modes, *overrides; /* NULL: not heard yet */
	ev_timer words;		 /* while a word stands in overrides */
	size_t words_over;	 /* of them, those whose time is over */
	bool ready, draining;
	int exit_code;
};

struct ev_loop *service_loop(struct service_run *run)
{
	return run->loop;
}

const struct service_common *service_common(struct service_run *run)
{
	return &run->common;
}

const char *service_name(struct service_run *run)
{
	return run->service->name;
}

const char *service_instance(struct service_run *run)
{
	return run->common.instance[0] ? run->common.instance : run->service->name;
}

bool service_is_ready(struct service_run *run)
{
	return run->ready;
}

bool service_is_draining(struct service_run *run)
{
	return run->draining;
}

void service_ready(struct service_run *run, const char *status)
{
	if (run->ready) {
		sd_notifyf(0, "STATUS=%s", status);
		return;
	}
	run->ready = true;
	timing_since(METRIC_SYSTEM_BACKEND_STARTUP, run->started_ns);
	log_info("service.ready", "after_ms=%llu", (unsigned long long)((clock_mono_ns() - run->started_ns) / NS_PER_MS));
	sd_notifyf(0, "READY=1\nSTATUS=%s", status);
}

void service_drained(struct service_run *run)
{
	ev_break(run->loop, EVBREAK_ALL);
}

void service_fail(struct service_run *run)
{
	run->exit_code = EXIT_FAILURE;
	ev_break(run->loop, EVBREAK_ALL);
}

/* Words for a mode whose time is over: the monitor has not taken them back, so it is not there. mode NULL: of any. */
static size_t words_over(const struct service_run *run, const char *mode)
{
	struct slice text = slice_str(run->overrides);
	int64_t now_at = clock_wall_us();
	struct mode_override o;
	size_t over = 0;

	while (mode_override_next(&text, &o))
		over += o.on && o.until_at <= now_at && (!mode || strcmp(mode, mode_names[o.mode]) == 0);
	return over;
}

static void on_words(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct service_run *run = w->data;
	size_t over = words_over(run, NULL);

	if (over == run->words_over)
		return;
	run->words_over = over;
	log_info("service.mode_ended", "over=%zu", over);
	if (run->service->modes)
		run->service->modes(run);
}

static void watch_words(struct service_run *run)
{
	run->words_over = words_over(run, NULL);
	if (*run->overrides)
		ev_timer_again(run->loop, &run->words);
	else
		ev_timer_stop(run->loop, &run->words);
}

bool service_mode(struct service_run *run, const char *mode)
{
	size_t n = strlen(mode);

	if (words_over(run, mode))
		return false;
	for (const char *at = run->modes; at && (at = strstr(at, mode)) != NULL; at += n)
		if ((at == run->modes || at[-1] == ' ') && (at[n] == '\0' || at[n] == ' '))
			return true;
	return false;
}

bool service_modes_heard(struct service_run *run)
{
	return run->modes != NULL;
}

struct slice service_overrides(struct service_run *run)
{
	return slice_str(run->overrides);
}

void service_tell_monitor(struct service_run *run, struct slice topic, enum msg_kind kind, const void *fields)
{
	link_publish(run->timings, topic, kind, fields);
}

/* False: it was the same before. */
static bool take_text(char **kept, struct slice text)
{
	if (*kept && slice_eq(text, slice_str(*kept)))
		return false;
	free(*kept);
	*kept = xstrndup(text.p ? text.p : "", text.n);
	return true;
}

static void on_control(const struct link_in *in, void *arg)
{
	struct service_run *run = arg;
	bool modes, overrides;

	if (in->kind != MSG_CONTROL)
		return;
	modes = take_text(&run->modes, in->msg->control.modes);
	overrides = take_text(&run->overrides, in->msg->control.overrides);
	watch_words(run);
	if (modes)
		log_info("service.modes", "on=\"%s\"", run->modes);
	if ((modes || overrides) && run->service->modes)
		run->service->modes(run);
}

static void on_drain_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct service_run *run = w->data;

	log_warning("service.drain_cut", "after_ms=%d", SERVICE_DRAIN_MS);
	service_drained(run);
}

static void begin_drain(struct service_run *run)
{
	if (run->draining) { /* asked twice: now */
		service_drained(run);
		return;
	}
	run->draining = true;
	log_info("service.stopping", "");
	sd_notify(0, "STOPPING=1\nSTATUS=finishing what is held");
	ev_timer_start(run->loop, &run->drain_timer);
	if (run->service->drain)
		run->service->drain(run);
	else
		service_drained(run);
}

static void reload(struct service_run *run)
{
	struct buf said;

	buf_init(&said, 4096);
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)(clock_mono_ns() / 1000));
	if (!options_reload(&run->options, &said)) {
		log_error("service.reload_refused", "error=\"%s\"", said.p);
	} else {
		log_set_level(options_log_level(run->common.log_level));
		if (said.n)
			log_warning("service.reload_partial", "needs_restart=\"%s\"", said.p);
		log_info("service.reloaded", "");
		if (run->service->reload)
			run->service->reload(run);
	}
	sd_notify(0, "READY=1");
	buf_finish(&said);
}

static void on_signal(struct ev_loop *loop, ev_signal *w, int revents)
{
	struct service_run *run = w->data;

	if (w->signum == SIGHUP)
		reload(run);
	else
		begin_drain(run);
}

static void on_watchdog(struct ev_loop *loop, ev_timer *w, int revents)
{
	sd_notify(0, "WATCHDOG=1");
}

static void open_signals(struct service_run *run)
{
	static const int numbers[ALERTED_SIGNALS] = {SIGTERM, SIGINT, SIGHUP};

	signal(SIGPIPE, SIG_IGN);
	for (int i = 0; i < ALERTED_SIGNALS; i++) {
		ev_signal_init(&run->signals[i], on_signal, numbers[i]);
		run->signals[i].data = run;
		ev_signal_start(run->loop, &run->signals[i]);
		ev_unref(run->loop);
	}
}

static void open_timers(struct service_run *run)
{
	uint64_t us;

	ev_timer_init(&run->drain_timer, on_drain_timer, SERVICE_DRAIN_MS / 1e3, 0);
	run->drain_timer.data = run;
	ev_timer_init(&run->words, on_words, WORD_LOOK_S, WORD_LOOK_S);
	run->words.data = run;
	if (sd_watchdog_enabled(0, &us) <= 0)
		return;
	ev_timer_init(&run->watchdog, on_watchdog, (double)us / 2e6, (double)us / 2e6);
	ev_timer_start(run->loop, &run->watchdog);
}

static void open_links(struct service_run *run)
{
	struct link_handlers control = {.message = on_control, .arg = run};

	link_curve_start(run);
	run->timings = link_open(run, LINK_TIMINGS, LINK_CONNECTS, NULL, (struct link_handlers){.peer = timings_peer});
	timings_open(run->loop, run->timings, service_instance(run));
	if (topology_allows(LINK_CONTROL, run->service->name, LINK_BINDS))
		return; /* the monitor tells the modes, it does not ask */
	run->control = link_open(run, LINK_CONTROL, LINK_CONNECTS, NULL, control);
	link_subscribe(run->control, SLICE(""));
}

static void open_frame(struct service_run *run)
{
	if (mkdir(run->common.runtime_dir, 0750) != 0 && errno != EEXIST)
		fatal("event=service.runtime_dir path=%s error=\"%s; create it or set runtime_dir\"", run->common.runtime_dir,
			strerror(errno));
	if (!sched_slice(SCHED_SHORT_US)) /* before there are threads: they inherit it */
		log_debug("service.slice", "error=\"the kernel has no slices of a thread's own\"");
	if (run->service->gives_way)
		sched_give_way(run->service->gives_way); /* they inherit this, too */
	zsys_handler_set(NULL); /* before czmq's first use: the signals are the loop's */
	run->loop = ev_default_loop(EVFLAG_AUTO);
	if (!run->loop)
		bug("no libev loop");
	open_signals(run);
	open_timers(run);
	open_links(run);
}

static void close_frame(struct service_run *run)
{
	timings_close();
	link_close(&run->timings);
	link_close(&run->control);
	link_curve_stop(run);
	for (int i = 0; i < ALERTED_SIGNALS; i++) {
		ev_ref(run->loop);
		ev_signal_stop(run->loop, &run->signals[i]);
	}
	ev_timer_stop(run->loop, &run->watchdog);
	ev_timer_stop(run->loop, &run->drain_timer);
	ev_timer_stop(run->loop, &run->words);
	ev_loop_destroy(run->loop);
	zsys_shutdown();
	free(run->modes);
	free(run->overrides);
}

static int live(struct service_run *run)
{
	open_frame(run);
	if (run->service->start(run))
		ev_run(run->loop, 0);
	else
		run->exit_code = EXIT_FAILURE;
	if (run->service->stop)
		run->service->stop(run);
	log_info("service.stopped", "exit=%d", run->exit_code);
	close_frame(run);
	return run->exit_code;
}

int service_main(const struct service *service, int argc, char **argv)
{
	struct service_run run = {.service = service, .started_ns = clock_mono_ns()};
	int code;

	log_init(service->name, LOG_LEVEL_INFO);
	if (!options_take(&run.options, service, &run.common, argc, argv, &code)) {
		options_release(&run.options);
		return code;
	}
	log_init(service_instance(&run), options_log_level(run.common.log_level));
	code = live(&run);
	options_release(&run.options);
	return code;
}
