/* SPDX-License-Identifier: ISC
 *
 * counts.c - what the decider tells of itself, and of the queue as figures.c last read it.
 */
#include "decider.h"

static void of_queue(struct buf *out, const struct figures *f)
{
	if (!f->known) /* no data is not an empty queue */
		return;
	count_of(out, COUNT_QUEUE_READY, f->now[QUEUE_READY] - f->now[QUEUE_READY_HIGH], "priority", "normal");
	count_of(out, COUNT_QUEUE_READY, f->now[QUEUE_READY_HIGH], "priority", "high");
	count_add(out, COUNT_QUEUE_TURNS, f->now[QUEUE_TURNS]);
	count_add(out, COUNT_QUEUE_IN_FLIGHT, f->now[QUEUE_HELD]);
	count_series(out, COUNT_QUEUE_OLDEST, (double)f->now[QUEUE_OLDEST_MS] / 1e3, NULL, 0);
	count_add(out, COUNT_QUEUE_DEAD, f->now[QUEUE_DEAD]);
}

static void write_all(struct buf *out, void *arg)
{
	const struct decider *d = arg;

	count_add(out, COUNT_DECIDER_BATCHES, d->did.batches);
	count_of(out, COUNT_DECIDER_ACCEPTED, d->did.accepted[TURN_DONE], "to", "done");
	count_of(out, COUNT_DECIDER_ACCEPTED, d->did.accepted[TURN_QUEUED], "to", "queued");
	count_of(out, COUNT_DECIDER_ACCEPTED, d->did.accepted[TURN_PAUSED], "to", "paused");
	count_add(out, COUNT_DECIDER_BYPASSED, d->did.bypassed);
	count_add(out, COUNT_DECIDER_REPEATED, d->did.repeated);
	count_of(out, COUNT_DECIDER_REFUSED, d->did.full, "why", "full");
	count_of(out, COUNT_DECIDER_REFUSED, d->did.no_postgres, "why", "postgres");
	count_of(out, COUNT_DECIDER_REFUSED, d->did.closed, "why", "closed");
	count_add(out, COUNT_DECIDER_RETRIES, d->did.pg_retries);
	count_add(out, COUNT_DECIDER_REQUEUED, d->did.requeued);
	count_add(out, COUNT_DECIDER_ANNOUNCED_AGAIN, d->did.announced_again);
	of_queue(out, &d->figures);
}

struct counts *decider_counts_open(struct decider *d)
{
	return counts_open(d->run, write_all, d);
}
