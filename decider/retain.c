/* SPDX-License-Identifier: ISC
 *
 * retain.c - deletes conversations that nothing has happened to for retain_days, where that is configured. At
 * start, then every hour; a page at a time, so that no transaction holds many locks. Any decider may, two do
 * no harm.
 *
 * What Redis still has of them expires there by itself; no event is told, since nobody has looked at them for
 * days.
 */
#include "decider.h"

#include "common/base/attr.h"
#include "common/base/log.h"
#include "retain.sql.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	RETAIN_EVERY_S = 3600,
	RETAIN_PG_S = 5,       /* PostgreSQL is away */
	RETAIN_AGAIN_MS = 200, /* between pages: the commits of turns come first */
	RETAIN_PAGE = 50,      /* conversations: some thousand turns */
	NUMBER_BYTES = 24,
};

static const struct pg_stmt retain_stmt = {"retain", retain_sql, 2};

static void wait(struct decider *d, double seconds)
{
	ev_timer_stop(service_loop(d->run), &d->retain);
	ev_timer_set(&d->retain, seconds, 0);
	ev_timer_start(service_loop(d->run), &d->retain);
}

static void on_deleted(const struct pg_answer *answer, void *arg)
{
	struct decider *d = arg;
	int n = answer->status == PG_OK ? atoi(PQcmdTuples(answer->results[0])) : 0;
	bool more = n == d->retain_page;

	if (n)
		log_info("retain.deleted", "conversations=%d", n);
	if (answer->status != PG_OK) {
		log_warning("retain.failed", "conversations=%d status=%d sqlstate=%s", d->retain_page, (int)answer->status,
			answer->sqlstate);
		more = d->retain_page > 1;
		d->retain_page /= 2; /* long ones: what was too much for one statement's time is done in parts */
	}
	if (!more)
		d->retain_page = RETAIN_PAGE;
	if (!service_is_draining(d->run))
		wait(d, more ? RETAIN_AGAIN_MS / 1e3 : RETAIN_EVERY_S);
}

static void on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct decider *d = w->data;
	char days[NUMBER_BYTES], page[NUMBER_BYTES];
	struct slice params[2];

	if (d->config->retain_days == 0 || !pg_is_up(d->pg)) {
		wait(d, d->config->retain_days == 0 ? RETAIN_EVERY_S : RETAIN_PG_S);
		return;
	}
	snprintf(days, sizeof days, "%lld", (long long)d->config->retain_days);
	snprintf(page, sizeof page, "%d", d->retain_page);
	params[0] = slice_str(days);
	params[1] = slice_str(page);
	pg_send(d->pg, &(struct pg_op){&retain_stmt, params}, 1, on_deleted, d);
}

void retain_start(struct decider *d)
{
	d->retain_page = RETAIN_PAGE;
	ev_timer_init(&d->retain, on_timer, 0, 0);
	d->retain.data = d;
	wait(d, 1);
}

void retain_stop(struct decider *d)
{
	ev_timer_stop(service_loop(d->run), &d->retain);
}
