/* SPDX-License-Identifier: ISC
 *
 * commit.c - the cleaner's statements: the second commit of a turn, the window and the lost earlier turns
 * when Redis does not have them.
 *
 * The commit is one transaction: lock the conversation, finish the turn if it is ours to finish. When it was
 * not, a second request asks how the turn stands; what was in its way may be over by then, and it is committed
 * again. The commit may be sent again when its outcome is unknown, too: the lease's fence tells whether the
 * first one went through.
 *
 * Group commit: while one commit is under way those that come gather, and go together in the next
 * transaction, each with its own statements, so that a group grows with the load and a lone turn waits for
 * nobody. A group waits for no lock, and is taken apart when the server rolls it back, so that one turn
 * neither holds up nor fails the others; a lone commit that stands behind a lock holds up those that gather
 * for GATHER_MS at most. A turn that failed once, or that puts an earlier one right, goes alone.
 */
#include "cleaner.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/xalloc.h"
#include "common/service/timings.h"
#include "earlier.sql.h"
#include "finish.sql.h"
#include "lock.sql.h"
#include "lock_all.sql.h"
#include "standing.sql.h"
#include "window.sql.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	FINISH_PARAMS = 15,
	NUMBER_BYTES = 24,
	EARLIER_TURNS = 100, /* put in again in one go */
	/* Turns of one transaction. Past a few a turn costs no less in a larger one, and each waits for all:
	 * at about 0.1 ms a turn no longer than for a commit to a slow disk. Also bounds what is taken apart.
	 */
	GROUP_MOST = 16,
	GATHER_MS = 20, /* that a turn waits for the commit under way: longer than one takes that waits for no
			   lock */
};
_Static_assert(1 + GROUP_MOST <= PG_OPS, "a group is one request");

/* The turns of one transaction under way. */
struct group {
	struct cleaner *cleaner;
	size_t count;
	struct lease *lease[GROUP_MOST];
};

static const struct pg_stmt lock_stmt = {"lock", lock_sql, 1}, lock_all_stmt = {"lock_all", lock_all_sql, 1},
			    finish_stmt = {"finish", finish_sql, FINISH_PARAMS},
			    standing_stmt = {"standing", standing_sql, 3},
			    window_stmt = {"window", window_sql, 3},
			    earlier_stmt = {"earlier", earlier_sql, 3};

/* finish.sql's columns */
enum {
	F_REVISION,
	F_FROM,
	F_TO,
	F_REASON,
	F_CONFIDENCE
};

/* standing.sql's columns */
enum {
	C_STATUS,
	C_THERE,
	C_STATE,
	C_REVISION,
	C_MINE,
	C_LATER,
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

/* What the turn's own commit did. */
struct done {
	uint64_t revision;
	struct slice confidence, from, to, reason; /* from: NULL when the contexts are what they were */
};

static void tell_change(struct lease *l, const struct done *d, uint64_t took_ns)
{
	uint64_t start = clock_mono_ns();

	if (!d->from.p)
		return;
	announce_contexts(l, d->from, d->to, d->reason);
	timing_turn_ns(METRIC_API_CONTEXT_UPDATE, took_ns, &l->turn);
	timing_turn_ns(METRIC_AI_CONTEXT_TRANSITION_TRACK, clock_mono_ns() - start, &l->turn);
}

static void tell_done(struct lease *l, const struct done *d, uint64_t took_ns)
{
	l->revision = d->revision;
	announce_finished(l, d->revision);
	announce_confidence(l, d->confidence);
	tell_change(l, d, took_ns);
}

static void read_finished(struct lease *l, const PGresult *r, uint64_t took_ns)
{
	struct done d = {.revision = (uint64_t)pg_cell_i64(r, 0, F_REVISION),
		.confidence = pg_cell(r, 0, F_CONFIDENCE),
		.from = pg_cell(r, 0, F_FROM),
		.to = pg_cell(r, 0, F_TO),
		.reason = pg_cell(r, 0, F_REASON)};

	tell_done(l, &d, took_ns);
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
	s.later = pg_cell_bool(r, 0, C_LATER);
	s.earlier = pg_cell_bool(r, 0, C_EARLIER);
	s.stale = lease_is_checked(l) &&
		  (l->known->knowledge.user_version != pg_cell_i64(r, 0, C_USER_VERSION) ||
			  l->known->knowledge.conversation_version !=
				  pg_cell_i64(r, 0, C_CONVERSATION_VERSION));
	outcome = outcome_of(&s);
	revision = (uint64_t)pg_cell_i64(r, 0, C_REVISION);
	if (outcome == OUTCOME_FINISHED) {
		struct done d = {.revision = revision,
			.confidence = pg_cell(r, 0, C_CONFIDENCE),
			.from = pg_cell(r, 0, C_FROM),
			.to = pg_cell(r, 0, C_TO),
			.reason = pg_cell(r, 0, C_REASON)};

		tell_done(l, &d, took_ns);
	} else if (outcome == OUTCOME_ALREADY) {
		/* The window wants the text that stands, not ours. */
		buf_reset(&l->cleaned.text);
		buf_slice(&l->cleaned.text, pg_cell(r, 0, C_CLEANED));
		announce_again(l, revision, s.state, buf_view(&l->cleaned.text), pg_cell(r, 0, C_METADATA));
	}
	return outcome;
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

/* A turn's parameters, of finish.sql and, the first of them, of standing.sql; their texts. */
struct turn_params {
	struct slice params[FINISH_PARAMS];
	char turn[UUID_TEXT_BYTES], conversation[UUID_TEXT_BYTES], fence[NUMBER_BYTES], level[NUMBER_BYTES],
		seq[NUMBER_BYTES], versions[2][NUMBER_BYTES], ms[2 * NUMBER_BYTES];
	struct buf metadata, contexts, reasons;
};

static void turn_params_fill(struct turn_params *t, struct lease *l)
{
	const struct cleaned *c = &l->cleaned;
	struct slice *params = t->params;

	l->processing_ns = commit_since_receipt_ns(l);
	buf_init(&t->metadata, LIMIT_TURN_JSON_BYTES);
	buf_init(&t->contexts, 8192);
	buf_init(&t->reasons, 16384);
	cleaned_metadata(c, l->processing_ns, &t->metadata);
	write_contexts(l, &t->contexts, &t->reasons);
	uuid_text(&l->turn, t->turn);
	uuid_text(&l->conversation, t->conversation);
	snprintf(t->ms, sizeof t->ms, "%.3f", (double)l->processing_ns / 1e6);
	params[0] = slice_str(t->turn);
	params[1] = slice_str(t->conversation);
	params[2] = number((int64_t)l->fence, t->fence);
	params[3] = c->failed ? SLICE("failed") : SLICE("done");
	params[4] = c->applied ? buf_view(&c->text) : slice_of(NULL, 0);
	params[5] = buf_view(&t->metadata);
	params[6] = number(c->level, t->level);
	params[7] = slice_str(c->reason);
	params[8] = slice_str(confidence_name(c->confidence));
	params[9] = slice_str(t->ms);
	params[10] = c->failed ? slice_of(NULL, 0) : buf_view(&t->contexts);
	params[11] = c->failed ? slice_of(NULL, 0) : buf_view(&t->reasons);
	params[12] = number((int64_t)l->job.seq, t->seq);
	params[13] = params[14] = slice_of(NULL, 0);
	if (lease_is_checked(l)) {
		params[13] = number(l->known->knowledge.user_version, t->versions[0]);
		params[14] = number(l->known->knowledge.conversation_version, t->versions[1]);
	}
}

static void turn_params_finish(struct turn_params *t)
{
	buf_finish(&t->metadata);
	buf_finish(&t->contexts);
	buf_finish(&t->reasons);
}

static struct lease *lease_of_gathered(struct gathered *x)
{
	return (struct lease *)((char *)x - offsetof(struct lease, gathered));
}

static void group_send(struct cleaner *c, struct lease *const leases[], size_t count);
static void gathered_send(struct cleaner *c);

/* --- the answer --- */

static void on_standing(const struct pg_answer *answer, void *arg)
{
	struct lease *l = arg;

	if (answer->status == PG_OK)
		lease_committed(l, read_standing(l, answer->results[0], answer->took_ns));
	else
		lease_pg_failed(l, answer->status);
}

static void ask_standing(struct lease *l)
{
	char turn[UUID_TEXT_BYTES], conversation[UUID_TEXT_BYTES], fence[NUMBER_BYTES];
	struct slice params[3];

	uuid_text(&l->turn, turn);
	uuid_text(&l->conversation, conversation);
	params[0] = slice_str(turn);
	params[1] = slice_str(conversation);
	params[2] = number((int64_t)l->fence, fence);
	pg_send(l->cleaner->pg, &(struct pg_op){&standing_stmt, params}, 1, on_standing, l);
}

/* The counts that it tells are those after the other turn's change: standing.sql's, the last of the request. */
static void committed_putting_right(struct lease *l, const struct pg_answer *answer)
{
	enum outcome outcome = read_standing(l, answer->results[answer->count - 1], answer->took_ns);

	putright_committed(l, answer->results[2]);
	putright_forget(l);
	lease_committed(l, outcome);
}

static void committed(struct lease *l, const struct pg_answer *answer, const PGresult *finished)
{
	if (l->putright) {
		committed_putting_right(l, answer);
	} else if (PQntuples(finished) == 1) {
		read_finished(l, finished, answer->took_ns);
		lease_committed(l, OUTCOME_FINISHED);
	} else {
		ask_standing(l);
	}
}

static void group_committed(const struct group *g, const struct pg_answer *answer)
{
	if (g->count > 1)
		log_debug("commit.group", "turns=%zu took_us=%llu", g->count,
			(unsigned long long)(answer->took_ns / 1000));
	for (size_t i = 0; i < g->count; i++)
		committed(g->lease[i], answer, answer->results[1 + i]);
}

/* By the server, as a whole: each alone, which then waits for its locks and fails by itself. */
static void take_apart(const struct group *g, const struct pg_answer *answer)
{
	log_debug("commit.taken_apart", "turns=%zu sqlstate=%s", g->count, answer->sqlstate);
	for (size_t i = 0; i < g->count; i++)
		group_send(g->cleaner, &g->lease[i], 1);
}

static void lone_refused(struct lease *l)
{
	if (!l->putright) {
		lease_refused(l);
		return;
	}
	putright_forget(l); /* it may be the other turn that is not taken */
	commit_send(l);
}

static bool is_rolled_back(enum pg_status status)
{
	return status == PG_REFUSED || status == PG_CONFLICT || status == PG_RETRY;
}

static void group_failed(const struct group *g, const struct pg_answer *answer)
{
	if (g->count > 1 && is_rolled_back(answer->status))
		take_apart(g, answer);
	else if (answer->status == PG_REFUSED || answer->status == PG_CONFLICT)
		lone_refused(g->lease[0]);
	else
		for (size_t i = 0; i < g->count; i++)
			lease_pg_failed(g->lease[i], answer->status);
}

static void on_commit(const struct pg_answer *answer, void *arg)
{
	struct group *g = arg;
	struct cleaner *c = g->cleaner;

	if (answer->status == PG_OK)
		group_committed(g, answer);
	else
		group_failed(g, answer);
	free(g);
	c->gather.under_way--;
	gathered_send(c);
}

/* --- sending --- */

static void write_conversations(const struct turn_params *turns, size_t count, struct buf *out)
{
	pg_array_begin(out);
	for (size_t i = 0; i < count; i++)
		pg_array_add(out, turns[i].params[1]);
	pg_array_end(out);
}

/* One transaction. A turn that puts another right is alone in it. */
static void group_send(struct cleaner *c, struct lease *const leases[], size_t count)
{
	struct turn_params turns[GROUP_MOST];
	struct group *g = xcalloc(1, sizeof *g);
	struct pg_op ops[PG_OPS];
	struct buf conversations;
	struct slice all;
	size_t n = 1;

	g->cleaner = c;
	for (; g->count < count; g->count++) {
		struct turn_params *t = &turns[g->count];
		struct lease *l = g->lease[g->count] = leases[g->count];

		turn_params_fill(t, l);
		ops[n++] = (struct pg_op){&finish_stmt, t->params};
		if (putright_op(l, &ops[n])) {
			n++;
			ops[n++] = (struct pg_op){&standing_stmt, t->params};
		}
	}
	buf_init(&conversations, GROUP_MOST * (UUID_TEXT_BYTES + 3) + 3); /* quotes and commas; braces */
	write_conversations(turns, count, &conversations);
	all = buf_view(&conversations);
	ops[0] = count == 1 ? (struct pg_op){&lock_stmt, &turns[0].params[1]}
			    : (struct pg_op){&lock_all_stmt, &all};
	c->gather.under_way++;
	pg_send(c->pg, ops, n, on_commit, g);
	buf_finish(&conversations);
	for (size_t i = 0; i < count; i++)
		turn_params_finish(&turns[i]);
}

/* Up to GROUP_MOST of those that wait; what is left waits for these. */
static void gathered_send(struct cleaner *c)
{
	struct gathered *taken[GROUP_MOST];
	struct lease *leases[GROUP_MOST];
	size_t count = gather_take(&c->gather.waiting, taken, GROUP_MOST);

	ev_timer_stop(service_loop(c->run), &c->gather.patience);
	for (size_t i = 0; i < count; i++)
		leases[i] = lease_of_gathered(taken[i]);
	if (count && c->pg)
		group_send(c, leases, count);
	for (size_t i = 0; i < count && !c->pg; i++)
		lease_pg_failed(leases[i], PG_DOWN);
	if (!TAILQ_EMPTY(&c->gather.waiting))
		ev_timer_start(service_loop(c->run), &c->gather.patience);
}

static void on_patience(struct ev_loop *loop, ev_timer *w, int revents)
{
	gathered_send(w->data);
}

static bool goes_alone(const struct lease *l)
{
	return l->tries > 0 || l->refused || l->putright;
}

void commit_send(struct lease *l)
{
	struct cleaner *c = l->cleaner;

	l->state = LEASE_COMMITTING;
	if (!c->pg) { /* closed, which told us so: stop() ends the lease */
		lease_pg_failed(l, PG_DOWN);
	} else if (c->gather.under_way == 0 || goes_alone(l)) {
		group_send(c, &l, 1);
	} else {
		l->gathered.conversation = &l->conversation;
		TAILQ_INSERT_TAIL(&c->gather.waiting, &l->gathered, place);
		if (!ev_is_active(&c->gather.patience))
			ev_timer_start(service_loop(c->run), &c->gather.patience);
	}
}

void commit_open(struct cleaner *c)
{
	TAILQ_INIT(&c->gather.waiting);
	ev_timer_init(&c->gather.patience, on_patience, GATHER_MS / 1e3, 0);
	c->gather.patience.data = c;
}

/* After PostgreSQL is closed: those that were under way have been told, and those that waited for them. */
void commit_close(struct cleaner *c)
{
	ev_timer_stop(service_loop(c->run), &c->gather.patience);
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
	struct slice none = SLICE("{}"), finish[FINISH_PARAMS],
		     range[3] = {slice_str(nobody), SLICE("1"), SLICE("1")};
	struct pg_op ops[] = {{&lock_stmt, finish}, {&lock_all_stmt, &none}, {&finish_stmt, finish},
		{&standing_stmt, finish}, {&window_stmt, range}, {&knowledge_stmt, ask.params}};

	knowledge_ask(&ask, NULL, &(struct uuid){{0}});
	for (size_t i = 0; i < FINISH_PARAMS; i++)
		finish[i] = slice_of(NULL, 0);
	finish[0] = finish[1] = slice_str(nobody);
	for (int64_t i = 0; i < c->config->pg_connections; i++)
		pg_send(c->pg, ops, countof(ops), on_warm, c); /* the least busy: each connection gets one */
}
