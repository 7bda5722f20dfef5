/* SPDX-License-Identifier: ISC
 *
 * analytics.c - see analytics.h. PostgreSQL counts; here it becomes api.md's object.
 */
#include "analytics.h"

#include "common/base/clock.h"
#include "common/base/json_out.h"
#include "conversations.h"
#include "shape.h"

#include "analytics.sql.h"
#include "costs.sql.h"

#include <stdio.h>
#include <time.h>

static const struct pg_stmt analytics_stmt = {"analytics", analytics_sql, 3};
static const struct pg_stmt costs_stmt = {"costs", costs_sql, 1};

enum {
	ANALYTICS_TURNS = 10000, /* the newest that are looked at: a tenth of a second of PostgreSQL's time */
	ANALYTICS_JSON_BYTES = 64 * 1024,
	COSTS_JSON_BYTES = 256 * 1024, /* a row a model and tier: 250 bytes */
	DAY_BYTES = 11,
};

static void count(struct buf *out, const char *key, const PGresult *row, int col)
{
	json_kv_u64(out, key, (uint64_t)pg_cell_i64(row, 0, col));
}

static void write_turns(struct buf *out, const PGresult *row)
{
	json_key(out, "turns");
	buf_char(out, '{');
	count(out, "total", row, 1);
	count(out, "queued", row, 2);
	count(out, "user_done", row, 3);
	count(out, "agent_done", row, 4);
	count(out, "failed", row, 5);
	buf_char(out, '}');
	json_key(out, "confidence_distribution");
	buf_char(out, '{');
	count(out, "HIGH", row, 6);
	count(out, "MEDIUM", row, 7);
	count(out, "LOW", row, 8);
	buf_char(out, '}');
}

static void on_analytics(struct request *r, const struct pg_answer *answer)
{
	static const char *const parts[] = {
		"turns_by_level", "corrections_by_kind", "processing_time_ms", "model_answers", "fallbacks", "tokens", "cost"};
	const PGresult *row;
	struct buf json;

	if (!request_pg_ok(r, answer))
		return;
	row = answer->results[0];
	if (PQntuples(row) != 1) {
		request_problem(r, PROBLEM_NOT_FOUND, "You have no such conversation.");
		return;
	}
	buf_init(&json, ANALYTICS_JSON_BYTES);
	buf_char(&json, '{');
	json_kv_str(&json, "conversation_id", pg_cell(row, 0, 0));
	write_turns(&json, row);
	count(&json, "turns_considered", row, 9);
	for (size_t i = 0; i < countof(parts); i++)
		json_kv_raw(&json, parts[i], pg_cell(row, 0, 10 + (int)i));
	buf_char(&json, '}');
	request_json(r, 200, &json);
	buf_finish(&json);
}

void analytics_get(struct request *r)
{
	struct conversation_params p;
	char turns[16];
	struct slice params[3];

	conversation_params(r, &p);
	snprintf(turns, sizeof turns, "%d", ANALYTICS_TURNS);
	params[0] = p.params[0];
	params[1] = p.params[1];
	params[2] = slice_str(turns);
	request_pg(r, &(struct pg_op){&analytics_stmt, params}, 1, on_analytics);
}

/* --- a day's costs --- */

/* "2026-02-29" is no day: what timegm makes of it is another. */
static bool is_day(const char *text)
{
	struct tm tm = {0};
	char again[DAY_BYTES];
	const char *end = strptime(text, "%Y-%m-%d", &tm);
	time_t at;

	if (!end || *end || strlen(text) != DAY_BYTES - 1)
		return false;
	at = timegm(&tm);
	strftime(again, sizeof again, "%Y-%m-%d", gmtime_r(&at, &tm));
	return strcmp(text, again) == 0;
}

/* The day that is asked for, today's without one. False: answered. */
static bool take_day(struct request *r, char day[DAY_BYTES])
{
	time_t now = (time_t)(clock_wall_us() / 1000000);
	struct invalid errors = {0};
	char asked[32];
	struct tm tm;

	strftime(day, DAY_BYTES, "%Y-%m-%d", gmtime_r(&now, &tm));
	if (!request_query(r, "day", asked, sizeof asked))
		return true;
	if (is_day(asked)) {
		memcpy(day, asked, DAY_BYTES);
		return true;
	}
	invalid_add(&errors, "", NULL, "The query parameter day must be a day, YYYY-MM-DD.");
	request_invalid(r, &errors);
	return false;
}

static void write_costs(struct buf *json, const char *day, const PGresult *row)
{
	buf_char(json, '{');
	json_kv_str(json, "day", slice_str(day));
	count(json, "calls", row, 1);
	count(json, "unanswered", row, 2);
	json_key(json, "tokens");
	buf_char(json, '{');
	count(json, "prompt", row, 3);
	count(json, "cached", row, 4);
	count(json, "output", row, 5);
	count(json, "thinking", row, 6);
	buf_char(json, '}');
	json_kv_raw(json, "cost", pg_cell(row, 0, 7));
	json_kv_raw(json, "by_model", pg_cell(row, 0, 0));
	buf_char(json, '}');
}

static void on_costs(struct request *r, const struct pg_answer *answer)
{
	char day[DAY_BYTES];
	struct buf json;

	if (!request_pg_ok(r, answer) || !take_day(r, day))
		return;
	buf_init(&json, COSTS_JSON_BYTES);
	write_costs(&json, day, answer->results[0]);
	request_json(r, 200, &json);
	buf_finish(&json);
}

void costs_get(struct request *r)
{
	char day[DAY_BYTES];
	struct slice params[1];

	if (!take_day(r, day))
		return;
	params[0] = slice_str(day);
	request_pg(r, &(struct pg_op){&costs_stmt, params}, 1, on_costs);
}
