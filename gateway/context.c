/* SPDX-License-Identifier: ISC
 *
 * context.c - see context.h. Reading is one transaction of four statements; storing is one more before them.
 */
#include "context.h"

#include "common/base/json_out.h"
#include "conversations.h"
#include "shape.h"

#include "context_put.sql.h"
#include "context_shared.sql.h"
#include "context_transitions.sql.h"
#include "context_window.sql.h"
#include "conversation_contexts.sql.h"

static const struct pg_stmt put_stmt = {"context_put", context_put_sql, 4};
static const struct pg_stmt contexts_stmt = {"conversation_contexts", conversation_contexts_sql, 2};
static const struct pg_stmt shared_stmt = {"context_shared", context_shared_sql, 2};
static const struct pg_stmt transitions_stmt = {"context_transitions", context_transitions_sql, 3};
static const struct pg_stmt window_stmt = {"context_window", context_window_sql, 3};

enum { CONTEXT_JSON_BYTES = 2 * 1024 * 1024 }; /* ten turns of 16 KiB and three texts of 8 KiB, escaped */

enum { OF_CONTEXTS, OF_SHARED, OF_TRANSITIONS, OF_WINDOW, READS };

static void write_shared(struct buf *out, const PGresult *rows)
{
	json_key(out, "shared_context");
	buf_char(out, '{');
	for (int i = 0; i < PQntuples(rows); i++)
		json_kv_str(out, pg_cell(rows, i, 0).p, pg_cell(rows, i, 1));
	buf_char(out, '}');
}

static void write_transitions(struct buf *out, const PGresult *rows)
{
	json_key(out, "context_transitions");
	buf_char(out, '[');
	for (int i = 0; i < PQntuples(rows); i++) {
		buf_str(out, i ? ",{" : "{");
		json_kv_time(out, "timestamp", pg_cell_i64(rows, i, 0));
		json_kv_raw(out, "from_contexts", pg_cell(rows, i, 1));
		json_kv_raw(out, "to_contexts", pg_cell(rows, i, 2));
		json_kv_str(out, "reason", pg_cell(rows, i, 3));
		buf_char(out, '}');
	}
	buf_char(out, ']');
}

static void write_window(struct buf *out, const PGresult *rows)
{
	json_key(out, "window");
	buf_char(out, '[');
	for (int i = 0; i < PQntuples(rows); i++) {
		buf_str(out, i ? ",{" : "{");
		json_kv_u64(out, "seq", (uint64_t)pg_cell_i64(rows, i, 0));
		json_kv_str(out, "speaker", pg_cell(rows, i, 1));
		json_kv_str(out, "cleaned_text", pg_cell(rows, i, 2));
		buf_char(out, '}');
	}
	buf_char(out, ']');
}

/* The four reads begin at results[first]. */
static void answer_context(struct request *r, PGresult *const *results)
{
	struct buf json;

	if (PQntuples(results[OF_CONTEXTS]) != 1) {
		request_problem(r, PROBLEM_NOT_FOUND, "You have no such conversation.");
		return;
	}
	buf_init(&json, CONTEXT_JSON_BYTES);
	buf_char(&json, '{');
	json_kv_str(&json, "conversation_id", pg_cell(results[OF_CONTEXTS], 0, 0));
	json_kv_raw(&json, "active_contexts", pg_cell(results[OF_CONTEXTS], 0, 1));
	write_shared(&json, results[OF_SHARED]);
	write_transitions(&json, results[OF_TRANSITIONS]);
	write_window(&json, results[OF_WINDOW]);
	buf_char(&json, '}');
	request_json(r, 200, &json);
	buf_finish(&json);
}

/* Sends the reads, after a write when there is one. */
static void read_context(struct request *r, const struct pg_op *write, request_pg_fn *fn)
{
	struct conversation_params p;
	char transitions[16], window[16];
	struct slice params[3], window_params[3];
	struct pg_op ops[1 + READS];
	size_t n = 0;

	conversation_params(r, &p);
	snprintf(transitions, sizeof transitions, "%d", CONTEXT_TRANSITIONS);
	snprintf(window, sizeof window, "%d", LIMIT_WINDOW_TURNS);
	params[0] = window_params[0] = p.params[0];
	params[1] = window_params[1] = p.params[1];
	params[2] = slice_str(transitions);
	window_params[2] = slice_str(window);
	if (write)
		ops[n++] = *write;
	ops[n++] = (struct pg_op){&contexts_stmt, params};
	ops[n++] = (struct pg_op){&shared_stmt, params};
	ops[n++] = (struct pg_op){&transitions_stmt, params};
	ops[n++] = (struct pg_op){&window_stmt, window_params};
	request_pg(r, ops, n, fn);
}

static void on_read(struct request *r, const struct pg_answer *answer)
{
	if (request_pg_ok(r, answer))
		answer_context(r, answer->results);
}

void context_get(struct request *r)
{
	read_context(r, NULL, on_read);
}

static void on_written(struct request *r, const struct pg_answer *answer)
{
	if (request_pg_ok(r, answer))
		answer_context(r, answer->results + 1);
}

void context_post(struct request *r)
{
	static const char *const types[] = {"user_info", "business_info", "session_notes", NULL};
	static const struct member members[] = {
		{"shared_context", SHAPE_TEXT, SHAPE_REQUIRED | SHAPE_NULLABLE, .max = LIMIT_CONTEXT_BYTES},
		{"context_type", SHAPE_CHOICE, SHAPE_REQUIRED, .choices = types},
	};
	static const struct shape shape = SHAPE(members);
	struct invalid errors = {0};
	struct conversation_params p;

	if (!shape_check(&shape, r->json, "", &errors)) {
		request_invalid(r, &errors);
		return;
	}
	conversation_params(r, &p);
	read_context(r,
		&(struct pg_op){&put_stmt,
			(struct slice[]){p.params[0], p.params[1], json_member_text(r->json, "context_type"),
				json_member_text(r->json, "shared_context")}},
		on_written);
}
