/* SPDX-License-Identifier: ISC
 *
 * pg_request.h - one request of the pool (pg.c) or of a connection itself (pg_conn.c): its statements, a copy
 * of its parameters, what came back so far.
 *
 * Ownership: a request belongs to the queue that it is in; pg_request_finish calls its callback and frees it.
 */
#ifndef CC_STORE_PG_REQUEST_H
#define CC_STORE_PG_REQUEST_H

#include "pg.h"

#include <sys/queue.h>

enum { PG_CONSTRAINT_BYTES = 64 }; /* NAMEDATALEN */

struct pg_request {
	STAILQ_ENTRY(pg_request) next;
	pg_fn *fn; /* NULL: nobody asks */
	void *arg;
	uint64_t since_ns, deadline_ns;
	const struct pg_stmt *stmts[PG_OPS];
	const char **values; /* all statements' parameters in order; the bytes follow in the same block */
	PGresult *results[PG_OPS];
	size_t count, answered;
	const struct pg_stmt *prepares; /* a connection's own: this is the preparation of a statement */
	enum pg_status status;		/* PG_OK until something failed */
	bool overdue;			/* its time has passed: PG_LOST becomes PG_TIMEOUT */
	char sqlstate[6];
	char constraint[PG_CONSTRAINT_BYTES];
};
STAILQ_HEAD(pg_requests, pg_request);

/* Copies everything. A request that may not be sent has a status other than PG_OK. Never NULL. */
struct pg_request *pg_request_create(
	const struct pg_op *ops, size_t count, uint64_t timeout_ms, pg_fn *fn, void *arg);

/* Takes a statement's result, in order. The first error decides the status. */
void pg_request_take_result(struct pg_request *r, PGresult *result);

/* Calls fn and frees. status overrules what the request has, unless PG_OK. */
void pg_request_finish(struct pg_request *r, enum pg_status status);

/* Finishes all of a list, in order; requests added by the callbacks stay. */
void pg_requests_finish(struct pg_requests *list, enum pg_status status);

#endif
