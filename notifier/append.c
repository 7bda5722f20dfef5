/* SPDX-License-Identifier: ISC
 *
 * append.c - results into the event log, and out to those who listen once they have their id there.
 *
 * In Redis, beside the logs: evd:{0}:<conversation>, sorted set of what has its effect once, by offset;
 * evm:{0}:<index>, this notifier's last append (resume.lua); evs:{0}:<index>, since when logs can be trusted.
 *
 * What the log has already (a result sent again) is published again with the id that it has: whoever appended
 * it may have died, or not have heard the answer, before it was published. Readers drop what they had.
 */
#include "notifier.h"

#include "append.lua.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/store/event_log.h"
#include "common/wire/limits.h"
#include "event_json.h"
#include "resume.lua.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	AGAIN_MS = 200, /* Redis refuses (read-only, out of memory): between tries */
	WINDOW = 512,	/* appends under way: what a lost connection makes us send again */
	DELETED_S = 60, /* a deleted conversation's log: as long as a reader that was cut off takes to come back */
};

static const struct redis_script append = REDIS_SCRIPT(append), resume = REDIS_SCRIPT(resume);

struct keys {
	char log[EVENT_LOG_KEY_BYTES], seen[EVENT_LOG_KEY_BYTES];   /* a conversation's */
	char mark[EVENT_LOG_KEY_BYTES], since[EVENT_LOG_KEY_BYTES]; /* this notifier's */
};

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
	struct msg_event event = {.conversation_id = m->conversation_id,
		.turn_id = m->turn_id,
		.revision = m->revision,
		.event = m->event,
		.event_id = event_id};
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
	static const char *const words[] = {"OOM ", "READONLY ", "MISCONF ", "LOADING ", "MASTERDOWN ",
		"CLUSTERDOWN ", "BUSY ", "NOREPLICAS ", "NOAUTH ", "NOPERM ", "TRYAGAIN "};

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
	log_error("append.poison", "turn=%s event=%s error=%s", turn,
		event_name((enum event_kind)item->result.event), quoted);
	n->did.dropped++;
	backlog_remove(&n->backlog, item);
}

static void appended(struct notifier *n, struct item *item, struct slice event_id, bool new)
{
	if (new)
		n->did.appended++;
	else
		n->did.repeated++;
	n->told_seq = item->seq;
	if (event_id.n) { /* else it was no news any more */
		append_saw(n, event_id);
		publish(n, &item->result, event_id);
	}
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
	} else if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 3) {
		n->did.trimmed += (uint64_t)reply->element[2]->integer;
		appended(n, item, redis_str(reply->element[0]), reply->element[1]->integer == 1);
	}
	else
		refused(n, item, reply);
	append_pump(n);
	catchup_progress(n);
}

static void name_keys(const struct notifier *n, const struct uuid *conversation, struct keys *keys)
{
	if (conversation)
		event_log_keys(conversation, keys->log, keys->seen);
	snprintf(keys->mark, sizeof keys->mark, "evm:{0}:%d", (int)n->config->index);
	snprintf(keys->since, sizeof keys->since, "evs:{0}:%d", (int)n->config->index);
}

/* How long the log is kept after this event. */
static uint64_t keep_s(const struct notifier *n, const struct msg_result *m)
{
	return m->event == EVENT_CONVERSATION_DELETED ? DELETED_S : (uint64_t)n->config->event_log_hours * 3600;
}

/* n->head and n->tail hold the event. */
static void eval_append(struct notifier *n, struct item *item)
{
	const struct msg_result *m = &item->result;
	char once[EVENT_ONCE_BYTES], unless[EVENT_ONCE_BYTES], turn[UUID_TEXT_BYTES], run[UUID_TEXT_BYTES], numbers[7][NUMBER_BYTES];
	struct keys keys;

	name_keys(n, &m->conversation_id, &keys);
	event_once(m, once);
	event_unless(m, unless);
	uuid_text(&m->turn_id, turn);
	uuid_text(&n->id, run);
	redis_eval(n->redis, &append,
		(const struct slice[]){slice_str(keys.log), slice_str(keys.seen), slice_str(keys.mark)}, 3,
		(const struct slice[]){append_epoch(n, numbers[0]),
			notifier_digits((uint64_t)n->config->event_log_length, numbers[1]),
			notifier_digits(keep_s(n, m), numbers[2]), slice_str(once), notifier_digits(m->event, numbers[3]), slice_str(turn),
			notifier_digits(m->revision, numbers[4]), buf_view(&n->head), buf_view(&n->tail),
			notifier_digits(n->since, numbers[5]), slice_str(run),
			notifier_digits(item->seq, numbers[6]), slice_str(unless)},
		13, on_appended, item);
}

static void send_item(struct notifier *n, struct item *item)
{
	buf_reset(&n->head);
	buf_reset(&n->tail);
	if (!event_json(&item->result, &n->head, &n->tail)) {
		backlog_remove(&n->backlog,
			item); /* its kind was checked when it came; only a limit can say no now */
		n->did.dropped++;
		return;
	}
	item->seq = ++n->seq;
	eval_append(n, item);
}

void append_pump(struct notifier *n)
{
	struct item *item;

	if (!n->log_is_up || ev_is_active(&n->again))
		return;
	while ((item = backlog_next(&n->backlog)) != NULL)
		send_item(n, item);
}

static void on_resumed(const redisReply *reply, void *arg)
{
	struct notifier *n = arg;
	struct slice since = redis_str(reply);
	uint64_t was = n->since;
	char quoted[160];

	if (!reply)
		return; /* down again */
	if (!since.n) {
		n->refusals++;
		if ((n->refusals & (n->refusals - 1)) == 0) /* at 1, 2, 4, 8 .. */
			log_warning("append.resume", "error=%s",
				log_quote(reply->str ? reply->str : "an answer of another shape", quoted,
					sizeof quoted));
		try_again_soon(n);
		return;
	}
	n->refusals = 0;
	n->since = strtoull(since.p, NULL, 10);
	if (was != n->since && n->told_seq) {
		n->did.resets++;
		log_warning("append.anew", "since=%llu reason=\"Redis has lost events: all logs begin anew\"",
			(unsigned long long)n->since);
	}
	if (n->since > n->newest_epoch)
		n->newest_epoch = n->since;
	n->log_is_up = true;
	append_pump(n);
	listeners_ask_all(n);
	service_ready(n->run, "fanning out");
}

void append_redis(struct notifier *n, bool up)
{
	char run[UUID_TEXT_BYTES], seq[NUMBER_BYTES], epoch[NUMBER_BYTES];
	struct keys keys;

	n->log_is_up = false;
	if (!up)
		return;
	name_keys(n, NULL, &keys);
	uuid_text(&n->id, run);
	redis_eval(n->redis, &resume, (const struct slice[]){slice_str(keys.mark), slice_str(keys.since)}, 2,
		(const struct slice[]){
			slice_str(run), notifier_digits(n->told_seq, seq), append_epoch(n, epoch)},
		3, on_resumed, n);
}

static void on_again(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct notifier *n = w->data;

	if (n->log_is_up)
		append_pump(n);
	else
		append_redis(n, redis_is_up(n->redis));
}

void append_start(struct notifier *n)
{
	n->id = uuid_v7();
	backlog_init(
		&n->backlog, (size_t)n->config->backlog_results, (size_t)n->config->backlog_mb << 20, WINDOW);
	ev_timer_init(&n->again, on_again, 0, 0);
	n->again.data = n;
}

void append_stop(struct notifier *n)
{
	ev_timer_stop(service_loop(n->run), &n->again);
	backlog_clear(&n->backlog);
}
