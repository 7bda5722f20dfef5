/* SPDX-License-Identifier: ISC
 *
 * accept.c - the first commit of turns, and what follows it: the verdict to the gateway, the event to the notifier, the
 * job to the queue, in this order, so that "accepted" comes before anything a cleaner says.
 */
#include "decider.h"

#include "accept.sql.h"
#include "accept_one.sql.h"
#include "common/base/clock.h"
#include "common/base/json_out.h"
#include "common/base/log.h"
#include "common/base/xalloc.h"
#include "common/service/timings.h"
#include "common/wire/events.h"
#include "common/wire/turn.h"
#include "lock.sql.h"
#include "locked.sql.h"
#include "standing.sql.h"

#include <stdlib.h>

static const struct pg_stmt lock_stmt = {"lock", lock_sql, 1}, accept_stmt = {"accept", accept_sql, BATCH_COLUMNS},
	accept_one_stmt = {"accept_one", accept_one_sql, BATCH_COLUMNS}, standing_stmt = {"standing", standing_sql, 3},
	locked_stmt = {"locked", locked_sql, 1};

/* standing.sql's columns, and accept_one.sql's */
enum { C_OWNED, C_STATUS, C_STORED, C_EXISTED, C_SEQ, C_STATE, C_REVISION, C_CLEANED, C_METADATA, C_CREATED, C_DEADLINE,
	C_VERBATIM, C_FORMATS, C_PROFILE, C_QUEUED, C_AVERAGE, C_HIGH, C_MEDIUM, C_LOW };

void accept_commit(struct decider *d, struct batch *b, pg_fn *fn)
{
	struct batch_columns c;
	struct slice params[BATCH_COLUMNS], conversations;
	struct pg_op ops[] = {{&lock_stmt, &conversations}, {&accept_stmt, params}, {&standing_stmt, params}};
	struct pg_op one[] = {{&lock_stmt, &conversations}, {&accept_one_stmt, params}};
	char conversation[UUID_TEXT_BYTES + 2];

	batch_columns_fill(&c, b, clock_wall_us());
	for (size_t i = 0; i < BATCH_COLUMNS; i++)
		params[i] = batch_column(&c, i);
	conversations = params[1];
	if (c.one) {
		snprintf(conversation, sizeof conversation, "{%.*s}", (int)params[1].n, params[1].p);
		conversations = slice_str(conversation);
	}
	pg_send(d->pg, c.one ? one : ops, c.one ? countof(one) : countof(ops), fn, d);
	batch_columns_finish(&c);
}

static void on_warm(const struct pg_answer *answer, void *arg)
{
	if (answer->status != PG_OK)
		log_warning("accept.warm", "sqlstate=%s", answer->sqlstate);
}

void accept_warm(struct decider *d)
{
	struct slice params[BATCH_COLUMNS], nulls[BATCH_COLUMNS] = {0};
	struct pg_op ops[] = {{&lock_stmt, params}, {&accept_stmt, params}, {&standing_stmt, params}, {&accept_one_stmt, nulls}};

	for (size_t i = 0; i < BATCH_COLUMNS; i++)
		params[i] = SLICE("{}");
	for (int64_t i = 0; i < d->config->pg_connections; i++)
		pg_send(d->pg, ops, countof(ops), on_warm, d); /* the least busy: each connection gets one */
}

static struct turn turn_of(const struct pending *p, const PGresult *r, int row)
{
	struct turn t = {.turn_id = p->turn.turn_id, .conversation_id = p->turn.conversation_id,
		.seq = (uint32_t)pg_cell_i64(r, row, C_SEQ), .speaker = p->turn.speaker, .raw_text = p->turn.raw_text,
		.state = pg_cell(r, row, C_STATE), .revision = (uint32_t)pg_cell_i64(r, row, C_REVISION),
		.created_at = pg_cell_i64(r, row, C_CREATED), .started_at = p->turn.started_at, .ended_at = p->turn.ended_at,
		.metadata = pg_cell(r, row, C_METADATA), .cleaned_text = pg_cell(r, row, C_CLEANED)};

	if (!t.cleaned_text.p && !slice_eq(t.state, SLICE("queued")))
		t.cleaned_text = t.raw_text;
	return t;
}

static enum turn_outcome outcome_of(const PGresult *r, int row)
{
	if (!pg_cell_bool(r, row, C_OWNED))
		return TURN_NO_CONVERSATION;
	if (!pg_cell_bool(r, row, C_STORED))
		return slice_eq(pg_cell(r, row, C_STATUS), SLICE("completed")) ? TURN_COMPLETED : TURN_UNAVAILABLE;
	if (!slice_eq(pg_cell(r, row, C_STATE), SLICE("queued")))
		return TURN_DONE;
	return slice_eq(pg_cell(r, row, C_STATUS), SLICE("paused")) ? TURN_PAUSED : TURN_QUEUED;
}

static void announce(struct decider *d, const struct pending *p, const struct turn *t, enum turn_outcome outcome)
{
	bool done = outcome == TURN_DONE;
	struct msg_result m = {.conversation_id = t->conversation_id, .turn_id = t->turn_id, .revision = t->revision,
		.event = done ? EVENT_TURN_PROCESSED : EVENT_TURN_ACCEPTED, .at = clock_wall_us(), .turn = buf_view(&d->json),
		.durable = done};
	struct msg_window window = {.seq = t->seq, .agent = p->turn.bypass, .speaker = t->speaker, .text = t->raw_text};

	decider_result(d, &m);
	if (done)
		queue_window_push(d->redis, &t->conversation_id, &window, NULL, NULL);
}

/* What else watchers see change: the person's turns by confidence, or where the turn stands in the queue. */
static void announce_more(struct decider *d, const struct pending *p, const struct msg_verdict *v, const PGresult *r, int row)
{
	struct msg_result m = {.conversation_id = p->turn.conversation_id, .turn_id = p->turn.turn_id, .at = clock_wall_us()};
	char id[UUID_TEXT_BYTES];

	buf_reset(&d->json);
	if (v->outcome == TURN_DONE && !p->turn.bypass) {
		m.event = EVENT_CONFIDENCE_UPDATED;
		json_key(&d->json, "confidence_distribution");
		buf_printf(&d->json, "{\"HIGH\":%lld,\"MEDIUM\":%lld,\"LOW\":%lld}", (long long)pg_cell_i64(r, row, C_HIGH),
			(long long)pg_cell_i64(r, row, C_MEDIUM), (long long)pg_cell_i64(r, row, C_LOW));
	} else if (v->outcome != TURN_DONE && v->queue_position > 1) {
		m.event = EVENT_QUEUE_POSITION;
		uuid_text(&p->turn.turn_id, id);
		json_kv_str(&d->json, "turn_id", slice_str(id));
		json_kv_u64(&d->json, "queue_position", v->queue_position);
		json_kv_u64(&d->json, "estimated_wait_ms", v->estimated_wait_ms);
	} else {
		return;
	}
	m.body = buf_view(&d->json);
	decider_result(d, &m);
}

struct enqueueing {
	struct decider *d;
	uint64_t start_ns;
	struct uuid turn_id;
};

static void on_enqueued(const redisReply *reply, void *arg)
{
	struct enqueueing *e = arg;

	if (reply && reply->type != REDIS_REPLY_ERROR)
		timing_turn_ns(METRIC_API_QUEUE_JOB_ENQUEUE, clock_mono_ns() - e->start_ns, &e->turn_id);
	else if (reply)
		log_warning("queue.refused", "error=\"%.100s\"", reply->str); /* the sweep tries again */
	e->d->enqueues--;
	decider_progress(e->d);
	free(e);
}

void accept_enqueue(struct decider *d, const struct msg_job *job)
{
	struct enqueueing *e = xmalloc(sizeof *e);

	*e = (struct enqueueing){.d = d, .start_ns = clock_mono_ns(), .turn_id = job->turn_id};
	d->enqueues++;
	queue_enqueue(d->redis, job, on_enqueued, e);
}

static void enqueue(struct decider *d, const struct pending *p, const struct turn *t, const PGresult *r, int row)
{
	struct msg_job job = {.turn_id = t->turn_id, .conversation_id = t->conversation_id, .user_id = p->turn.user_id,
		.seq = t->seq, .gateway = p->turn.gateway, .speaker = t->speaker, .raw_text = t->raw_text,
		.level = p->decision.level, .forced = p->turn.forced_level != FORCED_NOT,
		.reason = slice_str(p->decision.reason), .shared_context = p->turn.shared_context,
		.priority = p->turn.priority, .words = p->turn.words,
		.deadline_ms = (uint64_t)pg_cell_i64(r, row, C_DEADLINE), .verbatim = pg_cell_bool(r, row, C_VERBATIM),
		.formats = (uint64_t)pg_cell_i64(r, row, C_FORMATS), .profile = pg_cell(r, row, C_PROFILE),
		.received_at = p->turn.received_at, .created_at = t->created_at, .started_at = t->started_at,
		.ended_at = t->ended_at, .traceparent = p->turn.traceparent};

	accept_enqueue(d, &job);
}

static void count(struct decider *d, const struct pending *p, enum turn_outcome outcome, bool existed)
{
	if (outcome > TURN_PAUSED) {
		d->did.closed += outcome != TURN_UNAVAILABLE;
		d->did.no_postgres += outcome == TURN_UNAVAILABLE;
	} else if (existed) {
		d->did.repeated++;
	} else {
		d->did.accepted[outcome]++;
		d->did.bypassed += p->turn.bypass != 0;
	}
}

static void tell(struct decider *d, const struct pending *p, const PGresult *r, int row, uint64_t commit_ns)
{
	enum turn_outcome outcome = outcome_of(r, row);
	uint64_t waiting = (uint64_t)pg_cell_i64(r, row, C_QUEUED), each = (uint64_t)pg_cell_i64(r, row, C_AVERAGE);
	struct msg_verdict v = {.turn_id = p->turn.turn_id, .outcome = outcome, .decide_ns = p->decide_ns,
		.commit_ns = commit_ns, .existed = pg_cell_bool(r, row, C_EXISTED)};
	struct turn t;

	count(d, p, outcome, v.existed);
	if (outcome > TURN_PAUSED) {
		decider_verdict(d, p, &v);
		return;
	}
	t = turn_of(p, r, row);
	buf_reset(&d->json);
	turn_write_json(&d->json, &t);
	v.turn = buf_view(&d->json);
	if (outcome != TURN_DONE) {
		v.queue_position = waiting;
		v.estimated_wait_ms = waiting * (each ? each : 1);
	}
	timing_turn_ns(METRIC_API_TURN_INSERT, commit_ns, &p->turn.turn_id);
	decider_verdict(d, p, &v);
	if (!v.existed) {
		announce(d, p, &t, outcome);
		announce_more(d, p, &v, r, row);
	}
	if (outcome == TURN_QUEUED) /* a repeat too: its first job may be what was lost */
		enqueue(d, p, &t, r, row);
}

void accept_committed(struct decider *d, const struct batch *b, const PGresult *standing, uint64_t commit_ns)
{
	int row = 0, rows = PQntuples(standing);

	for (const struct pending *p = b->head; p && row < rows; p = p->next, row++)
		tell(d, p, standing, row, commit_ns);
}

void accept_failed(struct decider *d, const struct batch *b)
{
	for (const struct pending *p = b->head; p; p = p->next) {
		struct msg_verdict v = {.turn_id = p->turn.turn_id, .outcome = TURN_UNAVAILABLE};

		d->did.no_postgres++;
		decider_verdict(d, p, &v);
	}
}

void accept_ask_locked(struct decider *d, const struct batch *b, pg_fn *fn)
{
	char id[UUID_TEXT_BYTES];
	struct slice param;
	struct buf ids;

	buf_init(&ids, b->count * 64 + 64);
	pg_array_begin(&ids);
	for (const struct pending *p = b->head; p; p = p->next) {
		uuid_text(&p->turn.conversation_id, id);
		pg_array_add(&ids, slice_str(id));
	}
	pg_array_end(&ids);
	param = buf_view(&ids);
	pg_send(d->pg, &(struct pg_op){&locked_stmt, &param}, 1, fn, d);
	buf_finish(&ids);
}

static bool is_locked(const struct decider *d, const PGresult *locked, const struct uuid *conversation)
{
	struct uuid id;

	for (int row = 0; row < PQntuples(locked); row++)
		if (pg_cell_uuid(locked, row, 0, &id) && uuid_eq(&id, conversation))
			return true;
	for (const struct pending *p = d->held.head; p; p = p->next) /* behind those, in their order */
		if (uuid_eq(&p->turn.conversation_id, conversation))
			return true;
	return false;
}

static struct batch *goes_to(struct decider *d, struct pending *p, struct batch *refused, uint64_t patience_ns)
{
	uint64_t now = clock_mono_ns();

	if (!p->locked_ns)
		p->locked_ns = now;
	return now - p->locked_ns < patience_ns ? &d->held : refused;
}

size_t accept_locked(struct decider *d, struct batch *b, const PGresult *locked, uint64_t patience_ns)
{
	struct batch all, refused;
	size_t n;

	batch_init(&all);
	batch_init(&refused);
	batch_move(&all, b, b->count);
	while (all.count)
		batch_move(is_locked(d, locked, &all.head->turn.conversation_id) ? goes_to(d, all.head, &refused, patience_ns) : b, &all, 1);
	n = refused.count;
	accept_failed(d, &refused);
	batch_clear(&refused);
	return n;
}
