/* SPDX-License-Identifier: ISC
 *
 * hedge.c - see hedge.h.
 */
#include "cleaner/llm/hedge.h"

#include <stdlib.h>
#include <string.h>

enum { WHOLE = 100, LOOK_EVERY = 8 /* answers: sorting is a microsecond, the figure moves slowly */ };

void hedge_called(struct hedge *h, unsigned percent)
{
	h->hundredths += percent;
	if (h->hundredths > HEDGE_SAVED * WHOLE)
		h->hundredths = HEDGE_SAVED * WHOLE;
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void look(struct hedge *h)
{
	size_t n = h->heard < HEDGE_TIMES ? (size_t)h->heard : HEDGE_TIMES;
	uint32_t sorted[HEDGE_TIMES];

	memcpy(sorted, h->ms, n * sizeof *sorted);
	qsort(sorted, n, sizeof *sorted, by_size);
	h->p95_ms = sorted[n * 95 / 100] + 1; /* a whole millisecond longer than those 95 */
}

void hedge_heard(struct hedge *h, uint64_t ms)
{
	h->ms[h->heard++ % HEDGE_TIMES] = ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX;
	if (h->heard >= HEDGE_LEAST && (h->p95_ms == 0 || h->heard % LOOK_EVERY == 0))
		look(h);
}

bool hedge_take(struct hedge *h)
{
	if (h->hundredths < WHOLE)
		return false;
	h->hundredths -= WHOLE;
	return true;
}
