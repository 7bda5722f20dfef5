/* SPDX-License-Identifier: ISC
 *
 * redis_url.c - see redis_url.h.
 */
#include "redis_url.h"

#include "common/base/slice.h"

#include <stdlib.h>

enum { REDIS_PORT = 6379, REDIS_DB_MAX = 9999 };

static bool number(struct slice s, int max, int *out)
{
	int v = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9' || v > max)
			return false;
		v = v * 10 + (s.p[i] - '0');
	}
	*out = v;
	return s.n > 0 && v <= max;
}

static bool copy(struct slice s, char out[REDIS_URL_PART_BYTES])
{
	if (s.n >= REDIS_URL_PART_BYTES)
		return false;
	memcpy(out, s.p, s.n);
	out[s.n] = '\0';
	return true;
}

static int hex(char c)
{
	const char digits[] = "0123456789abcdef", *at = c ? strchr(digits, c | 0x20) : NULL;

	return at ? (int)(at - digits) : -1;
}

static bool decode(struct slice s, char out[REDIS_URL_PART_BYTES])
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (n + 1 >= REDIS_URL_PART_BYTES)
			return false;
		if (c == '%') {
			if (i + 2 >= s.n || hex(s.p[i + 1]) < 0 || hex(s.p[i + 2]) < 0)
				return false;
			c = (char)(hex(s.p[i + 1]) * 16 + hex(s.p[i + 2]));
			i += 2;
		}
		out[n++] = c;
	}
	out[n] = '\0';
	return true;
}

/* Cuts *s at the first c and returns what follows it; NULL pointer when there is none. */
static struct slice cut(struct slice *s, char c)
{
	const char *at = s->n ? memchr(s->p, c, s->n) : NULL;
	struct slice rest = {NULL, 0};

	if (at) {
		rest = slice_of(at + 1, s->n - (size_t)(at - s->p) - 1);
		s->n = (size_t)(at - s->p);
	}
	return rest;
}

static const char *parse_unix(struct slice s, struct redis_url *out)
{
	struct slice query = cut(&s, '?');

	if (s.n < 2 || s.p[0] != '/' || !copy(s, out->path))
		return "a unix URL is unix:///path[?db=N]";
	if (query.p && (!slice_starts(query, SLICE("db=")) ||
			       !number(slice_of(query.p + 3, query.n - 3), REDIS_DB_MAX, &out->db)))
		return "after ? stands db=N";
	return NULL;
}

static const char *parse_login(struct slice login, struct redis_url *out)
{
	struct slice password = cut(&login, ':');

	if (!password.p)
		return "before @ stands [user]:password";
	if (!decode(login, out->user) || !decode(password, out->password))
		return "user or password too long or badly %-encoded";
	return NULL;
}

static const char *parse_host(struct slice s, struct redis_url *out)
{
	struct slice port;

	if (s.n && s.p[0] == '[') {
		s = slice_of(s.p + 1, s.n - 1);
		port = cut(&s, ']');
		if (!port.p || (port.n && port.p[0] != ':'))
			return "an IPv6 address stands in brackets";
		port = port.n ? slice_of(port.p + 1, port.n - 1) : slice_of(NULL, 0);
	} else
		port = cut(&s, ':');
	if (s.n == 0 || !copy(s, out->host))
		return "no host";
	out->port = REDIS_PORT;
	if (port.p && (!number(port, 65535, &out->port) || out->port == 0))
		return "a port is 1 to 65535";
	return NULL;
}

static const char *parse_tcp(struct slice s, struct redis_url *out)
{
	struct slice db = cut(&s, '/'), host = s;
	const char *at = memrchr(s.p, '@', s.n), *wrong = NULL;

	if (at) {
		host = slice_of(at + 1, s.n - (size_t)(at - s.p) - 1);
		wrong = parse_login(slice_of(s.p, (size_t)(at - s.p)), out);
	}
	if (!wrong)
		wrong = parse_host(host, out);
	if (!wrong && db.n && !number(db, REDIS_DB_MAX, &out->db))
		wrong = "after / stands the number of a database";
	return wrong;
}

const char *redis_url_parse(const char *url, struct redis_url *out)
{
	struct slice s = slice_str(url);

	memset(out, 0, sizeof *out);
	if (slice_starts(s, SLICE("unix://")))
		return parse_unix(slice_of(s.p + 7, s.n - 7), out);
	if (slice_starts(s, SLICE("redis://")))
		return parse_tcp(slice_of(s.p + 8, s.n - 8), out);
	return "a Redis URL begins with unix:// or redis://";
}
