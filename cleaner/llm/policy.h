/* SPDX-License-Identifier: ISC
 *
 * policy.h - what to do next about a turn that asks a model: ask, ask again, ask another, or give up. Pure.
 *
 * Only the deadline decides how much is tried: a retry that cannot end in time is not begun, and with a
 * deadline too near nothing is.
 */
#ifndef CC_LLM_POLICY_H
#define CC_LLM_POLICY_H

#include "cleaner/llm/provider.h"

enum {
	POLICY_LEAST_MS = 30,	/* no model answers faster than a network's round trips and a few tokens */
	POLICY_TRIES = 3,	/* of one model for one turn */
	POLICY_LATELY_MS = 3000, /* what a good answer took is believed so long: a model that answered slowly
				    once, and is not asked for that, could not show that it is quick again */
	POLICY_BACKOFF_MS = 20, /* before the second try, doubling, when the server names no time */
};

enum policy_step { STEP_GIVE_UP, STEP_RETRY, STEP_LOOSEN, STEP_NEXT_MODEL };

struct policy_case {
	enum llm_outcome outcome;
	struct llm_retry_facts retry;
	uint64_t left_ms;    /* to the deadline */
	uint64_t typical_ms; /* what a good answer has taken lately; 0: not known */
	unsigned tries;	     /* of this model so far, at least 1 */
	bool another_model;  /* there is one that may be asked */
	bool schema;	     /* the call was made with one */
	double chance;	     /* in [0, 1), for the jitter */
};

/* What a good answer takes, as far as that is known: typical_ms, when the last one was heard age_ms ago; 0: it is not. */
uint64_t policy_typical_ms(uint64_t typical_ms, uint64_t age_ms);

/* Is there time to begin at all? */
bool policy_may_begin(uint64_t left_ms, uint64_t typical_ms);

/* After an answer that is of no use. *wait_ms is how long to wait before STEP_RETRY. */
enum policy_step policy_next(const struct policy_case *c, uint64_t *wait_ms);

/* Milliseconds until the daily quota's reset: midnight in the US Pacific time zone (llm-api.md 4). */
uint64_t policy_day_reset_ms(int64_t wall_s);

#endif
