/* SPDX-License-Identifier: ISC
 *
 * listeners.c - which conversations gateways listen to, and telling them where the log stands.
 *
 * Every new subscription is answered on its topic (the link is XPUB_VERBOSE: each gateway's is seen), and all
 * are answered anew when Redis is back, since it may have lost the logs or answers may have been lost: a
 * gateway then sees that it missed something, or that another log has begun, without waiting for the next
 * event. The questions go through the connection that appends, so what was published before an answer is in
 * the log up to the id that it names.
 */
#include "notifier.h"

#include "common/base/log.h"
#include "common/base/xalloc.h"
#include "common/store/event_log.h"
#include "common/wire/limits.h"
#include "stands.lua.h"

#include <stdlib.h>
#include <uthash.h>

enum {
	LISTENERS_MOST = 200000, /* conversations: 60 MB; a gateway whose subscription is refused reads from
				    PostgreSQL */
	ASKING_MOST = 512,	 /* questions under way: events must not wait behind all of them */
};

static const struct redis_script stands = REDIS_SCRIPT(stands);

struct listener {
	UT_hash_handle hh;
	char topic[LIMIT_TOPIC_BYTES];
	struct uuid conversation;
	struct notifier *n;
	TAILQ_ENTRY(listener) due;
	bool is_due, asking, gone; /* gone: unsubscribed while asking; freed by the answer */
};

static void pump(struct notifier *n);

/* One that is being asked for needs no second question: the answer is published to those who came meanwhile,
 * too. */
static void make_due(struct notifier *n, struct listener *l)
{
	if (l->is_due || l->asking)
		return;
	l->is_due = true;
	TAILQ_INSERT_TAIL(&n->listeners.due, l, due);
}

static void not_due(struct notifier *n, struct listener *l)
{
	if (l->is_due)
		TAILQ_REMOVE(&n->listeners.due, l, due);
	l->is_due = false;
}

static void on_stands(const redisReply *reply, void *arg)
{
	struct listener *l = arg;
	struct notifier *n = l->n;
	struct msg_subscribed m = {.event_id = redis_str(reply)};

	n->listeners.asking--;
	l->asking = false;
	if (l->gone) {
		free(l);
	} else if (m.event_id.n) {
		append_saw(n, m.event_id);
		link_publish(n->events, slice_str(l->topic), MSG_SUBSCRIBED, &m);
	} /* no answer: asked again when Redis is back */
	pump(n);
}

static void ask(struct notifier *n, struct listener *l)
{
	char log[EVENT_LOG_KEY_BYTES], seen[EVENT_LOG_KEY_BYTES], epoch[NUMBER_BYTES], seconds[NUMBER_BYTES],
		since[NUMBER_BYTES];

	l->asking = true;
	n->listeners.asking++;
	event_log_keys(&l->conversation, log, seen);
	redis_eval(n->redis, &stands, (const struct slice[]){slice_str(log), slice_str(seen)}, 2,
		(const struct slice[]){append_epoch(n, epoch),
			notifier_digits((uint64_t)n->config->event_log_hours * 3600, seconds),
			notifier_digits(n->since, since)},
		3, on_stands, l);
}

static void pump(struct notifier *n)
{
	struct listener *l;

	while (n->log_is_up && n->listeners.asking < ASKING_MOST &&
		(l = TAILQ_FIRST(&n->listeners.due)) != NULL) {
		not_due(n, l);
		ask(n, l);
	}
}

static void forget(struct notifier *n, struct listener *l)
{
	HASH_DEL(n->listeners.all, l);
	not_due(n, l);
	if (l->asking)
		l->gone = true;
	else
		free(l);
}

static struct listener *remember(struct notifier *n, struct slice topic, const struct uuid *conversation)
{
	struct listener *l;

	if (HASH_COUNT(n->listeners.all) >= LISTENERS_MOST) {
		log_warning("listeners.full", "most=%d", LISTENERS_MOST);
		return NULL;
	}
	l = xcalloc(1, sizeof *l);
	l->n = n;
	l->conversation = *conversation;
	memcpy(l->topic, topic.p, topic.n);
	HASH_ADD_KEYPTR(hh, n->listeners.all, l->topic, topic.n, l);
	return l;
}

static bool is_mine(const struct notifier *n, const struct uuid *conversation)
{
	return uuid_hash(conversation) % (uint32_t)n->config->count == (uint32_t)n->config->index;
}

void listeners_subscription(struct notifier *n, struct slice topic, bool on)
{
	struct uuid conversation;
	struct listener *l;

	if (on && slice_starts(topic, SLICE("g.")))
		link_publish(
			n->events, topic, MSG_SUBSCRIBED, &(struct msg_subscribed){.event_id = SLICE("")});
	if (topic.n >= LIMIT_TOPIC_BYTES || !topic_conversation_parse(topic, &conversation) ||
		!is_mine(n, &conversation))
		return;
	HASH_FIND(hh, n->listeners.all, topic.p, topic.n, l);
	if (!on) {
		if (l)
			forget(n, l);
		return;
	}
	if (!l)
		l = remember(n, topic, &conversation);
	if (l) {
		make_due(n, l);
		pump(n);
	}
}

void listeners_ask_all(struct notifier *n)
{
	for (struct listener *l = n->listeners.all; l; l = l->hh.next)
		make_due(n, l);
	pump(n);
}

void listeners_start(struct notifier *n)
{
	TAILQ_INIT(&n->listeners.due);
}

/* After redis_close: nothing is being asked. */
void listeners_stop(struct notifier *n)
{
	struct listener *l, *next;

	HASH_ITER(hh, n->listeners.all, l, next)
	{
		forget(n, l);
	}
}
