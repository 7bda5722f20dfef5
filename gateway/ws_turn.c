/* SPDX-License-Identifier: ISC
 *
 * ws_turn.c - "turn" and "clean" on a socket.
 *
 * A turn is acknowledged once it is committed ({"type":"ack","status":201 or 202,"turn":{..}}); what becomes
 * of it later comes as events. An idempotency_key works as over HTTP, and covers the turn's own members, not
 * the request's id. A newer "clean" of an utterance takes the place of an older one that still waits, which
 * is acknowledged as replaced.
 */
#include "clean.h"
#include "common/base/json_out.h"
#include "common/base/xalloc.h"
#include "idempotency.h"
#include "turns_http.h"
#include "ws_socket.h"

#include <stdlib.h>

static const char route[] = "ws turn"; /* the idempotency key's scope */

static void invalid(struct ws *ws, int64_t id, const struct invalid *errors)
{
	ws_error(ws, id, PROBLEM_INVALID, "The message is not what this command takes.", errors);
}

/* --- turns --- */

static void acknowledge(struct ws_op *op, int status, struct slice turn, bool replayed)
{
	struct buf out;

	if (!op->ws || op->answered)
		return;
	op->answered = true;
	ws_message_begin(&out, "ack", op->id);
	json_kv_u64(&out, "status", (uint64_t)status);
	json_kv_raw(&out, "turn", turn);
	if (replayed)
		json_kv_bool(&out, "replayed", true);
	ws_message_send(op->ws, &out);
	ws_op_detach(op);
}

static void store(struct ws_op *op, struct gateway *gw, int status, struct slice body)
{
	if (!op->key_at_work)
		return;
	op->key_at_work = false;
	if (status)
		idempotency_store(gw->idempotency, &op->user, route, op->key, status, body);
	else
		idempotency_abandon(gw->idempotency, &op->user, route, op->key);
}

struct sending { /* a turn's op and what outlives its socket */
	struct ws_op *op;
	struct gateway *gw;
};

static void tell(struct sending *s, const struct turn_answer *answer)
{
	int status = turn_outcome_status(answer->outcome);
	struct buf json;

	buf_init(&json, LIMIT_FIELD_BYTES);
	turn_answer_write(answer, &json);
	acknowledge(s->op, status, buf_view(&json), false);
	store(s->op, s->gw, status, buf_view(&json));
	buf_finish(&json);
}

static void on_accepted(const struct turn_answer *answer, void *arg)
{
	tell(arg, answer);
}

static void on_ended(const struct turn_answer *answer, void *arg)
{
	struct sending *s = arg;
	const char *detail;

	if (turn_outcome_status(answer->outcome)) {
		tell(s, answer);
		turn_answer_measure(answer, &s->op->object, s->op->turn->bypass);
	} else {
		enum problem problem = turn_answer_problem(answer, &detail);

		if (s->op->ws && !s->op->answered)
			ws_error(s->op->ws, s->op->id, problem, detail, NULL);
		store(s->op, s->gw, 0, slice_of(NULL, 0));
	}
	ws_op_destroy(&s->op);
	free(s);
}

static void submit(struct ws_op *op, struct gateway *gw, const struct uuid *turn_id)
{
	struct sending *s = xmalloc(sizeof *s);
	struct turn_ask ask = {.turn_id = *turn_id,
		.conversation_id = op->conversation,
		.user_id = op->user,
		.body = op->turn,
		.traceparent = slice_str(op->ws ? op->ws->traceparent : ""),
		.received_at = op->received_at,
		.received_ns = op->received_ns,
		.wait_ms = TURNS_WAIT_MS,
		.accepted = on_accepted};

	*s = (struct sending){op, gw};
	op->object = *turn_id;
	turns_submit(gw->turns, &ask, on_ended, s);
}

static void on_reserved(const struct idempotency_result *result, void *arg)
{
	struct sending *s = arg;
	struct ws_op *op = s->op;
	struct gateway *gw = s->gw;

	free(s);
	switch (result->outcome) {
	case IDEMPOTENCY_FRESH:
		op->key_at_work = true;
		submit(op, gw, &result->object_id);
		return;
	case IDEMPOTENCY_REPLAY:
		acknowledge(op, result->status, result->body, true);
		break;
	case IDEMPOTENCY_OTHER_BODY:
		if (op->ws)
			ws_error(op->ws, op->id, PROBLEM_KEY_REUSED,
				"The idempotency_key was used for another turn.", NULL);
		break;
	case IDEMPOTENCY_UNAVAILABLE:
		if (op->ws)
			ws_error(op->ws, op->id, PROBLEM_UNAVAILABLE, "The turn could not be stored in time.",
				NULL);
		break;
	}
	ws_op_destroy(&op);
}

static void reserve(struct ws_op *op)
{
	struct sending *s = xmalloc(sizeof *s);
	struct gateway *gw = op->ws->gw;
	char conversation[UUID_TEXT_BYTES], *body = cJSON_PrintUnformatted(op->json);

	*s = (struct sending){op, gw};
	uuid_text(&op->conversation, conversation);
	idempotency_reserve(gw->idempotency, &op->user, route, op->key, slice_str(conversation),
		slice_str(body), on_reserved, s);
	free(body);
}

/* Takes a member out of the object and gives its text (which keep holds on to); the wrong type is an error.
 */
static struct slice take_text(cJSON *json, const char *name, cJSON *keep, struct invalid *errors)
{
	cJSON *m = cJSON_DetachItemFromObjectCaseSensitive(json, name);
	struct slice text = slice_str(cJSON_GetStringValue(m));

	if (m && !text.p)
		invalid_add(errors, "", name, "must be a string");
	cJSON_AddItemToArray(keep, m);
	return text;
}

static bool read_turn(struct ws_op *op, cJSON *keep, struct invalid *errors)
{
	struct slice conversation = take_text(op->json, "conversation_id", keep, errors);

	op->key = take_text(op->json, "idempotency_key", keep, errors);
	cJSON_DeleteItemFromObjectCaseSensitive(op->json, "type");
	cJSON_DeleteItemFromObjectCaseSensitive(op->json, "id");
	if (!conversation.p)
		invalid_add(errors, "", "conversation_id", "is missing");
	else if (!uuid_parse(conversation, &op->conversation))
		invalid_add(errors, "", "conversation_id", "must be a UUID");
	if (op->key.p && !idempotency_key_ok(op->key))
		invalid_add(errors, "", "idempotency_key", "must be 1 to 255 visible ASCII characters");
	op->turn = xcalloc(1, sizeof *op->turn);
	(void)turn_body_read(op->json, "", turns_speakers(op->ws->gw->turns), op->turn, errors);
	return errors->count == 0;
}

void ws_turn(struct ws *ws, int64_t id, cJSON *json)
{
	struct ws_op *op = ws_op_create(ws, id);
	struct invalid errors = {.count = 0};
	struct uuid turn_id;

	op->json = json;
	op->kept = cJSON_CreateArray();
	if (!read_turn(op, op->kept, &errors)) {
		invalid(ws, id, &errors);
		ws_op_destroy(&op);
	} else if (op->key.p) {
		reserve(op);
	} else {
		turn_id = uuid_v7();
		submit(op, ws->gw, &turn_id);
	}
}

/* --- clean --- */

static void write_clean(struct ws_op *op, struct buf *out)
{
	ws_message_begin(out, "ack", op->id);
	if (op->utterance.p)
		json_kv_str(out, "utterance_id", op->utterance);
}

static void cleaned(const struct clean_answer *answer, void *arg)
{
	struct ws_op *op = arg;
	struct buf out;

	if (op->ws && !op->answered) {
		if (answer->problem != PROBLEM_COUNT) {
			ws_error(op->ws, op->id, answer->problem, answer->detail, NULL);
		} else {
			write_clean(op, &out);
			buf_char(&out, ',');
			buf_slice(&out, answer->members);
			ws_message_send(op->ws, &out);
		}
	}
	ws_op_destroy(&op);
}

/* Older cleanings of the same utterance are not waited for any more. */
static void replace_older(struct ws_op *newest)
{
	struct buf out;

	for (struct ws_op *op = newest->next; op; op = op->next) {
		if (op->answered || !op->utterance.p || !slice_eq(op->utterance, newest->utterance))
			continue;
		op->answered = true;
		write_clean(op, &out);
		json_kv_bool(&out, "replaced", true);
		ws_message_send(op->ws, &out);
	}
}

void ws_clean(struct ws *ws, int64_t id, cJSON *json)
{
	struct ws_op *op = ws_op_create(ws, id);
	struct invalid errors = {.count = 0};
	struct clean_body body;

	op->json = json;
	cJSON_DeleteItemFromObjectCaseSensitive(json, "type");
	cJSON_DeleteItemFromObjectCaseSensitive(json, "id");
	if (!clean_body_read(json, turns_speakers(ws->gw->turns), &body, &errors)) {
		invalid(ws, id, &errors);
		ws_op_destroy(&op);
		return;
	}
	op->utterance = body.utterance_id;
	if (op->utterance.p)
		replace_older(op);
	clean_start(ws->gw, &ws->who.user_id, &body, op->received_ns, cleaned, op);
}
