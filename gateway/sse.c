/* SPDX-License-Identifier: ISC
 *
 * sse.c - GET /conversations/{id}/events: a conversation's events as text/event-stream (WHATWG HTML, 9.2),
 * for curl and for readers built on fetch.
 *
 * `id:` is the event's id, Last-Event-ID resumes after it, a comment every 15 s keeps the connection open. It ends
 * with the token that let it in, and at the comment after its key was revoked.
 * The same outbox as a WebSocket's bounds what waits for a slow reader; past it the stream ends, and its
 * reader comes back with its last id. The stream holds the request, and ends at the end of a loop turn
 * (request_timer), never inside a callback of the hub.
 */
#include "access.h"
#include "hub.h"
#include "live.h"
#include "outbox.h"
#include "turn_rows.h"
#include "turns_http.h"

#include "common/base/clock.h"
#include "common/base/json_out.h"
#include "common/base/log.h"
#include "common/base/xalloc.h"

#include <stdlib.h>

enum {
	SSE_COMMENT_MS = 15 * 1000,  /* api.md */
	SSE_AHEAD_BYTES = 64 * 1024, /* given to the connection at a time; the rest waits in the outbox, where
					it can be conflated */
};

struct stream {
	struct listener listener;
	struct request *request; /* held */
	struct watcher *watcher;
	struct outbox outbox;
	bool begun, ending;
};

static struct stream *stream_of(struct listener *l)
{
	return (struct stream *)(void *)((char *)l - offsetof(struct stream, listener));
}

static void stream_free(struct stream *s)
{
	struct request *r = s->request;

	r->owner = NULL;
	r->on_gone = NULL;
	r->on_drain = NULL;
	request_timer(r, 0, NULL);
	hub_unwatch(&s->watcher);
	live_leave(r->gw->live, &s->listener);
	outbox_finish(&s->outbox);
	free(s);
	request_release(r);
}

static void on_gone(struct request *r)
{
	stream_free(r->owner);
}

static void on_end(struct request *r)
{
	struct stream *s = r->owner;

	if (!s->begun) {
		request_problem(r, PROBLEM_UNAVAILABLE, "The gateway is being restarted.");
	} else {
		r->on_gone = NULL;
		request_stream_end(r);
	}
	stream_free(s);
}

static void stream_end(struct stream *s)
{
	s->ending = true;
	request_timer(s->request, 0, on_end);
}

/* "id: .. data: .." and an empty line. An event's JSON has no line end. */
static bool write_event(struct stream *s, struct event *event)
{
	struct buf text;
	char id[CURSOR_TEXT_BYTES];
	bool written;

	buf_init(&text, LIMIT_FIELD_BYTES + 1024);
	if (event->kind != EVENT_COUNT || event->at.epoch) {
		cursor_text(event->at, id);
		buf_printf(&text, "id: %s\n", id);
	}
	buf_str(&text, "data: ");
	buf_slice(&text, slice_of(event_json(event), event->n));
	buf_str(&text, "\n\n");
	written = !text.overflow && request_stream_write(s->request, buf_view(&text));
	buf_finish(&text);
	return written;
}

/* What is ahead of it must be little; an event that is large by itself goes alone. */
static bool has_way(const struct stream *s)
{
	size_t pending = request_stream_pending(s->request);

	return pending == 0 || (pending < SSE_AHEAD_BYTES && outbox_next(&s->outbox)->n < SSE_AHEAD_BYTES);
}

static void pump(struct stream *s)
{
	while (!s->ending && outbox_next(&s->outbox) && has_way(s)) {
		if (!write_event(s, outbox_next(&s->outbox)))
			stream_end(s);
		outbox_sent(&s->outbox);
	}
}

/* A page of what was missed is read when the one before is on its way. */
static bool may_read(void *arg)
{
	const struct stream *s = arg;

	return !s->ending && !outbox_next(&s->outbox);
}

static void on_drained(struct request *r)
{
	struct stream *s = r->owner;

	pump(s);
	if (s->watcher)
		hub_read_on(s->watcher);
}

static void add(struct stream *s, struct event *event)
{
	if (s->ending) {
		event_drop(&event);
	} else if (outbox_add(&s->outbox, event)) {
		pump(s);
	} else {
		stream_end(s); /* too slow */
	}
}

static void on_event(struct event *event, void *arg)
{
	add(arg, event_hold(event));
}

static void on_reset(struct cursor now, void *arg)
{
	struct stream *s = arg;
	char id[CURSOR_TEXT_BYTES], conversation[UUID_TEXT_BYTES];
	struct buf json;

	cursor_text(now, id);
	uuid_text(&s->request->params.ids[0], conversation);
	buf_init(&json, 1024);
	buf_char(&json, '{');
	json_kv_str(&json, "type", SLICE("replay:reset"));
	json_kv_str(&json, "event_id", slice_str(id));
	json_kv_str(&json, "conversation_id", slice_str(conversation));
	buf_char(&json, '}');
	add(s, event_create(now, EVENT_COUNT, NULL, buf_view(&json)));
	buf_finish(&json);
}

static void on_key(enum access_verdict verdict, const struct identity *who, void *arg)
{
	struct request *r = arg;

	if (r->owner && verdict == ACCESS_FORGED)
		stream_end(r->owner);
	request_release(r);
}

static void on_comment(struct request *r);

/* Until the next comment, or the end of the token that let it in. */
static void sleep_on(struct request *r)
{
	int64_t left_ms = (r->who.expires_at - clock_wall_us()) / 1000 + 1;
	bool ends = r->who.expires_at && left_ms < SSE_COMMENT_MS;

	request_timer(r, !ends ? SSE_COMMENT_MS : left_ms > 0 ? (uint64_t)left_ms : 1, on_comment);
}

static void on_comment(struct request *r)
{
	struct stream *s = r->owner;
	enum access_verdict verdict = access_stands(r->gw->access, &r->who);

	if (verdict == ACCESS_EXPIRED) {
		stream_end(s);
		return;
	}
	if (verdict == ACCESS_PENDING) {
		request_hold(r);
		access_key_again(r->gw->access, &r->who.key_id, on_key, r);
	}
	sleep_on(r);
	if (request_stream_pending(r) < SSE_AHEAD_BYTES && !request_stream_write(r, SLICE(": \n\n")))
		stream_end(s);
}

static void on_ready(struct cursor at, void *arg)
{
	struct stream *s = arg;
	struct request *r = s->request;

	if (s->ending)
		return;
	s->begun = true;
	request_stream_begin(r, "text/event-stream");
	sleep_on(r);
	if (!request_stream_write(r, SLICE(": \n\n")))
		stream_end(s);
}

static void on_drain(struct listener *l)
{
	stream_end(stream_of(l));
}

static void stream_start(struct request *r, const struct cursor *after)
{
	struct stream *s = xcalloc(1, sizeof *s);

	s->request = r;
	s->listener.drain = on_drain;
	outbox_init(&s->outbox);
	request_hold(r);
	r->owner = s;
	r->on_gone = on_gone;
	r->on_drain = on_drained;
	live_join(r->gw->live, &s->listener);
	if (!live_is_of(r->gw->live, &s->listener, &r->who.user_id))
		bug("there was room a moment ago");
	s->watcher = hub_watch(
		r->gw->hub, &r->params.ids[0], after, (struct hub_sink){on_ready, on_event, on_reset, may_read, NULL, s, "stream"});
}

static void owned(struct request *r, const struct pg_answer *answer)
{
	struct cursor after;
	bool resumes = r->headers.last_event_id.n > 0;

	if (!request_pg_ok(r, answer))
		return;
	if (PQntuples(answer->results[0]) != 1) {
		request_problem(r, PROBLEM_NOT_FOUND, "There is no such conversation.");
		return;
	}
	if (!request_is_open(r) || !live_user_has_room(r))
		return;
	if (resumes && !cursor_parse(r->headers.last_event_id, &after)) {
		request_problem(r, PROBLEM_MALFORMED, "Last-Event-ID is no event id of ours.");
		return;
	}
	stream_start(r, resumes ? &after : NULL);
}

void events_get(struct request *r)
{
	char conversation[UUID_TEXT_BYTES], user[UUID_TEXT_BYTES];

	uuid_text(&r->params.ids[0], conversation);
	uuid_text(&r->who.user_id, user);
	request_pg(r,
		&(struct pg_op){&turn_count_stmt, (struct slice[]){slice_str(conversation), slice_str(user)}},
		1, owned);
}
