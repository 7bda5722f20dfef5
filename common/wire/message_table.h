/* SPDX-License-Identifier: ISC
 *
 * message_table.h - what crosses processes, declared once. message.c turns the rows into codecs, message.h into structs.
 *
 * A row is F(type, name). Types: ID a struct uuid (16 bytes), U64 and I64 (8 bytes, little-endian), STR a struct slice
 * (borrowed; at most LIMIT_FIELD_BYTES). Fields are encoded in this order, one frame each. A change of a message's rows
 * raises its version. Times are wall-clock microseconds unless named _ns.
 */
#ifndef CC_WIRE_MESSAGE_TABLE_H
#define CC_WIRE_MESSAGE_TABLE_H

/* gateway -> decider: accept this turn. Sent again with the same turn_id until a verdict comes. opt_set says which of
 * the options the turn itself gave (TURN_OPT_*); the conversation's stand for the others. */
#define MSG_TURN_FIELDS(F) \
	F(ID, turn_id) F(ID, conversation_id) F(ID, user_id) F(STR, gateway) F(STR, speaker) F(U64, bypass) \
	F(STR, raw_text) F(U64, forced_level) F(STR, shared_context) F(U64, priority) F(I64, started_at) \
	F(I64, ended_at) F(STR, words) F(U64, opt_set) F(U64, deadline_ms) F(U64, verbatim) F(U64, formats) \
	F(STR, profile) F(I64, received_at) F(STR, traceparent)

/* gateway -> decider: this conversation was resumed; queue what waits. Lost ones are made good by the sweep. */
#define MSG_KICK_FIELDS(F) F(ID, conversation_id)

/* decider -> gateway: what became of a turn. turn is its JSON object when outcome is DONE or QUEUED. */
#define MSG_VERDICT_FIELDS(F) \
	F(ID, turn_id) F(U64, outcome) F(STR, turn) F(U64, queue_position) F(U64, estimated_wait_ms) \
	F(U64, decide_ns) F(U64, commit_ns) F(U64, existed)

/* decider, cleaner, gateway -> notifier: something happened in a conversation. turn and body are JSON: turn an object or
 * empty, body further members without braces, or empty. gateway is the topic of the one whose request waits, or empty.
 * durable: an outbox row (turn_id, revision) stands until this event is in the log. */
#define MSG_RESULT_FIELDS(F) \
	F(ID, conversation_id) F(ID, turn_id) F(U64, revision) F(U64, event) F(STR, gateway) F(I64, at) F(STR, turn) \
	F(STR, body) F(U64, durable)

/* notifier -> gateways, under topic c.<conversation> or g.<gateway>: an event with its id. json is the whole event as
 * clients see it; turn is the bare turn object, sent only under g. topics. */
#define MSG_EVENT_FIELDS(F) \
	F(ID, conversation_id) F(ID, turn_id) F(U64, revision) F(U64, event) F(STR, event_id) F(STR, json) F(STR, turn)

/* notifier -> gateways, under the topic just subscribed: you are heard; the log stands at event_id. */
#define MSG_SUBSCRIBED_FIELDS(F) F(STR, event_id)

/* all -> monitor: samples is a row of (metric u16, value u64), little-endian, value in 1e-6 of the metric's unit (of a
 * millisecond: nanoseconds; of a MB: bytes). dropped: samples lost before these. turn_id is zero but for a slow one. */
#define MSG_TIMINGS_FIELDS(F) F(STR, source) F(ID, turn_id) F(U64, dropped) F(STR, samples)

/* monitor -> all: the modes that are on, by name, space-separated; and an operator's words on modes (modes.h), already in
 * force. Sent again to each new subscriber. */
#define MSG_CONTROL_FIELDS(F) F(STR, modes) F(STR, overrides)

/* gateway -> monitor, topic m: an operator's word on a mode, until a time; a time that is over takes it back. Sent again
 * until the control message shows it. */
#define MSG_MODE_FIELDS(F) F(STR, mode) F(U64, on) F(I64, until_at)

/* any -> monitor, topic a: the row of alerts.h holds, for what `about` names (a day); value and target in 1e-6 of the unit.
 * Sent again while it holds, told once. */
#define MSG_NOTICE_FIELDS(F) F(STR, source) F(U64, alert) F(STR, about) F(U64, value) F(U64, target) F(STR, unit)

/* monitor -> anyone, under topic slow, alert or snapshot: one JSON object. */
#define MSG_ALERT_FIELDS(F) F(STR, json)

/* Not sent but stored, in Redis: a turn that waits for a cleaner. */
#define MSG_JOB_FIELDS(F) \
	F(ID, turn_id) F(ID, conversation_id) F(ID, user_id) F(U64, seq) F(STR, gateway) F(STR, speaker) \
	F(STR, raw_text) F(U64, level) F(U64, forced) F(STR, reason) F(STR, shared_context) F(U64, priority) \
	F(STR, words) F(U64, deadline_ms) F(U64, verbatim) F(U64, formats) F(STR, profile) F(I64, received_at) \
	F(I64, created_at) F(I64, started_at) F(I64, ended_at) F(STR, traceparent)

/* Not sent but stored, in Redis: one turn of a conversation's window. doubtful: words of it, one a line. */
#define MSG_WINDOW_FIELDS(F) F(U64, seq) F(U64, agent) F(STR, speaker) F(STR, text) F(STR, doubtful)

/* Every message: M(NAME, name, version, fields). The number of a row is its kind on the wire: append, never reorder. */
#define MESSAGE_TABLE(M) \
	M(TURN, turn, 1, MSG_TURN_FIELDS) \
	M(KICK, kick, 1, MSG_KICK_FIELDS) \
	M(VERDICT, verdict, 1, MSG_VERDICT_FIELDS) \
	M(RESULT, result, 1, MSG_RESULT_FIELDS) \
	M(EVENT, event, 1, MSG_EVENT_FIELDS) \
	M(SUBSCRIBED, subscribed, 1, MSG_SUBSCRIBED_FIELDS) \
	M(TIMINGS, timings, 1, MSG_TIMINGS_FIELDS) \
	M(CONTROL, control, 2, MSG_CONTROL_FIELDS) \
	M(ALERT, alert, 1, MSG_ALERT_FIELDS) \
	M(JOB, job, 1, MSG_JOB_FIELDS) \
	M(WINDOW, window, 2, MSG_WINDOW_FIELDS) \
	M(MODE, mode, 1, MSG_MODE_FIELDS) \
	M(NOTICE, notice, 1, MSG_NOTICE_FIELDS)

#endif
