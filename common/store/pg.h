/* SPDX-License-Identifier: ISC
 *
 * pg.h - PostgreSQL on the loop: a small pool of non-blocking libpq connections in pipeline mode.
 *
 * A request is one or more prepared statements sent in one go and ended by one Sync: PostgreSQL runs them as
 * ONE transaction (implicit block), each statement with its own snapshot, and commits at the Sync. The
 * callback is called once, after the Sync was answered, so "no error" means committed. Requests on one
 * connection are answered in order; several may be under way on it.
 *
 * A lost connection fails what was under way with PG_LOST (outcome unknown: ask again by id), reconnects with
 * backoff and jitter, and prepares statements again as they are used. While no connection is up, requests
 * fail at once with PG_DOWN, so that callers answer 503 early; at most PG_QUEUE requests wait for one. Before
 * the first attempts to connect have ended they wait too, so that a restarted process fails nobody.
 */
#ifndef CC_STORE_PG_H
#define CC_STORE_PG_H

#include "common/base/attr.h"
#include "common/base/buf.h"
#include "common/base/uuid.h"

#include <ev.h>
#include <libpq-fe.h>

struct pg;

/* A statement: static storage; sql is embedded from a .sql file at build time. Prepared once a connection, by
 * name. */
struct pg_stmt {
	const char *name; /* unique in the process */
	const char *sql;
	int params; /* at most PG_PARAMS */
};

enum pg_status {
	PG_OK,	    /* committed */
	PG_DOWN,    /* not sent: no connection, or the queue is full */
	PG_LOST,    /* the connection ended under way: outcome unknown */
	PG_TIMEOUT, /* no answer within the request's time: outcome unknown; the connection was dropped */
	PG_RETRY,   /* rolled back, may pass later: deadlock, serialization (40xxx), a statement over its time
		     * (57014), a lock   not had (55P03), read-only or starting-up server (25006, 57Pxx), disk
		     * full (53xxx) */
	PG_CONFLICT, /* rolled back: a constraint (23xxx) */
	PG_REFUSED,  /* rolled back: anything else the server said */
};

/* What a callback is given; all borrowed for the call. results[i] is statement i's; all are NULL unless
 * PG_OK. */
struct pg_answer {
	enum pg_status status;
	PGresult *const *results;
	size_t count;
	const char *sqlstate;	/* five characters, or "" */
	const char *constraint; /* the violated constraint's name, or "" */
	uint64_t took_ns;	/* from sending to the Sync's answer */
};
typedef void pg_fn(const struct pg_answer *answer, void *arg);

/* A statement and its parameters in text format; a NULL pointer is SQL NULL. */
struct pg_op {
	const struct pg_stmt *stmt;
	const struct slice *
		params; /* stmt->params of them; copied by the call. A NUL byte inside is PG_REFUSED, 22021 */
};

struct pg_options {
	const char *conninfo;
	size_t connections;		   /* 1 to 32 */
	uint64_t timeout_ms;		   /* a request's time to its answer */
	uint64_t lock_ms; /* of it, to wait for a lock: past it PG_RETRY, 55P03; 0: all of it */
	bool repeats; /* a commit that a crash of the server undoes is made again: it is answered before it is on disk */
	void (*state)(bool up, void *arg); /* first connection up, last one down; may be NULL */
	void (*connected)(
		uint64_t took_ns, void *arg); /* each connection made, and how long it took; may be NULL */
	void *arg;
};

/* Starts connecting at once; never NULL. A conninfo that libpq cannot parse is fatal(). A host name is looked
 * up by the system's resolver, which blocks: name addresses or sockets. */
struct pg *pg_open(struct ev_loop *loop, const struct pg_options *options);
/* Fails what is under way with PG_LOST, closes, frees. Not from inside a callback. */
void pg_close(struct pg **pg);

/* One transaction of count statements (1 to PG_OPS). fn is always called, exactly once, never before pg_send
 * returns. */
void pg_send(struct pg *pg, const struct pg_op *ops, size_t count, pg_fn *fn, void *arg);

bool pg_is_up(const struct pg *pg);
size_t pg_in_flight(const struct pg *pg);

/* Cells of a result, borrowed from it: a NULL cell gives the empty slice with a NULL pointer. */
struct slice pg_cell(const PGresult *r, int row, int col);
int64_t pg_cell_i64(const PGresult *r, int row, int col); /* NULL gives 0 */
bool pg_cell_bool(const PGresult *r, int row, int col);
bool pg_cell_uuid(const PGresult *r, int row, int col, struct uuid *out);

/* Composes a text array literal `{"a","b",NULL}` for a parameter of an array type: begin, add each, end. */
void pg_array_begin(struct buf *b);
void pg_array_add(struct buf *b, struct slice value); /* NULL pointer: NULL */
void pg_array_add_i64(struct buf *b, int64_t value);
void pg_array_end(struct buf *b);

enum {
	PG_PARAMS = 40,	  /* of one statement: the widest table has fewer columns */
	PG_OPS = 17,	  /* statements of one request: the cleaner's group commit has the most */
	PG_QUEUE = 4096,  /* requests that wait for a connection: seconds of work; more is answered PG_DOWN */
	PG_PIPELINE = 64, /* requests under way on one connection: what one lost connection makes uncertain */
	PG_STATEMENTS = 128, /* different statements of one process */
	PG_CONNECTIONS = 32,
};

#endif
