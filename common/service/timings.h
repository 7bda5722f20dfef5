/* SPDX-License-Identifier: ISC
 *
 * timings.h - the client of the monitor: durations and gauges, sent in batches, slow ones at once.
 *
 * Never blocks and never fails the caller: what cannot be sent, since no monitor is connected, is dropped and counted, and the
 * count is sent later. The frame owns the one client of a process.
 */
#ifndef CC_SERVICE_TIMINGS_H
#define CC_SERVICE_TIMINGS_H

#include "common/wire/message.h"
#include "common/wire/metrics.h"

enum { TIMINGS_FLUSH_MS = 100 }; /* a second's windows are fresh enough; ten messages a second a process at most */

void timing_ns(enum metric metric, uint64_t ns);                                /* a metric whose unit is ms */
void timing_turn_ns(enum metric metric, uint64_t ns, const struct uuid *turn_id); /* names the turn if it is slow */
void timing_value(enum metric metric, double value);                            /* in the metric's own unit */

/* Since a moment of clock_mono_ns. */
void timing_since(enum metric metric, uint64_t start_ns);

uint64_t timings_dropped(void);

#endif
