/* SPDX-License-Identifier: ISC
 *
 * users.c - the seed's mix: users who list, speak, are spoken to and look at the status, with waits of 1 to 3
 * s, and logins beside them.
 *
 * A user ends when its wait would end after the load: what is under way is still answered and counted.
 */
#include "load.h"

#include "common/base/clock.h"
#include "common/base/xalloc.h"

#include <stdlib.h>

struct user {
	struct load *load;
	struct conn *conn;
	ev_timer wait;
	uint64_t meant_ns; /* when the wait was to end */
	char id[LOAD_ID_BYTES];
	enum operation doing;
};

struct logins {
	struct load *load;
	ev_timer next;
};

static void user_free(struct user *u)
{
	ev_timer_stop(u->load->loop, &u->wait);
	conn_destroy(&u->conn);
	free(u);
}

static void user_wait(struct user *u)
{
	double seconds = 1 + 2 * load_random(u->load);

	u->meant_ns = clock_mono_ns() + (uint64_t)(seconds * 1e9);
	if (u->meant_ns >= u->load->end_ns) {
		user_free(u);
		return;
	}
	ev_now_update(u->load->loop);
	ev_timer_set(&u->wait, seconds, 0);
	ev_timer_start(u->load->loop, &u->wait);
}

static enum operation draw(struct load *l)
{
	unsigned sum = 0, at;

	for (size_t i = 0; i < OP_COUNT; i++)
		sum += operations[i].weight;
	at = (unsigned)(load_random(l) * sum);
	for (size_t i = 0; i < OP_COUNT; i++) {
		if (at < operations[i].weight)
			return (enum operation)i;
		at -= operations[i].weight;
	}
	return OP_STATUS;
}

static bool is_turn(enum operation op)
{
	return op == OP_USER_TURN || op == OP_LUMEN_TURN;
}

static void answered(struct conn *c, const struct reply *reply, const char *broken, void *arg)
{
	struct user *u = arg;

	load_take(
		u->load, u->doing, reply, broken, is_turn(u->doing) ? 201 : 200, reply ? reply->began_ns : 0);
	user_wait(u);
}

static void user_ask(struct user *u)
{
	struct conn_request r = {.method = "GET", .token = u->load->tokens[0]};
	char path[128] = "/api/v1/conversations";

	u->doing = draw(u->load);
	if (is_turn(u->doing)) {
		r.method = "POST";
		r.body = load_turn_body(u->load, u->doing == OP_LUMEN_TURN);
	}
	if (u->doing != OP_LIST)
		snprintf(path, sizeof path, "/api/v1/conversations/%s/%s", u->id,
			is_turn(u->doing) ? "turns" : "status");
	r.path = path;
	conn_ask(u->conn, &r, answered, u);
}

static void on_wait(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct user *u = timer->data;

	hist_add(&u->load->figures.late, clock_mono_ns() - u->meant_ns);
	user_ask(u);
}

static void created(struct conn *c, const struct reply *reply, const char *broken, void *arg)
{
	struct user *u = arg;
	struct slice id = {0};

	if (load_take(u->load, OP_CREATE, reply, broken, 201, reply ? reply->began_ns : 0))
		id = reply_member(reply->body, "id");
	if (!id.n || id.n >= sizeof u->id) {
		user_free(u);
		return;
	}
	memcpy(u->id, id.p, id.n);
	user_wait(u);
}

static void user_start(struct load *l)
{
	struct user *u = xcalloc(1, sizeof *u);

	u->load = l;
	u->conn = conn_create(l->loop, &l->options->to);
	ev_init(&u->wait, on_wait);
	u->wait.data = u;
	conn_ask(u->conn,
		&(struct conn_request){.method = "POST",
			.path = "/api/v1/conversations",
			.token = l->tokens[0],
			.body = "{\"name\": \"Load\"}"},
		created, u);
}

static void login_answered(struct conn *c, const struct reply *reply, const char *broken, void *arg)
{
	load_take(arg, OP_LOGIN, reply, broken, 200, reply ? reply->began_ns : 0);
	conn_destroy(&c);
}

/* At the rate, whether or not the one before has been answered. */
static void on_login(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct logins *g = timer->data;
	const struct options *o = g->load->options;
	char body[512];

	if (clock_mono_ns() >= g->load->end_ns) {
		ev_timer_stop(loop, timer);
		free(g);
		return;
	}
	snprintf(body, sizeof body, "{\"email\": \"%s\", \"password\": \"%s\"}", o->email, o->password);
	conn_ask(conn_create(loop, &o->to),
		&(struct conn_request){.method = "POST", .path = "/api/v1/auth/login", .body = body},
		login_answered, g->load);
}

void users_start(struct load *l)
{
	l->end_ns = clock_mono_ns() + (uint64_t)l->options->seconds * NS_PER_S;
	for (long i = 0; i < l->options->users; i++)
		user_start(l);
	if (l->options->logins) {
		struct logins *g = xcalloc(1, sizeof *g);
		double gap = 1.0 / (double)l->options->logins;

		g->load = l;
		ev_timer_init(&g->next, on_login, gap, gap);
		g->next.data = g;
		ev_timer_start(l->loop, &g->next);
	}
}
