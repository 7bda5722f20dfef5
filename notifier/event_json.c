/* SPDX-License-Identifier: ISC
 *
 * event_json.c - see event_json.h.
 */
#include "event_json.h"

#include "common/base/json_out.h"
#include "common/wire/events.h"

#include <stdio.h>

bool event_json(const struct msg_result *m, struct buf *head, struct buf *tail)
{
	const char *name = m->event < EVENT_COUNT ? event_name((enum event_kind)m->event) : NULL;
	char conversation[UUID_TEXT_BYTES];

	if (!name)
		return false;
	buf_printf(head, "{\"type\":\"%s\",\"event_id\":\"", name);
	uuid_text(&m->conversation_id, conversation);
	buf_char(tail, '"');
	json_kv_str(tail, "conversation_id", slice_str(conversation));
	json_kv_time(tail, "at", m->at);
	if (m->turn.n)
		json_kv_raw(tail, "turn", m->turn);
	if (m->body.n) {
		buf_char(tail, ',');
		buf_slice(tail, m->body);
	}
	buf_char(tail, '}');
	return !head->overflow && !tail->overflow;
}

static void name_once(const struct uuid *turn_id, uint64_t revision, uint64_t event, char out[EVENT_ONCE_BYTES])
{
	char turn[UUID_TEXT_BYTES];

	uuid_text(turn_id, turn);
	snprintf(out, EVENT_ONCE_BYTES, "%s:%llu:%u", turn, (unsigned long long)revision, (unsigned)event);
}

void event_once(const struct msg_result *m, char out[EVENT_ONCE_BYTES])
{
	out[0] = '\0';
	if (m->event == EVENT_CONVERSATION_DELETED)
		snprintf(out, EVENT_ONCE_BYTES, "deleted");
	if (m->durable)
		name_once(&m->turn_id, m->revision, m->event, out);
}

void event_unless(const struct msg_result *m, char out[EVENT_ONCE_BYTES])
{
	out[0] = '\0';
	if (!m->durable && (m->event == EVENT_TURN_ACCEPTED || m->event == EVENT_QUEUE_POSITION))
		name_once(&m->turn_id, 1, EVENT_TURN_PROCESSED, out);
}
