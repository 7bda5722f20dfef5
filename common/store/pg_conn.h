/* SPDX-License-Identifier: ISC
 *
 * pg_conn.h - one connection of the pool: connects, keeps requests in their order, reads answers up to each Sync.
 *
 * Inside common/store only; pg.c spreads requests over these.
 */
#ifndef CC_STORE_PG_CONN_H
#define CC_STORE_PG_CONN_H

#include "pg.h"

enum { PG_STATEMENTS = 128 /* different statements of one process; a test of the table would say */ };

/* A request under way, owned by whichever list holds it. */
struct pg_request {
	struct pg_request *next;
	pg_fn *fn;
	void *arg;
	size_t count, answered;
	struct {
		const struct pg_stmt *stmt;
		const char *value[PG_PARAMS]; /* into text, NUL-terminated; NULL: SQL NULL */
	} ops[PG_OPS];
	char *text;                   /* all values, one allocation */
	PGresult *results[PG_OPS];
	enum pg_status status;
	char sqlstate[6], constraint[64];
	uint64_t sent_ns, deadline_ns;
	bool preparing;               /* ours: prepares ops[0].stmt, nobody is called */
};

struct pg_conn {
	struct pg *pool;
	PGconn *db;
	ev_io io;
	ev_timer retry;               /* the next attempt to connect, or the end of this one's time */
	uint64_t connecting_ns;       /* when this attempt began */
	enum { PG_CONN_DOWN, PG_CONN_CONNECTING, PG_CONN_UP } state;
	unsigned attempts;            /* in a row that failed: the backoff */
	struct pg_request *head, **tail;
	size_t in_flight;
	const struct pg_stmt *prepared[PG_STATEMENTS];
	size_t prepared_count;
};

void pg_conn_init(struct pg_conn *c, struct pg *pool);
void pg_conn_connect(struct pg_conn *c);
void pg_conn_submit(struct pg_conn *c, struct pg_request *r); /* takes r; the connection is up */
void pg_conn_drop(struct pg_conn *c, enum pg_status first);   /* head fails with first, the others with PG_LOST; reconnects */
void pg_conn_finish(struct pg_conn *c);                       /* closes for good */

/* What pg.c offers its connections. */
struct ev_loop *pg_loop(const struct pg *pool);
const char *pg_conninfo(const struct pg *pool);
void pg_answer_request(struct pg *pool, struct pg_request *r); /* calls fn, frees r */
void pg_conn_is_up(struct pg *pool, uint64_t took_ns);
void pg_conn_is_down(struct pg *pool);
void pg_more_room(struct pg *pool);

#endif
