/* SPDX-License-Identifier: ISC
 *
 * conversations.c - see conversations.h: reading and changing. Making one is conversation_make.c.
 *
 * A change is one statement that names the owner, so that another's conversation is simply not there. Watchers are told
 * after the commit; a notice that cannot be sent then is lost, which a watcher finds out at its next read: the row is the
 * truth.
 */
#include "conversations.h"

#include "common/base/clock.h"
#include "common/base/json_out.h"
#include "common/base/log.h"
#include "common/service/timings.h"
#include "common/store/queue.h"
#include "common/wire/events.h"
#include "common/wire/message.h"
#include "presence.h"
#include "shape.h"
#include "turn_options.h"

#include "conversation_delete.sql.h"
#include "conversation_get.sql.h"
#include "conversation_patch.sql.h"
#include "conversation_set_status.sql.h"
#include "conversation_status.sql.h"
#include "conversations_count.sql.h"
#include "conversations_list.sql.h"

#include <stdlib.h>

const struct pg_stmt conversation_get_stmt = {"conversation_get", conversation_get_sql, 2};
static const struct pg_stmt delete_stmt = {"conversation_delete", conversation_delete_sql, 2};
static const struct pg_stmt patch_stmt = {"conversation_patch", conversation_patch_sql, 8};
static const struct pg_stmt set_status_stmt = {"conversation_set_status", conversation_set_status_sql, 4};
static const struct pg_stmt status_stmt = {"conversation_status", conversation_status_sql, 2};
static const struct pg_stmt count_stmt = {"conversations_count", conversations_count_sql, 2};
static const struct pg_stmt list_stmt = {"conversations_list", conversations_list_sql, 4};

enum { COL_ID, COL_NAME, COL_DESCRIPTION, COL_EXTERNAL_ID, COL_STATUS, COL_TURNS, COL_LAST_TURN, COL_CREATED, COL_UPDATED,
	COL_METADATA, COL_DEADLINE, COL_FORMATS, COL_VERBATIM, COL_PROFILE };

static void write_options(struct buf *out, const PGresult *rows, int row)
{
	struct turn_options o;

	turn_options_read(NULL, &o);
	if (!PQgetisnull(rows, row, COL_DEADLINE)) {
		o.set |= TURN_OPT_DEADLINE;
		o.deadline_ms = (uint64_t)pg_cell_i64(rows, row, COL_DEADLINE);
	}
	if (!PQgetisnull(rows, row, COL_FORMATS)) {
		o.set |= TURN_OPT_FORMATS;
		o.formats = (uint64_t)pg_cell_i64(rows, row, COL_FORMATS);
	}
	if (!PQgetisnull(rows, row, COL_VERBATIM)) {
		o.set |= TURN_OPT_VERBATIM;
		o.verbatim = pg_cell_bool(rows, row, COL_VERBATIM);
	}
	o.profile = pg_cell(rows, row, COL_PROFILE);
	o.set |= o.profile.p ? TURN_OPT_PROFILE : 0;
	turn_options_write_json(&o, out);
}

void conversation_write_json(struct buf *out, const PGresult *rows, int row)
{
	buf_char(out, '{');
	json_kv_str(out, "id", pg_cell(rows, row, COL_ID));
	json_kv_str(out, "name", pg_cell(rows, row, COL_NAME));
	json_key(out, "description");
	json_str_or_null(out, pg_cell(rows, row, COL_DESCRIPTION));
	json_key(out, "external_id");
	json_str_or_null(out, pg_cell(rows, row, COL_EXTERNAL_ID));
	json_kv_str(out, "status", pg_cell(rows, row, COL_STATUS));
	json_kv_u64(out, "turn_count", (uint64_t)pg_cell_i64(rows, row, COL_TURNS));
	json_kv_time(out, "last_turn_at", pg_cell_i64(rows, row, COL_LAST_TURN));
	json_kv_time(out, "created_at", pg_cell_i64(rows, row, COL_CREATED));
	json_kv_time(out, "updated_at", pg_cell_i64(rows, row, COL_UPDATED));
	json_kv_raw(out, "metadata", pg_cell(rows, row, COL_METADATA));
	json_key(out, "options");
	write_options(out, rows, row);
	buf_char(out, '}');
}

void conversation_params(const struct request *r, struct conversation_params *out)
{
	uuid_text(&r->params.ids[0], out->id);
	uuid_text(&r->who.user_id, out->user);
	out->params[0] = slice_str(out->id);
	out->params[1] = slice_str(out->user);
}

void conversation_announce(struct gateway *gw, const struct uuid *id, enum event_kind event, struct slice body)
{
	struct msg_result result = {.conversation_id = *id, .event = event, .at = clock_wall_us(), .body = body};
	size_t lanes = link_lanes(gw->results_link);

	if (lanes == 0 || !link_send_lane(gw->results_link, uuid_hash(id) % lanes, MSG_RESULT, &result))
		log_warning("conversation.unannounced", "event=%s", event_name(event));
}

static void kick(struct gateway *gw, const struct uuid *id)
{
	struct msg_kick message = {*id};

	if (!link_send(gw->turns_link, MSG_KICK, &message))
		log_info("conversation.unkicked", "the sweep will find its turns");
}

static void answer_none(struct request *r)
{
	request_problem(r, PROBLEM_NOT_FOUND, "You have no such conversation.");
}

/* Answers with the one row that a statement gave, or 404. */
static void answer_row(struct request *r, const struct pg_answer *answer)
{
	struct buf json;

	if (!request_pg_ok(r, answer))
		return;
	if (PQntuples(answer->results[0]) != 1) {
		answer_none(r);
		return;
	}
	buf_init(&json, CONVERSATION_JSON_BYTES);
	conversation_write_json(&json, answer->results[0], 0);
	request_json(r, 200, &json);
	buf_finish(&json);
}

static void on_got(struct request *r, const struct pg_answer *answer)
{
	timing_ns(METRIC_API_CONVERSATION_QUERY, answer->took_ns);
	answer_row(r, answer);
}

void conversation_get(struct request *r)
{
	struct conversation_params p;

	conversation_params(r, &p);
	request_pg(r, &(struct pg_op){&conversation_get_stmt, p.params}, 1, on_got);
}

/* Changes. */

static void announce_row(struct request *r, const PGresult *rows)
{
	struct buf body;

	buf_init(&body, CONVERSATION_JSON_BYTES);
	buf_str(&body, "\"conversation\":");
	conversation_write_json(&body, rows, 0);
	if (!body.overflow)
		conversation_announce(r->gw, &r->params.ids[0], EVENT_CONVERSATION_UPDATED, buf_view(&body));
	buf_finish(&body);
}

static void on_changed(struct request *r, const struct pg_answer *answer)
{
	const PGresult *rows = answer->results[0];

	if (answer->status == PG_OK && PQntuples(rows) == 1) {
		if (slice_eq(pg_cell(rows, 0, COL_STATUS), SLICE("active")))
			kick(r->gw, &r->params.ids[0]);
		announce_row(r, rows);
	}
	answer_row(r, answer);
}

static void on_status_set(struct request *r, const struct pg_answer *answer)
{
	if (answer->status == PG_OK && PQntuples(answer->results[0]) == 0 && PQntuples(answer->results[1]) == 1)
		request_problem(r, PROBLEM_CONFLICT, "The conversation is completed.");
	else
		on_changed(r, answer);
}

/* From active or paused to the other; completed ones stay as they are: 409. */
static void set_status(struct request *r, const char *to)
{
	struct conversation_params p;
	struct slice params[4];

	conversation_params(r, &p);
	params[0] = p.params[0];
	params[1] = p.params[1];
	params[2] = slice_str(to);
	params[3] = SLICE("completed");
	request_pg(r, (struct pg_op[]){{&set_status_stmt, params}, {&conversation_get_stmt, p.params}}, 2, on_status_set);
}

void conversation_pause(struct request *r)
{
	set_status(r, "paused");
}

void conversation_resume(struct request *r)
{
	set_status(r, "active");
}

static struct slice given(const cJSON *body, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(body, name) ? SLICE("t") : SLICE("f");
}

void conversation_patch(struct request *r)
{
	static const char *const statuses[] = {"active", "paused", "completed", NULL};
	static const struct member members[] = {
		{"name", SHAPE_NAME, 0, .min = 1, .max = LIMIT_NAME_CHARACTERS},
		{"description", SHAPE_TEXT, SHAPE_NULLABLE, .max = CONVERSATION_DESCRIPTION_BYTES},
		{"status", SHAPE_CHOICE, 0, .choices = statuses},
		{"metadata", SHAPE_FREE, SHAPE_NULLABLE, .max = CONVERSATION_METADATA_BYTES},
	};
	static const struct shape shape = SHAPE(members);
	struct invalid errors = {0};
	struct conversation_params p;
	char *metadata;

	if (!shape_check(&shape, r->json, "", &errors)) {
		request_invalid(r, &errors);
		return;
	}
	metadata = cJSON_PrintUnformatted(json_member(r->json, "metadata"));
	conversation_params(r, &p);
	request_pg(r,
		&(struct pg_op){&patch_stmt,
			(struct slice[]){p.params[0], p.params[1], json_member_text(r->json, "name"),
				given(r->json, "description"), json_member_text(r->json, "description"),
				json_member_text(r->json, "status"), given(r->json, "metadata"), slice_str(metadata)}},
		1, on_changed);
	cJSON_free(metadata);
}

static void on_deleted(struct request *r, const struct pg_answer *answer)
{
	if (!request_pg_ok(r, answer))
		return;
	if (PQntuples(answer->results[0]) != 1) {
		answer_none(r);
		return;
	}
	conversation_announce(r->gw, &r->params.ids[0], EVENT_CONVERSATION_DELETED, (struct slice){0});
	queue_window_drop(r->gw->redis, &r->params.ids[0], NULL, NULL); /* its words do not stay there either */
	request_answer(r, 204, NULL, (struct slice){0});
}

void conversation_delete(struct request *r)
{
	struct conversation_params p;

	conversation_params(r, &p);
	request_pg(r, &(struct pg_op){&delete_stmt, p.params}, 1, on_deleted);
}

/* The list. */

static void on_listed(struct request *r, const struct pg_answer *answer)
{
	uint64_t page, per_page;
	struct buf json;

	if (!request_pg_ok(r, answer) || !request_query_u64(r, "page", 1, 1, CONVERSATIONS_PAGE_MAX, &page) ||
		!request_query_u64(r, "per_page", CONVERSATIONS_PER_PAGE, 1, CONVERSATIONS_PER_PAGE_MAX, &per_page))
		return;
	buf_init(&json, CONVERSATIONS_PER_PAGE_MAX * CONVERSATION_JSON_BYTES);
	buf_str(&json, "{\"conversations\":[");
	for (int i = 0; i < PQntuples(answer->results[1]); i++) {
		if (i)
			buf_char(&json, ',');
		conversation_write_json(&json, answer->results[1], i);
	}
	buf_char(&json, ']');
	json_kv_u64(&json, "total", (uint64_t)pg_cell_i64(answer->results[0], 0, 0));
	json_kv_u64(&json, "page", page);
	json_kv_u64(&json, "per_page", per_page);
	buf_char(&json, '}');
	request_json(r, 200, &json);
	buf_finish(&json);
}

/* The status asked for: a NULL slice for any. False when it was answered for. */
static bool read_status_filter(struct request *r, char *text, size_t text_bytes, struct slice *status)
{
	struct invalid errors = {0};

	*status = (struct slice){0};
	if (!request_query(r, "status", text, text_bytes))
		return true;
	*status = slice_str(text);
	if (slice_eq(*status, SLICE("active")) || slice_eq(*status, SLICE("paused")) || slice_eq(*status, SLICE("completed")))
		return true;
	invalid_add(&errors, "", NULL, "The query parameter status must be one of active, paused, completed.");
	request_invalid(r, &errors);
	return false;
}

void conversations_get(struct request *r)
{
	char user[UUID_TEXT_BYTES], status_text[64], limit[24], offset[24];
	uint64_t page, per_page;
	struct slice params[4];

	if (!request_query_u64(r, "page", 1, 1, CONVERSATIONS_PAGE_MAX, &page) ||
		!request_query_u64(r, "per_page", CONVERSATIONS_PER_PAGE, 1, CONVERSATIONS_PER_PAGE_MAX, &per_page) ||
		!read_status_filter(r, status_text, sizeof status_text, &params[1]))
		return;
	uuid_text(&r->who.user_id, user);
	snprintf(limit, sizeof limit, "%llu", (unsigned long long)per_page);
	snprintf(offset, sizeof offset, "%llu", (unsigned long long)((page - 1) * per_page));
	params[0] = slice_str(user);
	params[2] = slice_str(limit);
	params[3] = slice_str(offset);
	request_pg(r, (struct pg_op[]){{&count_stmt, params}, {&list_stmt, params}}, 2, on_listed);
}

/* Status. */

enum { ST_QUEUED, ST_TURNS, ST_USER, ST_AGENT, ST_FAILED, ST_HIGH, ST_MEDIUM, ST_LOW, ST_MS, ST_CONTEXTS, ST_NEWEST };

static void write_status(struct buf *out, const struct request *r, const PGresult *row)
{
	char id[UUID_TEXT_BYTES];
	uint64_t queued = (uint64_t)pg_cell_i64(row, 0, ST_QUEUED), done = (uint64_t)pg_cell_i64(row, 0, ST_USER);
	double average = done ? strtod(pg_cell(row, 0, ST_MS).p, NULL) / (double)done : 0;
	bool failed = slice_eq(pg_cell(row, 0, ST_NEWEST), SLICE("failed"));

	uuid_text(&r->params.ids[0], id);
	buf_char(out, '{');
	json_kv_str(out, "conversation_id", slice_str(id));
	json_kv_str(out, "status", queued ? SLICE("processing") : failed ? SLICE("error") : SLICE("idle"));
	json_kv_u64(out, "queue_position", queued);
	json_kv_u64(out, "estimated_wait_ms", (uint64_t)((double)queued * average + 0.5));
	json_kv_raw(out, "active_contexts", pg_cell(row, 0, ST_CONTEXTS));
	json_key(out, "confidence_distribution");
	buf_char(out, '{');
	json_kv_u64(out, "HIGH", (uint64_t)pg_cell_i64(row, 0, ST_HIGH));
	json_kv_u64(out, "MEDIUM", (uint64_t)pg_cell_i64(row, 0, ST_MEDIUM));
	json_kv_u64(out, "LOW", (uint64_t)pg_cell_i64(row, 0, ST_LOW));
	buf_char(out, '}');
	json_key(out, "processing_stats");
	buf_char(out, '{');
	json_kv_u64(out, "total_turns", (uint64_t)pg_cell_i64(row, 0, ST_TURNS));
	json_kv_u64(out, "user_turns_processed", done);
	json_kv_u64(out, "lumen_turns_skipped", (uint64_t)pg_cell_i64(row, 0, ST_AGENT));
	json_kv_u64(out, "failed_turns", (uint64_t)pg_cell_i64(row, 0, ST_FAILED));
	json_kv_ms(out, "average_processing_time_ms", (uint64_t)(average * 1e6));
	buf_char(out, '}'); /* the object is closed with who watches */
}

static void on_presence(struct slice presence, void *arg)
{
	struct request *r = arg;
	char *status = r->owner;
	struct buf json;

	r->owner = NULL;
	buf_init(&json, CONVERSATION_JSON_BYTES + presence.n);
	buf_str(&json, status);
	json_kv_raw(&json, "presence", presence);
	buf_char(&json, '}');
	if (request_is_open(r))
		request_json(r, 200, &json);
	buf_finish(&json);
	free(status);
	request_release(r);
}

static void on_status(struct request *r, const struct pg_answer *answer)
{
	struct buf json;

	timing_ns(METRIC_API_CONVERSATION_QUERY, answer->took_ns);
	if (!request_pg_ok(r, answer))
		return;
	if (PQntuples(answer->results[0]) != 1) {
		answer_none(r);
		return;
	}
	buf_init(&json, CONVERSATION_JSON_BYTES);
	write_status(&json, r, answer->results[0]);
	if (!request_is_open(r)) {
		buf_finish(&json);
		return;
	}
	r->owner = buf_take(&json, NULL);
	request_hold(r);
	presence_ask(r->gw, &r->params.ids[0], on_presence, r);
}

void status_get(struct request *r)
{
	struct conversation_params p;

	conversation_params(r, &p);
	request_pg(r, &(struct pg_op){&status_stmt, p.params}, 1, on_status);
}
