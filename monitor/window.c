/* SPDX-License-Identifier: ISC
 *
 * window.c - see window.h. A slot is reused when its tick comes round again; its cells keep their memory.
 */
#include "window.h"

#include "common/base/clock.h"
#include "common/base/xalloc.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_CELLS = 8 }; /* an idle metric's few values */

const char *const window_names[WINDOW_COUNT] = {"1m", "5m", "1h"};

static const uint64_t lengths_s[WINDOW_COUNT] = {60, 300, 3600};

static uint64_t tick_of(enum window which, uint64_t now_ns)
{
	return now_ns / (lengths_s[which] * NS_PER_S / WINDOW_PARTS) + 1;
}

void series_init(struct series *s)
{
	memset(s, 0, sizeof *s);
}

void series_finish(struct series *s)
{
	for (int w = 0; w < WINDOW_COUNT; w++)
		for (int i = 0; i < WINDOW_SLOTS; i++)
			free(s->slots[w][i].cells);
	series_init(s);
}

static void begin(struct window_slot *slot, uint64_t tick)
{
	slot->tick = tick;
	slot->count = slot->within = slot->sum = slot->max = 0;
	slot->min = UINT64_MAX;
	slot->used = 0;
}

/* Where the bucket's cell is, or belongs. */
static size_t place(const struct window_slot *slot, uint16_t bucket)
{
	size_t low = 0, high = slot->used;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (slot->cells[middle].bucket < bucket)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Each bucket has at most one cell, so HIST_BUCKETS are always enough. */
static uint16_t grown(uint16_t cap)
{
	if (cap == 0)
		return FIRST_CELLS;
	return cap * 2 < HIST_BUCKETS ? (uint16_t)(cap * 2) : HIST_BUCKETS;
}

static void count_cell(struct window_slot *slot, uint16_t bucket)
{
	size_t at = place(slot, bucket);

	if (at < slot->used && slot->cells[at].bucket == bucket) {
		if (slot->cells[at].count < UINT32_MAX)
			slot->cells[at].count++;
		return;
	}
	if (slot->used == slot->cap) {
		slot->cap = grown(slot->cap);
		slot->cells = xrealloc(slot->cells, slot->cap * sizeof slot->cells[0]);
	}
	memmove(slot->cells + at + 1, slot->cells + at, (slot->used - at) * sizeof slot->cells[0]);
	slot->cells[at] = (struct window_cell){bucket, 1};
	slot->used++;
}

void series_add(struct series *s, uint64_t now_ns, uint64_t value, bool within)
{
	uint16_t bucket = (uint16_t)hist_bucket_of(value);

	for (enum window w = 0; w < WINDOW_COUNT; w++) {
		uint64_t tick = tick_of(w, now_ns);
		struct window_slot *slot = &s->slots[w][tick % WINDOW_SLOTS];

		if (slot->tick != tick)
			begin(slot, tick);
		slot->count++;
		slot->within += within;
		slot->sum += value;
		slot->min = value < slot->min ? value : slot->min;
		slot->max = value > slot->max ? value : slot->max;
		count_cell(slot, bucket);
	}
}

static void merge_slot(struct hist *out, const struct window_slot *slot)
{
	out->count += slot->count;
	out->sum += slot->sum;
	out->min = slot->min < out->min ? slot->min : out->min;
	out->max = slot->max > out->max ? slot->max : out->max;
	for (size_t i = 0; i < slot->used; i++) {
		uint64_t sum = (uint64_t)out->bucket[slot->cells[i].bucket] + slot->cells[i].count;

		out->bucket[slot->cells[i].bucket] = sum < UINT32_MAX ? (uint32_t)sum : UINT32_MAX;
	}
}

void series_merge(const struct series *s, enum window which, uint64_t now_ns, struct hist *out, uint64_t *within)
{
	uint64_t tick = tick_of(which, now_ns);

	hist_init(out);
	*within = 0;
	for (int i = 0; i < WINDOW_SLOTS; i++) {
		const struct window_slot *slot = &s->slots[which][i];

		if (slot->tick == 0 || slot->tick > tick || tick - slot->tick >= WINDOW_SLOTS)
			continue;
		merge_slot(out, slot);
		*within += slot->within;
	}
}
