/* SPDX-License-Identifier: ISC
 *
 * hist.h - a mergeable log-linear histogram (as HdrHistogram: Gil Tene): counts of values in buckets whose width is
 * 1/32 of their power of two, so any percentile is right within 3.2 %, and two histograms add by adding counts.
 *
 * Values are unsigned, 0 to 2^44-1 (in nanoseconds: 4.8 hours); larger ones count as the largest. About 5 KiB each.
 */
#ifndef CC_BASE_HIST_H
#define CC_BASE_HIST_H

#include <stddef.h>
#include <stdint.h>

enum { HIST_SUB_BITS = 5, HIST_VALUE_BITS = 44, HIST_BUCKETS = (HIST_VALUE_BITS - HIST_SUB_BITS + 1) << HIST_SUB_BITS };

struct hist {
	uint64_t count, sum, min, max; /* min and max are exact; min is UINT64_MAX while count is 0 */
	uint32_t bucket[HIST_BUCKETS];
};

void hist_init(struct hist *h);
void hist_add(struct hist *h, uint64_t value);
void hist_merge(struct hist *into, const struct hist *from);

/* The value that a share q (0..1) of the samples does not exceed: the upper end of its bucket, bounded by min and max.
 * 0 when empty. */
uint64_t hist_percentile(const struct hist *h, double q);

/* The bucket of a value, and a bucket's largest value: for sparse stores. */
size_t hist_bucket_of(uint64_t value);
uint64_t hist_bucket_top(size_t bucket);

/* How many samples are <= limit, to the bucket's precision. */
uint64_t hist_count_within(const struct hist *h, uint64_t limit);

#endif
