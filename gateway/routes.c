/* SPDX-License-Identifier: ISC
 *
 * routes.c - see routes.h. A linear walk: sixty short patterns cost less than a request's headers.
 */
#include "routes.h"

static const char *const method_names[METHOD_COUNT] = {
	[METHOD_GET] = "GET", [METHOD_POST] = "POST", [METHOD_PUT] = "PUT", [METHOD_PATCH] = "PATCH",
	[METHOD_DELETE] = "DELETE", [METHOD_OPTIONS] = "OPTIONS", [METHOD_HEAD] = "HEAD",
};

const char *method_name(enum method method)
{
	return method_names[method];
}

/* The next segment of *rest, which begins with '/'; moves *rest behind it. */
static struct slice next_segment(struct slice *rest)
{
	struct slice segment = {rest->p + 1, 0};

	while (segment.n + 1 < rest->n && segment.p[segment.n] != '/')
		segment.n++;
	rest->p += 1 + segment.n;
	rest->n -= 1 + segment.n;
	return segment;
}

static bool segment_fits(struct slice pattern, struct slice segment, struct route_params *params, size_t *ids)
{
	if (slice_eq(pattern, SLICE("{id}")))
		return *ids < ROUTE_IDS && uuid_parse(segment, &params->ids[(*ids)++]);
	if (slice_eq(pattern, SLICE("{name}"))) {
		params->name = segment;
		return segment.n > 0 && segment.n <= ROUTE_NAME_BYTES;
	}
	return slice_eq(pattern, segment);
}

static bool path_fits(const char *pattern, struct slice path, struct route_params *params)
{
	struct slice left = slice_str(pattern);
	size_t ids = 0;

	*params = (struct route_params){0};
	while (left.n > 0 && path.n > 0 && path.p[0] == '/')
		if (!segment_fits(next_segment(&left), next_segment(&path), params, &ids))
			return false;
	return left.n == 0 && path.n == 0;
}

enum route_match route_match(const struct route *table, size_t count, enum method method, struct slice path,
	const struct route **row, struct route_params *params, unsigned *allow)
{
	enum method wanted = method == METHOD_HEAD ? METHOD_GET : method;

	*allow = 0;
	for (size_t i = 0; i < count; i++) {
		if (!path_fits(table[i].pattern, path, params))
			continue;
		if (table[i].method == wanted) {
			*row = &table[i];
			return ROUTE_FOUND;
		}
		*allow |= 1u << table[i].method;
	}
	if (*allow & 1u << METHOD_GET)
		*allow |= 1u << METHOD_HEAD;
	return *allow ? ROUTE_OTHER_METHOD : ROUTE_UNKNOWN;
}
