/* SPDX-License-Identifier: ISC
 *
 * message.h - the structs and codecs of message_table.h.
 *
 * On a socket a message is a kind-and-version frame (2 bytes) and one frame a field; in a store it is the same frames in
 * one blob, each after its length (u32, little-endian). Decoders borrow: slices point into the frames or the blob. A
 * message with a wrong count, width or version, or bytes left over, is refused, never asserted on.
 */
#ifndef CC_WIRE_MESSAGE_H
#define CC_WIRE_MESSAGE_H

#include "common/base/buf.h"
#include "common/base/uuid.h"
#include "message_table.h"

#define MSG_C_ID struct uuid
#define MSG_C_U64 uint64_t
#define MSG_C_I64 int64_t
#define MSG_C_STR struct slice
#define MSG_MEMBER(type, name) MSG_C_##type name;
#define MSG_STRUCT(UPPER, lower, version, FIELDS) \
	struct msg_##lower { \
		FIELDS(MSG_MEMBER) \
	};
MESSAGE_TABLE(MSG_STRUCT)
#undef MSG_STRUCT

#define MSG_KIND(UPPER, lower, version, FIELDS) MSG_##UPPER,
enum msg_kind { MESSAGE_TABLE(MSG_KIND) MSG_KIND_COUNT };
#undef MSG_KIND

/* Any message: what a generic receiver decodes into. */
#define MSG_UNION(UPPER, lower, version, FIELDS) struct msg_##lower lower;
union msg_any {
	MESSAGE_TABLE(MSG_UNION)
};
#undef MSG_UNION

enum { TURN_OPT_DEADLINE = 1, TURN_OPT_FORMATS = 2, TURN_OPT_VERBATIM = 4, TURN_OPT_PROFILE = 8 }; /* msg_turn.opt_set */
enum { FORCED_NOT = 0 }; /* msg_turn.forced_level: 0 for not forced, else 1 + enum clean_level */

/* msg_verdict.outcome */
enum turn_outcome {
	TURN_DONE,           /* 201: final, committed */
	TURN_QUEUED,         /* accepted, committed, waits for a cleaner */
	TURN_PAUSED,         /* accepted, committed, waits for resume */
	TURN_NO_CONVERSATION, /* 404: none of this user's with that id */
	TURN_COMPLETED,      /* 409: the conversation is completed */
	TURN_UNAVAILABLE,    /* 503: not committed, nothing stored */
	TURN_OUTCOME_COUNT
};

const char *msg_name(enum msg_kind kind);
size_t msg_frame_count(enum msg_kind kind); /* with the kind frame */

/* Calls put for the kind frame and each field's bytes, in order. fields is the struct of that kind. */
void msg_encode(enum msg_kind kind, const void *fields, void (*put)(void *arg, struct slice frame), void *arg);

/* Reads frames[0..count) into *out, borrowing. False on any mismatch. */
must_check bool msg_decode(const struct slice *frames, size_t count, enum msg_kind *kind, union msg_any *out);

/* The blob form. msg_unpack fails unless the blob is exactly one message of that kind. */
void msg_pack(enum msg_kind kind, const void *fields, struct buf *out);
must_check bool msg_unpack(enum msg_kind kind, struct slice blob, void *fields);

enum { MSG_FRAMES_MAX = 24 }; /* kind frame and fields of the longest row, and a margin; a test holds it */

#endif
