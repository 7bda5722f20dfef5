/* SPDX-License-Identifier: ISC
 *
 * sockets.c - WebSockets that watch the conversations that turns go to, and come and go.
 *
 * Each subscribes to one conversation, lives between half and one and a half of reconnect_s, and comes back:
 * half of the times to the same conversation with its last event_id, half to another. Half of the
 * leave-takings are a close frame, half a cut connection. A socket that the server ends, or that is not
 * acknowledged in CONN_ANSWER_S, is a failure.
 */
#include "frame.h"
#include "load.h"

#include "common/base/clock.h"
#include "common/base/xalloc.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CURSOR_BYTES = 64, READ_BYTES = 16 * 1024 };

struct watcher {
	struct load *load;
	int fd; /* -1: not connected */
	ev_io io;
	ev_timer life; /* until it is acknowledged, then until it leaves */
	struct buf in;
	bool upgraded, acknowledged;
	uint64_t began_ns;
	size_t conversation;
	char id[LOAD_ID_BYTES];
	char after[CURSOR_BYTES]; /* "": none yet */
};

static struct watcher *watchers;
static size_t watcher_count;

static void watcher_connect(struct watcher *w);

static void watcher_cut(struct watcher *w)
{
	ev_io_stop(w->load->loop, &w->io);
	ev_timer_stop(w->load->loop, &w->life);
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
	buf_reset(&w->in);
}

/* Until the next life event: a second after a failure, so that a server that is down is not stormed. */
static void watcher_sleep(struct watcher *w, double seconds)
{
	ev_timer_stop(w->load->loop, &w->life);
	ev_timer_set(&w->life, seconds, 0);
	ev_timer_start(w->load->loop, &w->life);
}

static void watcher_fail(struct watcher *w, const char *why)
{
	figures_fail(&w->load->figures, OP_SOCKET, "%s", why);
	watcher_cut(w);
	watcher_sleep(w, 1);
}

static void watcher_send(struct watcher *w, struct slice bytes)
{
	if (send(w->fd, bytes.p, bytes.n, MSG_NOSIGNAL) != (ssize_t)bytes.n)
		watcher_fail(w, "a message that could not be sent");
}

static void watcher_frame(struct watcher *w, int opcode, struct slice payload)
{
	struct buf out;

	buf_init(&out, 64 * 1024);
	frame_write(&out, opcode, payload);
	watcher_send(w, buf_view(&out));
	buf_finish(&out);
}

static void watcher_subscribe(struct watcher *w)
{
	char text[256];
	int n = snprintf(text, sizeof text,
		"{\"type\": \"subscribe\", \"id\": 1, \"conversation_id\": \"%s\"%s%s%s}", w->id,
		w->after[0] ? ", \"after\": \"" : "", w->after, w->after[0] ? "\"" : "");

	watcher_frame(w, FRAME_TEXT, slice_of(text, (size_t)n));
}

static void watcher_acknowledged(struct watcher *w)
{
	double mean = (double)w->load->options->reconnect_s;

	w->acknowledged = true;
	hist_add(&w->load->figures.times[OP_SOCKET], clock_mono_ns() - w->began_ns);
	watcher_sleep(w, mean * (0.5 + load_random(w->load)));
}

static void watcher_text(struct watcher *w, struct slice text)
{
	struct slice event_id = reply_member(text, "event_id"), type = reply_member(text, "type");

	if (event_id.n && event_id.n < sizeof w->after) {
		memcpy(w->after, event_id.p, event_id.n);
		w->after[event_id.n] = '\0';
	}
	if (slice_eq(type, SLICE("error")))
		watcher_fail(w, "an error instead of an acknowledgement");
	else if (slice_eq(type, SLICE("ack")) && !w->acknowledged)
		watcher_acknowledged(w);
	else
		w->load->events++;
}

static void watcher_take(struct watcher *w, const struct frame *f)
{
	if (f->opcode == FRAME_TEXT)
		watcher_text(w, f->payload);
	else if (f->opcode == FRAME_PING)
		watcher_frame(w, FRAME_PONG, f->payload);
	else if (f->opcode == FRAME_CLOSE)
		watcher_fail(w, "closed by the server");
}

/* What is read stays at the front of `in` until it is whole. A failure empties `in`. */
static void watcher_look(struct watcher *w)
{
	struct frame f;
	struct reply reply;
	size_t used = 0;
	enum frame_state state = FRAME_MORE;

	if (!w->upgraded) {
		if (reply_read(buf_view(&w->in), &reply) == REPLY_MORE)
			return;
		if (reply.status != 101) {
			watcher_fail(w, "no WebSocket");
			return;
		}
		w->upgraded = true;
		used = reply.bytes;
		watcher_subscribe(w);
	}
	while (w->fd >= 0 &&
		(state = frame_read(slice_of(w->in.p + used, w->in.n - used), &f)) == FRAME_WHOLE) {
		used += f.bytes;
		watcher_take(w, &f);
	}
	if (w->fd < 0)
		return;
	if (state == FRAME_BAD) {
		watcher_fail(w, "a bad frame");
		return;
	}
	memmove(w->in.p, w->in.p + used, w->in.n - used);
	w->in.n -= used;
}

static void on_readable(struct ev_loop *loop, ev_io *io, int events)
{
	struct watcher *w = io->data;
	char *room = buf_reserve(&w->in, READ_BYTES);
	ssize_t n = room ? recv(w->fd, room, READ_BYTES, 0) : 0;

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		watcher_fail(w, "cut by the server");
		return;
	}
	w->in.n += (size_t)n;
	watcher_look(w);
}

/* The same conversation again, while it is there, or another of the same user. */
static void watcher_choose(struct watcher *w)
{
	struct load *l = w->load;

	if (w->id[0] && strcmp(w->id, conversation_id(w->conversation)) == 0 && load_random(l) < 0.5)
		return;
	w->conversation = (size_t)(load_random(l) * (double)l->options->conversations);
	snprintf(w->id, sizeof w->id, "%s", conversation_id(w->conversation));
	w->after[0] = '\0';
}

static void watcher_connect(struct watcher *w)
{
	const struct options *o = w->load->options;
	char head[LOAD_TOKEN_BYTES + 512];
	int n;

	watcher_choose(w);
	w->upgraded = w->acknowledged = false;
	w->began_ns = clock_mono_ns();
	w->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	/* to our own machine: it is connected at once or refused */
	if (w->fd < 0 || connect(w->fd, (const struct sockaddr *)&o->to, sizeof o->to) != 0) {
		watcher_fail(w, strerror(errno));
		return;
	}
	n = snprintf(head, sizeof head,
		"GET /api/v1/ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
		"Sec-WebSocket-Protocol: cleanerctx.v1\r\nAuthorization: Bearer %s\r\n\r\n",
		conversation_token(w->load, w->conversation));
	ev_io_set(&w->io, w->fd, EV_READ);
	ev_io_start(w->load->loop, &w->io);
	watcher_sleep(w, CONN_ANSWER_S);
	watcher_send(w, slice_of(head, (size_t)n));
}

static void on_life(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct watcher *w = timer->data;

	if (w->fd < 0) {
		watcher_connect(w);
	} else if (!w->acknowledged) {
		watcher_fail(w, "no acknowledgement");
	} else {
		if (load_random(w->load) < 0.5)
			watcher_frame(w, FRAME_CLOSE, SLICE("\x03\xe8")); /* 1000 */
		watcher_cut(w);
		watcher_connect(w);
	}
}

void sockets_start(struct load *l)
{
	watcher_count = (size_t)l->options->sockets;
	watchers = xcalloc(watcher_count, sizeof *watchers);
	for (size_t i = 0; i < watcher_count; i++) {
		struct watcher *w = &watchers[i];

		w->load = l;
		w->fd = -1;
		buf_init(&w->in, FRAME_BYTES + READ_BYTES + 16);
		ev_init(&w->io, on_readable);
		ev_init(&w->life, on_life);
		w->io.data = w->life.data = w;
		watcher_sleep(w, load_random(l)); /* not all at once */
	}
}

void sockets_stop(struct load *l)
{
	for (size_t i = 0; i < watcher_count; i++) {
		watcher_cut(&watchers[i]);
		buf_finish(&watchers[i].in);
	}
	watcher_count = 0;
	free(watchers);
	watchers = NULL;
}
