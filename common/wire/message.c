/* SPDX-License-Identifier: ISC
 *
 * message.c - one codec for every message: it walks the rows of message_table.h.
 *
 * Two forms share it: frames of a ZeroMQ message, and the same frames with lengths in one blob. Nothing is copied on the
 * way in; numbers are copied on the way out through a small buffer on the stack.
 */
#include "message.h"

#include "common/base/attr.h"
#include "limits.h"

#include <stdint.h>

enum field_type { FIELD_ID, FIELD_U64, FIELD_I64, FIELD_STR };

struct field {
	uint8_t type;    /* enum field_type */
	uint16_t offset; /* in the message's struct */
};

struct row {
	const char *name;
	uint8_t version;
	const struct field *fields;
	size_t count;
};

#define FIELD_ROW(type, name) {FIELD_##type, offsetof(struct THIS, name)},

#define THIS msg_turn
static const struct field turn_fields[] = {MSG_TURN_FIELDS(FIELD_ROW)};
#undef THIS
#define THIS msg_kick
static const struct field kick_fields[] = {MSG_KICK_FIELDS(FIELD_ROW)};
#undef THIS
#define THIS msg_verdict
static const struct field verdict_fields[] = {MSG_VERDICT_FIELDS(FIELD_ROW)};
#undef THIS
#define THIS msg_result
static const struct field result_fields[] = {MSG_RESULT_FIELDS(FIELD_ROW)};
#undef THIS
#define THIS msg_event
static const struct field event_fields[] = {MSG_EVENT_FIELDS(FIELD_ROW)};
#undef THIS
#define THIS msg_subscribed
static const struct field subscribed_fields[] = {MSG_SUBSCRIBED_FIELDS(FIELD_ROW)};
#undef THIS
#define THIS msg_timings
static const struct field timings_fields[] = {MSG_TIMINGS_FIELDS(FIELD_ROW)};
#undef THIS
#define THIS msg_control
static const struct field control_fields[] = {MSG_CONTROL_FIELDS(FIELD_ROW)};
#undef THIS
#define THIS msg_alert
static const struct field alert_fields[] = {MSG_ALERT_FIELDS(FIELD_ROW)};
#undef THIS
#define THIS msg_job
static const struct field job_fields[] = {MSG_JOB_FIELDS(FIELD_ROW)};
#undef THIS
#define THIS msg_window
static const struct field window_fields[] = {MSG_WINDOW_FIELDS(FIELD_ROW)};
#undef THIS
#define THIS msg_mode
static const struct field mode_fields[] = {MSG_MODE_FIELDS(FIELD_ROW)};
#undef THIS
#define THIS msg_notice
static const struct field notice_fields[] = {MSG_NOTICE_FIELDS(FIELD_ROW)};
#undef THIS

#define MESSAGE_ROW(UPPER, lower, version, FIELDS) {#lower, version, lower##_fields, countof(lower##_fields)},
static const struct row rows[MSG_KIND_COUNT] = {MESSAGE_TABLE(MESSAGE_ROW)};

enum { HEAD_BYTES = 2, NUMBER_BYTES = 8, LENGTH_BYTES = 4 };

const char *msg_name(enum msg_kind kind)
{
	return kind < MSG_KIND_COUNT ? rows[kind].name : "unknown";
}

size_t msg_frame_count(enum msg_kind kind)
{
	return rows[kind].count + 1;
}

static void put_le(uint8_t *to, uint64_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = (uint8_t)(v >> (8 * i));
}

static uint64_t get_le(const char *from, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v |= (uint64_t)(uint8_t)from[i] << (8 * i);
	return v;
}

/* The bytes of one field; a number's go through scratch. */
static struct slice field_bytes(const struct field *f, const char *fields, uint8_t scratch[NUMBER_BYTES])
{
	const char *at = fields + f->offset;
	uint64_t v;

	switch ((enum field_type)f->type) {
	case FIELD_ID:
		return slice_of(at, sizeof(struct uuid));
	case FIELD_STR:
		return *(const struct slice *)(const void *)at;
	case FIELD_U64:
	case FIELD_I64:
		break;
	}
	memcpy(&v, at, sizeof v);
	put_le(scratch, v, NUMBER_BYTES);
	return slice_of((const char *)scratch, NUMBER_BYTES);
}

static bool field_take(const struct field *f, struct slice bytes, char *fields)
{
	char *at = fields + f->offset;
	uint64_t v;

	switch ((enum field_type)f->type) {
	case FIELD_ID:
		if (bytes.n != sizeof(struct uuid))
			return false;
		memcpy(at, bytes.p, bytes.n);
		return true;
	case FIELD_STR:
		if (bytes.n > LIMIT_FIELD_BYTES)
			return false;
		memcpy(at, &bytes, sizeof bytes);
		return true;
	case FIELD_U64:
	case FIELD_I64:
		break;
	}
	if (bytes.n != NUMBER_BYTES)
		return false;
	v = get_le(bytes.p, NUMBER_BYTES);
	memcpy(at, &v, sizeof v);
	return true;
}

void msg_encode(enum msg_kind kind, const void *fields, void (*put)(void *arg, struct slice frame), void *arg)
{
	const struct row *row = &rows[kind];
	uint8_t head[HEAD_BYTES] = {(uint8_t)kind, row->version}, scratch[NUMBER_BYTES];

	put(arg, slice_of((const char *)head, sizeof head));
	for (size_t i = 0; i < row->count; i++)
		put(arg, field_bytes(&row->fields[i], fields, scratch));
}

bool msg_decode(const struct slice *frames, size_t count, enum msg_kind *kind, union msg_any *out)
{
	const struct row *row;
	unsigned char number;

	if (count == 0 || frames[0].n != HEAD_BYTES)
		return false;
	number = (unsigned char)frames[0].p[0];
	if (number >= MSG_KIND_COUNT)
		return false;
	row = &rows[number];
	if ((unsigned char)frames[0].p[1] != row->version || count != row->count + 1)
		return false;
	for (size_t i = 0; i < row->count; i++)
		if (!field_take(&row->fields[i], frames[i + 1], (char *)out))
			return false;
	*kind = (enum msg_kind)number;
	return true;
}

static void put_blob(void *arg, struct slice frame)
{
	uint8_t length[LENGTH_BYTES];

	put_le(length, frame.n, LENGTH_BYTES);
	buf_append(arg, length, sizeof length);
	buf_slice(arg, frame);
}

void msg_pack(enum msg_kind kind, const void *fields, struct buf *out)
{
	msg_encode(kind, fields, put_blob, out);
}

bool msg_unpack(enum msg_kind kind, struct slice blob, void *fields)
{
	struct slice frames[MSG_FRAMES_MAX];
	enum msg_kind found;
	union msg_any any;
	size_t count = 0, at = 0;

	while (at < blob.n) {
		size_t n;

		if (count == countof(frames) || blob.n - at < LENGTH_BYTES)
			return false;
		n = (size_t)get_le(blob.p + at, LENGTH_BYTES);
		at += LENGTH_BYTES;
		if (n > blob.n - at)
			return false;
		frames[count++] = slice_of(blob.p + at, n);
		at += n;
	}
	if (count != msg_frame_count(kind) || (unsigned char)frames[0].p[0] != kind)
		return false;
	if (!msg_decode(frames, count, &found, &any) || found != kind)
		return false;
	switch (kind) {
#define COPY_BACK(UPPER, lower, version, FIELDS) \
	case MSG_##UPPER: \
		memcpy(fields, &any.lower, sizeof any.lower); \
		return true;
		MESSAGE_TABLE(COPY_BACK)
	case MSG_KIND_COUNT:
		break;
	}
	return false;
}
