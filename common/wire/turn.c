/* SPDX-License-Identifier: ISC
 *
 * turn.c - see turn.h. The order of members is api.md's.
 */
#include "turn.h"

#include "common/base/json_out.h"

static void kv_uuid(struct buf *out, const char *key, const struct uuid *id)
{
	char text[UUID_TEXT_BYTES];

	uuid_text(id, text);
	json_kv_str(out, key, slice_str(text));
}

void turn_write_json(struct buf *out, const struct turn *turn)
{
	buf_char(out, '{');
	kv_uuid(out, "turn_id", &turn->turn_id);
	kv_uuid(out, "conversation_id", &turn->conversation_id);
	json_kv_u64(out, "seq", turn->seq);
	json_kv_str(out, "speaker", turn->speaker);
	json_kv_str(out, "raw_text", turn->raw_text);
	json_kv_str(out, "cleaned_text", turn->cleaned_text);
	json_kv_str(out, "state", turn->state);
	json_kv_u64(out, "revision", turn->revision);
	json_kv_time(out, "created_at", turn->created_at);
	if (turn->started_at)
		json_kv_time(out, "started_at", turn->started_at);
	if (turn->ended_at)
		json_kv_time(out, "ended_at", turn->ended_at);
	json_kv_raw(out, "metadata", turn->metadata);
	buf_char(out, '}');
}

void turn_metadata_write(struct buf *out, const struct turn_metadata *m)
{
	buf_char(out, '{');
	json_kv_str(out, "confidence_score", m->confidence);
	json_kv_bool(out, "cleaning_applied", m->applied);
	json_kv_str(out, "cleaning_level", m->level);
	json_kv_str(out, "level_reason", m->reason);
	json_kv_ms(out, "processing_time_ms", m->processing_ns);
	json_kv_str(out, "context_detected", m->context_count ? slice_str(m->contexts[0]) : slice_of(NULL, 0));
	json_key(out, "contexts");
	buf_char(out, '[');
	for (size_t i = 0; i < m->context_count; i++) {
		if (i)
			buf_char(out, ',');
		json_str(out, slice_str(m->contexts[i]));
	}
	buf_char(out, ']');
	json_kv_str(out, "ai_model_used", m->model);
	if (m->prompt.p)
		json_kv_str(out, "prompt", m->prompt);
	json_kv_str(out, "fallback", m->fallback);
	if (m->fallback_cause.p)
		json_kv_str(out, "fallback_cause", m->fallback_cause);
	if (m->crashes || m->retries) {
		json_kv_u64(out, "crashes", m->crashes);
		json_kv_u64(out, "retries", m->retries);
	}
	if (m->source.p)
		json_kv_str(out, "source", m->source);
	json_kv_raw(out, "timings", m->timings.n ? m->timings : SLICE("{}"));
	json_kv_raw(out, "corrections", m->corrections.n ? m->corrections : SLICE("[]"));
	json_kv_raw(out, "doubtful", m->doubtful.n ? m->doubtful : SLICE("[]"));
	buf_char(out, '}');
}
