/* SPDX-License-Identifier: ISC
 *
 * NAME      notifier - gives each result an event id, keeps recent events, fans out
 * INPUT     results (PULL): result; events (XPUB): subscriptions
 * OUTPUT    events: event, subscribed; the event logs in Redis; deletes outbox rows in PostgreSQL
 * LIMITS    backlog_results and backlog_mb on the way into Redis; event_log_length events and event_log_hours a log
 * LOSS      a durable result is announced once it is in the log; until then its outbox row stands and the decider's sweep
 *           sends it again. Others (turn:accepted, turn:processing ..) may be lost with this process.
 *
 * Order: all appends and all questions for a log's end go through one connection, whose answers come in order. So what is
 * published before a subscription's answer is in the log up to the id that the answer names, and what comes after is not.
 * A request that waits at a gateway is answered at once on that gateway's own topic, whatever Redis does.
 */
#include "notifier.h"

#include "append.lua.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/xalloc.h"
#include "common/service/timings.h"
#include "common/store/event_log.h"
#include "common/wire/limits.h"
#include "event_json.h"
#include "stands.lua.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	AGAIN_MS = 200,      /* Redis refuses (read-only, out of memory, loading): between tries */
	REDIS_TIMEOUT_MS = 2000,
	PG_TIMEOUT_MS = 5000,
	NUMBER_BYTES = 24,
};

static const struct redis_script append = REDIS_SCRIPT(append), stands = REDIS_SCRIPT(stands);

static struct notifier notifier;

static struct slice number(uint64_t v, char text[NUMBER_BYTES])
{
	snprintf(text, NUMBER_BYTES, "%llu", (unsigned long long)v);
	return slice_str(text);
}

void notifier_drain_if_done(struct notifier *n)
{
	if (!service_is_draining(n->run) || n->backlog.count)
		return;
	confirm_flush(n);
	if (n->confirm.under_way == 0)
		service_drained(n->run);
}

static void publish(struct notifier *n, const struct msg_result *m, struct slice event_id)
{
	struct msg_event event = {.conversation_id = m->conversation_id, .turn_id = m->turn_id, .revision = m->revision,
		.event = m->event, .event_id = event_id};
	char topic[LIMIT_TOPIC_BYTES];

	buf_reset(&n->head);
	buf_reset(&n->tail);
	if (!event_json(m, &n->head, &n->tail))
		return;
	buf_reset(&n->json);
	buf_slice(&n->json, buf_view(&n->head));
	buf_slice(&n->json, event_id);
	buf_slice(&n->json, buf_view(&n->tail));
	event.json = buf_view(&n->json);
	topic_conversation(&m->conversation_id, topic);
	link_publish(n->events, slice_str(topic), MSG_EVENT, &event);
}

/* The gateway whose request waits for this turn hears of it at once. */
static void answer_gateway(struct notifier *n, const struct msg_result *m)
{
	struct msg_event event = {.conversation_id = m->conversation_id, .turn_id = m->turn_id, .revision = m->revision,
		.event = m->event, .turn = m->turn};

	if (m->gateway.n && m->gateway.n < LIMIT_TOPIC_BYTES && m->turn.n)
		link_publish(n->events, m->gateway, MSG_EVENT, &event);
}

static void send_unsent(struct notifier *n);

static void try_again_soon(struct notifier *n)
{
	if (ev_is_active(&n->again))
		return;
	ev_timer_set(&n->again, AGAIN_MS / 1e3, 0);
	ev_timer_start(service_loop(n->run), &n->again);
}

static void on_again(struct ev_loop *loop, ev_timer *w, int revents)
{
	send_unsent(w->data);
}

static void on_appended(const redisReply *reply, void *arg)
{
	struct item *item = arg;
	struct notifier *n = item->owner;

	item->sent = false;
	if (!reply)
		return; /* sent again when Redis is back */
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2) {
		log_warning("append.refused", "error=\"%.100s\"", reply->str ? reply->str : "");
		try_again_soon(n);
		return;
	}
	if (reply->element[1]->integer) {
		n->appended++;
		publish(n, &item->result, redis_str(reply->element[0]));
	} else {
		n->repeated++;
	}
	if (item->result.durable)
		confirm_add(n, &item->result.turn_id, item->result.revision);
	backlog_remove(&n->backlog, item);
	notifier_drain_if_done(n);
}

static void send_item(struct notifier *n, struct item *item)
{
	const struct msg_result *m = &item->result;
	char log[EVENT_LOG_KEY_BYTES], seen[EVENT_LOG_KEY_BYTES], once[EVENT_ONCE_BYTES], turn[UUID_TEXT_BYTES],
		now[NUMBER_BYTES], most[NUMBER_BYTES], seconds[NUMBER_BYTES], kind[NUMBER_BYTES], revision[NUMBER_BYTES];

	event_log_keys(&m->conversation_id, log, seen);
	event_once(m, once);
	uuid_text(&m->turn_id, turn);
	buf_reset(&n->head);
	buf_reset(&n->tail);
	if (!event_json(m, &n->head, &n->tail)) {
		backlog_remove(&n->backlog, item); /* was checked when it came; only a limit can say no now */
		n->dropped++;
		return;
	}
	item->sent = true;
	redis_eval(n->redis, &append, (const struct slice[]){slice_str(log), slice_str(seen)}, 2,
		(const struct slice[]){number((uint64_t)clock_wall_us() / 1000, now),
			number((uint64_t)n->config->event_log_length, most),
			number((uint64_t)n->config->event_log_hours * 3600, seconds), slice_str(once), number(m->event, kind),
			slice_str(turn), number(m->revision, revision), buf_view(&n->head), buf_view(&n->tail)}, 9,
		on_appended, item);
}

static void send_unsent(struct notifier *n)
{
	struct item *item = redis_is_up(n->redis) ? backlog_unsent(&n->backlog) : NULL;

	while (item) {
		struct item *next = item->next;

		send_item(n, item);
		item = next;
	}
}

static void on_result(const struct link_in *in, void *arg)
{
	struct notifier *n = arg;
	struct item *item;

	if (in->kind != MSG_RESULT || in->msg->result.event >= EVENT_COUNT)
		return;
	answer_gateway(n, &in->msg->result);
	item = backlog_add(&n->backlog, &in->msg->result);
	if (!item) {
		n->dropped++;
		if ((n->dropped & (n->dropped - 1)) == 0) /* at 1, 2, 4, 8 .. */
			log_warning("backlog.full", "results=%zu bytes=%zu dropped=%llu", n->backlog.count, n->backlog.bytes,
				(unsigned long long)n->dropped);
		return;
	}
	item->owner = n;
	if (redis_is_up(n->redis) && !ev_is_active(&n->again) && backlog_unsent(&n->backlog) == item)
		send_item(n, item);
}

/* --- subscriptions --- */

struct asking {
	struct notifier *n;
	char topic[LIMIT_TOPIC_BYTES];
	struct uuid conversation;
};

static void ask_where(struct asking *a);

static void on_stands(const redisReply *reply, void *arg)
{
	struct asking *a = arg;
	struct msg_subscribed m = {.event_id = redis_str(reply)};

	/* No answer while Redis is down: the gateway asks again by subscribing anew, and serves from PostgreSQL meanwhile. */
	if (m.event_id.n)
		link_publish(a->n->events, slice_str(a->topic), MSG_SUBSCRIBED, &m);
	free(a);
}

static void ask_where(struct asking *a)
{
	char log[EVENT_LOG_KEY_BYTES], seen[EVENT_LOG_KEY_BYTES], now[NUMBER_BYTES], seconds[NUMBER_BYTES];
	struct slice key;

	event_log_keys(&a->conversation, log, seen);
	key = slice_str(log);
	redis_eval(a->n->redis, &stands, &key, 1, (const struct slice[]){number((uint64_t)clock_wall_us() / 1000, now),
		number((uint64_t)a->n->config->event_log_hours * 3600, seconds)}, 2, on_stands, a);
}

static bool is_mine(const struct notifier *n, const struct uuid *conversation)
{
	return uuid_hash(conversation) % (uint32_t)n->config->count == (uint32_t)n->config->index;
}

static void on_subscription(struct link *link, struct slice topic, bool on, void *arg)
{
	struct notifier *n = arg;
	struct uuid conversation;
	struct asking *a;

	if (!on || topic.n >= LIMIT_TOPIC_BYTES)
		return;
	if (slice_starts(topic, SLICE("g."))) {
		link_publish(link, topic, MSG_SUBSCRIBED, &(struct msg_subscribed){.event_id = SLICE("")});
		return;
	}
	if (!topic_conversation_parse(topic, &conversation) || !is_mine(n, &conversation))
		return;
	a = xcalloc(1, sizeof *a);
	a->n = n;
	a->conversation = conversation;
	memcpy(a->topic, topic.p, topic.n);
	ask_where(a);
}

/* --- life --- */

static void on_redis(bool up, void *arg)
{
	struct notifier *n = arg;

	if (up) {
		service_ready(n->run, "fanning out");
		send_unsent(n);
	}
}

static void on_connected(uint64_t took_ns, void *arg)
{
	timing_ns(METRIC_SYSTEM_DATABASE_CONNECTION, took_ns);
}

static bool start(struct service_run *run)
{
	struct notifier *n = &notifier;
	const struct service_common *common = service_common(run);

	n->run = run;
	n->config = &notifier_config;
	if (n->config->index >= n->config->count)
		fatal("event=config.index error=\"index must be less than count\"");
	backlog_init(&n->backlog, (size_t)n->config->backlog_results, (size_t)n->config->backlog_mb << 20);
	buf_init(&n->head, LIMIT_BODY_BYTES);
	buf_init(&n->tail, LIMIT_FIELD_BYTES);
	buf_init(&n->json, LIMIT_FIELD_BYTES + LIMIT_BODY_BYTES);
	ev_timer_init(&n->again, on_again, 0, 0);
	n->again.data = n;
	confirm_start(n);
	n->redis = redis_open(service_loop(run), &(struct redis_options){.url = common->redis, .timeout_ms = REDIS_TIMEOUT_MS,
		.state = on_redis, .arg = n});
	n->pg = pg_open(service_loop(run), &(struct pg_options){.conninfo = common->postgres, .connections = 1,
		.timeout_ms = PG_TIMEOUT_MS, .connected = on_connected, .arg = n});
	n->events = link_open(run, LINK_EVENTS, LINK_BINDS, n->config->events_bind,
		(struct link_handlers){.subscription = on_subscription, .arg = n});
	n->results = link_open(run, LINK_RESULTS, LINK_BINDS, n->config->results_bind,
		(struct link_handlers){.message = on_result, .arg = n});
	return true;
}

static void drain(struct service_run *run)
{
	notifier_drain_if_done(&notifier);
}

static void stop(struct service_run *run)
{
	struct notifier *n = &notifier;

	log_info("notifier.did", "appended=%llu repeated=%llu dropped=%llu left=%zu", (unsigned long long)n->appended,
		(unsigned long long)n->repeated, (unsigned long long)n->dropped, n->backlog.count);
	ev_timer_stop(service_loop(run), &n->again);
	link_close(&n->results);
	redis_close(&n->redis);
	pg_close(&n->pg);
	link_close(&n->events);
	confirm_stop(n);
	backlog_clear(&n->backlog);
	buf_finish(&n->head);
	buf_finish(&n->tail);
	buf_finish(&n->json);
}

const struct service notifier_service = {
	.name = "notifier",
	.summary = "gives each result an event id, keeps recent events, fans out",
	.keys = notifier_keys,
	.config = &notifier_config,
	.start = start,
	.drain = drain,
	.stop = stop,
};
