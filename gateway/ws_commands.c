/* SPDX-License-Identifier: ISC
 *
 * ws_commands.c - what a client may say on a socket, as a table: name, what it costs of the caller's rate,
 * who does it.
 *
 * Every command is answered by its id: {"type":"ack"} or {"type":"error","problem":{..}}. A command that is
 * not understood costs the connection nothing.
 */
#include "access.h"
#include "common/base/clock.h"
#include "common/base/json_out.h"
#include "json_in.h"
#include "ratelimit.h"
#include "shape.h"
#include "ws_socket.h"

#include <math.h>

static void on_ping(struct ws *ws, int64_t id, const cJSON *json)
{
	const cJSON *t = json_member(json, "t");
	struct buf out;

	ws_message_begin(&out, "pong", id);
	if (cJSON_IsNumber(t) && t->valuedouble >= 0 && t->valuedouble < 9007199254740992.0)
		buf_printf(&out, ",\"t\":%.17g", t->valuedouble);
	else
		json_kv_raw(&out, "t", slice_of(NULL, 0));
	ws_write_positions(ws, &out);
	ws_message_send(ws, &out);
}

static void on_pong(struct ws *ws, int64_t id, const cJSON *json)
{
	/* heard_ns says it all */
}

/* A new token of the same user takes the old one's place. */
static void on_auth(struct ws *ws, int64_t id, const cJSON *json)
{
	struct slice token = json_member_text(json, "token");
	struct identity who;
	struct buf out;

	if (!token.p || access_check(ws->gw->access, token, &who) != ACCESS_GOOD ||
		!uuid_eq(&who.user_id, &ws->who.user_id)) {
		ws_error(ws, id, PROBLEM_UNAUTHENTICATED, "The token is not good, or another user's.", NULL);
		return;
	}
	ws->who = who;
	ws_message_begin(&out, "ack", id);
	json_kv_time(&out, "expires_at", who.expires_at);
	ws_message_send(ws, &out);
	ws_identity_changed(ws);
}

static const struct command {
	const char *name;
	unsigned cost; /* of the user's rate */
	bool works;    /* is under way for a while: nothing for a gateway that stops */
	void (*look)(struct ws *ws, int64_t id, const cJSON *json); /* one of the two */
	void (*take)(struct ws *ws, int64_t id, cJSON *json);	    /* owns the JSON */
} commands[] = {
	{"auth", 1, false, on_auth, NULL},
	{"clean", 1, true, NULL, ws_clean},
	{"ping", 0, false, on_ping, NULL},
	{"pong", 0, false, on_pong, NULL},
	{"subscribe", 0, true, ws_subscribe, NULL},
	{"turn", 1, true, NULL, ws_turn},
	{"unsubscribe", 0, false, ws_unsubscribe, NULL},
};

static const struct command *command_named(struct slice name)
{
	for (size_t i = 0; i < countof(commands); i++)
		if (slice_eq(name, slice_str(commands[i].name)))
			return &commands[i];
	return NULL;
}

/* The request's id: a whole number, or none. */
static int64_t id_of(const cJSON *json)
{
	const cJSON *id = json_member(json, "id");
	bool good = cJSON_IsNumber(id) && id->valuedouble >= 0 && id->valuedouble <= 9007199254740991.0 &&
		    id->valuedouble == floor(id->valuedouble);

	return good ? (int64_t)id->valuedouble : WS_NO_ID;
}

static bool may(struct ws *ws, const struct command *c, int64_t id)
{
	if (c->works && ws->draining) {
		ws_error(ws, id, PROBLEM_UNAVAILABLE, "The gateway is being restarted.", NULL);
		return false;
	}
	if (c->cost &&
		!ratelimit_take(ws->gw->user_rate, &ws->who.user_id, c->cost, clock_mono_ns()).allowed) {
		ws_error(ws, id, PROBLEM_RATE, "You are over your rate.", NULL);
		return false;
	}
	return true;
}

static void unknown(struct ws *ws, int64_t id, const cJSON *json)
{
	struct invalid errors = {.count = 0};

	invalid_add(&errors, "", json_member(json, "type") ? "type" : NULL,
		"must be an object whose type is auth, clean, ping, pong, subscribe, turn or unsubscribe");
	ws_error(ws, id, PROBLEM_INVALID, "There is no such command.", &errors);
}

void ws_command(struct ws *ws, struct slice text)
{
	const char *why;
	size_t at;
	cJSON *json = json_read(text, &why, &at);
	const struct command *c = json ? command_named(json_member_text(json, "type")) : NULL;
	int64_t id = json ? id_of(json) : WS_NO_ID;

	if (!json) {
		ws_error(ws, id, PROBLEM_MALFORMED, why, NULL);
	} else if (!c) {
		unknown(ws, id, json);
	} else if (may(ws, c, id)) {
		if (c->take) {
			c->take(ws, id, json);
			return;
		}
		c->look(ws, id, json);
	}
	cJSON_Delete(json);
}
