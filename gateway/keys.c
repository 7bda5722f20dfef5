/* SPDX-License-Identifier: ISC
 *
 * keys.c - see keys.h.
 */
#include "keys.h"

#include "access.h"
#include "apikey.h"
#include "common/base/json_out.h"
#include "shape.h"

#include "key_add.sql.h"
#include "key_revoke.sql.h"
#include "keys_list.sql.h"

#include <sodium.h>
#include <stdlib.h>

static const struct pg_stmt add_stmt = {"key_add", key_add_sql, 5};
static const struct pg_stmt list_stmt = {"keys_list", keys_list_sql, 1};
static const struct pg_stmt revoke_stmt = {"key_revoke", key_revoke_sql, 2};

enum { KEYS_JSON_BYTES = 256 * 1024, COL_ID = 0, COL_NAME, COL_CREATED };

static void write_key(struct buf *out, const PGresult *rows, int row, struct slice key)
{
	buf_char(out, '{');
	json_kv_str(out, "id", pg_cell(rows, row, COL_ID));
	json_kv_str(out, "name", pg_cell(rows, row, COL_NAME));
	json_kv_time(out, "created_at", pg_cell_i64(rows, row, COL_CREATED));
	if (key.n)
		json_kv_str(out, "key", key);
	buf_char(out, '}');
}

static void on_added(struct request *r, const struct pg_answer *answer)
{
	char *key = r->owner;
	struct buf json;

	r->owner = NULL;
	if (request_pg_ok(r, answer)) {
		buf_init(&json, KEYS_JSON_BYTES);
		if (PQntuples(answer->results[0]) == 1) {
			write_key(&json, answer->results[0], 0, slice_str(key));
			request_json(r, 201, &json);
		} else {
			request_problem(r, PROBLEM_CONFLICT, "An account may have %d keys: revoke one first.", KEYS_PER_USER);
		}
		buf_finish(&json);
	}
	sodium_memzero(key, APIKEY_TEXT_BYTES);
	free(key);
}

void keys_post(struct request *r)
{
	static const struct member members[] = {{"name", SHAPE_NAME, SHAPE_NULLABLE, .max = KEY_NAME_CHARACTERS}};
	static const struct shape shape = SHAPE(members);
	struct invalid errors = {0};
	struct uuid id = uuid_v7();
	char id_text[UUID_TEXT_BYTES], user[UUID_TEXT_BYTES], hash[TOKEN_HASH_TEXT_BYTES], max[16], *key;
	struct slice params[5];

	if (r->json && !shape_check(&shape, r->json, "", &errors)) {
		request_invalid(r, &errors);
		return;
	}
	key = malloc(APIKEY_TEXT_BYTES);
	if (!key)
		abort();
	apikey_make(key);
	token_hash_text(slice_str(key), hash);
	uuid_text(&id, id_text);
	uuid_text(&r->who.user_id, user);
	snprintf(max, sizeof max, "%d", KEYS_PER_USER);
	params[0] = slice_str(id_text);
	params[1] = slice_str(hash);
	params[2] = slice_str(user);
	params[3] = json_member(r->json, "name") ? json_member_text(r->json, "name") : SLICE("");
	params[4] = slice_str(max);
	r->owner = key;
	request_pg(r, &(struct pg_op){&add_stmt, params}, 1, on_added);
}

static void on_listed(struct request *r, const struct pg_answer *answer)
{
	struct buf json;

	if (!request_pg_ok(r, answer))
		return;
	buf_init(&json, KEYS_JSON_BYTES);
	buf_str(&json, "{\"keys\":[");
	for (int i = 0; i < PQntuples(answer->results[0]); i++) {
		if (i)
			buf_char(&json, ',');
		write_key(&json, answer->results[0], i, (struct slice){0});
	}
	buf_str(&json, "]}");
	request_json(r, 200, &json);
	buf_finish(&json);
}

void keys_get(struct request *r)
{
	char user[UUID_TEXT_BYTES];
	struct slice params[1];

	uuid_text(&r->who.user_id, user);
	params[0] = slice_str(user);
	request_pg(r, &(struct pg_op){&list_stmt, params}, 1, on_listed);
}

static void on_revoked(struct request *r, const struct pg_answer *answer)
{
	if (!request_pg_ok(r, answer))
		return;
	access_forget(r->gw->access, &r->params.ids[0]);
	if (PQntuples(answer->results[0]) == 1)
		request_answer(r, 204, NULL, (struct slice){0});
	else
		request_problem(r, PROBLEM_NOT_FOUND, "You have no such key.");
}

void key_delete(struct request *r)
{
	char id[UUID_TEXT_BYTES], user[UUID_TEXT_BYTES];
	struct slice params[2];

	uuid_text(&r->params.ids[0], id);
	uuid_text(&r->who.user_id, user);
	params[0] = slice_str(id);
	params[1] = slice_str(user);
	request_pg(r, &(struct pg_op){&revoke_stmt, params}, 1, on_revoked);
}
