/* SPDX-License-Identifier: ISC
 *
 * pg_conn.h - one connection of the pool: connecting, the pipeline, preparing statements, losing it and
 * coming back.
 *
 * Invariant: `sent` holds, in order, what the server still owes a Sync's answer for; the connection's own
 * requests (the greeting, preparations) among the callers'. Callbacks are called from the loop only, never
 * from pg_conn_send.
 */
#ifndef CC_STORE_PG_CONN_H
#define CC_STORE_PG_CONN_H

#include "pg_request.h"

enum pg_conn_state {
	PG_CONN_WAITING,    /* for the next attempt */
	PG_CONN_CONNECTING, /* for libpq's handshake */
	PG_CONN_GREETING,   /* for the session's settings */
	PG_CONN_UP,
};

struct pg_conn {
	struct ev_loop *loop;
	const struct pg_options *options;
	void (*changed)(struct pg_conn *conn, void *pool); /* up, down, or has room again */
	void *pool;
	PGconn *pq; /* NULL while WAITING */
	enum pg_conn_state state;
	ev_io io;
	ev_timer timer; /* WAITING: the next attempt; CONNECTING, GREETING: giving up; UP: broken, drop it */
	struct pg_requests sent;
	size_t in_flight;  /* callers' requests in sent */
	unsigned failures; /* attempts since it was last up */
	unsigned slow;	   /* of them, those that a server took and did not answer in time */
	uint64_t since_ns; /* the attempt's start */
	const struct pg_stmt *prepared[PG_STATEMENTS];
	size_t prepared_count;
	char prepare_sqlstate[6]; /* why the last preparation that failed did */
	bool ends;		  /* to be dropped once the answers at hand are given */
};

/* Begins to connect on the loop's next turn. All arguments are borrowed until pg_conn_close. */
void pg_conn_open(struct pg_conn *c, struct ev_loop *loop, const struct pg_options *options,
	void (*changed)(struct pg_conn *conn, void *pool), void *pool);
void pg_conn_close(struct pg_conn *c); /* what is under way is answered with PG_LOST */

bool pg_conn_has_room(const struct pg_conn *c);
void pg_conn_send(struct pg_conn *c, struct pg_request *r); /* takes r; only when it has room */
void pg_conn_expire(
	struct pg_conn *c, uint64_t now_ns); /* drops the connection if its oldest request is overdue */
void pg_conn_nudge(struct pg_conn *c);	     /* the server answers others: try soon */

#endif
