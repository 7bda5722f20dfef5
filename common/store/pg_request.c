/* SPDX-License-Identifier: ISC
 *
 * pg_request.c - see pg_request.h.
 */
#include "pg_request.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/xalloc.h"
#include "pg_class.h"

#include <stdio.h>
#include <stdlib.h>

static void refuse(struct pg_request *r, const char *sqlstate)
{
	r->status = PG_REFUSED;
	snprintf(r->sqlstate, sizeof r->sqlstate, "%s", sqlstate);
}

/* The block: the struct, the pointers, then every value with its NUL. */
static struct pg_request *allocate(const struct pg_op *ops, size_t count)
{
	size_t pointers = 0, bytes = 0;
	struct pg_request *r;

	for (size_t i = 0; i < count; i++) {
		if (ops[i].stmt->params < 0 || ops[i].stmt->params > PG_PARAMS)
			bug("a statement has too many parameters");
		pointers += (size_t)ops[i].stmt->params;
		for (int p = 0; p < ops[i].stmt->params; p++)
			bytes += ops[i].params[p].n + 1;
	}
	r = xmalloc(sizeof *r + pointers * sizeof *r->values + bytes);
	memset(r, 0, sizeof *r);
	r->values = (const char **)(r + 1);
	return r;
}

static void copy_values(struct pg_request *r, const struct pg_op *ops, size_t count, char *to)
{
	size_t at = 0;

	for (size_t i = 0; i < count; i++) {
		for (int p = 0; p < ops[i].stmt->params; p++, at++) {
			struct slice value = ops[i].params[p];

			r->values[at] = value.p ? to : NULL;
			if (!value.p)
				continue;
			if (memchr(value.p, '\0', value.n))
				refuse(r, "22021");
			memcpy(to, value.p, value.n);
			to[value.n] = '\0';
			to += value.n + 1;
		}
	}
}

struct pg_request *pg_request_create(
	const struct pg_op *ops, size_t count, uint64_t timeout_ms, pg_fn *fn, void *arg)
{
	struct pg_request *r;
	size_t pointers = 0;

	if (count < 1 || count > PG_OPS)
		bug("a request has 1 to PG_OPS statements");
	r = allocate(ops, count);
	r->fn = fn;
	r->arg = arg;
	r->count = count;
	r->since_ns = clock_mono_ns();
	r->deadline_ns = r->since_ns + timeout_ms * NS_PER_MS;
	for (size_t i = 0; i < count; i++) {
		r->stmts[i] = ops[i].stmt;
		pointers += (size_t)ops[i].stmt->params;
	}
	copy_values(r, ops, count, (char *)(r->values + pointers));
	return r;
}

static void take_error(struct pg_request *r, const PGresult *result)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *constraint = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);

	if (r->status != PG_OK)
		return; /* what follows the first error is its consequence */
	/* libpq's own errors, a lost connection among them, have no SQLSTATE. */
	r->status = state ? pg_class(state) : PG_LOST;
	snprintf(r->sqlstate, sizeof r->sqlstate, "%s", state ? state : "");
	snprintf(r->constraint, sizeof r->constraint, "%s", constraint ? constraint : "");
}

void pg_request_take_result(struct pg_request *r, PGresult *result)
{
	switch (PQresultStatus(result)) {
	case PGRES_COMMAND_OK:
	case PGRES_TUPLES_OK:
	case PGRES_EMPTY_QUERY:
		if (r->answered < r->count) {
			r->results[r->answered++] = result;
			return;
		}
		break;
	case PGRES_PIPELINE_ABORTED: /* skipped: an earlier statement of the request failed */
		break;
	default:
		take_error(r, result);
	}
	PQclear(result);
}

static void clear_results(struct pg_request *r)
{
	for (size_t i = 0; i < r->answered; i++)
		PQclear(r->results[i]);
	memset(r->results, 0, sizeof r->results);
	r->answered = 0;
}

void pg_request_finish(struct pg_request *r, enum pg_status status)
{
	if (status == PG_OK)
		status = r->status;
	if (status == PG_LOST && r->overdue)
		status = PG_TIMEOUT;
	if (status == PG_OK && r->answered != r->count)
		status = PG_LOST; /* the server said fewer answers than it was asked for: trust nothing of it
				   */
	if (status != PG_OK)
		clear_results(r);
	if (r->fn) {
		struct pg_answer answer = {
			.status = status,
			.results = r->results,
			.count = r->count,
			.sqlstate = r->sqlstate,
			.constraint = r->constraint,
			.took_ns = clock_mono_ns() - r->since_ns,
		};

		r->fn(&answer, r->arg);
	}
	clear_results(r);
	free(r);
}

void pg_requests_finish(struct pg_requests *list, enum pg_status status)
{
	struct pg_requests taken = STAILQ_HEAD_INITIALIZER(taken);
	struct pg_request *r;

	STAILQ_CONCAT(&taken, list);
	while ((r = STAILQ_FIRST(&taken)) != NULL) {
		STAILQ_REMOVE_HEAD(&taken, next);
		pg_request_finish(r, status);
	}
}
