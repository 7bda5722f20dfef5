/* SPDX-License-Identifier: ISC
 *
 * hist.c - see hist.h.
 *
 * Values below 2^SUB_BITS have a bucket each. Above, a value whose highest bit is b keeps its SUB_BITS bits after that one:
 * row b - SUB_BITS + 1, column those bits. So buckets are in the order of their values and a merge is an addition.
 */
#include "hist.h"

#include <math.h>
#include <string.h>

#define SUB_COUNT (UINT64_C(1) << HIST_SUB_BITS)
#define LARGEST ((UINT64_C(1) << HIST_VALUE_BITS) - 1)

void hist_init(struct hist *h)
{
	memset(h, 0, sizeof *h);
	h->min = UINT64_MAX;
}

size_t hist_bucket_of(uint64_t value)
{
	unsigned shift;

	if (value > LARGEST)
		value = LARGEST;
	if (value < SUB_COUNT)
		return (size_t)value;
	shift = 63u - (unsigned)__builtin_clzll(value) - HIST_SUB_BITS;
	return (size_t)((shift + 1) * SUB_COUNT + ((value >> shift) - SUB_COUNT));
}

uint64_t hist_bucket_top(size_t bucket)
{
	unsigned row = (unsigned)(bucket >> HIST_SUB_BITS);
	uint64_t column = bucket & (SUB_COUNT - 1);

	if (row == 0)
		return column;
	return ((SUB_COUNT + column + 1) << (row - 1)) - 1;
}

void hist_add(struct hist *h, uint64_t value)
{
	uint32_t *bucket = &h->bucket[hist_bucket_of(value)];

	h->count++;
	h->sum += value;
	if (value < h->min)
		h->min = value;
	if (value > h->max)
		h->max = value;
	if (*bucket < UINT32_MAX)
		++*bucket;
}

void hist_merge(struct hist *into, const struct hist *from)
{
	into->count += from->count;
	into->sum += from->sum;
	if (from->min < into->min)
		into->min = from->min;
	if (from->max > into->max)
		into->max = from->max;
	for (size_t i = 0; i < HIST_BUCKETS; i++) {
		uint64_t sum = (uint64_t)into->bucket[i] + from->bucket[i];

		into->bucket[i] = sum < UINT32_MAX ? (uint32_t)sum : UINT32_MAX;
	}
}

static uint64_t between(uint64_t value, uint64_t low, uint64_t high)
{
	return value < low ? low : value > high ? high : value;
}

uint64_t hist_percentile(const struct hist *h, double q)
{
	uint64_t rank, seen = 0;

	if (h->count == 0)
		return 0;
	rank = between((uint64_t)ceil(q * (double)h->count), 1, h->count);
	for (size_t i = 0; i < HIST_BUCKETS; i++) {
		seen += h->bucket[i];
		if (seen >= rank)
			return between(hist_bucket_top(i), h->min, h->max);
	}
	return h->max;
}

uint64_t hist_count_within(const struct hist *h, uint64_t limit)
{
	size_t last = hist_bucket_of(limit);
	uint64_t n = 0;

	if (limit >= h->max)
		return h->count;
	for (size_t i = 0; i <= last; i++)
		n += h->bucket[i];
	return n;
}
