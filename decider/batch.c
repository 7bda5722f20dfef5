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

/* Where the next value of a turn goes. */
struct cursor {
	struct batch_columns *to;
	size_t at;
};

static void add(struct cursor *c, struct slice value)
{
	struct buf *b = &c->to->column[c->at];

	if (!c->to->one)
		pg_array_add(b, value);
	else if (value.p)
		buf_slice(b, value);
	else
		c->to->null[c->at] = true;
	c->at++;
}

static void add_id(struct cursor *c, const struct uuid *id)
{
	char text[UUID_TEXT_BYTES];

	uuid_text(id, text);
	add(c, slice_str(text));
}

static void add_bool(struct cursor *c, bool v)
{
	add(c, v ? SLICE("t") : SLICE("f"));
}

static void add_i64(struct cursor *c, int64_t v)
{
	struct buf *b = &c->to->column[c->at++];

	if (c->to->one)
		buf_i64(b, v);
	else
		pg_array_add_i64(b, v);
}

static void add_time(struct cursor *c, int64_t us)
{
	if (us)
		add_i64(c, us);
	else
		add(c, slice_of(NULL, 0));
}

static void add_ms(struct cursor *c, double ms)
{
	char text[64];

	add(c, slice_of(text, (size_t)snprintf(text, sizeof text, "%.3f", ms)));
}

static void add_metadata(struct cursor *c, const struct pending *p, int64_t now_us)
{
	struct buf json;

	if (!pending_needs_nothing(p)) {
		add(c, slice_of(NULL, 0));
		return;
	}
	buf_init(&json, LIMIT_BODY_BYTES);
	pending_metadata(p, now_us, &json);
	add(c, buf_view(&json));
	buf_finish(&json);
}

static struct slice or_empty(struct slice s)
{
	return s.n ? s : SLICE("");
}

/* One turn's element of every column, in the order of accept.sql's $1 .. $24. */
static void add_turn(struct batch_columns *to, const struct pending *p, int64_t now_us)
{
	const struct msg_turn *t = &p->turn;
	struct cursor c = {.to = to};

	add_id(&c, &t->turn_id);
	add_id(&c, &t->conversation_id);
	add_id(&c, &t->user_id);
	add(&c, or_empty(t->speaker));
	add_bool(&c, t->bypass);
	add(&c, or_empty(t->raw_text));
	add_i64(&c, t->bypass ? CLEAN_NONE : p->decision.level);
	add_bool(&c, t->forced_level != FORCED_NOT);
	add(&c, t->bypass ? SLICE("bypass") : slice_str(p->decision.reason));
	add_metadata(&c, p, now_us);
	add_ms(&c, processing_ms(p, now_us));
	add(&c, or_empty(t->gateway));
	add(&c, or_null(t->shared_context));
	add_i64(&c, t->priority ? 1 : 0);
	add(&c, or_null(t->words));
	add_i64(&c, (int64_t)(t->opt_set & 15));
	add_i64(&c, (int64_t)(t->deadline_ms & INT32_MAX));
	add_bool(&c, t->verbatim);
	add_i64(&c, (int64_t)(t->formats & FORMAT_ALL));
	add(&c, or_null(t->profile));
	add(&c, or_null(t->traceparent));
	add_i64(&c, t->received_at);
	add_time(&c, t->started_at);
	add_time(&c, t->ended_at);
}

void batch_columns_fill(struct batch_columns *c, const struct batch *b, int64_t now_us)
{
	*c = (struct batch_columns){.one = b->count == 1};
	for (size_t i = 0; i < BATCH_COLUMNS; i++) {
		buf_init(&c->column[i], BATCH_COLUMN_BYTES);
		if (!c->one)
			pg_array_begin(&c->column[i]);
	}
	for (const struct pending *p = b->head; p; p = p->next)
		add_turn(c, p, now_us);
	for (size_t i = 0; i < BATCH_COLUMNS && !c->one; i++)
		pg_array_end(&c->column[i]);
}

struct slice batch_column(const struct batch_columns *c, size_t i)
{
	if (c->null[i])
		return slice_of(NULL, 0);
	return c->column[i].n ? buf_view(&c->column[i]) : SLICE("");
}

void batch_columns_finish(struct batch_columns *c)
{
	for (size_t i = 0; i < BATCH_COLUMNS; i++)
		buf_finish(&c->column[i]);
}
