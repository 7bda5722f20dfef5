/* SPDX-License-Identifier: ISC
 *
 * commit.c - the cleaner's statements: the second commit of a turn, the window and the lost earlier turns
 * when Redis does not have them.
 *
 * The commit is one transaction: lock the conversation, finish the turn if it is ours to finish, say how it
 * stands. It may be sent again when its outcome is unknown: the lease's fence tells whether the first one
 * went through.
 */
#include "cleaner.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/service/timings.h"
#include "earlier.sql.h"
#include "finish.sql.h"
#include "lock.sql.h"
#include "standing.sql.h"
#include "window.sql.h"

#include <stdio.h>

enum { FINISH_PARAMS = 15, NUMBER_BYTES = 24, EARLIER_TURNS = 100 /* put in again in one go */ };

static const struct pg_stmt lock_stmt = {"lock", lock_sql, 1},
			    finish_stmt = {"finish", finish_sql, FINISH_PARAMS},
			    standing_stmt = {"standing", standing_sql, 3},
			    window_stmt = {"window", window_sql, 3},
			    earlier_stmt = {"earlier", earlier_sql, 3};

/* standing.sql's columns */
enum {
	C_STATUS,
	C_THERE,
	C_STATE,
	C_REVISION,
	C_MINE,
	C_CLEANED,
	C_METADATA,
	C_EARLIER,
	C_FROM,
	C_TO,
	C_REASON,
	C_USER_VERSION,
	C_CONVERSATION_VERSION,
	C_CONFIDENCE
};

static struct slice number(int64_t v, char text[NUMBER_BYTES])
{
	snprintf(text, NUMBER_BYTES, "%lld", (long long)v);
	return slice_str(text);
}

static void tell_change(struct lease *l, const PGresult *r, uint64_t took_ns)
{
	uint64_t start = clock_mono_ns();

	if (!pg_cell(r, 0, C_FROM).p)
		return;
	announce_contexts(l, pg_cell(r, 0, C_FROM), pg_cell(r, 0, C_TO), pg_cell(r, 0, C_REASON));
	timing_turn_ns(METRIC_API_CONTEXT_UPDATE, took_ns, &l->turn);
	timing_turn_ns(METRIC_AI_CONTEXT_TRANSITION_TRACK, clock_mono_ns() - start, &l->turn);
}

static enum outcome read_standing(struct lease *l, const PGresult *r, uint64_t took_ns)
{
	struct standing s = {.conversation = PQntuples(r) == 1};
	enum outcome outcome;
	uint64_t revision;

	if (!s.conversation)
		return OUTCOME_GONE;
	s.status = pg_cell(r, 0, C_STATUS);
	s.turn = pg_cell_bool(r, 0, C_THERE);
	s.state = pg_cell(r, 0, C_STATE);
	s.mine = pg_cell_bool(r, 0, C_MINE);
	s.earlier = pg_cell_bool(r, 0, C_EARLIER);
	s.stale = lease_is_checked(l) && (l->known->knowledge.user_version != pg_cell_i64(r, 0, C_USER_VERSION) ||
		l->known->knowledge.conversation_version != pg_cell_i64(r, 0, C_CONVERSATION_VERSION));
	outcome = outcome_of(&s);
	revision = (uint64_t)pg_cell_i64(r, 0, C_REVISION);
	if (outcome == OUTCOME_FINISHED) {
		l->revision = revision;
		announce_finished(l, revision);
		announce_confidence(l, pg_cell(r, 0, C_CONFIDENCE));
		tell_change(l, r, took_ns);
	} else if (outcome == OUTCOME_ALREADY) {
		/* The window wants the text that stands, not ours. */
		buf_reset(&l->cleaned.text);
		buf_slice(&l->cleaned.text, pg_cell(r, 0, C_CLEANED));
		announce_again(l, revision, s.state, buf_view(&l->cleaned.text), pg_cell(r, 0, C_METADATA));
	}
	return outcome;
}

static void on_commit(const struct pg_answer *answer, void *arg)
{
	struct lease *l = arg;

	bool refused = answer->status == PG_REFUSED || answer->status == PG_CONFLICT;
	enum outcome outcome;

	if (refused && l->putright) { /* it may be the other turn that is not taken */
		putright_forget(l);
		commit_send(l);
		return;
	}
	if (refused || answer->status != PG_OK) {
		if (refused)
			lease_refused(l);
		else
			lease_pg_failed(l, answer->status);
		return;
	}
	outcome = read_standing(l, answer->results[answer->count - 1], answer->took_ns);
	if (l->putright)
		putright_committed(l, answer->results[2]);
	putright_forget(l);
	lease_committed(l, outcome);
}

/* The active contexts, and in the same order what made each active. */
static void write_contexts(const struct lease *l, struct buf *names, struct buf *reasons)
{
	const struct cleaned *c = &l->cleaned;
	struct buf reason;

	buf_init(&reason, 1024);
	pg_array_begin(names);
	pg_array_begin(reasons);
	for (size_t i = 0; i < c->context_count; i++) {
		buf_reset(&reason);
		cleaned_context_reason(c, i, l->job.seq, &reason);
		pg_array_add(names, slice_str(c->contexts[i]));
		pg_array_add(reasons, buf_view(&reason));
	}
	pg_array_end(names);
	pg_array_end(reasons);
	buf_finish(&reason);
}

uint64_t commit_since_receipt_ns(const struct lease *l)
{
	int64_t us = clock_wall_us() - l->job.received_at;

	return us > 0 ? (uint64_t)us * 1000 : 0;
}

void commit_send(struct lease *l)
{
	const struct cleaned *c = &l->cleaned;
	char turn[UUID_TEXT_BYTES], conversation[UUID_TEXT_BYTES], fence[NUMBER_BYTES], level[NUMBER_BYTES],
		seq[NUMBER_BYTES], versions[2][NUMBER_BYTES], ms[48];
	struct buf metadata, contexts, reasons;
	struct slice params[FINISH_PARAMS];
	struct pg_op ops[4] = {{&lock_stmt, &params[1]}, {&finish_stmt, params}};
	size_t count = 2;

	l->state = LEASE_COMMITTING;
	if (!l->cleaner->pg) { /* closed, which told us so: stop() ends the lease */
		lease_pg_failed(l, PG_DOWN);
		return;
	}
	l->processing_ns = commit_since_receipt_ns(l);
	buf_init(&metadata, LIMIT_TURN_JSON_BYTES);
	buf_init(&contexts, 8192);
	buf_init(&reasons, 16384);
	cleaned_metadata(c, l->processing_ns, &metadata);
	write_contexts(l, &contexts, &reasons);
	uuid_text(&l->turn, turn);
	uuid_text(&l->conversation, conversation);
	snprintf(ms, sizeof ms, "%.3f", (double)l->processing_ns / 1e6);
	params[0] = slice_str(turn);
	params[1] = slice_str(conversation);
	params[2] = number((int64_t)l->fence, fence);
	params[3] = c->failed ? SLICE("failed") : SLICE("done");
	params[4] = c->applied ? buf_view(&c->text) : slice_of(NULL, 0);
	params[5] = buf_view(&metadata);
	params[6] = number(c->level, level);
	params[7] = slice_str(c->reason);
	params[8] = slice_str(confidence_name(c->confidence));
	params[9] = slice_str(ms);
	params[10] = c->failed ? slice_of(NULL, 0) : buf_view(&contexts);
	params[11] = c->failed ? slice_of(NULL, 0) : buf_view(&reasons);
	params[12] = number((int64_t)l->job.seq, seq);
	params[13] = params[14] = slice_of(NULL, 0);
	if (lease_is_checked(l)) {
		params[13] = number(l->known->knowledge.user_version, versions[0]);
		params[14] = number(l->known->knowledge.conversation_version, versions[1]);
	}
	count += putright_op(l, &ops[count]);
	ops[count++] = (struct pg_op){&standing_stmt, params};
	pg_send(l->cleaner->pg, ops, count, on_commit, l);
	buf_finish(&metadata);
	buf_finish(&contexts);
	buf_finish(&reasons);
}

static void send_range(struct lease *l, const struct pg_stmt *stmt, int64_t a, int64_t b, pg_fn *fn)
{
	char conversation[UUID_TEXT_BYTES], from[NUMBER_BYTES], to[NUMBER_BYTES];
	struct slice params[3];

	uuid_text(&l->conversation, conversation);
	params[0] = slice_str(conversation);
	params[1] = number(a, from);
	params[2] = number(b, to);
	pg_send(l->cleaner->pg, &(struct pg_op){stmt, params}, 1, fn, l);
}

void commit_read_around(struct lease *l, pg_fn *fn)
{
	char conversation[UUID_TEXT_BYTES], from[NUMBER_BYTES], to[NUMBER_BYTES];
	struct slice range[3];
	struct knowledge_ask ask;
	struct pg_op ops[] = {{&knowledge_stmt, ask.params}, {&window_stmt, range}};

	knowledge_ask(&ask, &l->conversation, &l->job.user_id);
	uuid_text(&l->conversation, conversation);
	range[0] = slice_str(conversation);
	range[1] = number((int64_t)window_first(l->job.seq), from);
	range[2] = number((int64_t)l->job.seq - 1, to);
	pg_send(l->cleaner->pg, ops, l->window_ready ? 1 : 2, fn, l);
}

void commit_read_earlier(struct lease *l, pg_fn *fn)
{
	send_range(l, &earlier_stmt, (int64_t)l->job.seq, EARLIER_TURNS, fn);
}

static void on_warm(const struct pg_answer *answer, void *arg)
{
	if (answer->status != PG_OK)
		log_warning("commit.warm", "sqlstate=%s", answer->sqlstate);
}

void commit_warm(struct cleaner *c)
{
	static const char nobody[] = "00000000-0000-0000-0000-000000000000";
	struct knowledge_ask ask;
	struct slice finish[FINISH_PARAMS], range[3] = {slice_str(nobody), SLICE("1"), SLICE("1")};
	struct pg_op ops[] = {{&lock_stmt, finish}, {&finish_stmt, finish}, {&standing_stmt, finish},
		{&window_stmt, range}, {&knowledge_stmt, ask.params}};

	knowledge_ask(&ask, NULL, &(struct uuid){{0}});
	for (size_t i = 0; i < FINISH_PARAMS; i++)
		finish[i] = slice_of(NULL, 0);
	finish[0] = finish[1] = slice_str(nobody);
	for (int64_t i = 0; i < c->config->pg_connections; i++)
		pg_send(c->pg, ops, countof(ops), on_warm, c); /* the least busy: each connection gets one */
}
