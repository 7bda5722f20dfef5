/* SPDX-License-Identifier: ISC
 *
 * live.c - see live.h.
 */
#include "live.h"

#include "common/base/json_out.h"
#include "common/base/xalloc.h"
#include "counters.h"
#include "gauges.h"
#include "outbox.h"
#include "request.h"
#include "tally.h"

#include <stdlib.h>

enum { RETRY_MS_LEAST = 200, RETRY_MS_SPREAD = 1800 }; /* a restart takes about a second */

struct live {
	struct gateway *gw;
	struct listener *first;
	size_t count, wanted[CHANNEL_COUNT]; /* listeners; of each channel */
	struct tally *users;		     /* listeners of each */
	struct link *alerts;		     /* NULL while nobody wants a channel */
	bool draining;
};

static const char *const channel_names[CHANNEL_COUNT] = {"alerts", "performance"};

/* What the monitor publishes, for whom, and as which event (api.md). */
static const struct {
	const char *topic;
	enum channel channel;
	const char *type;
} topics[] = {
	{"slow", CHANNEL_ALERTS, "alert"},
	{"alert", CHANNEL_ALERTS, "alert"},
	{"remediation", CHANNEL_ALERTS, "remediation"},
	{"snapshot", CHANNEL_PERFORMANCE, "performance"},
};

enum channel channel_by_name(struct slice name)
{
	enum channel c = 0;

	while (c < CHANNEL_COUNT && !slice_eq(name, slice_str(channel_names[c])))
		c++;
	return c;
}

unsigned live_retry_ms(void)
{
	struct uuid random = uuid_v7();

	return RETRY_MS_LEAST + uuid_hash(&random) % RETRY_MS_SPREAD;
}

struct live *live_open(struct gateway *gw)
{
	struct live *live = xcalloc(1, sizeof *live);

	live->gw = gw;
	live->users = tally_create();
	return live;
}

void live_close(struct live **live)
{
	if (!*live)
		return;
	link_close(&(*live)->alerts);
	tally_destroy(&(*live)->users);
	free(*live);
	*live = NULL;
}

/* {"type":"alert","alert":{..}}: the monitor's object as it came. */
static struct event *compose(const char *type, struct slice json)
{
	struct buf text;
	struct event *message;

	buf_init(&text, LIMIT_FIELD_BYTES);
	buf_char(&text, '{');
	json_kv_str(&text, "type", slice_str(type));
	json_kv_raw(&text, type, json);
	buf_char(&text, '}');
	message = outbox_message(buf_view(&text));
	buf_finish(&text);
	return message;
}

static void tell_all(struct live *live, enum channel channel, const char *type, struct slice json)
{
	struct event *message = compose(type, json);
	struct listener *next;

	for (struct listener *l = live->first; l; l = next) {
		next = l->next;
		if (l->channels & (1U << channel))
			l->tell(l, message);
	}
	event_drop(&message);
}

static void on_alert(const struct link_in *in, void *arg)
{
	if (in->kind != MSG_ALERT)
		return;
	for (size_t i = 0; i < countof(topics); i++)
		if (slice_eq(in->topic, slice_str(topics[i].topic)))
			tell_all(arg, topics[i].channel, topics[i].type, in->msg->alert.json);
}

static void subscribe(struct live *live, enum channel channel, bool on)
{
	for (size_t i = 0; i < countof(topics); i++) {
		if (topics[i].channel != channel)
			continue;
		if (on)
			link_subscribe(live->alerts, slice_str(topics[i].topic));
		else
			link_unsubscribe(live->alerts, slice_str(topics[i].topic));
	}
}

void live_listen(struct live *live, struct listener *l, enum channel channel, bool on)
{
	unsigned bit = 1U << channel;

	if (on == ((l->channels & bit) != 0))
		return;
	l->channels ^= bit;
	if (on && !live->alerts)
		live->alerts = link_open(live->gw->run, LINK_ALERTS, LINK_CONNECTS, NULL,
			(struct link_handlers){.message = on_alert, .arg = live});
	live->wanted[channel] += on ? 1 : (size_t)-1;
	if (live->wanted[channel] == (on ? 1 : 0))
		subscribe(live, channel, on);
}

void live_join(struct live *live, struct listener *l)
{
	l->prev = NULL;
	l->next = live->first;
	if (live->first)
		live->first->prev = l;
	live->first = l;
	live->count++;
	gauges_sockets(live->gw->gauges);
	if (live->draining)
		l->drain(l);
}

static bool has_room(const struct live *live, const struct uuid *user)
{
	bool room = tally_of(live->users, user) < (size_t)live->gw->config->user_sockets;

	counter_add(COUNTER_SOCKETS_LIMITED, !room);
	return room;
}

bool live_is_of(struct live *live, struct listener *l, const struct uuid *user)
{
	if (l->counted || !has_room(live, user))
		return l->counted;
	tally_add(live->users, user);
	l->user = *user;
	l->counted = true;
	return true;
}

bool live_user_has_room(struct request *r)
{
	if (has_room(r->gw->live, &r->who.user_id))
		return true;
	request_problem(r, PROBLEM_RATE, "You may have %lld WebSockets and event streams open.",
		(long long)r->gw->config->user_sockets);
	return false;
}

void live_leave(struct live *live, struct listener *l)
{
	if (l->counted)
		tally_drop(live->users, &l->user);
	for (enum channel c = 0; c < CHANNEL_COUNT; c++)
		live_listen(live, l, c, false);
	if (l->prev)
		l->prev->next = l->next;
	else
		live->first = l->next;
	if (l->next)
		l->next->prev = l->prev;
	live->count--;
	gauges_sockets(live->gw->gauges);
}

size_t live_count(const struct live *live)
{
	return live->count;
}

void live_drain(struct live *live)
{
	struct listener *next;

	live->draining = true;
	for (struct listener *l = live->first; l; l = next) {
		next = l->next;
		l->drain(l);
	}
}
