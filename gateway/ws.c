/* SPDX-License-Identifier: ISC
 *
 * ws.c - see ws.h and ws_socket.h: a connection's life, its writer, heartbeats and the token's end.
 */
#include "ws_socket.h"

#include "access.h"
#include "common/base/clock.h"
#include "common/base/json_out.h"
#include "common/base/log.h"
#include "common/base/xalloc.h"
#include "common/service/timings.h"
#include "turn_body.h"

#include <stdio.h>
#include <stdlib.h>

_Static_assert(EVENT_HEADROOM >= LWS_PRE, "an event's headroom must hold a frame's head");

/* --- sending --- */

void ws_close(struct ws *ws, int code, const char *reason)
{
	if (ws->close_code)
		return;
	ws->close_code = code;
	snprintf(ws->close_reason, sizeof ws->close_reason, "%s", reason);
	lws_set_timeout(ws->wsi, PENDING_TIMEOUT_CLOSE_SEND, WS_CLOSE_S);
	lws_callback_on_writable(ws->wsi);
}

void ws_send(struct ws *ws, struct event *message)
{
	if (ws->close_code) {
		event_drop(&message);
		return;
	}
	if (outbox_add(&ws->outbox, message)) {
		lws_callback_on_writable(ws->wsi);
		return;
	}
	log_info("ws.too_slow", "waiting=%zu", ws->outbox.bytes);
	outbox_finish(&ws->outbox);
	outbox_init(&ws->outbox);
	ws_close(ws, WS_TOO_SLOW, "too slow");
}

void ws_message_begin(struct buf *out, const char *type, int64_t id)
{
	buf_init(out, LIMIT_FIELD_BYTES);
	buf_char(out, '{');
	json_kv_str(out, "type", slice_str(type));
	if (id != WS_NO_ID)
		json_kv_u64(out, "id", (uint64_t)id);
}

void ws_message_send(struct ws *ws, struct buf *message)
{
	buf_char(message, '}');
	if (!message->overflow)
		ws_send(ws, outbox_message(buf_view(message)));
	buf_finish(message);
}

void ws_write_positions(const struct ws *ws, struct buf *out)
{
	json_key(out, "positions");
	buf_char(out, '{');
	for (const struct ws_subscription *s = ws->subscriptions; s; s = s->next) {
		char conversation[UUID_TEXT_BYTES], id[CURSOR_TEXT_BYTES];

		if (!s->watcher || !hub_is_ready(s->watcher))
			continue;
		uuid_text(&s->conversation, conversation);
		cursor_text(hub_position(s->watcher), id);
		json_kv_str(out, conversation, slice_str(id));
	}
	buf_char(out, '}');
}

void ws_error(
	struct ws *ws, int64_t id, enum problem problem, const char *detail, const struct invalid *errors)
{
	struct buf out, json;

	buf_init(&json, LIMIT_BODY_BYTES);
	problem_write_json(&json, problem, slice_str(detail), slice_of(NULL, 0), slice_of(NULL, 0), errors);
	ws_message_begin(&out, "error", id);
	json_kv_raw(&out, "problem", buf_view(&json));
	buf_finish(&json);
	ws_message_send(ws, &out);
}

static int write_ping(struct ws *ws)
{
	unsigned char frame[LWS_PRE + 1];

	ws->ping_due = false;
	return lws_write(ws->wsi, frame + LWS_PRE, 0, LWS_WRITE_PING) < 0 ? -1 : 0;
}

static int write_one(struct ws *ws)
{
	struct event *event = outbox_next(&ws->outbox);
	int n = lws_write(ws->wsi, (unsigned char *)event_json(event), event->n, LWS_WRITE_TEXT);

	if (n >= 0 && event->arrived_ns && event->refs == 1) /* the last socket that had to be sent it */
		timing_since(METRIC_API_WEBSOCKET_MESSAGE_SEND, event->arrived_ns);
	outbox_sent(&ws->outbox);
	return n < 0 ? -1 : 0;
}

static int on_writeable(struct ws *ws)
{
	if (ws->ping_due && write_ping(ws) < 0)
		return -1;
	for (int i = 0; i < WS_WRITES && outbox_next(&ws->outbox); i++) {
		if (lws_send_pipe_choked(ws->wsi))
			break;
		if (write_one(ws) < 0)
			return -1;
	}
	if (outbox_next(&ws->outbox)) {
		lws_callback_on_writable(ws->wsi);
		return 0;
	}
	if (!ws->close_code) {
		ws_read_on(ws);
		return 0;
	}
	lws_close_reason(ws->wsi, (enum lws_close_status)ws->close_code, (unsigned char *)ws->close_reason,
		strlen(ws->close_reason));
	return -1;
}

/* --- what is under way --- */

/* Reads on only while it is known who speaks and not too much is under way: the client's own socket holds it
 * back. */
static void read_on_or_not(struct ws *ws)
{
	bool on = !ws->unknown && ws->op_count < WS_OPS;

	if (!ws->wsi)
		return;
	lws_rx_flow_control(ws->wsi, on);
	if (on)
		lws_callback_on_writable(
			ws->wsi); /* wakes libwebsockets: it looks at what it holds back only then */
}

struct ws_op *ws_op_create(struct ws *ws, int64_t id)
{
	struct ws_op *op = xcalloc(1, sizeof *op);

	op->ws = ws;
	op->id = id;
	op->user = ws->who.user_id;
	op->received_ns = clock_mono_ns();
	op->received_at = clock_wall_us();
	op->next = ws->ops;
	if (op->next)
		op->next->prev = op;
	ws->ops = op;
	if (++ws->op_count == WS_OPS)
		read_on_or_not(ws);
	return op;
}

static void close_to_restart(struct ws *ws)
{
	char reason[32];

	snprintf(reason, sizeof reason, "retry_ms=%u", live_retry_ms());
	ws_close(ws, WS_RESTART, reason);
}

void ws_op_detach(struct ws_op *op)
{
	struct ws *ws = op->ws;

	if (!ws)
		return;
	if (op->prev)
		op->prev->next = op->next;
	else
		ws->ops = op->next;
	if (op->next)
		op->next->prev = op->prev;
	op->ws = NULL;
	if (ws->op_count-- == WS_OPS)
		read_on_or_not(ws);
	if (ws->draining && ws->op_count == 0)
		close_to_restart(ws);
}

void ws_op_destroy(struct ws_op **op)
{
	struct ws_op *o = *op;

	*op = NULL;
	ws_op_detach(o);
	if (o->turn)
		turn_body_finish(o->turn);
	free(o->turn);
	cJSON_Delete(o->json);
	cJSON_Delete(o->kept);
	free(o);
}

/* --- time --- */

static void key_told(enum access_verdict verdict, const struct identity *who, void *arg)
{
	struct ws_op *op = arg;
	struct ws *ws = op->ws;

	ws_op_destroy(&op);
	if (ws && verdict == ACCESS_FORGED)
		ws_close(ws, WS_SIGN_IN, "the key was revoked");
}

/* A token's end is known beforehand (check_token); a key may be revoked at any time. */
static void check_key(struct ws *ws)
{
	if (ws->who.is_key && access_stands(ws->gw->access, &ws->who) == ACCESS_PENDING)
		access_key_again(ws->gw->access, &ws->who.key_id, key_told, ws_op_create(ws, WS_NO_ID));
}

static void heartbeat(struct ws *ws, uint64_t now)
{
	struct buf out;

	ws->ping_ns = now + WS_PING_S * NS_PER_S;
	if (now - ws->heard_ns > WS_SILENT_S * NS_PER_S) {
		ws_close(ws, WS_GOING, "silent");
		return;
	}
	check_key(ws);
	ws->ping_due = true;
	ws_message_begin(&out, "ping", WS_NO_ID);
	json_kv_u64(&out, "t", (uint64_t)(clock_wall_us() / 1000));
	ws_write_positions(ws, &out);
	ws_message_send(ws, &out);
}

static void check_token(struct ws *ws, int64_t wall_us)
{
	struct buf out;

	if (!ws->who.expires_at)
		return;
	if (wall_us >= ws->who.expires_at) {
		ws_close(ws, WS_SIGN_IN, "token expired");
	} else if (!ws->told_expiring && wall_us >= ws->who.expires_at - WS_EXPIRING_S * US_PER_S) {
		ws->told_expiring = true;
		ws_message_begin(&out, "auth:expiring", WS_NO_ID);
		json_kv_time(&out, "expires_at", ws->who.expires_at);
		ws_message_send(ws, &out);
	}
}

/* Sleeps until the next heartbeat or the token's next moment. */
static void sleep_on(struct ws *ws, uint64_t now, int64_t wall_us)
{
	double wait_s = ws->ping_ns > now ? (double)(ws->ping_ns - now) / 1e9 : 0;
	int64_t at = ws->who.expires_at - (ws->told_expiring ? 0 : WS_EXPIRING_S * US_PER_S);
	double token_s = (double)(at - wall_us) / 1e6;

	if (ws->who.expires_at && token_s < wait_s)
		wait_s = token_s;
	ws->tick.repeat = wait_s > 0.001 ? wait_s : 0.001;
	ev_timer_again(ws->gw->loop, &ws->tick);
}

static void ws_tick(struct ws *ws)
{
	uint64_t now = clock_mono_ns();
	int64_t wall_us = clock_wall_us();

	if (now >= ws->ping_ns)
		heartbeat(ws, now);
	check_token(ws, wall_us);
	if (ws->close_code)
		ev_timer_stop(ws->gw->loop, &ws->tick);
	else
		sleep_on(ws, now, wall_us);
}

static void on_tick(struct ev_loop *loop, ev_timer *timer, int events)
{
	ws_tick(timer->data);
}

void ws_identity_changed(struct ws *ws)
{
	ws->told_expiring = false;
	ws_tick(ws);
}

/* --- coming and going --- */

static struct ws *of_listener(struct listener *l)
{
	return (struct ws *)(void *)((char *)l - offsetof(struct ws, listener));
}

static void on_drain(struct listener *l)
{
	struct ws *ws = of_listener(l);

	ws->draining = true;
	if (ws->op_count == 0)
		close_to_restart(ws);
}

static void on_channel(struct listener *l, struct event *message)
{
	ws_send(of_listener(l), event_hold(message));
}

static void key_known(enum access_verdict verdict, const struct identity *who, void *arg)
{
	struct ws_op *op = arg;
	struct ws *ws = op->ws;

	ws_op_destroy(&op);
	if (!ws)
		return;
	if (verdict != ACCESS_GOOD) {
		ws_close(ws, verdict == ACCESS_UNAVAILABLE ? WS_TOO_SLOW : WS_SIGN_IN, "the key is not good");
		return;
	}
	if (!live_is_of(ws->gw->live, &ws->listener, &who->user_id)) {
		ws_close(ws, WS_TOO_SLOW, "too many sockets");
		return;
	}
	ws->who = *who;
	ws->unknown = false;
	read_on_or_not(ws);
	ws_identity_changed(ws);
}

int ws_established(struct gateway *gw, struct lws *wsi, const struct ws_hello *hello, struct ws **out)
{
	struct ws *ws = xcalloc(1, sizeof *ws);
	uint64_t now = clock_mono_ns();

	*ws = (struct ws){.gw = gw,
		.wsi = wsi,
		.who = hello->who,
		.heard_ns = now,
		.ping_ns = now + WS_PING_S * NS_PER_S,
		.listener = {.drain = on_drain, .tell = on_channel}};
	snprintf(ws->traceparent, sizeof ws->traceparent, "%.*s", (int)hello->traceparent.n,
		hello->traceparent.p ? hello->traceparent.p : "");
	outbox_init(&ws->outbox);
	buf_init(&ws->in, LIMIT_BODY_BYTES);
	ev_init(&ws->tick, on_tick);
	ws->tick.data = ws;
	*out = ws;
	live_join(gw->live, &ws->listener);
	if (hello->pending_key.n) {
		ws->unknown = true;
		read_on_or_not(ws);
		access_key(gw->access, hello->pending_key, key_known, ws_op_create(ws, WS_NO_ID));
	} else if (!live_is_of(gw->live, &ws->listener, &hello->who.user_id)) {
		ws_close(ws, WS_TOO_SLOW, "too many sockets");
	}
	ws_tick(ws);
	timing_since(METRIC_API_WEBSOCKET_CONNECTION, hello->accepted_ns);
	return 0;
}

static int on_closed(struct ws *ws)
{
	ws->draining = false;
	ws->wsi = NULL;
	ev_timer_stop(ws->gw->loop, &ws->tick);
	ws_unsubscribe_all(ws);
	while (ws->ops)
		ws_op_detach(ws->ops);
	live_leave(ws->gw->live, &ws->listener);
	outbox_finish(&ws->outbox);
	buf_finish(&ws->in);
	free(ws);
	return 0;
}

/* A piece of a message; the whole one is a command. */
static int on_receive(struct ws *ws, struct slice bytes)
{
	ws->heard_ns = clock_mono_ns();
	if (ws->close_code)
		return 0;
	if (lws_frame_is_binary(ws->wsi)) {
		ws_close(ws, WS_BAD_DATA, "text only");
		return 0;
	}
	buf_slice(&ws->in, bytes);
	if (ws->in.overflow) {
		ws_close(ws, WS_TOO_BIG, "message too big");
		return 0;
	}
	if (!lws_is_final_fragment(ws->wsi) || lws_remaining_packet_payload(ws->wsi))
		return 0;
	ws_command(ws, buf_view(&ws->in));
	buf_reset(&ws->in);
	return 0;
}

int ws_event(struct ws *ws, enum lws_callback_reasons reason, void *in, size_t bytes)
{
	switch (reason) {
	case LWS_CALLBACK_RECEIVE:
		return on_receive(ws, slice_of(in, bytes));
	case LWS_CALLBACK_SERVER_WRITEABLE:
		return on_writeable(ws);
	case LWS_CALLBACK_RECEIVE_PONG:
		ws->heard_ns = clock_mono_ns();
		return 0;
	case LWS_CALLBACK_CLOSED:
		return on_closed(ws);
	default:
		return 0;
	}
}
