/* SPDX-License-Identifier: ISC
 *
 * reply.c - see reply.h.
 */
#include "reply.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

struct head {
	size_t length; /* of the body */
	bool bad;
};

static bool read_number(struct slice value, long most, long *out)
{
	long n = 0;

	if (!value.n)
		return false;
	for (size_t i = 0; i < value.n; i++) {
		if (!isdigit((unsigned char)value.p[i]))
			return false;
		n = n * 10 + (value.p[i] - '0');
		if (n > most)
			return false;
	}
	*out = n;
	return true;
}

static void take_length(struct slice value, struct head *h, struct reply *out)
{
	long n = 0;

	h->bad |= !read_number(value, REPLY_BODY_BYTES, &n);
	h->length = (size_t)n;
}

static void take_retry(struct slice value, struct head *h, struct reply *out)
{
	long n;

	if (read_number(value, 24 * 3600, &n))
		out->retry_after_s = (int)n;
}

static void take_coding(struct slice value, struct head *h, struct reply *out)
{
	h->bad = true; /* we never asked for one that needs it, and the gateway does not */
}

static void take_connection(struct slice value, struct head *h, struct reply *out)
{
	out->closes = slice_eq_nocase(value, SLICE("close"));
}

static const struct {
	struct slice name;
	void (*take)(struct slice value, struct head *h, struct reply *out);
} headers[] = {
	{SLICE("content-length"), take_length},
	{SLICE("retry-after"), take_retry},
	{SLICE("transfer-encoding"), take_coding},
	{SLICE("connection"), take_connection},
};

static void take_line(struct slice line, struct head *h, struct reply *out)
{
	const char *colon = memchr(line.p, ':', line.n);
	struct slice value;

	if (!colon)
		return;
	value = slice_of(colon + 1, line.n - (size_t)(colon + 1 - line.p));
	while (value.n && (*value.p == ' ' || *value.p == '\t')) {
		value.p++;
		value.n--;
	}
	for (size_t i = 0; i < countof(headers); i++)
		if (slice_eq_nocase(slice_of(line.p, (size_t)(colon - line.p)), headers[i].name))
			headers[i].take(value, h, out);
}

/* "HTTP/1.1 201 Created" */
static bool take_status(struct slice line, struct reply *out)
{
	long status;

	if (line.n < 12 || !slice_starts(line, SLICE("HTTP/1.1 ")) ||
		!read_number(slice_of(line.p + 9, 3), 599, &status))
		return false;
	out->status = (int)status;
	return status >= 100;
}

/* A bodyless status has no length of its own to read. */
static bool has_no_body(int status)
{
	return status == 204 || status == 304 || status < 200;
}

enum reply_state reply_read(struct slice in, struct reply *out)
{
	const char *end = in.n ? memmem(in.p, in.n, "\r\n\r\n", 4) : NULL, *at = in.p, *eol;
	struct head head = {0};

	*out = (struct reply){.retry_after_s = REPLY_NO_RETRY};
	if (!end)
		return in.n > REPLY_HEAD_BYTES ? REPLY_BAD : REPLY_MORE;
	eol = memmem(at, (size_t)(end + 2 - at), "\r\n", 2);
	if (!take_status(slice_of(at, (size_t)(eol - at)), out))
		return REPLY_BAD;
	for (at = eol + 2; at < end; at = eol + 2) {
		eol = memmem(at, (size_t)(end + 2 - at), "\r\n", 2);
		take_line(slice_of(at, (size_t)(eol - at)), &head, out);
	}
	if (head.bad)
		return REPLY_BAD;
	out->body = slice_of(end + 4, has_no_body(out->status) ? 0 : head.length);
	out->bytes = (size_t)(end + 4 - in.p) + out->body.n;
	return in.n >= out->bytes ? REPLY_WHOLE : REPLY_MORE;
}

struct slice reply_member(struct slice body, const char *name)
{
	char key[64];
	int n = snprintf(key, sizeof key, "\"%s\":", name);
	const char *at = body.n ? memmem(body.p, body.n, key, (size_t)n) : NULL, *end = body.p + body.n,
		   *close;

	if (!at)
		return (struct slice){0};
	for (at += n; at < end && *at == ' '; at++)
		;
	if (at == end || *at != '"')
		return (struct slice){0};
	at++;
	close = memchr(at, '"', (size_t)(end - at));
	return close ? slice_of(at, (size_t)(close - at)) : (struct slice){0};
}
