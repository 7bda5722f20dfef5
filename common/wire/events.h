/* SPDX-License-Identifier: ISC
 *
 * events.h - the names of what watchers are told (api.md), as one table, and topics and cursors.
 */
#ifndef CC_WIRE_EVENTS_H
#define CC_WIRE_EVENTS_H

#include "common/base/uuid.h"
#include "limits.h"

#define EVENT_TABLE(E) \
	E(TURN_ACCEPTED, "turn:accepted") \
	E(TURN_PROCESSING, "turn:processing") \
	E(TURN_PROCESSED, "turn:processed") \
	E(TURN_ERROR, "turn:error") \
	E(CORRECTION_APPLIED, "correction:applied") \
	E(CONFIDENCE_UPDATED, "confidence:updated") \
	E(CONTEXT_DETECTED, "context:detected") \
	E(QUEUE_POSITION, "queue:position") \
	E(CONVERSATION_UPDATED, "conversation:updated") \
	E(CONVERSATION_DELETED, "conversation:deleted") \
	E(IMPORT_PROGRESS, "import:progress") \
	E(SYSTEM_STATUS, "system:status")

#define EVENT_ENUM(UPPER, name) EVENT_##UPPER,
enum event_kind { EVENT_TABLE(EVENT_ENUM) EVENT_COUNT };
#undef EVENT_ENUM

const char *event_name(enum event_kind kind); /* static; NULL for a number that is no event */

/* Topics: "c.<conversation id>" and "g.<gateway id>", NUL-terminated. */
void topic_conversation(const struct uuid *id, char out[LIMIT_TOPIC_BYTES]);
must_check bool topic_conversation_parse(struct slice topic, struct uuid *id);

/* A cursor (event_id): an epoch, made when a conversation's log begins, and an offset that counts its events from 1.
 * Written "E-O", which is also the entry's id in its Redis stream. Offset 0 is the log's beginning. */
struct cursor {
	uint64_t epoch, offset;
};
enum { CURSOR_TEXT_BYTES = 42 };
void cursor_text(struct cursor c, char out[CURSOR_TEXT_BYTES]);
must_check bool cursor_parse(struct slice s, struct cursor *out);

#endif
