/* SPDX-License-Identifier: ISC
 *
 * conn.h - one kept connection to the gateway, one request on it at a time.
 *
 * It connects when it is first needed and again after the server closed it between requests. A request that
 * has no whole answer within CONN_ANSWER_S, or whose connection breaks, is told with reply NULL and is not
 * sent again.
 */
#ifndef CC_LOAD_CONN_H
#define CC_LOAD_CONN_H

#include "common/base/buf.h"
#include "reply.h"

#include <ev.h>
#include <netinet/in.h>

enum { CONN_ANSWER_S = 30 };

struct conn;

/* reply is borrowed for the call; the connection is free for the next request, and may be destroyed. */
typedef void conn_fn(struct conn *c, const struct reply *reply, const char *broken, void *arg);

struct conn_request {
	const char *method, *path;
	const char *token;   /* NULL: none */
	const char *headers; /* further lines, each with its CRLF; NULL: none */
	const char *body;    /* JSON; NULL: none */
};

struct conn *conn_create(struct ev_loop *loop, const struct sockaddr_in *to);
void conn_destroy(struct conn **c); /* a request under way is dropped without a call; NULL is fine */

/* Only while no request is under way. The request is copied. */
void conn_ask(struct conn *c, const struct conn_request *request, conn_fn *fn, void *arg);

#endif
