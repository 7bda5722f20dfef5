/* SPDX-License-Identifier: ISC
 *
 * transport.h - HTTP calls to a model: libcurl's multi socket interface on the libev loop.
 *
 * Many calls are under way at a time, over connections that are kept: HTTP/2 over TLS (one connection carries
 * them all), HTTP/1.1 in the clear. A call's time is bounded by its own timeout, its reply by
 * LLM_REPLY_BYTES. A key is a header of the call only: never part of a URL, never logged. Names are resolved
 * by libcurl's own resolver thread.
 *
 * Ownership: transport_send copies what it is given; the call is the transport's, and gone when its callback
 * returns or it is cancelled.
 */
#ifndef CC_LLM_TRANSPORT_H
#define CC_LLM_TRANSPORT_H

#include "cleaner/llm/provider.h"

struct ev_loop;
struct transport;
struct http_call;

struct http_done {
	enum llm_outcome outcome;    /* LLM_OK: there is a reply, whatever its status; else what went wrong */
	struct llm_http_reply reply; /* borrowed for the call */
	uint64_t took_ns;	     /* request begun to last byte */
	uint64_t connect_ns;	     /* of it: connecting and TLS; 0 on a kept connection */
};

typedef void http_fn(const struct http_done *done, void *arg);

struct http_request {
	struct slice url;
	struct slice key_header; /* "Name: key", or empty */
	struct slice trace;	 /* a traceparent header's value, or empty */
	struct slice body;	 /* JSON; empty makes it a GET */
	uint64_t timeout_ms;
	http_fn *fn; /* called once, never before transport_send returns */
	void *arg;
};

/* ca_file: PEM of the authorities to trust instead of the system's, or NULL. Never NULL. */
struct transport *transport_open(struct ev_loop *loop, const char *ca_file);
void transport_close(struct transport **transport); /* cancels what is under way */

struct http_call *transport_send(struct transport *transport, const struct http_request *request);
void transport_cancel(struct http_call *call); /* its callback is not called */

#endif
