/* SPDX-License-Identifier: ISC
 *
 * standin.c - while Redis does not serve, turns that need nothing or light cleaning come from PostgreSQL.
 *
 * Redis serves when it takes a small write, asked on every tick, before the next one: a Redis that is gone,
 * read-only, full or slow does not. Then the queued turns are walked page by page, and those that are the
 * first of their conversation are cleaned and committed as ever: the second commit keeps the order and lets a
 * turn be finished once, whoever else has it. Fully cleaned turns wait for Redis, and what is behind them.
 *
 * Its leases have no entry in Redis and end with the commit. What Redis still holds of such a turn is found
 * done by the cleaner that claims it.
 */
#include "cleaner.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/store/job_row.h"
#include "standin.sql.h"

#include <stdio.h>

enum {
	LOOK_MS = 50,	 /* between looks for new turns: a sixth of a light turn's target */
	NEXT_MS = 5,	 /* between pages of a long queue: PostgreSQL has accepts to commit */
	PAGE_TURNS = 256, /* seen in one look: 2 ms of PostgreSQL's time */
	NUMBER_BYTES = 24,
};

static const struct pg_stmt page_stmt = {"standin", standin_sql, 3};

/* standin.sql's columns behind the job's */
enum { C_CONVERSATION = 22, C_SEQ };

static void look_in(struct cleaner *c, unsigned ms)
{
	ev_timer_stop(service_loop(c->run), &c->standin.timer);
	if (c->standin.serves || service_is_draining(c->run))
		return;
	ev_timer_set(&c->standin.timer, ms / 1e3, 0);
	ev_timer_start(service_loop(c->run), &c->standin.timer);
}

static void stand_in(struct cleaner *c, const PGresult *r, int row)
{
	struct msg_job job = job_of_row(r, row);
	struct lease *l = lease_new(c, LEASE_CLAIMING, false, slice_of(NULL, 0));

	if (l)
		lease_begin_without_redis(l, &job);
}

static void take_page(struct cleaner *c, const PGresult *r)
{
	int rows = PQntuples(r);
	struct uuid id;

	for (int row = 0; row < rows; row++)
		if (pg_cell_uuid(r, row, 0, &id) && !lease_has(c, &id))
			stand_in(c, r, row);
	if (rows < PAGE_TURNS || !pg_cell_uuid(r, rows - 1, C_CONVERSATION, &c->standin.after)) {
		c->standin.after = (struct uuid){{0}};
		c->standin.after_seq = 0;
	} else {
		c->standin.after_seq = pg_cell_i64(r, rows - 1, C_SEQ);
	}
}

static void on_page(const struct pg_answer *answer, void *arg)
{
	struct cleaner *c = arg;

	c->standin.looking = false;
	if (answer->status == PG_OK && !c->standin.serves && !service_is_draining(c->run))
		take_page(c, answer->results[0]);
	look_in(c, c->standin.after_seq ? NEXT_MS : LOOK_MS);
}

static void look(struct cleaner *c)
{
	char after[UUID_TEXT_BYTES], seq[NUMBER_BYTES], limit[NUMBER_BYTES];
	struct slice params[3];

	if (!pg_is_up(c->pg) || c->in_flight >= (size_t)c->config->max_in_flight) {
		look_in(c, LOOK_MS);
		return;
	}
	uuid_text(&c->standin.after, after);
	snprintf(seq, sizeof seq, "%lld", (long long)c->standin.after_seq);
	snprintf(limit, sizeof limit, "%d", PAGE_TURNS);
	params[0] = slice_str(after);
	params[1] = slice_str(seq);
	params[2] = slice_str(limit);
	c->standin.looking = true;
	pg_send(c->pg, &(struct pg_op){&page_stmt, params}, 1, on_page, c);
}

static void on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct cleaner *c = w->data;

	if (!c->standin.looking)
		look(c);
}

static void set_serves(struct cleaner *c, bool serves, const char *why)
{
	char quoted[160];

	if (c->standin.serves == serves)
		return;
	c->standin.serves = serves;
	if (serves) {
		log_info("redis.serves", "");
		take_redis_up(c);
	} else {
		log_warning("redis.refuses", "cause=%s note=\"light turns come from PostgreSQL\"",
			log_quote(why, quoted, sizeof quoted));
		look_in(c, 0);
	}
}

static void on_probe(const redisReply *reply, void *arg)
{
	struct cleaner *c = arg;
	bool taken = reply && reply->type == REDIS_REPLY_STATUS;

	c->standin.probing = false;
	set_serves(c, taken, !reply ? "gone" : reply->type == REDIS_REPLY_ERROR ? reply->str : "an odd answer");
	if (taken)
		take_more(c);
}

void standin_probe(struct cleaner *c)
{
	if (redis_is_beginning(c->redis))
		return; /* a busy machine's start lasts longer than a tick: no reason to say that Redis is gone */
	if (c->standin.probing) {
		set_serves(c, false, "slow");
		return;
	}
	c->standin.probing = true;
	queue_probe(c->redis, slice_str(service_instance(c->run)), on_probe, c);
}

void standin_open(struct cleaner *c)
{
	c->standin.serves = true; /* until it is seen that it does not */
	ev_timer_init(&c->standin.timer, on_timer, 0, 0);
	c->standin.timer.data = c;
}

void standin_close(struct cleaner *c)
{
	ev_timer_stop(service_loop(c->run), &c->standin.timer);
}
