/* SPDX-License-Identifier: ISC
 *
 * announce.c - what watchers, and the request that waits, are told of a turn: events to the conversation's
 * notifier.
 *
 * Only turn:processed is durable: its outbox row stands until the notifier has it. What a full or absent
 * notifier misses of the others is lost, and said again by what follows.
 */
#include "cleaner.h"

#include "common/base/clock.h"
#include "common/base/json_out.h"
#include "common/base/log.h"
#include "common/wire/events.h"
#include "common/wire/turn.h"

static void send_of(struct lease *l, const struct uuid *turn, struct msg_result *m)
{
	struct link *results = l->cleaner->results;

	m->conversation_id = l->conversation;
	m->turn_id = *turn;
	m->at = clock_wall_us();
	if (!link_send_lane(results, uuid_hash(&l->conversation) % link_lanes(results), MSG_RESULT, m))
		log_debug("result.undelivered", "event=%s", event_name((enum event_kind)m->event));
}

static void send(struct lease *l, struct msg_result *m)
{
	send_of(l, &l->turn, m);
}

/* "turn_id":..,"seq":.. without braces, in the scratch buffer. */
static struct buf *body_of_turn(struct lease *l)
{
	struct buf *json = &l->cleaner->json;
	char id[UUID_TEXT_BYTES];

	buf_reset(json);
	uuid_text(&l->turn, id);
	buf_str(json, "\"turn_id\":");
	json_str(json, slice_str(id));
	json_kv_u64(json, "seq", l->job.seq);
	return json;
}

void announce_processing(struct lease *l)
{
	struct msg_result m = {.event = EVENT_TURN_PROCESSING};
	struct buf *json = body_of_turn(l);

	json_kv_str(json, "cleaning_level", slice_str(clean_level_name((enum clean_level)l->job.level)));
	m.body = buf_view(json);
	send(l, &m);
}

static void announce_error(struct lease *l)
{
	struct msg_result m = {.event = EVENT_TURN_ERROR};
	struct buf *json = body_of_turn(l);

	json_key(json, "problem");
	buf_char(json, '{');
	json_kv_str(json, "type", SLICE("/problems/internal"));
	json_kv_str(json, "title", SLICE("The turn could not be cleaned"));
	json_kv_u64(json, "status", 500);
	json_kv_str(json, "detail", SLICE("Its raw text stands."));
	buf_char(json, '}');
	m.body = buf_view(json);
	send(l, &m);
}

void announce_again(
	struct lease *l, uint64_t revision, struct slice state, struct slice text, struct slice metadata)
{
	struct msg_result m = {
		.event = EVENT_TURN_PROCESSED, .revision = revision, .gateway = l->job.gateway, .durable = 1};
	struct buf *json = &l->cleaner->json;

	buf_reset(json);
	turn_write_json(json, &(struct turn){.turn_id = l->turn,
				      .conversation_id = l->conversation,
				      .seq = (uint32_t)l->job.seq,
				      .speaker = l->job.speaker,
				      .raw_text = l->job.raw_text,
				      .cleaned_text = text,
				      .state = state,
				      .revision = (uint32_t)revision,
				      .created_at = l->job.created_at,
				      .started_at = l->job.started_at,
				      .ended_at = l->job.ended_at,
				      .metadata = metadata});
	m.turn = buf_view(json);
	send(l, &m);
}

void announce_finished(struct lease *l, uint64_t revision)
{
	const struct cleaned *c = &l->cleaned;
	struct buf metadata;

	buf_init(&metadata, LIMIT_TURN_JSON_BYTES);
	cleaned_metadata(c, l->processing_ns, &metadata);
	announce_again(l, revision, c->failed ? SLICE("failed") : SLICE("done"), buf_view(&c->text),
		buf_view(&metadata));
	buf_finish(&metadata);
	if (c->failed)
		announce_error(l);
}

void announce_revised(struct lease *l, const struct uuid *turn, uint64_t revision, struct slice turn_json)
{
	send_of(l, turn,
		&(struct msg_result){.event = EVENT_TURN_PROCESSED, .revision = revision, .durable = 1, .turn = turn_json});
}

void announce_applied(
	struct lease *l, const struct uuid *turn, uint64_t revision, struct slice correction_json)
{
	struct msg_result m = {.event = EVENT_CORRECTION_APPLIED, .revision = revision};
	struct buf *json = &l->cleaner->json;
	char id[UUID_TEXT_BYTES];

	buf_reset(json);
	uuid_text(turn, id);
	buf_str(json, "\"turn_id\":");
	json_str(json, slice_str(id));
	json_kv_u64(json, "revision", revision);
	json_kv_raw(json, "correction", correction_json);
	json_kv_raw(json, "verdict", SLICE("null"));
	m.body = buf_view(json);
	send_of(l, turn, &m);
}

void announce_confidence(struct lease *l, struct slice distribution_json)
{
	struct msg_result m = {.event = EVENT_CONFIDENCE_UPDATED};
	struct buf *json = &l->cleaner->json;

	buf_reset(json);
	json_kv_raw(json, "confidence_distribution", distribution_json);
	m.body = buf_view(json);
	send(l, &m);
}

void announce_contexts(struct lease *l, struct slice from_json, struct slice to_json, struct slice reason)
{
	struct msg_result m = {.event = EVENT_CONTEXT_DETECTED};
	struct buf *json = body_of_turn(l);

	json_kv_raw(json, "previous_contexts", from_json);
	json_kv_raw(json, "new_contexts", to_json);
	json_kv_str(json, "reason", reason);
	m.body = buf_view(json);
	send(l, &m);
}
