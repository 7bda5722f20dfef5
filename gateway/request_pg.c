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

static struct slice without_blanks(struct slice s)
{
	while (s.n && (*s.p == ' ' || *s.p == '\t'))
		s = slice_of(s.p + 1, s.n - 1);
	while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

/* What stands before a character of s; *rest is what stands behind it, without a pointer when s has none. */
static struct slice cut(struct slice s, char at, struct slice *rest)
{
	const char *found = s.n ? memchr(s.p, at, s.n) : NULL;
	size_t n = found ? (size_t)(found - s.p) : s.n;

	*rest = found ? slice_of(found + 1, s.n - n - 1) : (struct slice){0};
	return slice_of(s.p, n);
}

/* name [= token or "quoted"] [; parameters], of which we know none. */
static void one_preference(struct slice p, bool *async, uint64_t *wait_ms)
{
	struct slice parameters, value;
	struct slice name = without_blanks(cut(cut(p, ';', &parameters), '=', &value));
	uint64_t s = 0;

	value = without_blanks(value);
	if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"')
		value = slice_of(value.p + 1, value.n - 2);
	if (slice_eq_nocase(name, SLICE("respond-async")) && value.n == 0)
		*async = true;
	if (!slice_eq_nocase(name, SLICE("wait")) || value.n < 1 || value.n > 6)
		return;
	for (size_t i = 0; i < value.n; i++) {
		if (value.p[i] < '0' || value.p[i] > '9')
			return;
		s = s * 10 + (uint64_t)(value.p[i] - '0');
	}
	*wait_ms = s * 1000;
}

void request_prefer(const struct request *r, bool *async, uint64_t *wait_ms)
{
	struct slice left = r->headers.prefer;

	while (left.n > 0)
		one_preference(cut(left, ',', &left), async, wait_ms);
}
