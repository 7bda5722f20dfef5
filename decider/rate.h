/* SPDX-License-Identifier: ISC
 *
 * rate.h - how fast the queue is worked off (system.queue_processing_rate): turns finished a second, over
 * seconds in which turns waited throughout; told once RATE_TURNS were counted, so that a short burst says
 * nothing.
 *
 * Pure: readings of the queue's figures in, a rate out. That turns waited is seen at the ends of each
 * interval.
 */
#ifndef CC_DECIDER_RATE_H
#define CC_DECIDER_RATE_H

#include "common/base/attr.h"

#include <stdbool.h>
#include <stdint.h>

enum { RATE_TURNS = 50 /* targets.csv */ };

struct rate {
	bool waited;		   /* turns waited at the last reading */
	uint64_t at_ns, finished;  /* the last reading */
	uint64_t over_ns, counted; /* of the intervals gathered so far */
};

/* A reading: `waiting` turns that no cleaner has, `finished` turns since Redis began. True: *rate is a figure
 * to send. */
must_check bool rate_take(struct rate *r, uint64_t now_ns, uint64_t waiting, uint64_t finished, double *rate);

#endif
