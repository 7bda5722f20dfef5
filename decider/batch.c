/* SPDX-License-Identifier: ISC
 *
 * batch.c - see batch.h.
 */
#include "batch.h"

#include "common/base/clock.h"
#include "common/base/json_out.h"
#include "common/base/log.h"
#include "common/base/xalloc.h"
#include "common/wire/limits.h"
#include "common/wire/turn.h"

#include <stdlib.h>

void batch_init(struct batch *b)
{
	*b = (struct batch){.head = NULL};
	b->tail = &b->head;
}

static void free_pending(struct pending *p)
{
	free(p->blob);
	free(p);
}

void batch_clear(struct batch *b)
{
	while (b->head) {
		struct pending *p = b->head;

		b->head = p->next;
		free_pending(p);
	}
	batch_init(b);
}

static void append(struct batch *b, struct pending *p)
{
	p->next = NULL;
	*b->tail = p;
	b->tail = &p->next;
	b->count++;
}

struct pending *batch_add(struct batch *b, const struct link_peer *peer, const struct msg_turn *turn)
{
	struct pending *p;
	struct buf packed;
	size_t n;

	for (p = b->head; p; p = p->next) {
		if (uuid_eq(&p->turn.turn_id, &turn->turn_id)) {
			p->peer = *peer;
			return NULL;
		}
	}
	p = xcalloc(1, sizeof *p);
	p->peer = *peer;
	buf_init(&packed, 8 * (size_t)LIMIT_FIELD_BYTES);
	msg_pack(MSG_TURN, turn, &packed);
	p->blob = buf_take(&packed, &n);
	if (!msg_unpack(MSG_TURN, slice_of(p->blob, n), &p->turn))
		bug("a packed message does not unpack");
	append(b, p);
	return p;
}

void batch_move(struct batch *to, struct batch *from, size_t n)
{
	for (; n && from->head; n--) {
		struct pending *p = from->head;

		from->head = p->next;
		from->count--;
		append(to, p);
	}
	if (!from->head)
		from->tail = &from->head;
}

static double processing_ms(const struct pending *p, int64_t now_us)
{
	return now_us > p->turn.received_at ? (double)(now_us - p->turn.received_at) / 1e3 : 0;
}

void pending_metadata(const struct pending *p, int64_t now_us, struct buf *out)
{
	struct turn_metadata m = {.confidence = SLICE("HIGH"), .level = SLICE("none"),
		.reason = p->turn.bypass ? SLICE("bypass") : slice_str(p->decision.reason),
		.processing_ns = (uint64_t)(processing_ms(p, now_us) * 1e6)};
	struct buf timings;

	buf_init(&timings, 256);
	buf_char(&timings, '{');
	json_kv_ms(&timings, "decide", p->decide_ns);
	buf_char(&timings, '}');
	m.timings = buf_view(&timings);
	turn_metadata_write(out, &m);
	buf_finish(&timings);
}

static struct slice or_null(struct slice s)
{
	return s.n ? s : slice_of(NULL, 0);
}

static void add_id(struct buf *b, const struct uuid *id)
{
	char text[UUID_TEXT_BYTES];

	uuid_text(id, text);
	pg_array_add(b, slice_str(text));
}

static void add_bool(struct buf *b, bool v)
{
	pg_array_add(b, v ? SLICE("t") : SLICE("f"));
}

static void add_time(struct buf *b, int64_t us)
{
	if (us)
		pg_array_add_i64(b, us);
	else
		pg_array_add(b, slice_of(NULL, 0));
}

static void add_metadata(struct buf *b, const struct pending *p, int64_t now_us)
{
	struct buf json;

	if (!pending_needs_nothing(p)) {
		pg_array_add(b, slice_of(NULL, 0));
		return;
	}
	buf_init(&json, LIMIT_BODY_BYTES);
	pending_metadata(p, now_us, &json);
	pg_array_add(b, buf_view(&json));
	buf_finish(&json);
}

/* One turn's element of every column, in the order of accept.sql's $1 .. $24. */
static void add_turn(struct buf *column, const struct pending *p, int64_t now_us)
{
	const struct msg_turn *t = &p->turn;
	struct buf processing;

	add_id(column++, &t->turn_id);
	add_id(column++, &t->conversation_id);
	add_id(column++, &t->user_id);
	pg_array_add(column++, t->speaker);
	add_bool(column++, t->bypass);
	pg_array_add(column++, t->raw_text);
	pg_array_add_i64(column++, t->bypass ? CLEAN_NONE : p->decision.level);
	add_bool(column++, t->forced_level != FORCED_NOT);
	pg_array_add(column++, t->bypass ? SLICE("bypass") : slice_str(p->decision.reason));
	add_metadata(column++, p, now_us);
	buf_init(&processing, 64);
	buf_printf(&processing, "%.3f", processing_ms(p, now_us));
	pg_array_add(column++, buf_view(&processing));
	buf_finish(&processing);
	pg_array_add(column++, t->gateway.n ? t->gateway : SLICE(""));
	pg_array_add(column++, or_null(t->shared_context));
	pg_array_add_i64(column++, t->priority ? 1 : 0);
	pg_array_add(column++, or_null(t->words));
	pg_array_add_i64(column++, (int64_t)(t->opt_set & 15));
	pg_array_add_i64(column++, (int64_t)(t->deadline_ms & INT32_MAX));
	add_bool(column++, t->verbatim);
	pg_array_add_i64(column++, (int64_t)(t->formats & FORMAT_ALL));
	pg_array_add(column++, or_null(t->profile));
	pg_array_add(column++, or_null(t->traceparent));
	pg_array_add_i64(column++, t->received_at);
	add_time(column++, t->started_at);
	add_time(column, t->ended_at);
}

void batch_columns_fill(struct batch_columns *c, const struct batch *b, int64_t now_us)
{
	for (size_t i = 0; i < BATCH_COLUMNS; i++) {
		buf_init(&c->column[i], BATCH_COLUMN_BYTES);
		pg_array_begin(&c->column[i]);
	}
	for (const struct pending *p = b->head; p; p = p->next)
		add_turn(c->column, p, now_us);
	for (size_t i = 0; i < BATCH_COLUMNS; i++)
		pg_array_end(&c->column[i]);
}

void batch_columns_finish(struct batch_columns *c)
{
	for (size_t i = 0; i < BATCH_COLUMNS; i++)
		buf_finish(&c->column[i]);
}
