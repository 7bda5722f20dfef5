/* SPDX-License-Identifier: ISC
 *
 * figures.c - reads the queue's figures every second: for its bound, /metrics, and the rate at which it is worked off.
 */
#include "decider.h"

#include "common/base/clock.h"
#include "common/service/timings.h"

enum { EVERY_MS = 1000 };

static void on_stats(const redisReply *reply, void *arg)
{
	struct decider *d = arg;
	struct figures *f = &d->figures;
	double rate;

	f->asking = false;
	f->known = reply && reply->type == REDIS_REPLY_ARRAY && reply->elements == QUEUE_FIGURES;
	if (!f->known) {
		f->rate = (struct rate){0};
		return;
	}
	for (size_t i = 0; i < QUEUE_FIGURES; i++)
		f->now[i] = (uint64_t)reply->element[i]->integer;
	if (rate_take(&f->rate, clock_mono_ns(), f->now[QUEUE_UNCLAIMED], f->now[QUEUE_FINISHED], &rate))
		timing_value(METRIC_SYSTEM_QUEUE_PROCESSING_RATE, rate);
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
	ev_timer_init(&d->figures.timer, on_timer, EVERY_MS / 1e3, EVERY_MS / 1e3);
	d->figures.timer.data = d;
	ev_timer_start(service_loop(d->run), &d->figures.timer);
}

void figures_stop(struct decider *d)
{
	ev_timer_stop(service_loop(d->run), &d->figures.timer);
}
