/* SPDX-License-Identifier: ISC
 *
 * hub.c - see hub.h.
 *
 * Two levels of the same merge: a topic's stream (live events, gaps from the log) feeds its watchers'
 * streams, which are confirmed with the place where the topic's stream is at that moment, and read from the
 * log what their client missed.
 */
#include "hub.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/xalloc.h"
#include "presence.h"
#include "reader.h"
#include "turns.h"

#include <stdlib.h>

enum { BUCKETS = 1024 }; /* a thousand watched conversations in chains of one */

struct watcher {
	struct reader reader; /* first: on_watchers_page finds it there */
	struct hub *hub;
	struct topic *topic;
	struct watcher *prev, *next;
	bool is_ready;
	bool held; /* may not read yet */
	struct hub_sink sink;
	struct presence presence;
};

struct topic {
	struct reader reader; /* first: on_topics_page finds it there */
	struct topic *next;   /* in its bucket */
	struct hub *hub;
	struct watcher *watchers;
	uint64_t asked_ns; /* subscribed, or subscribed anew */
	char name[LIMIT_TOPIC_BYTES];
};

struct hub {
	struct gateway *gw;
	struct topic *bucket[BUCKETS];
	size_t topics;
	bool heard;
	uint64_t asked_ns; /* when the gateway's own topic was last subscribed */
	ev_timer again;
	ev_timer presence; /* while anyone watches */
	size_t said;	   /* the bucket from which presence goes on */
};

static void hub_soon(struct hub *hub)
{
	if (ev_is_active(&hub->again))
		return;
	ev_timer_set(&hub->again, HUB_AGAIN_MS / 1e3, 0);
	ev_timer_start(hub->gw->loop, &hub->again);
}

/* --- watchers --- */

static void watcher_deliver(struct event *event, void *arg)
{
	struct watcher *w = arg;

	w->sink.event(event, w->sink.arg);
}

static void watcher_reset(struct cursor now, void *arg)
{
	struct watcher *w = arg;

	w->sink.reset(now, w->sink.arg);
}

static void on_watchers_page(struct reader *r)
{
	struct watcher *w = (struct watcher *)(void *)r;

	if (r->wanted)
		hub_soon(w->hub);
	else if (w->sink.has_read)
		w->sink.has_read(w->sink.arg);
}

static void watcher_read(struct cursor after, void *arg)
{
	struct watcher *w = arg;

	reader_aim(&w->reader, after);
	w->held = !w->sink.may_read(w->sink.arg);
	if (!w->held)
		reader_ask(&w->reader);
}

bool hub_read_on(struct watcher *watcher)
{
	if (!watcher->held || !watcher->sink.may_read(watcher->sink.arg))
		return false;
	watcher->held = false;
	reader_ask(&watcher->reader);
	return true;
}

/* ready comes before anything that the confirmation itself brings. */
static void watcher_confirm(struct watcher *w, struct cursor head)
{
	w->is_ready = true;
	w->sink.ready(w->reader.stream.has_cursor ? w->reader.stream.last : head, w->sink.arg);
	replay_confirm(&w->reader.stream, head);
}

struct cursor hub_position(const struct watcher *watcher)
{
	return watcher->reader.stream.last;
}

bool hub_is_ready(const struct watcher *watcher)
{
	return watcher->is_ready;
}

bool hub_is_reading(const struct watcher *watcher)
{
	return watcher->reader.under_way != NULL;
}

/* --- topics --- */

static void topic_deliver(struct event *event, void *arg)
{
	struct topic *t = arg;

	for (struct watcher *w = t->watchers; w; w = w->next)
		replay_event(&w->reader.stream, event);
}

static void topic_reset(struct cursor now, void *arg)
{
	struct topic *t = arg;

	for (struct watcher *w = t->watchers; w; w = w->next)
		if (w->is_ready)
			replay_restart(&w->reader.stream, now);
}

static void on_topics_page(struct reader *r)
{
	if (r->wanted)
		hub_soon(((struct topic *)(void *)r)->hub);
}

static void topic_read(struct cursor after, void *arg)
{
	struct topic *t = arg;

	reader_aim(&t->reader, after);
	reader_ask(&t->reader);
}

static struct topic **topic_slot(struct hub *hub, const struct uuid *conversation)
{
	struct topic **at = &hub->bucket[uuid_hash(conversation) % BUCKETS];

	while (*at && !uuid_eq(&(*at)->reader.conversation, conversation))
		at = &(*at)->next;
	return at;
}

static struct topic *topic_create(struct hub *hub, const struct uuid *conversation)
{
	struct topic *t = xcalloc(1, sizeof *t), **slot = topic_slot(hub, conversation);

	t->hub = hub;
	t->reader = (struct reader){.redis = hub->gw->redis, .conversation = *conversation, .answered = on_topics_page};
	replay_init(&t->reader.stream, NULL, (struct replay_sink){topic_deliver, topic_reset, topic_read, t});
	topic_conversation(conversation, t->name);
	t->asked_ns = clock_mono_ns();
	*slot = t;
	hub->topics++;
	link_subscribe(hub->gw->events_link, slice_str(t->name));
	hub_soon(hub);
	return t;
}

static void topic_destroy(struct topic *t)
{
	struct hub *hub = t->hub;

	*topic_slot(hub, &t->reader.conversation) = t->next;
	hub->topics--;
	if (hub->gw->events_link)
		link_unsubscribe(hub->gw->events_link, slice_str(t->name));
	reader_finish(&t->reader);
	free(t);
}

static void topic_confirm(struct topic *t, struct cursor head)
{
	bool first = t->reader.stream.state == REPLAY_UNCONFIRMED;

	replay_confirm(&t->reader.stream, head);
	if (!first)
		return;
	for (struct watcher *w = t->watchers; w; w = w->next)
		watcher_confirm(w, head);
}

static size_t say_presence(struct hub *hub, const struct topic *bucket)
{
	size_t clients = 0;

	for (const struct topic *t = bucket; t; t = t->next) {
		for (const struct watcher *w = t->watchers; w; w = w->next, clients++)
			presence_say(hub->gw, &t->reader.conversation, &w->presence);
		presence_keep(hub->gw, &t->reader.conversation);
	}
	return clients;
}

/* Says a part of all clients, and comes back so that it is through in PRESENCE_AGAIN_S. */
static void on_presence(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct hub *hub = timer->data;
	size_t from = hub->said, clients = 0;

	if (hub->topics == 0) {
		ev_timer_stop(loop, timer); /* an idle gateway does not wake for nothing */
		return;
	}
	while (hub->said < BUCKETS && clients < PRESENCE_SLICE)
		clients += say_presence(hub, hub->bucket[hub->said++]);
	timer->repeat = (double)PRESENCE_AGAIN_S * (double)(hub->said - from) / BUCKETS;
	ev_timer_again(loop, timer);
	hub->said %= BUCKETS;
}

static void presence_goes_on(struct hub *hub)
{
	if (!ev_is_active(&hub->presence))
		ev_timer_again(hub->gw->loop, &hub->presence);
}

struct watcher *hub_watch(
	struct hub *hub, const struct uuid *conversation, const struct cursor *after, struct hub_sink sink)
{
	struct topic *t = *topic_slot(hub, conversation);
	struct watcher *w = xcalloc(1, sizeof *w);

	if (!t)
		t = topic_create(hub, conversation);
	*w = (struct watcher){
		.reader = {.redis = hub->gw->redis, .conversation = *conversation, .answered = on_watchers_page},
		.hub = hub,
		.topic = t,
		.next = t->watchers,
		.sink = sink,
		.presence = {uuid_v7(), sink.kind, clock_wall_us()}};
	replay_init(&w->reader.stream, after,
		(struct replay_sink){watcher_deliver, watcher_reset, watcher_read, w});
	if (w->next)
		w->next->prev = w;
	t->watchers = w;
	presence_say(hub->gw, conversation, &w->presence);
	presence_keep(hub->gw, conversation);
	presence_goes_on(hub);
	if (t->reader.stream.state != REPLAY_UNCONFIRMED)
		watcher_confirm(w, t->reader.stream.last);
	return w;
}

void hub_unwatch(struct watcher **watcher)
{
	struct watcher *w = *watcher;

	if (!w)
		return;
	*watcher = NULL;
	presence_drop(w->hub->gw, &w->reader.conversation, &w->presence);
	if (w->prev)
		w->prev->next = w->next;
	else
		w->topic->watchers = w->next;
	if (w->next)
		w->next->prev = w->prev;
	if (!w->topic->watchers)
		topic_destroy(w->topic);
	reader_finish(&w->reader);
	free(w);
}

/* --- the link --- */

static void on_event(struct hub *hub, const struct link_in *in, const struct msg_event *m)
{
	struct topic *t;
	struct uuid conversation;
	struct cursor at;
	struct event *event;

	if (slice_eq(in->topic, slice_str(hub->gw->topic))) {
		turns_event(hub->gw->turns, m);
		return;
	}
	if (!topic_conversation_parse(in->topic, &conversation) || !cursor_parse(m->event_id, &at) ||
		m->event >= EVENT_COUNT)
		return;
	t = *topic_slot(hub, &conversation);
	if (!t)
		return; /* was on its way when the last watcher left */
	event = event_create(at, (enum event_kind)m->event, &m->turn_id, m->json);
	event->arrived_ns = clock_mono_ns();
	replay_event(&t->reader.stream, event);
	event_drop(&event);
}

static void on_subscribed(struct hub *hub, const struct link_in *in, const struct msg_subscribed *m)
{
	struct uuid conversation;
	struct cursor head;
	struct topic *t;

	if (slice_eq(in->topic, slice_str(hub->gw->topic))) {
		if (!hub->heard)
			log_info("hub.heard", "");
		hub->heard = true;
		return;
	}
	if (!topic_conversation_parse(in->topic, &conversation) || !cursor_parse(m->event_id, &head))
		return;
	t = *topic_slot(hub, &conversation);
	if (t)
		topic_confirm(t, head);
}

void hub_message(const struct link_in *in, void *arg)
{
	struct gateway *gw = arg;

	if (!gw->hub)
		return;
	if (in->kind == MSG_EVENT)
		on_event(gw->hub, in, &in->msg->event);
	else if (in->kind == MSG_SUBSCRIBED)
		on_subscribed(gw->hub, in, &in->msg->subscribed);
}

/* The topics' subscriptions are sent again by ZeroMQ itself and answered with where the log stands: that is the check for
 * a gap. This one is asked for anew until it is answered: the answer to a request that waits comes under it. */
void hub_peer(bool up, void *arg)
{
	struct gateway *gw = arg;

	if (!gw->hub || up)
		return;
	if (gw->hub->heard)
		log_warning("hub.unheard", "reason=\"a notifier is gone: not ready until it answers\"");
	gw->hub->heard = false;
	gw->hub->asked_ns = clock_mono_ns();
	hub_soon(gw->hub);
}

/* --- what is tried again --- */

/* The word that a peer is gone may come after the answer of its successor, which then counts for nothing. */
static void hub_ask_again(struct hub *hub, uint64_t now)
{
	if (now - hub->asked_ns < HUB_CONFIRM_MS * NS_PER_MS)
		return;
	hub->asked_ns = now;
	link_unsubscribe(hub->gw->events_link, slice_str(hub->gw->topic));
	link_subscribe(hub->gw->events_link, slice_str(hub->gw->topic));
}

/* Subscribed anew: the notifier is asked once more where the log stands. Not while none is there: ZeroMQ tells the next one
 * of every topic, and would keep all that we ask until then. */
static void topic_ask_again(struct topic *t, uint64_t now)
{
	if (!t->hub->heard || now - t->asked_ns < HUB_CONFIRM_MS * NS_PER_MS)
		return;
	t->asked_ns = now;
	link_unsubscribe(t->hub->gw->events_link, slice_str(t->name));
	link_subscribe(t->hub->gw->events_link, slice_str(t->name));
}

/* True when there is more to try later. */
static bool topic_again(struct topic *t, uint64_t now)
{
	bool later = t->reader.stream.state == REPLAY_UNCONFIRMED;

	if (later)
		topic_ask_again(t, now);
	later = reader_again(&t->reader) || later;
	for (struct watcher *w = t->watchers; w; w = w->next)
		later = reader_again(&w->reader) || later;
	return later;
}

static void on_again(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct hub *hub = timer->data;
	uint64_t now = clock_mono_ns();
	bool later = !hub->heard;

	if (!hub->heard)
		hub_ask_again(hub, now);
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct topic *t = hub->bucket[i]; t; t = t->next)
			later = topic_again(t, now) || later;
	if (later)
		hub_soon(hub);
}

struct hub *hub_open(struct gateway *gw)
{
	struct hub *hub = xcalloc(1, sizeof *hub);

	hub->gw = gw;
	ev_init(&hub->again, on_again);
	ev_timer_init(&hub->presence, on_presence, 0, PRESENCE_AGAIN_S);
	hub->again.data = hub->presence.data = hub;
	hub->asked_ns = clock_mono_ns();
	link_subscribe(gw->events_link, slice_str(gw->topic));
	hub_soon(hub);
	return hub;
}

void hub_close(struct hub **hub)
{
	struct hub *h = *hub;

	if (!h)
		return;
	for (size_t i = 0; i < BUCKETS; i++)
		while (h->bucket[i]) {
			struct watcher *w = h->bucket[i]->watchers;

			hub_unwatch(&w);
		}
	ev_timer_stop(h->gw->loop, &h->again);
	ev_timer_stop(h->gw->loop, &h->presence);
	free(h);
	*hub = NULL;
}

bool hub_heard(const struct hub *hub)
{
	return hub->heard;
}

size_t hub_topics(const struct hub *hub)
{
	return hub->topics;
}
