/* SPDX-License-Identifier: ISC
 *
 * NAME      notifier - gives each result an event id, keeps recent events, fans out
 * INPUT     results (PULL): result; events (XPUB): subscriptions
 * OUTPUT    events: event, subscribed; the event logs in Redis; deletes outbox rows in PostgreSQL
 * LIMITS    backlog_results and backlog_mb on the way into Redis, and as many held until an earlier notifier's are told (catchup.c);
 *           event_log_length events and event_log_hours a log
 * LOSS      a durable result is announced once it is in the log; until then its outbox row stands: the next notifier begins with
 *           it, and the decider's sweep sends it again. Others (turn:accepted, turn:processing ..) may be lost with this process.
 *
 * BUGS      when Redis comes back with older data while this process was not running either, ids may be given
 * twice; while Redis refuses writes for a moment (out of memory), a conversation's events may change places.
 *
 * Order: all appends and all questions for a log's end go through one connection, whose answers come in
 * order. So what is published before a subscription's answer is in the log up to the id that the answer
 * names, and what comes after is not. A request that waits at a gateway is answered at once on that gateway's
 * own topic, whatever Redis does.
 */
#include "notifier.h"

#include "common/base/log.h"
#include "common/service/timings.h"
#include "common/wire/events.h"
#include "common/wire/limits.h"

#include <stdio.h>

enum {
	REDIS_TIMEOUT_MS = 2000,
	PG_TIMEOUT_MS = 5000,
	QUIET_MS = 50, /* no result for so long, and a drain takes it that none is on its way */
	QUIET_LOOKS = 10, /* looks that found more: half a second of the drain, then no more is taken */
	REPORT_S = 10, /* between lines of what was done, while anything is */
};

static struct notifier notifier;

struct slice notifier_digits(uint64_t v, char text[NUMBER_BYTES])
{
	return slice_of(text, (size_t)snprintf(text, NUMBER_BYTES, "%llu", (unsigned long long)v));
}

/* --- what comes in --- */

/* The gateway whose request waits for this turn hears of it at once, whatever becomes of the event. */
static void answer_gateway(struct notifier *n, const struct msg_result *m)
{
	struct msg_event event = {.conversation_id = m->conversation_id,
		.turn_id = m->turn_id,
		.revision = m->revision,
		.event = m->event,
		.turn = m->turn};

	if (m->gateway.n && m->gateway.n < LIMIT_TOPIC_BYTES && m->turn.n)
		link_publish(n->events, m->gateway, MSG_EVENT, &event);
}

static void dropped(struct notifier *n)
{
	n->did.dropped++;
	if ((n->did.dropped & (n->did.dropped - 1)) == 0) /* at 1, 2, 4, 8 .. */
		log_warning("backlog.full", "results=%zu bytes=%zu dropped=%llu", n->backlog.count,
			n->backlog.bytes, (unsigned long long)n->did.dropped);
}

bool notifier_append(struct notifier *n, const struct msg_result *m)
{
	struct item *item = backlog_add(&n->backlog, m);

	if (!item) {
		dropped(n);
		return false;
	}
	item->owner = n;
	n->did.waited += !n->log_is_up;
	append_pump(n);
	return true;
}

static void on_result(const struct link_in *in, void *arg)
{
	struct notifier *n = arg;

	if (in->kind != MSG_RESULT || in->msg->result.event >= EVENT_COUNT)
		return;
	n->did.received++;
	if (!ev_is_active(&n->report))
		ev_timer_again(service_loop(n->run), &n->report);
	answer_gateway(n, &in->msg->result);
	if (!catchup_holds(n, &in->msg->result))
		(void)notifier_append(n, &in->msg->result);
}

static void on_subscription(struct link *link, struct slice topic, bool on, void *arg)
{
	listeners_subscription(arg, topic, on);
}

/* --- life --- */

static void report(struct notifier *n)
{
	const struct did *c = &n->did;

	log_info("notifier.did",
		"received=%llu appended=%llu repeated=%llu waited=%llu dropped=%llu waiting=%zu",
		(unsigned long long)c->received, (unsigned long long)c->appended,
		(unsigned long long)c->repeated, (unsigned long long)c->waited,
		(unsigned long long)c->dropped, n->backlog.count);
}

static void on_report(struct ev_loop *loop, ev_timer *w, int revents)
{
	ev_timer_stop(loop, w); /* the next result starts it: an idle process does not wake for nothing */
	report(w->data);
}

/* Draining: everything taken is in the log, nothing more comes, the outbox knows. */
static void on_quiet(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct notifier *n = w->data;
	bool quiet = n->did.received == n->received_before;

	n->received_before = n->did.received;
	if (!quiet && ++n->busy_looks == QUIET_LOOKS)
		link_close(&n->results); /* under load it is never quiet: the rest waits with its senders */
	if ((!quiet && n->results) || !catchup_is_over(n) || n->backlog.count)
		return;
	confirm_flush(n);
	if (n->confirm.under_way == 0)
		service_drained(n->run);
}

static void on_redis(bool up, void *arg)
{
	append_redis(arg, up);
}

static void on_postgres(bool up, void *arg)
{
	if (up)
		catchup_postgres(arg);
}

static void on_connected(uint64_t took_ns, void *arg)
{
	timing_ns(METRIC_SYSTEM_DATABASE_CONNECTION, took_ns);
}

static void start_timers(struct notifier *n)
{
	ev_timer_init(&n->quiet, on_quiet, QUIET_MS / 1e3, QUIET_MS / 1e3);
	ev_timer_init(&n->report, on_report, 0, REPORT_S);
	n->quiet.data = n->report.data = n;
}

static bool start(struct service_run *run)
{
	struct notifier *n = &notifier;
	const struct service_common *common = service_common(run);

	n->run = run;
	n->config = &notifier_config;
	if (n->config->index >= n->config->count)
		fatal("event=config.index error=\"index must be less than count\"");
	buf_init(&n->head, LIMIT_BODY_BYTES);
	buf_init(&n->tail, LIMIT_FIELD_BYTES);
	buf_init(&n->json, LIMIT_FIELD_BYTES + LIMIT_BODY_BYTES);
	start_timers(n);
	append_start(n);
	listeners_start(n);
	confirm_start(n);
	catchup_start(n);
	n->counts = notifier_counts_open(n);
	n->redis = redis_open(service_loop(run),
		&(struct redis_options){
			.url = common->redis, .timeout_ms = REDIS_TIMEOUT_MS, .state = on_redis, .arg = n});
	n->pg = pg_open(service_loop(run), &(struct pg_options){.conninfo = common->postgres,
						   .connections = 1,
						   .timeout_ms = PG_TIMEOUT_MS,
						   .repeats = true, /* what is not confirmed is sent again */
						   .state = on_postgres,
						   .connected = on_connected,
						   .arg = n});
	n->events = link_open(run, LINK_EVENTS, LINK_BINDS, n->config->events_bind,
		(struct link_handlers){.subscription = on_subscription, .arg = n});
	n->results = link_open(run, LINK_RESULTS, LINK_BINDS, n->config->results_bind,
		(struct link_handlers){.message = on_result, .arg = n});
	return true;
}

static void drain(struct service_run *run)
{
	notifier.received_before = notifier.did.received;
	notifier.busy_looks = 0;
	ev_timer_start(service_loop(run), &notifier.quiet);
}

static void stop(struct service_run *run)
{
	struct notifier *n = &notifier;

	report(n);
	counts_close(&n->counts);
	ev_timer_stop(service_loop(run), &n->quiet);
	ev_timer_stop(service_loop(run), &n->report);
	link_close(&n->results);
	redis_close(&n->redis);
	pg_close(&n->pg);
	append_stop(n);
	listeners_stop(n);
	link_close(&n->events);
	confirm_stop(n);
	catchup_stop(n);
	buf_finish(&n->head);
	buf_finish(&n->tail);
	buf_finish(&n->json);
}

const struct service notifier_service = {
	.name = "notifier",
	.summary = "gives each result an event id, keeps recent events, fans out",
	.keys = notifier_keys,
	.config = &notifier_config,
	.gives_way = 5, /* those who watch can wait a little longer than those who talk */
	.start = start,
	.drain = drain,
	.stop = stop,
};
