/* SPDX-License-Identifier: ISC
 *
 * routes.h - which request is whose: api.md's routes as one table (route_table.h), and the match of a path against it.
 *
 * Pure: a method and a path in, a row and the path's parameters out. A pattern's segment {id} takes a UUID only, {name}
 * any text of 1 to ROUTE_NAME_BYTES; a path that fits no pattern is unknown before anyone is authenticated.
 */
#ifndef CC_GATEWAY_ROUTES_H
#define CC_GATEWAY_ROUTES_H

#include "common/base/attr.h"
#include "common/base/uuid.h"
#include "common/wire/metrics.h"

struct request;
typedef void route_fn(struct request *r);

enum method { METHOD_GET, METHOD_POST, METHOD_PUT, METHOD_PATCH, METHOD_DELETE, METHOD_OPTIONS, METHOD_HEAD, METHOD_COUNT };

enum route_need {
	NEED_NOTHING,
	NEED_USER,     /* a valid token or key: else 401 */
	NEED_OPERATOR, /* and the role: else 403 */
	NEED_OPS,      /* operations: also on the second listen address, and only there if one is configured */
};

enum route_body {
	BODY_NONE, /* read and dropped; nothing is expected */
	BODY_JSON, /* one JSON object: 415 for another content type, 400 for broken text, r->json afterwards */
	BODY_JSON_OPTIONAL, /* likewise, but may be missing: r->json is NULL then */
};

enum { ROUTE_IDS = 2, ROUTE_NAME_BYTES = 128 /* a file name or a mode's name */ };

struct route {
	enum method method;
	const char *pattern;
	enum route_need need;
	enum route_body body;
	size_t body_limit;    /* bytes */
	enum metric metric;   /* receipt to answer; METRIC_COUNT: none, or the handler's own affair */
	route_fn *handler;    /* NULL: in api.md but not built, 501 */
};

struct route_params {
	struct uuid ids[ROUTE_IDS]; /* the {id} segments in order */
	struct slice name;          /* the {name} segment, borrowed from the path */
};

enum route_match { ROUTE_FOUND, ROUTE_UNKNOWN, ROUTE_OTHER_METHOD };

/* The row for a path (no query, no fragment). HEAD is matched as GET. On ROUTE_OTHER_METHOD `allow` has a bit (1 <<
 * method) for each that would do. */
enum route_match route_match(const struct route *table, size_t count, enum method method, struct slice path,
	const struct route **row, struct route_params *params, unsigned *allow);

const char *method_name(enum method method);

/* The table with its handlers: route_table.c. */
extern const struct route routes[];
extern const size_t route_count;

#endif
