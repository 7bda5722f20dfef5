/* SPDX-License-Identifier: ISC
 *
 * http.h - the shell around libwebsockets: listeners, connections, and requests on their way in and out.
 *
 * One struct conn a client socket, one struct exchange a request on it; struct request (request.h) is an exchange's first
 * member, so that handlers see only that. Only http.c touches a socket; request.c composes bytes and asks it to send.
 *
 * An exchange ends when its answer is out or its client gone, and is freed at the end of the loop turn in which also the
 * last hold on it went.
 */
#ifndef CC_GATEWAY_HTTP_H
#define CC_GATEWAY_HTTP_H

#include "dechunk.h"
#include "request.h"
#include "ws.h"

enum {
	HTTP_HEADER_BYTES = 16 * 1024,    /* a request's line and headers: a token of 2 KiB and a browser's cookies fit */
	HTTP_WRITE_BYTES = 64 * 1024,     /* handed to the socket at a time, so that one big answer starves no other */
	HTTP_DRAIN_BYTES = 1024 * 1024,   /* a refused body up to this size is read over, which keeps the connection */
	HTTP_LINGER_S = 2,                /* how long a refused client may go on sending before its socket is closed */
	HTTP_LOOK_S = 1,                  /* how often waiting clients are looked after: gone? too slow? */
	HTTP_ANSWER_BYTES = 64 * 1024 * 1024, /* refuses what no handler means to send */
};

enum exchange_phase {
	EXCHANGE_BODY,      /* waits for its body */
	EXCHANGE_AT_WORK,   /* a handler has it */
	EXCHANGE_ANSWERED,  /* all bytes are there to be sent */
	EXCHANGE_STREAMING, /* more will come */
	EXCHANGE_GONE,      /* nobody to send to; or all was sent */
};

struct exchange {
	struct request r;
	enum exchange_phase phase;
	struct conn *conn;           /* NULL once gone */
	struct exchange *prev, *next;
	unsigned holds;
	bool http11, head_only, close_after; /* the answer's framing */
	bool chunked_in;
	bool body_done;              /* nothing more is expected; a refusal of before waits for this unless close_after */
	bool linger;                 /* the client may still be sending: close gently */
	bool preflight;              /* OPTIONS with Access-Control-Request-Method */
	unsigned allow;              /* methods of this path, for Allow */
	uint64_t body_declared;      /* Content-Length */
	struct dechunk dechunk;
	char *text;                  /* path, query and headers, which the request's slices point into; owned */
	struct buf body;
	struct buf headers;          /* the answer's own, each ending in CR LF */
	struct buf out;              /* the answer from LWS_PRE on; sent: how much of it is out */
	size_t sent;
	uint64_t moved_ns;           /* when bytes last went out */
	bool has_retry_after;
	int status;
	struct {
		const char *name;
		uint64_t ns;
	} stage[REQUEST_STAGES];
	size_t stages;
	ev_timer timer;
	void (*on_timer)(struct request *r);
	void (*before_answer)(struct request *r, int status, struct slice body); /* idempotency.c's: stores the answer */
	void *before_answer_arg;     /* freed with the exchange by free() */
};

struct conn {
	struct http *http;
	struct lws *wsi;
	struct conn *prev, *next;
	struct exchange *exchange;   /* at most one: HTTP/1.1 answers in order */
	struct ws *ws;
	struct exchange *hello;      /* an upgrade that was let in, until it is established */
	struct slice pending_key;    /* hello's */
	struct identity who;         /* hello's */
	struct uuid address;         /* admit.h's key of the peer */
	uint64_t accepted_ns;
	uint64_t bytes_seen;         /* received up to the last answer's end */
	uint64_t linger_until_ns;
	uint64_t last_ns;            /* the last answer's end, or the accept */
	bool is_ops;                 /* came in on the operations address */
};

/* Opens the listeners and serves. NULL: said why. */
struct http *http_open(struct gateway *gw);
void http_stop_listening(struct http *http);   /* drain: open requests go on, their connections close after the answer */
size_t http_open_requests(const struct http *http);
size_t http_connections(const struct http *http);
void http_peer(const struct request *r, char *out, size_t out_bytes); /* the client's network address, "" once it is gone */
void http_close(struct http **http);

/* request.c -> http.c: there is something to send, or the end of a stream. */
void http_wants_write(struct exchange *x);
/* http.c frees it at the end of the loop turn. */
void http_bury(struct exchange *x);
bool http_is_draining(const struct http *http);
bool http_has_ops(const struct http *http);     /* a second address for operations is open */

/* request.c: an exchange's own life. */
struct exchange *exchange_create(struct gateway *gw, struct conn *conn);
void exchange_free(struct exchange *x);     /* http.c's, from the end of a turn */
void exchange_gone(struct exchange *x);     /* the client left, or all was sent */
/* Composes an error outside any handler: into x->out. */
void exchange_refuse(struct exchange *x, enum problem problem, const char *fmt, ...) printf_like(3, 4);

/* http_look.c: is there nothing more to expect of this connection? A body that is too slow is refused by it. */
bool http_conn_is_over(struct conn *conn, const struct gateway_config *config, uint64_t now_ns);

/* http_read.c: fills an exchange from libwebsockets' header table. False: x was refused (exchange_refuse). */
must_check bool http_read_headers(struct exchange *x, struct lws *wsi, struct slice path);
/* http_read.c: some body bytes. True when the body is whole or refused. */
must_check bool http_read_body(struct exchange *x, struct slice bytes);

/* dispatch.c: the body is here; the caller is found out, the rate checked, the handler called. */
void dispatch(struct exchange *x);
/* dispatch.c: may this upgrade be let in? Fills conn->who and conn->pending_key; false: x holds the refusal. */
must_check bool dispatch_upgrade(struct exchange *x);

/* cors.c: may a page of this origin (empty: no page) call us, as an upgrade or across origins? */
bool cors_allows(const struct request *r);
/* cors.c: the headers that every answer to a page has; for a preflight all of them. */
void cors_headers(struct exchange *x);

#endif
