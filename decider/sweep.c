/* SPDX-License-Identifier: ISC
 *
 * sweep.c - makes good what was lost between PostgreSQL and the rest: turns that are queued but that Redis does not know,
 * and results that are committed but not yet in the event log. At start, whenever Redis comes back, and from time to time.
 *
 * Both repairs may happen twice without harm: the queue ignores what it knows, the event log what it has. A page of each
 * is under way at a time, so that a long backlog is walked without a burst.
 */
#include "decider.h"

#include "common/base/log.h"
#include "common/store/job_row.h"
#include "common/store/result_row.h"
#include "conversation_ids.sql.h"
#include "jobs.sql.h"
#include "queued_ids.sql.h"
#include "unannounced.sql.h"

#include <stdio.h>

enum {
	QUEUED_AGE_MS = 1000,      /* younger ones are on their way from the commit to the queue */
	UNANNOUNCED_AGE_MS = 2000, /* the notifier deletes rows every 100 ms: twenty chances */
	START_AGE_MS = 300, /* .. but at the start three: what the decider before lost is to be told before what comes now */
	UNANNOUNCED_PAGE = 500,    /* results sent again in one go: half a megabyte, usually */
};

static void ask_queue(struct decider *d);

static const struct pg_stmt queued_stmt = {"queued_ids", queued_ids_sql, 4}, jobs_stmt = {"jobs", jobs_sql, 1},
	conversation_stmt = {"conversation_ids", conversation_ids_sql, 2}, unannounced_stmt = {"unannounced", unannounced_sql, 2};

static struct slice number(int64_t v, char text[24])
{
	snprintf(text, 24, "%lld", (long long)v);
	return slice_str(text);
}

/* A full page has another behind it: a wiped Redis is filled again page after page, not one page a sweep. */
static void next_page(struct decider *d)
{
	if (d->sweep.after_seq && !service_is_draining(d->run))
		ask_queue(d);
}

static void on_jobs(const struct pg_answer *answer, void *arg)
{
	struct decider *d = arg;
	int rows = answer->status == PG_OK ? PQntuples(answer->results[0]) : 0;

	for (int row = 0; row < rows; row++) {
		struct msg_job job = job_of_row(answer->results[0], row);

		accept_enqueue(d, &job);
	}
	d->did.requeued += (uint64_t)rows;
	if (rows)
		log_info("sweep.queued_again", "turns=%d", rows);
	next_page(d);
}

static void on_unknown(const redisReply *reply, void *arg)
{
	struct decider *d = arg;
	struct buf ids;
	struct slice param;

	d->sweep.asking_queue = false;
	if (!reply || reply->type != REDIS_REPLY_ARRAY)
		return;
	if (reply->elements == 0) {
		next_page(d);
		return;
	}
	buf_init(&ids, QUEUE_UNKNOWN_TURNS * 64);
	pg_array_begin(&ids);
	for (size_t i = 0; i < reply->elements; i++)
		pg_array_add(&ids, redis_str(reply->element[i]));
	pg_array_end(&ids);
	param = buf_view(&ids);
	pg_send(d->pg, &(struct pg_op){&jobs_stmt, &param}, 1, on_jobs, d);
	buf_finish(&ids);
}

/* A page of ids: asks Redis which it does not know. */
static bool ask_redis(struct decider *d, const struct pg_answer *answer)
{
	struct slice ids[QUEUE_UNKNOWN_TURNS];
	int rows = answer->status == PG_OK ? PQntuples(answer->results[0]) : 0;

	if (rows > QUEUE_UNKNOWN_TURNS)
		rows = QUEUE_UNKNOWN_TURNS;
	for (int row = 0; row < rows; row++)
		ids[row] = pg_cell(answer->results[0], row, 0);
	if (rows)
		queue_unknown(d->redis, ids, (size_t)rows, on_unknown, d);
	return rows > 0;
}

static void on_page(const struct pg_answer *answer, void *arg)
{
	struct decider *d = arg;
	struct sweep *s = &d->sweep;
	int rows = answer->status == PG_OK ? PQntuples(answer->results[0]) : 0;

	/* A full page: the next one goes on behind it; else from the beginning again. */
	if (rows < QUEUE_UNKNOWN_TURNS || !pg_cell_uuid(answer->results[0], rows - 1, 1, &s->after)) {
		s->after = (struct uuid){{0}};
		s->after_seq = 0;
	} else {
		s->after_seq = pg_cell_i64(answer->results[0], rows - 1, 2);
	}
	s->asking_queue = ask_redis(d, answer);
}

static void ask_queue(struct decider *d)
{
	char after[UUID_TEXT_BYTES], age[24], seq[24], limit[24];
	struct slice params[4];

	if (d->sweep.asking_queue || !redis_is_up(d->redis))
		return;
	d->sweep.asking_queue = true;
	uuid_text(&d->sweep.after, after);
	params[0] = number(QUEUED_AGE_MS, age);
	params[1] = slice_str(after);
	params[2] = number(d->sweep.after_seq, seq);
	params[3] = number(QUEUE_UNKNOWN_TURNS, limit);
	pg_send(d->pg, &(struct pg_op){&queued_stmt, params}, 1, on_page, d);
}

static void on_conversation(const struct pg_answer *answer, void *arg)
{
	ask_redis(arg, answer);
}

void sweep_conversation(struct decider *d, const struct uuid *conversation)
{
	char id[UUID_TEXT_BYTES], limit[24];
	struct slice params[2];

	uuid_text(conversation, id);
	params[0] = slice_str(id);
	params[1] = number(QUEUE_UNKNOWN_TURNS, limit);
	pg_send(d->pg, &(struct pg_op){&conversation_stmt, params}, 1, on_conversation, d);
}

static void on_unannounced(const struct pg_answer *answer, void *arg)
{
	struct decider *d = arg;
	int rows = answer->status == PG_OK ? PQntuples(answer->results[0]) : 0;

	d->sweep.asking_outbox = false;
	for (int row = 0; row < rows; row++) {
		struct msg_result m = result_of_row(answer->results[0], row, &d->json);

		decider_result(d, &m);
	}
	d->did.announced_again += (uint64_t)rows;
	if (rows)
		log_info("sweep.announced_again", "results=%d", rows);
}

static void ask_outbox(struct decider *d)
{
	char age[24], limit[24];
	struct slice params[2];

	if (d->sweep.asking_outbox)
		return;
	d->sweep.asking_outbox = true;
	params[0] = number(d->sweep.looked ? UNANNOUNCED_AGE_MS : START_AGE_MS, age);
	d->sweep.looked = true;
	params[1] = number(UNANNOUNCED_PAGE, limit);
	pg_send(d->pg, &(struct pg_op){&unannounced_stmt, params}, 1, on_unannounced, d);
}

void sweep_now(struct decider *d)
{
	if (!pg_is_up(d->pg) || service_is_draining(d->run))
		return;
	ask_queue(d);
	ask_outbox(d);
}

static void on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	sweep_now(w->data);
}

void sweep_start(struct decider *d)
{
	double every = (double)d->config->sweep_ms / 1e3;

	ev_timer_init(&d->sweep.timer, on_timer, every, every);
	d->sweep.timer.data = d;
	ev_timer_start(service_loop(d->run), &d->sweep.timer);
}

void sweep_stop(struct decider *d)
{
	ev_timer_stop(service_loop(d->run), &d->sweep.timer);
}
