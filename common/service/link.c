/* SPDX-License-Identifier: ISC
 *
 * link.c - see link.h.
 *
 * A link holds one ZeroMQ socket, or, for a connecting PUSH, one an endpoint ("lanes"), so that a sender chooses which
 * peer gets a message. Every lane has an ev_io on its ZMQ_FD. Whatever else is done with the socket may use up the
 * descriptor's edge: then one ev_prepare a link looks at ZMQ_EVENTS before the loop sleeps and, when something is left,
 * starts an ev_idle so that it does not sleep. That is the whole answer to the descriptor being edge-triggered. A link
 * that nothing was done with since is not looked at: each look is two system calls.
 */
#include "link.h"

#include "common/base/log.h"
#include "common/base/xalloc.h"
#include "common/wire/limits.h"
#include "link_curve.h"
#include "link_watch.h"

#include <czmq.h>
#include <stdlib.h>

enum {
	LINK_LANES = 16,         /* endpoints a link connects to; a machine's worth of peers, more is a configuration error */
	SUBSCRIPTIONS = 400000,  /* of a SUB on their way to a peer: twice what a notifier keeps; 70 MB at worst, while none is there */
	RECONNECT_MS = 20,       /* first wait before connecting again; doubles to LINK_BACK_MS */
	HEARTBEAT_MS = 500,      /* between pings on a TCP connection, where a peer can vanish without a word .. */
	SILENCE_MS = 1500,       /* .. and silence after which it is made anew: a subscription is then confirmed anew too */
};

struct lane {
	zsock_t *socket;
	struct link_watch *watch; /* NULL: nobody wants to know */
	ev_io io;
};

struct link {
	struct service_run *run;
	const struct link_row *row;
	struct link_handlers handlers;
	struct lane lanes[LINK_LANES];
	size_t lane_count;
	int type;
	ev_prepare prepare;
	ev_idle idle;
	uint64_t dropped;
	bool closing, dispatching; /* closed from inside a callback: freed after it */
};

static struct slice frame_slice(zframe_t *frame)
{
	return slice_of((const char *)zframe_data(frame), zframe_size(frame));
}

/* Takes the envelope's frame off a message; its bytes go to peer or topic. The frame is kept alive in *held. */
static bool take_envelope(struct link *link, zmsg_t *msg, struct link_in *in, zframe_t **held)
{
	if (link->type != ZMQ_ROUTER && link->type != ZMQ_SUB)
		return true;
	*held = zmsg_pop(msg);
	if (!*held)
		return false;
	if (link->type == ZMQ_SUB) {
		in->topic = frame_slice(*held);
		return true;
	}
	if (zframe_size(*held) > sizeof in->peer.bytes)
		return false;
	in->peer.n = (uint8_t)zframe_size(*held);
	memcpy(in->peer.bytes, zframe_data(*held), in->peer.n);
	return true;
}

static bool decode(zmsg_t *msg, enum msg_kind *kind, union msg_any *any)
{
	struct slice frames[MSG_FRAMES_MAX];
	size_t count = 0;

	for (zframe_t *f = zmsg_first(msg); f; f = zmsg_next(msg)) {
		if (count == countof(frames))
			return false;
		frames[count++] = frame_slice(f);
	}
	return msg_decode(frames, count, kind, any);
}

static void dropped(struct link *link)
{
	link->dropped++;
	/* One line at 1, 2, 4, 8 ..: a peer that speaks nonsense does not fill the log. */
	if ((link->dropped & (link->dropped - 1)) == 0)
		log_warning("link.dropped", "link=%s undecodable=%llu", link->row->name, (unsigned long long)link->dropped);
}

static void dispatch_subscription(struct link *link, zmsg_t *msg)
{
	zframe_t *frame = zmsg_first(msg);
	struct slice s = frame ? frame_slice(frame) : slice_of(NULL, 0);

	if (s.n < 1 || s.n > LIMIT_TOPIC_BYTES || (s.p[0] != 0 && s.p[0] != 1)) {
		dropped(link);
		return;
	}
	if (link->handlers.subscription)
		link->handlers.subscription(link, slice_of(s.p + 1, s.n - 1), s.p[0] == 1, link->handlers.arg);
}

static void dispatch(struct link *link, zmsg_t *msg)
{
	struct link_in in = {.link = link};
	union msg_any any;
	zframe_t *held = NULL;

	if (link->type == ZMQ_XPUB)
		dispatch_subscription(link, msg);
	else if (!take_envelope(link, msg, &in, &held) || !decode(msg, &in.kind, &any))
		dropped(link);
	else if (link->handlers.message) {
		in.msg = &any;
		link->handlers.message(&in, link->handlers.arg);
	}
	zframe_destroy(&held);
}

static bool receives(int type)
{
	return type != ZMQ_PUB && type != ZMQ_PUSH;
}

/* To be called whenever something is done with a socket of the link; not from a prepare watcher, whose turn it then is. */
static void touch(struct link *link)
{
	if (receives(link->type) && !link->closing)
		ev_prepare_start(service_loop(link->run), &link->prepare);
}

static bool readable(const struct lane *lane)
{
	return (zsock_events(lane->socket) & ZMQ_POLLIN) != 0;
}

bool link_has_peer(struct link *link)
{
	touch(link);
	return link->lane_count > 0 && (zsock_events(link->lanes[0].socket) & ZMQ_POLLOUT) != 0;
}

static void free_link(struct link *link)
{
	for (size_t i = 0; i < link->lane_count; i++) {
		link_watch_close(&link->lanes[i].watch);
		zsock_destroy(&link->lanes[i].socket);
	}
	free(link);
}

/* Takes up to LINK_BURST messages from a lane. */
static void drain_lane(struct link *link, struct lane *lane)
{
	touch(link);
	link->dispatching = true;
	for (int i = 0; i < LINK_BURST && !link->closing && readable(lane); i++) {
		zmsg_t *msg = zmsg_recv(lane->socket);

		if (!msg)
			break; /* interrupted: the prepare watcher looks again */
		dispatch(link, msg);
		zmsg_destroy(&msg);
	}
	link->dispatching = false;
	if (link->closing)
		free_link(link);
}

static void on_io(struct ev_loop *loop, ev_io *w, int revents)
{
	drain_lane(w->data, (struct lane *)((char *)w - offsetof(struct lane, io)));
}

static bool any_readable(struct link *link)
{
	for (size_t i = 0; i < link->lane_count; i++)
		if (readable(&link->lanes[i]))
			return true;
	return false;
}

static void on_prepare(struct ev_loop *loop, ev_prepare *w, int revents)
{
	struct link *link = w->data;

	ev_prepare_stop(loop, w);
	if (any_readable(link))
		ev_idle_start(loop, &link->idle); /* its drain touches the link again */
	else
		ev_idle_stop(loop, &link->idle);
}

static void on_idle(struct ev_loop *loop, ev_idle *w, int revents)
{
	struct link *link = w->data;

	for (size_t i = 0; i < link->lane_count; i++) {
		if (readable(&link->lanes[i])) {
			drain_lane(link, &link->lanes[i]);
			return; /* the link may be gone; the other lanes have their turn next time round */
		}
	}
	ev_idle_stop(loop, w);
}

static void watch_lane(struct link *link, struct lane *lane)
{
	ev_io_init(&lane->io, on_io, (int)zsock_fd(lane->socket), EV_READ);
	lane->io.data = link;
	if (receives(link->type))
		ev_io_start(service_loop(link->run), &lane->io);
}

static void watch(struct link *link)
{
	ev_prepare_init(&link->prepare, on_prepare);
	ev_idle_init(&link->idle, on_idle);
	/* At the highest priority an idle watcher runs although other events are pending: they never starve a link. */
	ev_set_priority(&link->idle, EV_MAXPRI);
	link->prepare.data = link->idle.data = link;
	touch(link);
}

static struct lane *add_lane(struct link *link)
{
	struct lane *lane = &link->lanes[link->lane_count];

	lane->socket = zsock_new(link->type);
	if (!lane->socket)
		fatal("event=link.socket link=%s error=\"%s\"", link->row->name, zmq_strerror(zmq_errno()));
	zsock_set_sndhwm(lane->socket, link->row->high_water_mark);
	zsock_set_rcvhwm(lane->socket, link->row->high_water_mark);
	zsock_set_linger(lane->socket, link->row->linger_ms);
	zsock_set_reconnect_ivl(lane->socket, RECONNECT_MS);
	zsock_set_reconnect_ivl_max(lane->socket, LINK_BACK_MS);
	zsock_set_sndtimeo(lane->socket, 0); /* a full link answers at once, never blocks the loop */
	if (link->type == ZMQ_DEALER || link->type == ZMQ_PUB)
		zsock_set_immediate(lane->socket, 1); /* a dead decider is given nothing while others live, a new monitor nothing old */
	if (link->type == ZMQ_XPUB)
		zsock_set_xpub_verbose(lane->socket, 1);
	/* All that it sends is subscriptions, together whenever a peer is back: past the mark ZeroMQ drops them without a word,
	 * and nothing is ever heard of them again. */
	if (link->type == ZMQ_SUB)
		zsock_set_sndhwm(lane->socket, SUBSCRIPTIONS);
	if (link->type == ZMQ_ROUTER)
		zsock_set_router_mandatory(lane->socket, 1);
	if (link->handlers.peer)
		lane->watch = link_watch_open(
			service_loop(link->run), lane->socket, link->handlers.peer, link->handlers.arg);
	link->lane_count++;
	return lane;
}

bool link_next_endpoint(const char **list, const char *runtime_dir, char out[LINK_ENDPOINT_BYTES])
{
	const char *from = *list + strspn(*list, ", "), *mark;
	size_t n = strcspn(from, ", ");
	int wrote;

	if (n == 0)
		return false;
	*list = from + n;
	mark = memmem(from, n, "@run@", 5);
	if (mark)
		wrote = snprintf(out, LINK_ENDPOINT_BYTES, "%.*s%s%.*s", (int)(mark - from), from, runtime_dir,
			(int)(from + n - mark - 5), mark + 5);
	else
		wrote = snprintf(out, LINK_ENDPOINT_BYTES, "%.*s", (int)n, from);
	if (wrote < 0 || wrote >= LINK_ENDPOINT_BYTES)
		fatal("event=link.endpoint error=\"longer than %d bytes: %.80s..\"", LINK_ENDPOINT_BYTES - 1, from);
	return true;
}

/* A Unix socket ends when its peer does; a TCP connection may be half open for hours, and a subscriber that is owed nothing
 * would not notice. */
static void beat(struct lane *lane, const char *endpoint)
{
	if (strncmp(endpoint, "tcp://", 6) != 0)
		return;
	zsock_set_heartbeat_ivl(lane->socket, HEARTBEAT_MS);
	zsock_set_heartbeat_timeout(lane->socket, SILENCE_MS);
	zsock_set_heartbeat_ttl(lane->socket, SILENCE_MS);
}

static void attach(struct link *link, struct lane *lane, enum link_role role, const char *endpoint)
{
	int rc;

	beat(lane, endpoint);
	link_curve_apply(lane->socket, service_common(link->run), role == LINK_BINDS, endpoint);
	rc = role == LINK_BINDS ? zsock_bind(lane->socket, "%s", endpoint) : zsock_connect(lane->socket, "%s", endpoint);
	if (rc < 0)
		fatal("event=link.endpoint link=%s endpoint=%s error=\"cannot %s: %s\"", link->row->name, endpoint,
			role == LINK_BINDS ? "bind" : "connect", zmq_strerror(zmq_errno()));
}

static void attach_all(struct link *link, enum link_role role, const char *list)
{
	const char *runtime_dir = service_common(link->run)->runtime_dir;
	bool lane_each = role == LINK_CONNECTS && link->type == ZMQ_PUSH;
	char endpoint[LINK_ENDPOINT_BYTES];
	struct lane *lane = NULL;

	while (link_next_endpoint(&list, runtime_dir, endpoint)) {
		if (!lane || lane_each) {
			if (link->lane_count == LINK_LANES)
				fatal("event=link.endpoint link=%s error=\"more than %d endpoints\"", link->row->name,
					LINK_LANES);
			lane = add_lane(link);
		}
		attach(link, lane, role, endpoint);
	}
	if (!lane)
		fatal("event=link.endpoint link=%s error=\"no endpoint configured; set %s = ..\"", link->row->name,
			link->row->name);
}

struct link *link_open(struct service_run *run, enum link_name name, enum link_role role, const char *bind_endpoint,
	struct link_handlers handlers)
{
	struct link *link = xcalloc(1, sizeof *link);
	const char *list = service_common(run)->endpoints[name];

	if (!topology_allows(name, service_name(run), role))
		bug("a link that the topology does not give this service");
	link->run = run;
	link->row = &topology[name];
	link->handlers = handlers;
	link->type = role == LINK_BINDS ? link->row->binder_type : link->row->connector_type;
	if (role == LINK_BINDS && bind_endpoint && *bind_endpoint)
		list = bind_endpoint;
	attach_all(link, role, list);
	for (size_t i = 0; i < link->lane_count; i++)
		watch_lane(link, &link->lanes[i]);
	watch(link);
	return link;
}

void link_close(struct link **where)
{
	struct link *link = *where;
	struct ev_loop *loop;

	*where = NULL;
	if (!link)
		return;
	loop = service_loop(link->run);
	for (size_t i = 0; i < link->lane_count; i++)
		ev_io_stop(loop, &link->lanes[i].io);
	ev_prepare_stop(loop, &link->prepare);
	ev_idle_stop(loop, &link->idle);
	link->closing = true;
	if (!link->dispatching)
		free_link(link);
}

static void put_frame(void *arg, struct slice frame)
{
	zmsg_addmem(arg, frame.p, frame.n);
}

static bool send_message(struct link *link, size_t lane, const struct slice *envelope, enum msg_kind kind, const void *fields)
{
	zmsg_t *msg = zmsg_new();

	touch(link);
	if (envelope)
		zmsg_addmem(msg, envelope->p, envelope->n);
	msg_encode(kind, fields, put_frame, msg);
	if (zmsg_send(&msg, link->lanes[lane].socket) == 0)
		return true;
	zmsg_destroy(&msg);
	return false;
}

bool link_send(struct link *link, enum msg_kind kind, const void *fields)
{
	return link_send_lane(link, 0, kind, fields);
}

bool link_send_lane(struct link *link, size_t lane, enum msg_kind kind, const void *fields)
{
	return send_message(link, lane % link->lane_count, NULL, kind, fields);
}

bool link_send_to(struct link *link, const struct link_peer *peer, enum msg_kind kind, const void *fields)
{
	struct slice id = slice_of((const char *)peer->bytes, peer->n);

	return send_message(link, 0, &id, kind, fields);
}

void link_publish(struct link *link, struct slice topic, enum msg_kind kind, const void *fields)
{
	if (!send_message(link, 0, &topic, kind, fields))
		dropped(link);
}

size_t link_lanes(const struct link *link)
{
	return link->lane_count;
}

static void option_topic(struct link *link, int option, struct slice topic)
{
	touch(link);
	if (zmq_setsockopt(zsock_resolve(link->lanes[0].socket), option, topic.p, topic.n) != 0)
		log_warning("link.subscribe", "link=%s error=\"%s\"", link->row->name, zmq_strerror(zmq_errno()));
}

void link_subscribe(struct link *link, struct slice topic)
{
	option_topic(link, ZMQ_SUBSCRIBE, topic);
}

void link_unsubscribe(struct link *link, struct slice topic)
{
	option_topic(link, ZMQ_UNSUBSCRIBE, topic);
}

uint64_t link_dropped(const struct link *link)
{
	return link->dropped;
}

const char *link_endpoint(const struct link *link)
{
	const char *endpoint = zsock_endpoint(link->lanes[link->lane_count - 1].socket);

	return endpoint ? endpoint : "";
}
