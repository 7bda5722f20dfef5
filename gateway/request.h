/* SPDX-License-Identifier: ISC
 *
 * request.h - one HTTP request, from its last body byte to its answer's last byte; what every handler is given.
 *
 * A handler (routes.h) is called once, with the caller known, the rate checked, and the body parsed. It answers now or
 * later, exactly once: request_answer, request_json, request_problem, request_invalid, or request_stream_begin. Later
 * means from a callback, holding the request meanwhile (request_hold, or request_pg which does that): it then stays in
 * memory even if the client goes away. A client that is gone is no special case for a handler: its answer is dropped. Who
 * has something to undo or to stop sets on_gone. Memory is freed at the end of a loop turn, never inside a callback.
 *
 * Slices in it are the request's own and last as long as it does. A handler never touches the socket.
 */
#ifndef CC_GATEWAY_REQUEST_H
#define CC_GATEWAY_REQUEST_H

#include "common/base/buf.h"
#include "gateway.h"
#include "invalid.h"
#include "problems.h"
#include "routes.h"

#include <cjson/cJSON.h>

/* Who asks. Copied freely. */
struct identity {
	struct uuid user_id;
	bool is_operator;
	bool is_key;        /* an API key; else an access token */
	int64_t expires_at; /* wall us: the token's end; 0 for a key */
	struct uuid key_id; /* the key's, when it is one */
};

/* What a request's headers said, as far as anyone asks; empty slices where not given. */
struct request_headers {
	struct slice authorization, content_type, content_encoding, idempotency_key, prefer, traceparent, last_event_id, origin, host,
		if_match, request_id;
};

enum {
	REQUEST_STAGES = 8,             /* Server-Timing entries */
	REQUEST_HEADER_BYTES = 2048,    /* an answer's own headers together */
	REQUEST_STREAM_BYTES = 1024 * 1024, /* a stream's unsent bytes before it is refused: api.md's buffer limit */
};

struct request {
	struct gateway *gw;
	const struct route *route;
	struct route_params params;
	enum method method;
	struct slice path;              /* decoded, NUL-terminated */
	struct slice query;             /* its parameters, decoded, each "name=value" and a NUL: request_query */
	struct request_headers headers;
	struct slice body;              /* as it came, dechunked */
	cJSON *json;                    /* the body's object when the route takes JSON; owned here */
	struct identity who;            /* when the route needs a user */
	char id[64];                    /* X-Request-Id, echoed or made; visible ASCII */
	uint64_t received_ns;           /* clock_mono_ns at the request line */
	int64_t received_at;            /* wall us, the same moment */

	/* A handler's own place: freed by no one but its owner. */
	void *owner;
	void (*on_gone)(struct request *r);  /* the client went away before the answer was out; called at most once */
	void (*on_drain)(struct request *r); /* a stream's unsent bytes went out */
};

/* Keeps the request in memory until as many releases as holds, and its own end. */
void request_hold(struct request *r);
void request_release(struct request *r);
bool request_is_open(const struct request *r); /* the client is there and has no answer yet */

/* One answer header; values with CR, LF or NUL, and what passes REQUEST_HEADER_BYTES, are left out. Before the answer. */
void request_header(struct request *r, const char *name, const char *fmt, ...) printf_like(3, 4);

/* The answer. The bytes are copied. 204 and 304 have none. */
void request_answer(struct request *r, int status, const char *content_type, struct slice body);
void request_json(struct request *r, int status, const struct buf *json); /* an overflown buffer answers 500 */

/* An RFC 9457 problem; fmt is the detail, which tells a stranger nothing internal. Adds Retry-After where the problem's row
 * has one and the handler set none. */
void request_problem(struct request *r, enum problem problem, const char *fmt, ...) printf_like(3, 4);
void request_invalid(struct request *r, const struct invalid *errors); /* 422 with `errors` */

/* An answer without an end in sight (text/event-stream). Bytes are copied; false when REQUEST_STREAM_BYTES would be
 * passed or the client is gone: end it then. */
void request_stream_begin(struct request *r, const char *content_type);
must_check bool request_stream_write(struct request *r, struct slice bytes);
size_t request_stream_pending(const struct request *r);
void request_stream_end(struct request *r);

/* Calls fn once, ms from now, unless the request has ended by then; a later call takes the place of an earlier one, and
 * a NULL fn stops it. One a request. */
void request_timer(struct request *r, uint64_t ms, void (*fn)(struct request *r));

/* Adds `name;dur=..` to Server-Timing. name is static. */
void request_stage(struct request *r, const char *name, uint64_t ns);

/* pg_send on gw->pg with the request held; adds the "db" stage. fn is called also when the client is gone. */
typedef void request_pg_fn(struct request *r, const struct pg_answer *answer);
void request_pg(struct request *r, const struct pg_op *ops, size_t count, request_pg_fn *fn);
/* True when committed; else answers 503 (or 500 for what is our fault) and says so in the log. */
must_check bool request_pg_ok(struct request *r, const struct pg_answer *answer);

/* A query parameter, percent-decoded into out (NUL-terminated). False when it is not given, does not fit or is broken. */
must_check bool request_query(const struct request *r, const char *name, char *out, size_t out_bytes);
/* A query parameter that is a number. False (and answered 422, pointer "?name") when it is given and is none or out of bounds. */
must_check bool request_query_u64(struct request *r, const char *name, uint64_t preset, uint64_t min, uint64_t max,
	uint64_t *out);

/* Prefer (RFC 7240): respond-async, and wait=SECONDS in ms; wait_ms keeps its preset when not given. */
void request_prefer(const struct request *r, bool *async, uint64_t *wait_ms);

#endif
