/* SPDX-License-Identifier: ISC
 *
 * reply.h - reads the little of HTTP/1.1 that a measuring client needs: status, Content-Length, Retry-After.
 *
 * Pure. What it is given is a server's word and not trusted: a head over REPLY_HEAD_BYTES, a length over
 * REPLY_BODY_BYTES, a transfer coding or anything that is no HTTP is REPLY_BAD.
 */
#ifndef CC_LOAD_REPLY_H
#define CC_LOAD_REPLY_H

#include "common/base/attr.h"
#include "common/base/slice.h"

#include <stdint.h>

enum {
	REPLY_HEAD_BYTES = 16 * 1024,	/* the gateway's own are under 2 KiB */
	REPLY_BODY_BYTES = 1024 * 1024, /* a page of a list is 20 KiB */
	REPLY_NO_RETRY = -1,
};

enum reply_state { REPLY_MORE, REPLY_WHOLE, REPLY_BAD };

struct reply {
	int status;
	int retry_after_s; /* REPLY_NO_RETRY: there was none */
	bool closes;	   /* Connection: close */
	struct slice body; /* borrowed from what was read */
	size_t bytes;	   /* of the whole reply */
	uint64_t began_ns; /* clock_mono_ns: the request's first byte written; set by conn.c, .. */
	uint64_t ended_ns; /* .. the reply's last byte read */
};

/* Looks at all that has come so far, from the reply's first byte on. */
must_check enum reply_state reply_read(struct slice in, struct reply *out);

/* The value of a string member of a JSON object that our gateway wrote: no escapes in it. Empty: not there.
 */
struct slice reply_member(struct slice body, const char *name);

#endif
