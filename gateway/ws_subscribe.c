/* SPDX-License-Identifier: ISC
 *
 * ws_subscribe.c - "subscribe" and "unsubscribe": a socket's conversations, and an operator's channels.
 *
 * A subscription is acknowledged when it is effective: whose the conversation is was asked, and the notifier
 * has confirmed. The ack's event_id is the place after which events follow: the client's own, if it gave one.
 * Subscribing again to the same conversation begins anew at the place given: so a client fills a gap without
 * reconnecting.
 */
#include "ws_socket.h"

#include "common/base/json_out.h"
#include "common/base/xalloc.h"
#include "shape.h"
#include "turn_rows.h"

#include <stdlib.h>

enum { ID_CHARACTERS = UUID_TEXT_BYTES - 1 };

static const char *const channels[] = {"alerts", "performance", NULL};

static const struct member subscribe_members[] = {
	{"type", SHAPE_TEXT, 0, 1, 32},
	{"id", SHAPE_INTEGER, .max = 9007199254740991.0},
	{"conversation_id", SHAPE_TEXT, 0, ID_CHARACTERS, ID_CHARACTERS},
	{"after", SHAPE_TEXT, SHAPE_NULLABLE, 1, CURSOR_TEXT_BYTES},
	{"channel", SHAPE_CHOICE, .choices = channels},
};
static const struct shape subscribe_shape = SHAPE(subscribe_members);

static void acknowledge(struct ws *ws, int64_t id, const struct uuid *conversation, const struct cursor *at)
{
	char text[UUID_TEXT_BYTES], place[CURSOR_TEXT_BYTES];
	struct buf out;

	uuid_text(conversation, text);
	ws_message_begin(&out, "ack", id);
	json_kv_str(&out, "conversation_id", slice_str(text));
	if (at) {
		cursor_text(*at, place);
		json_kv_str(&out, "event_id", slice_str(place));
	}
	ws_message_send(ws, &out);
}

static void on_ready(struct cursor at, void *arg)
{
	struct ws_subscription *s = arg;

	acknowledge(s->ws, s->id, &s->conversation, &at);
}

static void on_event(struct event *event, void *arg)
{
	struct ws_subscription *s = arg;

	ws_send(s->ws, event_hold(event));
}

static void on_reset(struct cursor now, void *arg)
{
	struct ws_subscription *s = arg;
	char conversation[UUID_TEXT_BYTES], place[CURSOR_TEXT_BYTES];
	struct buf out;

	uuid_text(&s->conversation, conversation);
	cursor_text(now, place);
	ws_message_begin(&out, "replay:reset", WS_NO_ID);
	json_kv_str(&out, "event_id", slice_str(place));
	json_kv_str(&out, "conversation_id", slice_str(conversation));
	ws_message_send(s->ws, &out);
}

/* Of all that a socket missed one page is read at a time, and only when what it was given before is out: a client that
 * comes back for much is not taken for one that reads too slowly. */
static bool may_read(void *arg)
{
	struct ws_subscription *mine = arg;
	struct ws *ws = mine->ws;
	bool may = !ws->close_code && !outbox_next(&ws->outbox);

	for (const struct ws_subscription *s = ws->subscriptions; s && may; s = s->next)
		may = s == mine || !s->watcher || !hub_is_reading(s->watcher);
	ws->held = ws->held || !may;
	return may;
}

void ws_read_on(struct ws *ws)
{
	if (!ws->held || outbox_next(&ws->outbox))
		return;
	ws->held = false;
	for (const struct ws_subscription *s = ws->subscriptions; s; s = s->next) {
		if (s->watcher && hub_read_on(s->watcher)) {
			ws->held = true; /* maybe others are */
			return;
		}
	}
}

static void has_read(void *arg)
{
	ws_read_on(((struct ws_subscription *)arg)->ws);
}

static struct ws_subscription **find(struct ws *ws, const struct uuid *conversation)
{
	struct ws_subscription **at = &ws->subscriptions;

	while (*at && !uuid_eq(&(*at)->conversation, conversation))
		at = &(*at)->next;
	return at;
}

static void end(struct ws_subscription **at)
{
	struct ws_subscription *s = *at;

	*at = s->next;
	s->ws->subscription_count--;
	hub_unwatch(&s->watcher);
	free(s);
}

/* Ends one that a later command overtook; its own request is answered, if it still waits. */
static void overtake(struct ws_subscription **at)
{
	struct ws_subscription *s = *at;

	if (!hub_is_ready(s->watcher))
		acknowledge(s->ws, s->id, &s->conversation, NULL);
	end(at);
}

void ws_unsubscribe_all(struct ws *ws)
{
	while (ws->subscriptions)
		end(&ws->subscriptions);
}

static void begin(struct ws *ws, const struct ws_op *op)
{
	struct ws_subscription **old = find(ws, &op->conversation), *s;

	if (*old)
		overtake(old);
	s = xcalloc(1, sizeof *s);
	*s = (struct ws_subscription){
		.next = ws->subscriptions, .ws = ws, .conversation = op->conversation, .id = op->id};
	ws->subscriptions = s;
	ws->subscription_count++;
	s->watcher = hub_watch(ws->gw->hub, &op->conversation, op->has_after ? &op->after : NULL,
		(struct hub_sink){on_ready, on_event, on_reset, may_read, has_read, s, "socket"});
	ws_read_on(ws); /* the one that was overtaken may have been reading */
}

static void owned(const struct pg_answer *answer, void *arg)
{
	struct ws_op *op = arg;
	struct ws *ws = op->ws;

	if (!ws || ws->close_code)
		;
	else if (answer->status != PG_OK)
		ws_error(ws, op->id, PROBLEM_UNAVAILABLE, "The conversation could not be read.", NULL);
	else if (PQntuples(answer->results[0]) != 1)
		ws_error(ws, op->id, PROBLEM_NOT_FOUND, "There is no such conversation.", NULL);
	else if (ws->subscription_count >= WS_SUBSCRIPTIONS && !*find(ws, &op->conversation))
		ws_error(ws, op->id, PROBLEM_CONFLICT,
			"A socket may watch 256 conversations: use another for more.", NULL);
	else
		begin(ws, op);
	ws_op_destroy(&op);
}

static void ask_whose(struct ws_op *op)
{
	char conversation[UUID_TEXT_BYTES], user[UUID_TEXT_BYTES];

	uuid_text(&op->conversation, conversation);
	uuid_text(&op->user, user);
	pg_send(op->ws->gw->pg,
		&(struct pg_op){&turn_count_stmt, (struct slice[]){slice_str(conversation), slice_str(user)}},
		1, owned, op);
}

static void channel(struct ws *ws, int64_t id, struct slice name, bool on)
{
	struct buf out;

	if (!ws->who.is_operator) {
		ws_error(ws, id, PROBLEM_FORBIDDEN, "Channels are for operators.", NULL);
		return;
	}
	live_listen(ws->gw->live, &ws->listener, channel_by_name(name), on);
	ws_message_begin(&out, "ack", id);
	json_kv_str(&out, "channel", name);
	ws_message_send(ws, &out);
}

/* What both commands share: either a channel (dealt with here: false), or a conversation, in *conversation.
 */
static bool read_target(struct ws *ws, int64_t id, const cJSON *json, bool on, struct uuid *conversation)
{
	struct invalid errors = {.count = 0};
	struct slice text, name;

	if (shape_check(&subscribe_shape, json, "", &errors)) {
		text = json_member_text(json, "conversation_id");
		name = json_member_text(json, "channel");
		if ((text.p == NULL) == (name.p == NULL))
			invalid_add(&errors, "", "conversation_id", "must be given, or a channel, not both");
		else if (text.p && !uuid_parse(text, conversation))
			invalid_add(&errors, "", "conversation_id", "must be a UUID");
		else if (text.p)
			return true;
		else
			channel(ws, id, name, on);
	}
	if (errors.count)
		ws_error(ws, id, PROBLEM_INVALID, "The message is not what this command takes.", &errors);
	return false;
}

void ws_subscribe(struct ws *ws, int64_t id, const cJSON *json)
{
	struct slice after = json_member_text(json, "after");
	struct invalid errors = {.count = 0};
	struct uuid conversation;
	struct cursor place = {0, 0};
	struct ws_op *op;

	if (!read_target(ws, id, json, true, &conversation))
		return;
	if (after.p && !cursor_parse(after, &place)) {
		invalid_add(&errors, "", "after", "must be an event_id that was given to you");
		ws_error(ws, id, PROBLEM_INVALID, "The message is not what this command takes.", &errors);
		return;
	}
	op = ws_op_create(ws, id);
	op->conversation = conversation;
	op->has_after = after.p != NULL;
	op->after = place;
	ask_whose(op);
}

void ws_unsubscribe(struct ws *ws, int64_t id, const cJSON *json)
{
	struct ws_subscription **at;
	struct uuid conversation;

	if (!read_target(ws, id, json, false, &conversation))
		return;
	at = find(ws, &conversation);
	if (*at)
		overtake(at);
	ws_read_on(ws);
	acknowledge(ws, id, &conversation, NULL);
}
