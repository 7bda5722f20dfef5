/* SPDX-License-Identifier: ISC
 *
 * catchup.c - the results that got lost with the notifier before this one.
 *
 * Their outbox rows stand. The decider's sweep would tell them again, seconds later, behind what has happened since; and each
 * sender finds a new notifier at its own time, so that what one still holds comes behind what another has sent since. A
 * conversation's events would change places. So what comes in is held until every sender is there; then the outbox is read, which
 * has all that was committed until now, and put into the log in the order of the turns; then what was held follows, and finds
 * itself there already. Requests that wait at a gateway are answered meanwhile. Where there are many rows it takes a while,
 * CATCH_UP_MS at most; what is left is the sweep's.
 */
#include "notifier.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/xalloc.h"
#include "common/store/result_row.h"
#include "common/wire/events.h"
#include "common/wire/limits.h"
#include "lost.sql.h"

#include <stdlib.h>
#include <uthash.h>

enum {
	SETTLE_MS = LINK_BACK_MS + 100, /* until senders have found us */
	POSTGRES_MS = 1000,		/* for a connection; while there is none nothing is committed either */
	CATCH_UP_MS = 10000,		/* some ten thousands of results */
	PAGE = 500,			/* results read in one go: half a megabyte, usually */
	TURNS_MOST = 20000,		/* told so and remembered: 2 MB */
	REMEMBER_MS = 5000,		/* for what was still on its way */
	JSON_BYTES = 2 * LIMIT_TURN_JSON_BYTES,
	COL_LAST_AT = 14,		/* after those of result_row.h */
	COL_LAST_TURN,
	COL_LAST_REVISION,
};

static const struct pg_stmt lost_stmt = {"lost", lost_sql, 4};

struct told {
	UT_hash_handle hh;
	struct uuid turn;
};

static void wait(struct notifier *n, uint64_t ms)
{
	ev_timer_stop(service_loop(n->run), &n->catchup.timer);
	ev_timer_set(&n->catchup.timer, (double)ms / 1e3, 0);
	ev_timer_start(service_loop(n->run), &n->catchup.timer);
}

/* --- the turns that were told --- */

static void remember(struct catchup *c, const struct uuid *turn)
{
	struct told *t;

	HASH_FIND(hh, c->told, turn, sizeof *turn, t);
	if (t || HASH_COUNT(c->told) == TURNS_MOST)
		return;
	t = xcalloc(1, sizeof *t);
	t->turn = *turn;
	HASH_ADD(hh, c->told, turn, sizeof t->turn, t);
}

static void forget(struct catchup *c)
{
	struct told *t, *next;

	HASH_ITER(hh, c->told, t, next)
	{
		HASH_DEL(c->told, t);
		free(t);
	}
}

/* turn:processing behind turn:processed would say that the turn is not done. One that is newer is: it is cleaned once more. */
static bool is_old(const struct catchup *c, const struct msg_result *m)
{
	struct told *t = NULL;

	if (m->event == EVENT_TURN_PROCESSING && m->at < c->until_at)
		HASH_FIND(hh, c->told, &m->turn_id, sizeof m->turn_id, t);
	return t != NULL;
}

/* --- its end --- */

static void let_go(struct notifier *n)
{
	struct backlog *held = &n->catchup.held;

	while (held->first) {
		if (!is_old(&n->catchup, &held->first->result))
			(void)notifier_append(n, &held->first->result);
		backlog_remove(held, held->first);
	}
}

static void end(struct notifier *n, const char *why)
{
	if (n->catchup.state == CATCHUP_OVER)
		return;
	n->catchup.state = CATCHUP_OVER;
	if (n->catchup.results || *why)
		log_info("catchup.over", "results=%zu held=%zu%s", n->catchup.results, n->catchup.held.count, why);
	wait(n, REMEMBER_MS);
	let_go(n);
}

/* --- the outbox --- */

static bool is_mine(const struct notifier *n, const struct uuid *conversation)
{
	return uuid_hash(conversation) % (uint32_t)n->config->count == (uint32_t)n->config->index;
}

/* False: no room for more. */
static bool tell_row(struct notifier *n, const PGresult *rows, int row)
{
	struct msg_result m = result_of_row(rows, row, &n->catchup.json);

	if (!is_mine(n, &m.conversation_id))
		return true;
	remember(&n->catchup, &m.turn_id);
	n->catchup.results++;
	return notifier_append(n, &m);
}

static void go_on_after(struct catchup *c, const PGresult *rows)
{
	snprintf(c->after_at, sizeof c->after_at, "%s", PQgetvalue(rows, 0, COL_LAST_AT));
	snprintf(c->after_turn, sizeof c->after_turn, "%s", PQgetvalue(rows, 0, COL_LAST_TURN));
	c->after_revision = (uint64_t)pg_cell_i64(rows, 0, COL_LAST_REVISION);
	c->state = CATCHUP_APPENDS;
}

static void on_page(const struct pg_answer *answer, void *arg)
{
	struct notifier *n = arg;
	const PGresult *rows;

	if (n->catchup.state == CATCHUP_OVER)
		return;
	if (answer->status != PG_OK) {
		end(n, " cause=failed");
		return;
	}
	rows = answer->results[0];
	n->catchup.until_at = clock_wall_us();
	for (int row = 0; row < PQntuples(rows); row++) {
		if (!tell_row(n, rows, row)) {
			end(n, " cause=full");
			return;
		}
	}
	if (PQntuples(rows) < PAGE) {
		end(n, "");
		return;
	}
	go_on_after(&n->catchup, rows);
	catchup_progress(n);
}

static void ask(struct notifier *n)
{
	struct catchup *c = &n->catchup;
	char revision[NUMBER_BYTES], page[NUMBER_BYTES];
	struct slice params[4] = {slice_str(c->after_at), slice_str(c->after_turn), notifier_digits(c->after_revision, revision),
		notifier_digits(PAGE, page)};

	c->state = CATCHUP_ASKS;
	pg_send(n->pg, &(struct pg_op){&lost_stmt, params}, 1, on_page, n);
}

void catchup_progress(struct notifier *n)
{
	if (n->catchup.state == CATCHUP_APPENDS && n->backlog.count == 0)
		ask(n);
}

void catchup_postgres(struct notifier *n)
{
	if (n->catchup.state != CATCHUP_WAITS)
		return;
	wait(n, CATCH_UP_MS);
	ask(n);
}

/* --- life --- */

static void on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct notifier *n = w->data;
	struct catchup *c = &n->catchup;

	if (c->state == CATCHUP_OVER) {
		forget(c);
	} else if (c->state != CATCHUP_SETTLES) {
		end(n, c->state == CATCHUP_WAITS ? " cause=postgres" : " cause=time");
	} else {
		c->state = CATCHUP_WAITS;
		wait(n, POSTGRES_MS);
		if (pg_is_up(n->pg))
			catchup_postgres(n);
	}
}

bool catchup_holds(struct notifier *n, const struct msg_result *m)
{
	struct catchup *c = &n->catchup;

	if (c->state == CATCHUP_OVER)
		return is_old(c, m);
	if (backlog_add(&c->held, m))
		return true;
	end(n, " cause=full");
	return false;
}

bool catchup_is_over(const struct notifier *n)
{
	return n->catchup.state == CATCHUP_OVER;
}

void catchup_start(struct notifier *n)
{
	static const struct uuid none;
	struct catchup *c = &n->catchup;

	buf_init(&c->json, JSON_BYTES);
	backlog_init(&c->held, (size_t)n->config->backlog_results, (size_t)n->config->backlog_mb << 20, 0);
	snprintf(c->after_at, sizeof c->after_at, "-infinity");
	uuid_text(&none, c->after_turn);
	ev_timer_init(&c->timer, on_timer, 0, 0);
	c->timer.data = n;
	wait(n, SETTLE_MS);
}

void catchup_stop(struct notifier *n)
{
	n->catchup.state = CATCHUP_OVER;
	ev_timer_stop(service_loop(n->run), &n->catchup.timer);
	forget(&n->catchup);
	backlog_clear(&n->catchup.held);
	buf_finish(&n->catchup.json);
}
