/* SPDX-License-Identifier: ISC
 *
 * turn_read.c - GET .../turns and .../turns/{id}.
 *
 * The list says how far the event log had got before PostgreSQL was read (as_of): who subscribes after that
 * place misses nothing, and sees at worst an event whose effect the list already shows.
 */
#include "turn_rows.h"
#include "turns_http.h"

#include "common/base/json_out.h"
#include "common/base/xalloc.h"
#include "common/store/event_log.h"

#include <stdio.h>
#include <stdlib.h>

enum { LIST_LIMIT = 50, LIST_LIMIT_MAX = 500, LIST_BYTES = 64 * 1024 * 1024 };

struct list {
	struct request *request; /* held while the event log is asked; without Redis there is no as_of */
	uint64_t seq, limit;
	bool backwards;
	bool has_place;
	struct cursor as_of;
};

static void turn_answered(struct request *r, const struct pg_answer *answer)
{
	struct buf json;

	if (!request_pg_ok(r, answer))
		return;
	if (PQntuples(answer->results[0]) != 1) {
		request_problem(r, PROBLEM_NOT_FOUND, "there is no such turn");
		return;
	}
	buf_init(&json, LIMIT_FIELD_BYTES);
	turn_row_write_json(answer->results[0], 0, &json);
	request_json(r, 200, &json);
	buf_finish(&json);
}

void turn_get(struct request *r)
{
	char ids[3][UUID_TEXT_BYTES];
	struct slice params[3];

	uuid_text(&r->params.ids[1], ids[0]);
	uuid_text(&r->who.user_id, ids[1]);
	uuid_text(&r->params.ids[0], ids[2]);
	for (size_t i = 0; i < countof(params); i++)
		params[i] = slice_str(ids[i]);
	request_pg(r, &(struct pg_op){&turn_of_stmt, params}, 1, turn_answered);
}

static void write_list(const struct list *l, const PGresult *rows, uint64_t total, struct buf *json)
{
	int n = PQntuples(rows);
	uint32_t last = 0;
	char place[CURSOR_TEXT_BYTES];

	buf_str(json, "{\"turns\":[");
	for (int i = 0; i < n; i++) {
		int row = l->backwards ? n - 1 - i : i;

		if (i)
			buf_char(json, ',');
		turn_row_write_json(rows, row, json);
		last = turn_row_seq(rows, row);
	}
	buf_char(json, ']');
	json_kv_u64(json, "total", total);
	if (n > 0 && last < total)
		json_kv_u64(json, "next_after_seq", last);
	else
		json_kv_raw(json, "next_after_seq", slice_of(NULL, 0));
	cursor_text(l->as_of, place);
	json_kv_str(json, "as_of", l->has_place ? slice_str(place) : slice_of(NULL, 0));
	buf_char(json, '}');
}

static void list_answered(struct request *r, const struct pg_answer *answer)
{
	struct list *l = r->owner;
	struct buf json;

	r->owner = NULL;
	if (!request_pg_ok(r, answer)) {
		/* answered */
	} else if (PQntuples(answer->results[0]) != 1) {
		request_problem(r, PROBLEM_NOT_FOUND, "there is no such conversation");
	} else {
		buf_init(&json, LIST_BYTES);
		write_list(l, answer->results[1], (uint64_t)pg_cell_i64(answer->results[0], 0, 0), &json);
		request_json(r, 200, &json);
		buf_finish(&json);
	}
	free(l);
}

static void list_ask(struct list *l)
{
	struct request *r = l->request;
	char conversation[UUID_TEXT_BYTES], user[UUID_TEXT_BYTES], seq[24], limit[24];
	struct slice count[2], page[4];
	struct pg_op ops[2] = {
		{&turn_count_stmt, count}, {l->backwards ? &turns_before_stmt : &turns_after_stmt, page}};

	uuid_text(&r->params.ids[0], conversation);
	uuid_text(&r->who.user_id, user);
	snprintf(seq, sizeof seq, "%llu", (unsigned long long)l->seq);
	snprintf(limit, sizeof limit, "%llu", (unsigned long long)l->limit);
	count[0] = page[0] = slice_str(conversation);
	count[1] = page[3] = slice_str(user);
	page[1] = slice_str(seq);
	page[2] = slice_str(limit);
	r->owner = l;
	request_pg(r, ops, countof(ops), list_answered);
}

static void place_read(const struct event_page *page, void *arg)
{
	struct list *l = arg;
	struct request *r = l->request;

	l->has_place = page->status == EVENTS_COMPLETE;
	l->as_of = page->last;
	list_ask(l);
	request_release(r);
}

void turns_get(struct request *r)
{
	uint64_t after = 0, before = 0, limit = 0;
	struct list *l;

	if (!request_query_u64(r, "after_seq", 0, 0, INT32_MAX, &after) ||
		!request_query_u64(r, "before_seq", 0, 0, INT32_MAX, &before) ||
		!request_query_u64(r, "limit", LIST_LIMIT, 1, LIST_LIMIT_MAX, &limit))
		return;
	if (after && before) {
		struct invalid both = {.count = 0};

		invalid_add(&both, "?before_seq", NULL, "cannot be given together with after_seq");
		request_invalid(r, &both);
		return;
	}
	l = xmalloc(sizeof *l);
	*l = (struct list){
		.request = r, .seq = before ? before : after, .limit = limit, .backwards = before != 0};
	request_hold(r);
	event_log_last(r->gw->redis, &r->params.ids[0], place_read, l);
}
