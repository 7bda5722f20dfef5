/* SPDX-License-Identifier: ISC
 *
 * breaker.h - whether a model may be asked now: one for each provider and model. Pure; the clock is an
 * argument.
 *
 * Closed: asked. Open: not asked, so that a turn pays nothing for an outage. Probing: one call of our own,
 * with no turn waiting for it, is under way to see whether the model is back. What one cleaner learns the
 * others are told through Redis (shared.h): breaker_told.
 */
#ifndef CC_LLM_BREAKER_H
#define CC_LLM_BREAKER_H

#include "cleaner/llm/outcome.h"
#include "common/base/attr.h"

#include <stdbool.h>
#include <stdint.h>

enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_PROBING, BREAKER_STATE_COUNT };

enum {
	BREAKER_BAD_POINTS = 2,	 /* a failure's; HEALTH_DOUBT counts 1 */
	BREAKER_OPEN_AT = 10,	 /* points in a row: five failures, or ten useless answers */
	BREAKER_FIRST_MS = 1000, /* open this long, then twice as long each time .. */
	BREAKER_MOST_MS = 7000,	 /* .. up to this: with its jitter a model that is back is seen within 10 s */
	BREAKER_GONE_MS = 60000, /* a bad key or a retired model: an operator mends it */
	BREAKER_PROBE_MS = 2000, /* a probe's time to its answer */
};

struct breaker {
	enum breaker_state state;
	unsigned points;	/* while closed */
	unsigned opens;		/* in a row, for the doubling */
	uint64_t until_ms;	/* open: the next probe */
	enum llm_outcome cause; /* what opened it */
};

/* May a turn ask? */
static inline bool breaker_closed(const struct breaker *b)
{
	return b->state == BREAKER_CLOSED;
}

/* An answer to a turn came; while probing it is of a call sent before, and old news too. wait_ms: what the server asked for, or for HEALTH_DAY the time to the quota's reset. chance
 * in [0, 1) sets the jitter. True when the others are to be told: the state changed, or it stays open much longer. */
bool breaker_heard(
	struct breaker *b, enum llm_outcome outcome, uint64_t wait_ms, uint64_t now_ms, double chance);

/* The probe's answer, as above: the only one that ends probing, but for the day's quota. */
bool breaker_probed(
	struct breaker *b, enum llm_outcome outcome, uint64_t wait_ms, uint64_t now_ms, double chance);

/* Is it time for a probe? True moves it to probing: send one. */
must_check bool breaker_probe(struct breaker *b, uint64_t now_ms);

/* Others say: open for open_ms more, or 0: closed. True when the state changed. */
bool breaker_told(struct breaker *b, uint64_t open_ms, uint64_t now_ms);

const char *breaker_state_name(enum breaker_state state);

#endif
