/* SPDX-License-Identifier: ISC
 *
 * ws_socket.h - one WebSocket connection's inside: what ws.c (the connection) and ws_commands.c (what clients
 * ask) share.
 *
 * A struct ws lives from ws_established to CLOSED. What is asked elsewhere meanwhile (PostgreSQL, a decider)
 * is a struct ws_op, which finds its socket gone when it comes back later. Nothing writes to the connection
 * but ws.c's writer: all else adds to the outbox, or marks the socket to be closed.
 */
#ifndef CC_GATEWAY_WS_SOCKET_H
#define CC_GATEWAY_WS_SOCKET_H

#include "hub.h"
#include "live.h"
#include "outbox.h"
#include "ws.h"

#include "common/wire/limits.h"

enum {
	WS_SUBSCRIPTIONS =
		256,	  /* conversations one socket watches: an operator's wall; more use another socket */
	WS_OPS = 64,	  /* requests under way on one socket: more are not read until some are answered */
	WS_PING_S = 25,	  /* api.md: proxies close what is silent for 30 s or more */
	WS_SILENT_S = 60, /* two pings unanswered and a margin: nobody is there */
	WS_EXPIRING_S = 60, /* api.md: auth:expiring comes so long before the token's end */
	WS_CLOSE_S = 5,	    /* for what is still to be sent before a close frame, and for the frame itself */
	WS_WRITES = 32,	    /* messages written in one go, so that one socket starves no other */
};

enum {
	WS_GOING = 1001,
	WS_BAD_DATA = 1003,
	WS_TOO_BIG = 1009,
	WS_RESTART = 1012,
	WS_TOO_SLOW = 1013,
	WS_SIGN_IN = 4401
};

struct ws_subscription {
	struct ws_subscription *next;
	struct ws *ws;
	struct uuid conversation;
	struct watcher *watcher;
	int64_t id; /* of the request, for its ack */
};

struct ws {
	struct listener listener;
	struct gateway *gw;
	struct lws *wsi;
	struct identity who;
	char traceparent[LIMIT_TRACEPARENT_BYTES];
	struct outbox outbox;
	struct buf in; /* the message that is coming in */
	struct ws_subscription *subscriptions;
	struct ws_op *ops;
	size_t subscription_count, op_count;
	bool unknown; /* who is not known yet: a key is being asked for */
	bool ping_due, told_expiring;
	bool held;	/* a subscription may wait until it may read what was missed */
	bool draining;	/* the gateway stops: nothing new; closed once nothing is under way */
	int close_code; /* 0: open */
	char close_reason[64];
	uint64_t heard_ns, ping_ns; /* the last sign of life; the next heartbeat */
	ev_timer tick;
};

/* Something under way for a socket. */
struct ws_op {
	struct ws_op *prev, *next;
	struct ws *ws; /* NULL: it is gone */
	int64_t id;    /* of the request; WS_NO_ID: it gave none */
	cJSON *json,
		*kept; /* owned: the message, and members taken out of it, which slices below point into */
	struct uuid conversation, object;
	struct cursor after;
	struct slice key, utterance; /* idempotency key; /clean's utterance_id */
	struct turn_body *turn;	     /* owned; NULL but for a turn */
	struct uuid user;
	uint64_t received_ns;
	int64_t received_at;
	bool has_after, answered, key_at_work;
};

enum { WS_NO_ID = -1 };

/* --- ws.c --- */

void ws_send(struct ws *ws, struct event *message); /* takes the reference */
/* Sends what waits, then closes; a second call changes nothing. */
void ws_close(struct ws *ws, int code, const char *reason);
struct ws_op *ws_op_create(struct ws *ws, int64_t id);
void ws_op_detach(struct ws_op *op); /* it was answered: the socket is no longer its concern */
void ws_op_destroy(struct ws_op **op);

/* Begins {"type":type,"id":id}; add members, then ws_message_send. */
void ws_message_begin(struct buf *out, const char *type, int64_t id);
void ws_message_send(struct ws *ws, struct buf *message);
/* "positions": {conversation: event id, ..} */
void ws_write_positions(const struct ws *ws, struct buf *out);
void ws_error(
	struct ws *ws, int64_t id, enum problem problem, const char *detail, const struct invalid *errors);
/* The token was renewed, or who is known now: the timers follow. */
void ws_identity_changed(struct ws *ws);

/* --- ws_commands.c --- */

/* One whole message of the client. */
void ws_command(struct ws *ws, struct slice text);

/* --- ws_subscribe.c --- */

void ws_subscribe(struct ws *ws, int64_t id, const cJSON *json);
void ws_unsubscribe(struct ws *ws, int64_t id, const cJSON *json);
void ws_unsubscribe_all(struct ws *ws);
void ws_read_on(struct ws *ws); /* what it was given is out: more of what it missed may be read */

/* --- ws_turn.c: these two take the JSON over --- */

void ws_turn(struct ws *ws, int64_t id, cJSON *json);
void ws_clean(struct ws *ws, int64_t id, cJSON *json);

#endif
