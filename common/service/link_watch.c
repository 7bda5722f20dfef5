/* SPDX-License-Identifier: ISC
 *
 * link_watch.c - see link_watch.h.
 */
#include "link_watch.h"

#include "common/base/log.h"
#include "common/base/xalloc.h"

#include <stdio.h>
#include <stdlib.h>

enum { ENDPOINT_BYTES = 64 };

struct link_watch {
	struct ev_loop *loop;
	zsock_t *watched, *events; /* borrowed; owned: a PAIR */
	ev_io io;
	void (*fn)(bool up, void *arg);
	void *arg;
};

/* An event is two frames: its number (16 bits) and a value, then an endpoint. */
static bool take(struct link_watch *w, uint16_t *event)
{
	zmsg_t *msg;
	zframe_t *first;
	bool good = false;

	if ((zsock_events(w->events) & ZMQ_POLLIN) == 0)
		return false;
	msg = zmsg_recv(w->events);
	first = msg ? zmsg_first(msg) : NULL;
	if (first && zframe_size(first) >= sizeof *event) {
		memcpy(event, zframe_data(first), sizeof *event);
		good = true;
	}
	zmsg_destroy(&msg);
	return good;
}

static void on_io(struct ev_loop *loop, ev_io *io, int revents)
{
	struct link_watch *w = io->data;
	uint16_t event;

	while (take(w, &event))
		w->fn(event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED, w->arg);
}

struct link_watch *link_watch_open(struct ev_loop *loop, zsock_t *socket, void (*fn)(bool up, void *arg), void *arg)
{
	struct link_watch *w = xcalloc(1, sizeof *w);
	char endpoint[ENDPOINT_BYTES];

	*w = (struct link_watch){.loop = loop, .watched = socket, .events = zsock_new(ZMQ_PAIR), .fn = fn, .arg = arg};
	snprintf(endpoint, sizeof endpoint, "inproc://watch-%p", (void *)w);
	if (!w->events || zmq_socket_monitor(zsock_resolve(socket), endpoint,
			ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED) != 0 ||
		zsock_connect(w->events, "%s", endpoint) != 0)
		fatal("event=link.watch error=\"%s\"", zmq_strerror(zmq_errno()));
	ev_io_init(&w->io, on_io, (int)zsock_fd(w->events), EV_READ);
	w->io.data = w;
	ev_io_start(loop, &w->io);
	(void)zsock_events(w->events); /* its descriptor is used only after somebody has found nothing there */
	return w;
}

void link_watch_close(struct link_watch **where)
{
	struct link_watch *w = *where;

	*where = NULL;
	if (!w)
		return;
	ev_io_stop(w->loop, &w->io);
	zmq_socket_monitor(zsock_resolve(w->watched), NULL, 0);
	zsock_destroy(&w->events);
	free(w);
}
