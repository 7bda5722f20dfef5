/* SPDX-License-Identifier: ISC
 *
 * figures.c - reads the queue's figures every second while it holds turns, for the rate at which it is worked
 * off.
 *
 * Asleep while nothing is queued: an idle decider does not wake for it.
 */
#include "decider.h"

#include "common/base/clock.h"
#include "common/service/timings.h"
#include "common/store/queue.h"

enum { EVERY_MS = 1000 };

static void on_stats(const redisReply *reply, void *arg)
{
	struct decider *d = arg;
	uint64_t turns, waiting, finished;
	double rate;

	d->figures.asking = false;
	if (!reply || reply->type != REDIS_REPLY_ARRAY || reply->elements != QUEUE_FIGURES) {
		d->figures.rate = (struct rate){0};
		d->figures.turns = 0; /* not known: PostgreSQL has room */
		return;
	}
	turns = (uint64_t)reply->element[1]->integer;
	d->figures.turns = turns;
	waiting = (uint64_t)reply->element[3]->integer;
	finished = (uint64_t)reply->element[4]->integer;
	if (rate_take(&d->figures.rate, clock_mono_ns(), waiting, finished, &rate))
		timing_value(METRIC_SYSTEM_QUEUE_PROCESSING_RATE, rate);
	if (turns == 0)
		ev_timer_stop(service_loop(d->run), &d->figures.timer);
}

static void on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct decider *d = w->data;

	if (d->figures.asking)
		return;
	d->figures.asking = true;
	queue_stats(d->redis, on_stats, d);
}

void figures_start(struct decider *d)
{
	ev_timer_init(&d->figures.timer, on_timer, 0, EVERY_MS / 1e3);
	d->figures.timer.data = d;
}

void figures_watch(struct decider *d)
{
	if (!ev_is_active(&d->figures.timer))
		ev_timer_again(service_loop(d->run), &d->figures.timer);
}

void figures_stop(struct decider *d)
{
	ev_timer_stop(service_loop(d->run), &d->figures.timer);
}
