/* SPDX-License-Identifier: ISC
 *
 * window.h - one metric's last minute, five minutes and hour, as rings of small histograms.
 *
 * Each window is cut into slots of a twelfth of its length; a slot holds only the buckets that occurred. The figures of a
 * window are the merge of its slots, so they cover its length and at most one slot more (61 to 65 s of "1m").
 *
 * Memory: a slot grows with the buckets it has seen, 8 bytes each; a steady metric needs 10 to 40 of them, so 40 metrics
 * stay under half a MB. The worst any sender can cause is every bucket in every slot: 400 KB a metric.
 *
 * Pure: the time is an argument (monotonic nanoseconds, never going back). A window_finish'ed one may be initialised again.
 */
#ifndef CC_MONITOR_WINDOW_H
#define CC_MONITOR_WINDOW_H

#include "common/base/hist.h"

#include <stdbool.h>

enum window { WINDOW_1M, WINDOW_5M, WINDOW_1H, WINDOW_COUNT };

enum { WINDOW_PARTS = 12, WINDOW_SLOTS = WINDOW_PARTS + 1 }; /* twelve whole slots and the one under way */

extern const char *const window_names[WINDOW_COUNT]; /* "1m" "5m" "1h" */

struct window_cell {
	uint16_t bucket; /* hist_bucket_of */
	uint32_t count;
};

struct window_slot {
	uint64_t tick;            /* time / slot width, plus 1; 0: never used */
	uint64_t count, within, sum, min, max;
	struct window_cell *cells; /* owned, ascending by bucket */
	uint16_t used, cap;
};

/* All windows of one metric. */
struct series {
	struct window_slot slots[WINDOW_COUNT][WINDOW_SLOTS];
};

void series_init(struct series *s);
void series_finish(struct series *s);

/* Counts a value (1e-6 of the metric's unit) at a time; within: it met its target. */
void series_add(struct series *s, uint64_t now_ns, uint64_t value, bool within);

/* Merges the window that ends now into *out (overwritten); *within is how many of its samples met their target. */
void series_merge(const struct series *s, enum window which, uint64_t now_ns, struct hist *out, uint64_t *within);

#endif
