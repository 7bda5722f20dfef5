/* SPDX-License-Identifier: ISC
 *
 * request_pg.c - a request's transactions, query parameters and preferences.
 */
#include "request.h"

#include "common/base/log.h"
#include "common/base/xalloc.h"

#include <stdlib.h>

struct call {
	struct request *r;
	request_pg_fn *fn;
};

static void on_answer(const struct pg_answer *answer, void *arg)
{
	struct call call = *(struct call *)arg;

	free(arg);
	request_stage(call.r, "db", answer->took_ns);
	call.fn(call.r, answer);
	request_release(call.r);
}

void request_pg(struct request *r, const struct pg_op *ops, size_t count, request_pg_fn *fn)
{
	struct call *call = xmalloc(sizeof *call);

	*call = (struct call){r, fn};
	request_hold(r);
	pg_send(r->gw->pg, ops, count, on_answer, call);
}

bool request_pg_ok(struct request *r, const struct pg_answer *answer)
{
	if (answer->status == PG_OK)
		return true;
	if (answer->status == PG_CONFLICT || answer->status == PG_REFUSED) {
		log_error("http.sql", "id=%s route=%s sqlstate=%s constraint=%s", r->id, r->route->pattern, answer->sqlstate,
			answer->constraint);
		request_problem(r, PROBLEM_INTERNAL, "This could not be done.");
	} else {
		log_debug("http.unavailable", "id=%s route=%s pg=%d", r->id, r->route->pattern, (int)answer->status);
		request_problem(r, PROBLEM_UNAVAILABLE, "The database does not answer now.");
	}
	return false;
}

bool request_query(const struct request *r, const char *name, char *out, size_t out_bytes)
{
	size_t n = strlen(name);

	for (struct slice q = r->query; q.n > 0;) {
		size_t all = strnlen(q.p, q.n);

		if (all > n && memcmp(q.p, name, n) == 0 && q.p[n] == '=') {
			if (all - n - 1 >= out_bytes)
				return false;
			memcpy(out, q.p + n + 1, all - n);
			return true;
		}
		if (all == q.n)
			break;
		q = slice_of(q.p + all + 1, q.n - all - 1);
	}
	return false;
}

bool request_query_u64(struct request *r, const char *name, uint64_t preset, uint64_t min, uint64_t max, uint64_t *out)
{
	struct invalid errors = {0};
	char text[32], *end;

	*out = preset;
	if (!request_query(r, name, text, sizeof text))
		return true;
	*out = strtoull(text, &end, 10);
	if (text[0] >= '0' && text[0] <= '9' && *end == '\0' && strlen(text) < 20 && *out >= min && *out <= max)
		return true;
	invalid_add(&errors, "", NULL, "The query parameter %s must be a whole number from %llu to %llu.", name,
		(unsigned long long)min, (unsigned long long)max);
	request_invalid(r, &errors);
	return false;
}

/* One preference, without the spaces around it. */
static void one_preference(struct slice p, bool *async, uint64_t *wait_ms)
{
	uint64_t s = 0;

	if (slice_eq_nocase(p, SLICE("respond-async")))
		*async = true;
	if (p.n <= 5 || p.n > 5 + 6 || strncasecmp(p.p, "wait=", 5) != 0)
		return;
	for (size_t i = 5; i < p.n; i++) {
		if (p.p[i] < '0' || p.p[i] > '9')
			return;
		s = s * 10 + (uint64_t)(p.p[i] - '0');
	}
	*wait_ms = s * 1000;
}

void request_prefer(const struct request *r, bool *async, uint64_t *wait_ms)
{
	struct slice left = r->headers.prefer;

	while (left.n > 0) {
		const char *comma = memchr(left.p, ',', left.n);
		struct slice p = {left.p, comma ? (size_t)(comma - left.p) : left.n};

		left = comma ? slice_of(comma + 1, left.n - p.n - 1) : (struct slice){0};
		while (p.n && (*p.p == ' ' || *p.p == '\t'))
			p = slice_of(p.p + 1, p.n - 1);
		while (p.n && (p.p[p.n - 1] == ' ' || p.p[p.n - 1] == '\t'))
			p.n--;
		one_preference(p, async, wait_ms);
	}
}
