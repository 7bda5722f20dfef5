/* SPDX-License-Identifier: ISC
 *
 * alerts.c - see alerts.h.
 */
#include "alerts.h"

#include "common/base/json_out.h"
#include "invalid.h"

#include "alert_ack.sql.h"
#include "alerts_list.sql.h"

#include <stdio.h>

static const struct pg_stmt list_stmt = {"alerts_list", alerts_list_sql, 3};
static const struct pg_stmt ack_stmt = {"alert_ack", alert_ack_sql, 2};

enum {
	ALERTS_LIMIT = 50,
	ALERTS_LIMIT_MAX = 500,
	ALERTS_JSON_BYTES = 512 * 1024, /* of 600 bytes at most each */
	PARAMETER_BYTES = 64,
};

/* The columns of alerts_list.sql: texts, numbers as JSON has them, times in us. */
static const char *const texts[] = {"id", "alert", "metric", "state", "severity", "action", "unit", "window", "acknowledged_by"};
static const char *const numbers[] = {"value", "limit", "target", "count", "over"};
static const char *const times[] = {"opened_at", "changed_at", "resolved_at", "acknowledged_at"};
enum { COL_NUMBERS = countof(texts), COL_HAS_DATA = COL_NUMBERS + countof(numbers), COL_TIMES };

static void write_alert(struct buf *out, const PGresult *rows, int row)
{
	buf_char(out, '{');
	for (size_t i = 0; i < countof(texts); i++) {
		json_key(out, texts[i]);
		json_str_or_null(out, pg_cell(rows, row, (int)i));
	}
	for (size_t i = 0; i < countof(numbers); i++)
		json_kv_raw(out, numbers[i], pg_cell(rows, row, COL_NUMBERS + (int)i));
	json_kv_bool(out, "has_data", pg_cell_bool(rows, row, COL_HAS_DATA));
	for (size_t i = 0; i < countof(times); i++)
		json_kv_time(out, times[i], pg_cell_i64(rows, row, COL_TIMES + (int)i));
	buf_char(out, '}');
}

static void on_listed(struct request *r, const struct pg_answer *answer)
{
	const PGresult *rows;
	uint64_t limit;
	struct buf json;
	int n;

	if (!request_pg_ok(r, answer) || !request_query_u64(r, "limit", ALERTS_LIMIT, 1, ALERTS_LIMIT_MAX, &limit))
		return;
	rows = answer->results[0];
	n = PQntuples(rows);
	buf_init(&json, ALERTS_JSON_BYTES);
	buf_str(&json, "{\"alerts\":[");
	for (int i = 0; i < n; i++) {
		if (i)
			buf_char(&json, ',');
		write_alert(&json, rows, i);
	}
	buf_char(&json, ']');
	json_key(&json, "next_before");
	json_str_or_null(&json, n && (uint64_t)n == limit ? pg_cell(rows, n - 1, 0) : (struct slice){0});
	buf_char(&json, '}');
	request_json(r, 200, &json);
	buf_finish(&json);
}

static void refuse(struct request *r, const char *why)
{
	struct invalid errors = {0};

	invalid_add(&errors, "", NULL, "%s", why);
	request_invalid(r, &errors);
}

void alerts_get(struct request *r)
{
	char state[PARAMETER_BYTES], before[PARAMETER_BYTES], limit_text[24];
	struct slice params[3] = {{0}};
	struct uuid id;
	uint64_t limit;

	if (!request_query_u64(r, "limit", ALERTS_LIMIT, 1, ALERTS_LIMIT_MAX, &limit))
		return;
	if (request_query(r, "state", state, sizeof state))
		params[0] = slice_str(state);
	if (request_query(r, "before", before, sizeof before))
		params[1] = slice_str(before);
	if (params[0].p && !slice_eq(params[0], SLICE("open")) && !slice_eq(params[0], SLICE("resolved"))) {
		refuse(r, "The query parameter state must be open or resolved.");
		return;
	}
	if (params[1].p && !uuid_parse(params[1], &id)) {
		refuse(r, "The query parameter before must be an alert's id.");
		return;
	}
	snprintf(limit_text, sizeof limit_text, "%llu", (unsigned long long)limit);
	params[2] = slice_str(limit_text);
	request_pg(r, &(struct pg_op){&list_stmt, params}, 1, on_listed);
}

static void on_acknowledged(struct request *r, const struct pg_answer *answer)
{
	struct buf json;

	if (!request_pg_ok(r, answer))
		return;
	if (PQntuples(answer->results[0]) != 1) {
		request_problem(r, PROBLEM_NOT_FOUND, "There is no such alert.");
		return;
	}
	buf_init(&json, ALERTS_JSON_BYTES);
	write_alert(&json, answer->results[0], 0);
	request_json(r, 200, &json);
	buf_finish(&json);
}

void alert_ack(struct request *r)
{
	char id[UUID_TEXT_BYTES], user[UUID_TEXT_BYTES];
	struct slice params[2];

	uuid_text(&r->params.ids[0], id);
	uuid_text(&r->who.user_id, user);
	params[0] = slice_str(id);
	params[1] = slice_str(user);
	request_pg(r, &(struct pg_op){&ack_stmt, params}, 1, on_acknowledged);
}
