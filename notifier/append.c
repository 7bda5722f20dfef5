/* SPDX-License-Identifier: ISC
 *
 * append.c - results into the event log, and out to those who listen once they have their id there.
 *
 * What the log has already (a result sent again) is published again with the id that it has: whoever appended it may have
 * died, or not have heard the answer, before it was published. Readers drop what they had.
 */
#include "notifier.h"

#include "append.lua.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/store/event_log.h"
#include "common/wire/limits.h"
#include "event_json.h"

#include <stdio.h>

enum {
	AGAIN_MS = 200, /* Redis refuses (read-only, out of memory): between tries */
	WINDOW = 512,   /* appends under way: what a lost connection makes us send again */
};

static const struct redis_script append = REDIS_SCRIPT(append);

struct slice append_epoch(const struct notifier *n, char text[NUMBER_BYTES])
{
	uint64_t now = (uint64_t)clock_wall_us() / 1000;

	return notifier_digits(now > n->newest_epoch ? now : n->newest_epoch + 1, text);
}

void append_saw(struct notifier *n, struct slice event_id)
{
	struct cursor at;

	if (cursor_parse(event_id, &at) && at.epoch > n->newest_epoch)
		n->newest_epoch = at.epoch;
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

static void try_again_soon(struct notifier *n)
{
	if (ev_is_active(&n->again))
		return;
	ev_timer_set(&n->again, AGAIN_MS / 1e3, 0);
	ev_timer_start(service_loop(n->run), &n->again);
}

/* Errors of the server's state, which pass; any other is about this one command. */
static bool will_pass(const char *error)
{
	static const char *const words[] = {"OOM ", "READONLY ", "MISCONF ", "LOADING ", "MASTERDOWN ", "CLUSTERDOWN ", "BUSY ",
		"NOREPLICAS ", "NOAUTH ", "NOPERM ", "TRYAGAIN "};

	for (size_t i = 0; i < countof(words); i++)
		if (strncmp(error, words[i], strlen(words[i])) == 0)
			return true;
	return false;
}

static void refused(struct notifier *n, struct item *item, const redisReply *reply)
{
	const char *error = reply->type == REDIS_REPLY_ERROR ? reply->str : "an answer of another shape";
	char turn[UUID_TEXT_BYTES], quoted[160];

	log_quote(error, quoted, sizeof quoted);
	if (reply->type == REDIS_REPLY_ERROR && will_pass(error)) {
		if (!ev_is_active(&n->again))
			log_warning("append.refused", "waiting=%zu error=%s", n->backlog.count, quoted);
		backlog_back(&n->backlog, item);
		try_again_soon(n);
		return;
	}
	uuid_text(&item->result.turn_id, turn);
	log_error("append.poison", "turn=%s event=%s error=%s", turn, event_name((enum event_kind)item->result.event), quoted);
	n->counts.dropped++;
	backlog_remove(&n->backlog, item);
}

static void appended(struct notifier *n, struct item *item, struct slice event_id, bool new)
{
	if (new)
		n->counts.appended++;
	else
		n->counts.repeated++;
	append_saw(n, event_id);
	publish(n, &item->result, event_id);
	if (item->result.durable)
		confirm_add(n, &item->result.turn_id, item->result.revision);
	backlog_remove(&n->backlog, item);
}

static void on_appended(const redisReply *reply, void *arg)
{
	struct item *item = arg;
	struct notifier *n = item->owner;

	if (!reply) {
		backlog_back(&n->backlog, item);
		try_again_soon(n); /* or when Redis is back */
	} else if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 2)
		appended(n, item, redis_str(reply->element[0]), reply->element[1]->integer == 1);
	else
		refused(n, item, reply);
	append_pump(n);
}

static void send_item(struct notifier *n, struct item *item)
{
	const struct msg_result *m = &item->result;
	char log[EVENT_LOG_KEY_BYTES], seen[EVENT_LOG_KEY_BYTES], once[EVENT_ONCE_BYTES], turn[UUID_TEXT_BYTES],
		epoch[NUMBER_BYTES], most[NUMBER_BYTES], seconds[NUMBER_BYTES], kind[NUMBER_BYTES], revision[NUMBER_BYTES];

	event_log_keys(&m->conversation_id, log, seen);
	event_once(m, once);
	uuid_text(&m->turn_id, turn);
	buf_reset(&n->head);
	buf_reset(&n->tail);
	if (!event_json(m, &n->head, &n->tail)) {
		backlog_remove(&n->backlog, item); /* its kind was checked when it came; only a limit can say no now */
		n->counts.dropped++;
		return;
	}
	redis_eval(n->redis, &append, (const struct slice[]){slice_str(log), slice_str(seen)}, 2,
		(const struct slice[]){append_epoch(n, epoch),
			notifier_digits((uint64_t)n->config->event_log_length, most),
			notifier_digits((uint64_t)n->config->event_log_hours * 3600, seconds), slice_str(once),
			notifier_digits(m->event, kind), slice_str(turn), notifier_digits(m->revision, revision),
			buf_view(&n->head), buf_view(&n->tail)}, 9,
		on_appended, item);
}

void append_pump(struct notifier *n)
{
	struct item *item;

	if (!redis_is_up(n->redis) || ev_is_active(&n->again))
		return;
	while ((item = backlog_next(&n->backlog)) != NULL)
		send_item(n, item);
}

static void on_again(struct ev_loop *loop, ev_timer *w, int revents)
{
	append_pump(w->data);
}

void append_start(struct notifier *n)
{
	backlog_init(&n->backlog, (size_t)n->config->backlog_results, (size_t)n->config->backlog_mb << 20, WINDOW);
	ev_timer_init(&n->again, on_again, 0, 0);
	n->again.data = n;
}

void append_stop(struct notifier *n)
{
	ev_timer_stop(service_loop(n->run), &n->again);
	backlog_clear(&n->backlog);
}
