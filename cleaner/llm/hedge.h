/* SPDX-License-Identifier: ISC
 *
 * hedge.h - when a second call for the same question is worth its price, and how many may be made. Pure.
 *
 * A call that takes longer than 95 in 100 of the lately good ones may be asked again beside itself; the first
 * good answer counts. Each call earns a share of a hedge, so the share holds at any time, not only in the long
 * run.
 */
#ifndef CC_LLM_HEDGE_H
#define CC_LLM_HEDGE_H

#include <stdbool.h>
#include <stdint.h>

enum {
	HEDGE_TIMES = 64,     /* good calls that are remembered */
	HEDGE_LEAST = 20,     /* .. and from how many on there is a 95 in 100 */
	HEDGE_SAVED = 5,      /* hedges that quiet times may save up: a slow second is not answered by a flood */
	HEDGE_MOST_PERCENT = 20,
};

struct hedge {
	uint32_t ms[HEDGE_TIMES];
	uint64_t heard;	    /* good calls; the last HEDGE_TIMES are in ms */
	uint64_t p95_ms;    /* 0: not known yet */
	unsigned hundredths; /* of hedges, earned */
};

/* A call was made; percent of them may be hedged. */
void hedge_called(struct hedge *h, unsigned percent);

/* A good answer took so long. */
void hedge_heard(struct hedge *h, uint64_t ms);

/* May one be made now? Takes it from what was earned. */
bool hedge_take(struct hedge *h);

#endif
