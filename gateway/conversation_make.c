/* SPDX-License-Identifier: ISC
 *
 * conversation_make.c - POST /conversations: the body checked, the id from the idempotency key, one insert by that id.
 *
 * The insert may have happened before (a retry after a lost answer): the statement gives the row either way.
 */
#include "conversation_make.h"

#include "common/base/clock.h"
#include "conversations.h"
#include "idempotency.h"
#include "shape.h"
#include "common/wire/message.h"
#include "turn_options.h"

#include "conversation_add.sql.h"

#include <stdlib.h>
#include <time.h>

static const struct pg_stmt add_stmt = {"conversation_add", conversation_add_sql, 10};

static const struct member members[] = {
	{"name", SHAPE_NAME, SHAPE_NULLABLE, .min = 1, .max = LIMIT_NAME_CHARACTERS},
	{"description", SHAPE_TEXT, SHAPE_NULLABLE, .max = CONVERSATION_DESCRIPTION_BYTES},
	{"metadata", SHAPE_FREE, SHAPE_NULLABLE, .max = CONVERSATION_METADATA_BYTES},
	{"external_id", SHAPE_NAME, SHAPE_NULLABLE, .min = 1, .max = CONVERSATION_EXTERNAL_ID_CHARACTERS},
	{"options", SHAPE_OBJECT, SHAPE_NULLABLE, .inner = &turn_options_shape},
};
static const struct shape shape = SHAPE(members);

static struct slice name_by_time(char *text, size_t text_bytes)
{
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(text, text_bytes, "%Y-%m-%d %H:%M UTC", &tm);
	return slice_str(text);
}

static void on_added(struct request *r, const struct pg_answer *answer)
{
	const PGresult *rows = answer->results[1];
	struct buf json;

	if (answer->status == PG_CONFLICT && strcmp(answer->constraint, "conversations_external") == 0) {
		request_problem(r, PROBLEM_CONFLICT, "You have a conversation with this external_id.");
		return;
	}
	if (!request_pg_ok(r, answer))
		return;
	if (PQntuples(rows) != 1) { /* made by this key, and deleted since */
		request_problem(r, PROBLEM_CONFLICT, "The conversation that this key made was deleted.");
		return;
	}
	request_header(r, "Location", "/api/v1/conversations/%s", pg_cell(rows, 0, 0).p);
	buf_init(&json, CONVERSATION_JSON_BYTES);
	conversation_write_json(&json, rows, 0);
	request_json(r, 201, &json);
	buf_finish(&json);
}

static struct slice number(uint64_t set, uint64_t bit, uint64_t value, char text[24])
{
	snprintf(text, 24, "%llu", (unsigned long long)value);
	return set & bit ? slice_str(text) : (struct slice){0};
}

static void insert(struct request *r, const struct uuid *id)
{
	char id_text[UUID_TEXT_BYTES], user[UUID_TEXT_BYTES], deadline[24], formats[24], name[32], *metadata;
	struct turn_options o;
	struct slice params[10], key[2];

	metadata = cJSON_PrintUnformatted(json_member(r->json, "metadata"));
	turn_options_read(json_member(r->json, "options"), &o);
	uuid_text(id, id_text);
	uuid_text(&r->who.user_id, user);
	key[0] = params[0] = slice_str(id_text);
	key[1] = params[1] = slice_str(user);
	params[2] = json_member_text(r->json, "name");
	if (!params[2].p)
		params[2] = name_by_time(name, sizeof name);
	params[3] = json_member_text(r->json, "description");
	params[4] = json_member_text(r->json, "external_id");
	params[5] = metadata ? slice_str(metadata) : SLICE("{}");
	params[6] = number(o.set, TURN_OPT_DEADLINE, o.deadline_ms, deadline);
	params[7] = number(o.set, TURN_OPT_FORMATS, o.formats, formats);
	params[8] = o.set & TURN_OPT_VERBATIM ? (o.verbatim ? SLICE("t") : SLICE("f")) : (struct slice){0};
	params[9] = o.set & TURN_OPT_PROFILE ? o.profile : (struct slice){0};
	request_pg(r, (struct pg_op[]){{&add_stmt, params}, {&conversation_get_stmt, key}}, 2, on_added);
	cJSON_free(metadata);
}

void conversations_post(struct request *r)
{
	struct invalid errors = {0};

	if (!r->json || shape_check(&shape, r->json, "", &errors))
		idempotency_begin(r, insert);
	else
		request_invalid(r, &errors);
}
