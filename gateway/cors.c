/* SPDX-License-Identifier: ISC
 *
 * cors.c - which pages may call us (WHATWG Fetch, 3.2): those of our own origin and of the configured ones.
 *
 * Tokens come in Authorization, never in cookies, so a page of another origin has nothing of the user's to misuse; the
 * list decides which foreign pages can read our answers, and which may open a WebSocket, where browsers do not ask.
 */
#include "http.h"

static bool in_list(const char *list, struct slice origin)
{
	while (*list) {
		size_t n = strcspn(list, ", ");

		if ((n == 1 && *list == '*') || slice_eq_nocase(slice_of(list, n), origin))
			return true;
		list += n;
		list += strspn(list, ", ");
	}
	return false;
}

bool cors_allows(const struct request *r)
{
	struct slice origin = r->headers.origin, host = r->headers.host;

	if (origin.n == 0)
		return true;
	if (host.n && origin.n > host.n + 3 && slice_eq_nocase(slice_of(origin.p + origin.n - host.n, host.n), host) &&
		memcmp(origin.p + origin.n - host.n - 3, "://", 3) == 0)
		return true;
	return in_list(r->gw->config->cors_origins, origin);
}

void cors_headers(struct exchange *x)
{
	struct request *r = &x->r;

	if (r->headers.origin.n == 0)
		return;
	request_header(r, "Vary", "Origin");
	if (!cors_allows(r))
		return;
	request_header(r, "Access-Control-Allow-Origin", "%.*s", (int)r->headers.origin.n, r->headers.origin.p);
	if (!x->preflight) {
		request_header(r, "Access-Control-Expose-Headers",
			"Location, Retry-After, Server-Timing, X-Request-Id, RateLimit, RateLimit-Policy, "
			"Idempotency-Replayed, ETag, WWW-Authenticate");
		return;
	}
	request_header(r, "Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE");
	request_header(r, "Access-Control-Allow-Headers",
		"Authorization, Content-Type, Idempotency-Key, If-Match, Last-Event-ID, Prefer, X-Request-Id, traceparent");
	request_header(r, "Access-Control-Max-Age", "600");
}
