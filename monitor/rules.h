/* SPDX-License-Identifier: ISC
 *
 * rules.h - what is worth telling about a sample: the decision, without sockets and with the time as an argument.
 *
 * The one rule so far is "slow": one operation over its target, told at once, at most RULES_SLOW_PER_S a metric and second;
 * what is not told is counted and told with the next. Only durations are operations: memory, processor and capacity figures
 * are judged over time, by rules that get the same samples here and the windows beside them.
 */
#ifndef CC_MONITOR_RULES_H
#define CC_MONITOR_RULES_H

#include "targets.h"

enum { RULES_SLOW_PER_S = 10 }; /* lines a metric and second: enough to see it, too few to drown stdout: the issue */

struct rules {
	struct {
		uint64_t second;     /* of the monotonic clock, plus 1: the one being counted; 0: none yet */
		uint32_t told;       /* in that second */
		uint64_t suppressed; /* since the last one told */
	} slow[METRIC_COUNT];
	uint64_t slow_seen;                   /* slow operations of any metric so far, told or not */
	uint64_t suppressed;                  /* of them, not told */
	uint64_t capacity_seen[METRIC_COUNT]; /* slow_seen at a capacity's last sample */
};

struct finding {
	enum metric metric;
	uint64_t value;      /* 1e-6 of the unit */
	uint64_t suppressed; /* slow ones of this metric that were not told before this */
};

void rules_init(struct rules *r);

/* "So many at a time". */
bool rules_is_capacity(enum metric metric);

/* Does the sample meet its target? A capacity misses it only when fewer are active and an operation
 * was slow since its last sample: few visitors are no fault. */
bool rules_within(struct rules *r, const struct targets *t, enum metric metric, uint64_t value);

/* True: tell *out. */
must_check bool rules_sample(struct rules *r, const struct targets *t, enum metric metric, uint64_t value, uint64_t now_ns,
	struct finding *out);

#endif
