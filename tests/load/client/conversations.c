/* SPDX-License-Identifier: ISC
 *
 * conversations.c - the conversations that turns at a rate go to: made before the load, rotated during it.
 *
 * One user makes its share one after the other, as fast as answers come; a refusal with Retry-After is waited
 * for, so that the setup keeps to a user's rate. Only the setup of one load at a time: the state is static.
 */
#include "load.h"

#include "common/base/xalloc.h"

#include <stdlib.h>

struct place {
	char id[LOAD_ID_BYTES];
	char retired[LOAD_ID_BYTES];   /* the one before: it takes no more of our turns. "" none, as below */
	char completed[LOAD_ID_BYTES]; /* the one before that */
	char deleted[LOAD_ID_BYTES];   /* to be deleted now */
};

/* Makes the conversations of one user: place, place + token_count, .. */
struct maker {
	struct load *load;
	struct conn *conn;
	ev_timer again;
	size_t place;
};

static struct place *places;
static size_t count, makers; /* makers at work */
static void (*when_made)(struct load *l);
static struct {
	ev_timer next;
	struct conn *conn;
	size_t place;
} rotation;

const char *conversation_id(size_t i)
{
	return places[i % count].id;
}

const char *conversation_token(const struct load *l, size_t i)
{
	return l->tokens[i % count % l->token_count];
}

static bool keep_id(size_t place, struct slice id)
{
	struct place *p = &places[place];

	if (!id.n || id.n >= sizeof p->id)
		return false;
	memcpy(p->deleted, p->completed, sizeof p->deleted);
	memcpy(p->completed, p->retired, sizeof p->completed);
	memcpy(p->retired, p->id, sizeof p->retired);
	memcpy(p->id, id.p, id.n);
	p->id[id.n] = '\0';
	return true;
}

static void ask_new(struct load *l, struct conn *c, size_t place, conn_fn *fn, void *arg)
{
	conn_ask(c,
		&(struct conn_request){.method = "POST",
			.path = "/api/v1/conversations",
			.token = conversation_token(l, place),
			.body = "{\"name\": \"Load\"}"},
		fn, arg);
}

static void maker_done(struct maker *m)
{
	struct load *l = m->load;

	ev_timer_stop(l->loop, &m->again);
	conn_destroy(&m->conn);
	free(m);
	if (--makers == 0 && !l->figures.failed)
		when_made(l);
}

static void made_one(struct conn *c, const struct reply *reply, const char *broken, void *arg);

static void maker_next(struct maker *m)
{
	if (m->place < count)
		ask_new(m->load, m->conn, m->place, made_one, m);
	else
		maker_done(m);
}

static void on_again(struct ev_loop *loop, ev_timer *timer, int events)
{
	maker_next(timer->data);
}

static void made_one(struct conn *c, const struct reply *reply, const char *broken, void *arg)
{
	struct maker *m = arg;

	if (reply && outcome_is_refusal(outcome_of(reply))) {
		ev_timer_set(&m->again, reply->retry_after_s, 0);
		ev_timer_start(m->load->loop, &m->again);
		return;
	}
	if (!load_take(m->load, OP_CREATE, reply, broken, 201, reply ? reply->began_ns : 0)) {
		maker_done(m);
		return;
	}
	if (!keep_id(m->place, reply_member(reply->body, "id")))
		figures_fail(&m->load->figures, OP_CREATE, "no id in the answer");
	m->place += m->load->token_count;
	maker_next(m);
}

void conversations_make(struct load *l, void (*made)(struct load *l))
{
	count = (size_t)l->options->conversations;
	places = xcalloc(count, sizeof *places);
	when_made = made;
	makers = l->token_count < count ? l->token_count : count;
	for (size_t i = 0, n = makers; i < n; i++) {
		struct maker *m = xcalloc(1, sizeof *m);

		*m = (struct maker){.load = l, .conn = conn_create(l->loop, &l->options->to), .place = i};
		ev_init(&m->again, on_again);
		m->again.data = m;
		maker_next(m);
	}
}

/* --- rotation: a place at a time, so that each is new once in rotate_s, for the life of a conversation ---
 */

static void rotate_on(struct load *l)
{
	rotation.place = (rotation.place + 1) % count;
	ev_timer_again(l->loop, &rotation.next);
}

/* Asks something of an older conversation of the place, if there is one. */
static bool rotation_ask(struct load *l, const char *method, const char *id, const char *body, conn_fn *fn)
{
	char path[128];

	if (!id[0])
		return false;
	snprintf(path, sizeof path, "/api/v1/conversations/%s", id);
	conn_ask(rotation.conn,
		&(struct conn_request){.method = method,
			.path = path,
			.token = conversation_token(l, rotation.place),
			.body = body},
		fn, l);
	return true;
}

static void deleted(struct conn *c, const struct reply *reply, const char *broken, void *arg)
{
	struct load *l = arg;

	load_take(l, OP_DELETE, reply, broken, 204, reply ? reply->began_ns : 0);
	rotate_on(l);
}

static void completed(struct conn *c, const struct reply *reply, const char *broken, void *arg)
{
	struct load *l = arg;

	load_take(l, OP_COMPLETE, reply, broken, 200, reply ? reply->began_ns : 0);
	if (!rotation_ask(l, "DELETE", places[rotation.place].deleted, NULL, deleted))
		rotate_on(l);
}

/* The turns of the one before the last were answered long ago: it is completed, and the one before that
 * deleted. */
static void rotated(struct conn *c, const struct reply *reply, const char *broken, void *arg)
{
	struct load *l = arg;

	if (!load_take(l, OP_CREATE, reply, broken, 201, reply ? reply->began_ns : 0) ||
		!keep_id(rotation.place, reply_member(reply->body, "id")) ||
		!rotation_ask(l, "PATCH", places[rotation.place].completed, "{\"status\": \"completed\"}",
			completed))
		rotate_on(l);
}

static void on_rotation(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct load *l = timer->data;

	ev_timer_stop(loop, timer);
	ask_new(l, rotation.conn, rotation.place, rotated, l);
}

void conversations_rotate(struct load *l)
{
	double gap = (double)l->options->rotate_s / (double)count;

	if (!l->options->rotate_s)
		return;
	rotation.conn = conn_create(l->loop, &l->options->to);
	ev_timer_init(&rotation.next, on_rotation, 0, gap);
	rotation.next.data = l;
	ev_timer_again(l->loop, &rotation.next);
}

void conversations_stop(struct load *l)
{
	ev_timer_stop(l->loop, &rotation.next);
	conn_destroy(&rotation.conn);
	free(places);
	places = NULL;
}
