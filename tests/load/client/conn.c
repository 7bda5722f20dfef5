/* SPDX-License-Identifier: ISC
 *
 * conn.c - see conn.h.
 */
#include "conn.h"

#include "common/base/clock.h"
#include "common/base/xalloc.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	REQUEST_BYTES = 64 * 1024, /* ours are under 1 KiB */
	READ_BYTES = 16 * 1024,
};

struct conn {
	struct ev_loop *loop;
	struct sockaddr_in to;
	int fd; /* -1: not connected */
	ev_io io;
	ev_timer patience;
	struct buf out, in;
	size_t sent;	   /* of out */
	uint64_t began_ns; /* 0: nothing written of this request yet */
	conn_fn *fn;	   /* NULL: idle */
	void *arg;
};

static void on_io(struct ev_loop *loop, ev_io *io, int events);
static void on_patience(struct ev_loop *loop, ev_timer *timer, int events);

struct conn *conn_create(struct ev_loop *loop, const struct sockaddr_in *to)
{
	struct conn *c = xcalloc(1, sizeof *c);

	c->loop = loop;
	c->to = *to;
	c->fd = -1;
	ev_init(&c->io, on_io);
	ev_init(&c->patience, on_patience);
	c->io.data = c->patience.data = c;
	buf_init(&c->out, REQUEST_BYTES);
	buf_init(&c->in, REPLY_HEAD_BYTES + REPLY_BODY_BYTES + READ_BYTES);
	return c;
}

static void hang_up(struct conn *c)
{
	ev_io_stop(c->loop, &c->io);
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	buf_reset(&c->in);
}

void conn_destroy(struct conn **c)
{
	if (!*c)
		return;
	hang_up(*c);
	ev_timer_stop((*c)->loop, &(*c)->patience);
	buf_finish(&(*c)->out);
	buf_finish(&(*c)->in);
	free(*c);
	*c = NULL;
}

/* The last thing done with c: the call may destroy it. */
static void tell(struct conn *c, const struct reply *reply, const char *broken)
{
	conn_fn *fn = c->fn;

	c->fn = NULL;
	ev_timer_stop(c->loop, &c->patience);
	if (fn)
		fn(c, reply, broken, c->arg);
}

static void break_off(struct conn *c, const char *why)
{
	hang_up(c);
	tell(c, NULL, why);
}

static void watch(struct conn *c, int events)
{
	if (c->io.events == events && ev_is_active(&c->io))
		return;
	ev_io_stop(c->loop, &c->io);
	ev_io_set(&c->io, c->fd, events);
	ev_io_start(c->loop, &c->io);
}

/* False: broken, and told. While it is still being connected nothing can be written, and nothing has begun.
 */
static bool write_more(struct conn *c)
{
	uint64_t now = clock_mono_ns();
	ssize_t n = send(c->fd, c->out.p + c->sent, c->out.n - c->sent, MSG_NOSIGNAL);

	if (n < 0 && errno != EAGAIN && errno != ENOTCONN) {
		break_off(c, strerror(errno));
		return false;
	}
	if (n > 0 && !c->began_ns)
		c->began_ns = now;
	c->sent += n > 0 ? (size_t)n : 0;
	watch(c, c->sent < c->out.n ? EV_READ | EV_WRITE : EV_READ);
	return true;
}

static bool open_socket(struct conn *c)
{
	int yes = 1;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return false;
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
	return connect(c->fd, (const struct sockaddr *)&c->to, sizeof c->to) == 0 || errno == EINPROGRESS;
}

/* The bytes in `in` from the reply's first on. The body stays where it is while it is told. */
static void look(struct conn *c)
{
	struct reply reply;
	enum reply_state state = reply_read(buf_view(&c->in), &reply);

	if (state == REPLY_MORE)
		return;
	if (state == REPLY_BAD || c->in.n != reply.bytes || !c->fn) {
		break_off(c, "no HTTP answer");
		return;
	}
	reply.began_ns = c->began_ns;
	reply.ended_ns = clock_mono_ns();
	if (reply.closes) {
		ev_io_stop(c->loop, &c->io);
		close(c->fd);
		c->fd = -1;
	}
	tell(c, &reply, NULL);
}

static void read_more(struct conn *c)
{
	char *room = buf_reserve(&c->in, READ_BYTES);
	ssize_t n = room ? recv(c->fd, room, READ_BYTES, 0) : 0;

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		break_off(c, !room ? "answer too long" : n ? strerror(errno) : "closed without an answer");
		return;
	}
	c->in.n += (size_t)n;
	look(c);
}

static void on_io(struct ev_loop *loop, ev_io *io, int events)
{
	struct conn *c = io->data;

	if ((events & EV_WRITE) && c->sent < c->out.n && !write_more(c))
		return;
	if (events & EV_READ)
		read_more(c);
}

static void on_patience(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct conn *c = timer->data;

	break_off(c, !ev_is_active(&c->io) ? "no connection" : "no answer in 30 s");
}

static void compose(struct conn *c, const struct conn_request *r)
{
	buf_reset(&c->out);
	buf_printf(&c->out, "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n", r->method, r->path,
		ntohs(c->to.sin_port));
	if (r->token)
		buf_printf(&c->out, "Authorization: Bearer %s\r\n", r->token);
	if (r->headers)
		buf_str(&c->out, r->headers);
	if (r->body)
		buf_printf(&c->out, "Content-Type: application/json\r\nContent-Length: %zu\r\n",
			strlen(r->body));
	buf_str(&c->out, "\r\n");
	if (r->body)
		buf_str(&c->out, r->body);
}

void conn_ask(struct conn *c, const struct conn_request *request, conn_fn *fn, void *arg)
{
	c->fn = fn;
	c->arg = arg;
	c->sent = 0;
	c->began_ns = 0;
	buf_reset(&c->in);
	compose(c, request);
	ev_timer_stop(c->loop, &c->patience);
	ev_timer_set(&c->patience, CONN_ANSWER_S, 0);
	ev_timer_start(c->loop, &c->patience);
	if (c->fd < 0 && !open_socket(c)) {
		ev_feed_event(
			c->loop, &c->patience, EV_TIMER); /* told from the loop, never inside this call */
		return;
	}
	watch(c, EV_READ | EV_WRITE);
	ev_feed_event(c->loop, &c->io, EV_WRITE);
}
