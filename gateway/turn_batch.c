/* SPDX-License-Identifier: ISC
 *
 * turn_batch.c - POST /conversations/{id}/turns:batch: up to 100 turns, each with a result of its own, in
 * order.
 *
 * A turn is sent once the one before it is committed (or refused), so that they are numbered in the batch's
 * order whatever the number of deciders; cleaning is not waited for in between. One that is invalid stops no
 * other. The request is held until the last one ended; one wait bounds them all.
 */
#include "turns_http.h"

#include "common/base/clock.h"
#include "common/base/json_out.h"
#include "common/base/xalloc.h"

#include <stdio.h>
#include <stdlib.h>

enum { BATCH_ANSWER_BYTES = 48 * 1024 * 1024 }; /* a hundred turns of the worst kind are less */

struct batch;
struct item {
	struct batch *batch;
	struct uuid turn_id;
	bool bypass;
	struct buf result; /* {"status":..,"turn":..} */
};

struct batch {
	struct request *request; /* held */
	const cJSON *turns;
	size_t count, next, open; /* items; the one to send next; sent and not ended */
	bool async;
	uint64_t ends_ns;
	struct item item[];
};

static void batch_advance(struct batch *b);

static void write_result(struct item *it, int status, const char *member, struct slice json)
{
	buf_char(&it->result, '{');
	json_kv_u64(&it->result, "status", (uint64_t)status);
	json_kv_raw(&it->result, member, json);
	buf_char(&it->result, '}');
}

static void write_problem(
	struct item *it, enum problem problem, const char *detail, const struct invalid *errors)
{
	const struct request *r = it->batch->request;
	struct buf json;

	buf_init(&json, LIMIT_BODY_BYTES);
	problem_write_json(&json, problem, slice_str(detail), r->path, slice_str(r->id), errors);
	write_result(it, problems[problem].status, "problem", buf_view(&json));
	buf_finish(&json);
}

static void item_ended(const struct turn_answer *answer, void *arg)
{
	struct item *it = arg;
	int status = turn_outcome_status(answer->outcome);
	struct batch *b = it->batch;

	if (status) {
		struct buf turn;

		buf_init(&turn, LIMIT_FIELD_BYTES);
		turn_answer_write(answer, &turn);
		turn_answer_measure(answer, &it->turn_id, it->bypass);
		write_result(it, status, "turn", buf_view(&turn));
		buf_finish(&turn);
	} else {
		const char *detail;
		enum problem problem = turn_answer_problem(answer, &detail);

		write_problem(it, problem, detail, NULL);
	}
	b->open--;
	if ((size_t)(it - b->item) + 1 == b->next || b->open == 0)
		batch_advance(b);
}

static void item_accepted(const struct turn_answer *answer, void *arg)
{
	struct item *it = arg;

	if ((size_t)(it - it->batch->item) + 1 == it->batch->next)
		batch_advance(it->batch);
}

/* Sends the item; false when it is invalid, and has its result. */
static bool item_send(struct item *it, const cJSON *json, size_t index)
{
	struct batch *b = it->batch;
	struct request *r = b->request;
	struct invalid errors = {.count = 0};
	struct turn_body body;
	char pointer[INVALID_POINTER_BYTES];
	uint64_t now = clock_mono_ns();
	bool good;

	snprintf(pointer, sizeof pointer, "/turns/%zu", index);
	good = turn_body_read(json, pointer, turns_speakers(r->gw->turns), &body, &errors);
	if (good) {
		it->turn_id = uuid_v7();
		it->bypass = body.bypass;
		b->open++;
		turns_submit(r->gw->turns,
			&(struct turn_ask){.turn_id = it->turn_id,
				.conversation_id = r->params.ids[0],
				.user_id = r->who.user_id,
				.body = &body,
				.traceparent = r->headers.traceparent,
				.received_at = r->received_at,
				.received_ns = r->received_ns,
				.wait_ms = b->ends_ns > now ? (b->ends_ns - now) / NS_PER_MS : 0,
				.until_accepted = b->async,
				.accepted = item_accepted},
			item_ended, it);
	} else {
		write_problem(it, PROBLEM_INVALID, "the turn is not what this route takes", &errors);
	}
	turn_body_finish(&body);
	return good;
}

static void batch_answer(struct batch *b)
{
	struct request *r = b->request;
	struct buf json;

	buf_init(&json, BATCH_ANSWER_BYTES);
	buf_str(&json, "{\"results\":[");
	for (size_t i = 0; i < b->count; i++) {
		buf_str(&json, i ? "," : "");
		buf_slice(&json, buf_view(&b->item[i].result));
		buf_finish(&b->item[i].result);
	}
	buf_str(&json, "]}");
	request_json(r, 200, &json);
	buf_finish(&json);
	request_release(r);
	free(b);
}

/* Sends on until one is to be waited for; answers when none is left. */
static void batch_advance(struct batch *b)
{
	while (b->next < b->count) {
		size_t i = b->next++;
		const cJSON *json = b->turns;

		b->turns = json->next;
		if (item_send(&b->item[i], json, i))
			return;
	}
	if (b->open == 0)
		batch_answer(b);
}

static bool batch_shape(struct request *r, const cJSON **turns)
{
	struct invalid errors = {.count = 0};
	const cJSON *member, *list = cJSON_GetObjectItemCaseSensitive(r->json, "turns");
	int n = cJSON_IsArray(list) ? cJSON_GetArraySize(list) : 0;

	cJSON_ArrayForEach(member, r->json)
	{
		if (member != list)
			invalid_add(&errors, "", member->string, "is not known here");
	}
	if (!cJSON_IsArray(list))
		invalid_add(&errors, "", "turns", list ? "must be an array" : "is missing");
	else if (n < 1 || n > LIMIT_BATCH_TURNS)
		invalid_add(&errors, "", "turns", "must have 1 to %d items; it has %d", LIMIT_BATCH_TURNS, n);
	if (errors.count == 0) {
		*turns = list;
		return true;
	}
	request_invalid(r, &errors);
	return false;
}

void turns_batch(struct request *r)
{
	uint64_t wait_ms = TURNS_WAIT_MS;
	const cJSON *turns;
	struct batch *b;
	size_t n;

	if (!batch_shape(r, &turns))
		return;
	n = (size_t)cJSON_GetArraySize(turns);
	b = xcalloc(1, sizeof *b + n * sizeof b->item[0]);
	b->request = r;
	b->turns = turns->child;
	b->count = n;
	request_prefer(r, &b->async, &wait_ms);
	b->ends_ns = clock_mono_ns() + wait_ms * NS_PER_MS;
	for (size_t i = 0; i < n; i++) {
		b->item[i].batch = b;
		buf_init(&b->item[i].result, LIMIT_FIELD_BYTES);
	}
	request_hold(r);
	batch_advance(b);
}
