/* SPDX-License-Identifier: ISC
 *
 * late.c - turns that went out with the local answer while the model was still at work: its answer becomes the
 * turn's next revision, if it comes, stands before the judge and differs.
 *
 * A late turn is what its lease knew, moved here when the lease ended: nothing in Redis stands for it, no turn
 * waits for it, and it ends when its cleaner drains or dies, which costs nothing but the better text. It never overwrites what
 * somebody has made of the turn since (late.sql). The conversation's window leaves Redis before the commit, so
 * that a turn which is claimed after it reads what stands.
 *
 * A late turn waits for exactly one of: the model, Redis, PostgreSQL.
 */
#include "cleaner.h"

#include "common/base/log.h"
#include "common/base/xalloc.h"
#include "late.sql.h"
#include "lock.sql.h"

#include <stdio.h>
#include <stdlib.h>

enum { LATE_PARAMS = 10, NUMBER_BYTES = 24 };

struct late {
	struct late *next, *previous;
	struct lease lease;	/* its state is LEASE_LATE */
	enum confidence before; /* of the revision that went out */
};

static const struct pg_stmt lock_stmt = {"lock", lock_sql, 1}, late_stmt = {"late", late_sql, LATE_PARAMS};

static struct late *late_of(struct lease *l)
{
	return (struct late *)((char *)l - offsetof(struct late, lease));
}

static void end(struct late *x)
{
	struct cleaner *c = x->lease.cleaner;

	*(x->previous ? &x->previous->next : &c->late.first) = x->next;
	if (x->next)
		x->next->previous = x->previous;
	c->late.count--;
	lease_finish(&x->lease);
	free(x);
}

/* --- the commit --- */

static void committed(struct late *x, const PGresult *r)
{
	struct lease *l = &x->lease;

	if (PQntuples(r) != 1) {
		l->cleaner->late.overtaken++;
		log_info("late.overtaken", "model=%s", l->cleaned.model);
		return;
	}
	l->cleaner->late.revised++;
	announce_finished(l, (uint64_t)pg_cell_i64(r, 0, 0));
	announce_confidence(l, pg_cell(r, 0, 1));
}

static void on_commit(const struct pg_answer *answer, void *arg)
{
	struct late *x = arg;
	struct cleaner *c = x->lease.cleaner;

	if (answer->status == PG_OK)
		committed(x, answer->results[1]);
	else
		c->late.lost++; /* if it went through nevertheless, its outbox row announces it */
	if (answer->status == PG_REFUSED || answer->status == PG_CONFLICT)
		log_error("late.refused", "sqlstate=%s", answer->sqlstate);
	end(x);
	c->late.committing--;
	cleaner_settled(c);
}

static struct slice number(int64_t v, char text[NUMBER_BYTES])
{
	return slice_of(text, (size_t)snprintf(text, NUMBER_BYTES, "%lld", (long long)v));
}

static void commit(struct late *x)
{
	struct lease *l = &x->lease;
	const struct cleaned *c = &l->cleaned;
	char turn[UUID_TEXT_BYTES], conversation[UUID_TEXT_BYTES], numbers[4][NUMBER_BYTES];
	struct slice params[LATE_PARAMS];
	struct pg_op ops[] = {{&lock_stmt, &params[1]}, {&late_stmt, params}};
	struct buf metadata;

	buf_init(&metadata, LIMIT_TURN_JSON_BYTES);
	l->processing_ns = commit_since_receipt_ns(l);
	cleaned_metadata(c, l->processing_ns, &metadata);
	uuid_text(&l->turn, turn);
	uuid_text(&l->conversation, conversation);
	params[0] = slice_str(turn);
	params[1] = slice_str(conversation);
	params[2] = number((int64_t)l->fence, numbers[0]);
	params[3] = number((int64_t)l->revision, numbers[1]);
	params[4] = buf_view(&c->text).p ? buf_view(&c->text) : SLICE("");
	params[5] = buf_view(&metadata);
	params[6] = slice_str(confidence_name(x->before));
	params[7] = slice_str(confidence_name(c->confidence));
	params[8] = params[9] = slice_of(NULL, 0);
	if (l->known) {
		params[8] = number(l->known->knowledge.user_version, numbers[2]);
		params[9] = number(l->known->knowledge.conversation_version, numbers[3]);
	}
	pg_send(l->cleaner->pg, ops, countof(ops), on_commit, x);
	buf_finish(&metadata);
}

static void on_dropped(const redisReply *reply, void *arg)
{
	struct late *x = arg;
	struct cleaner *c = x->lease.cleaner;

	if (reply && reply->type != REDIS_REPLY_ERROR) {
		commit(x);
		return;
	}
	c->late.lost++; /* a window with the old text could outlive Redis' absence */
	end(x);
	c->late.committing--;
	cleaner_settled(c);
}

/* --- its life --- */

/* There is an answer, or there will be none. */
static void answered(struct late *x)
{
	struct cleaner *c = x->lease.cleaner;

	x->before = x->lease.cleaned.confidence;
	if (!model_take_revised(&x->lease)) {
		c->late.vain++;
		end(x);
		return;
	}
	c->late.committing++;
	queue_window_drop(c->redis, &x->lease.conversation, on_dropped, x);
}

void late_told(struct lease *l)
{
	answered(late_of(l));
}

/* Moves all that cleaning needs; what ends the lease has what it needs already. */
static struct late *take_from(struct lease *l)
{
	struct cleaner *c = l->cleaner;
	struct late *x = xcalloc(1, sizeof *x);

	x->lease = *l;
	x->lease.state = LEASE_LATE;
	l->blob = NULL;
	l->job = (struct msg_job){0};
	l->window = (struct window){.held = NULL};
	l->known = NULL;
	l->asking = NULL;
	cleaned_init(&l->cleaned);
	model_moved(&x->lease);
	x->next = c->late.first;
	if (c->late.first)
		c->late.first->previous = x;
	c->late.first = x;
	c->late.count++;
	return x;
}

void late_begin(struct lease *l)
{
	struct cleaner *c = l->cleaner;
	struct late *x;

	if (!model_is_late(l) || service_is_draining(c->run))
		return; /* the lease's end cancels the question */
	if (c->late.count == LATE_MOST) {
		c->late.dropped++;
		return;
	}
	x = take_from(l);
	if (!model_is_asked(&x->lease))
		answered(x);
}

void late_drain(struct cleaner *c)
{
	struct late *next;

	for (struct late *x = c->late.first; x; x = next) {
		next = x->next;
		if (model_is_asked(&x->lease))
			end(x);
	}
}

void late_close(struct cleaner *c)
{
	late_drain(c);
	if (c->late.revised + c->late.vain + c->late.overtaken + c->late.dropped + c->late.lost)
		log_info("late.counts", "revised=%llu vain=%llu overtaken=%llu dropped=%llu lost=%llu",
			(unsigned long long)c->late.revised, (unsigned long long)c->late.vain,
			(unsigned long long)c->late.overtaken, (unsigned long long)c->late.dropped,
			(unsigned long long)c->late.lost);
}
