/* SPDX-License-Identifier: ISC
 *
 * prices.h - what a model's tokens cost, as the operator has it: a table by model and kind of token. Pure.
 *
 * Whole numbers throughout, so that sums are exact: a price is in 1e-6 of the currency a million tokens, a
 * cost in 1e-9 of the currency. A model without a row has no cost; none is invented.
 */
#ifndef CC_PRICES_H
#define CC_PRICES_H

#include "cleaner/llm/llm.h"

enum { PRICES = 2 * LLM_MODELS /* rows: models that were asked once may stay in it */ };

struct prices {
	struct {
		char model[LLM_MODEL_BYTES];
		uint64_t prompt, cached, output, thinking;
	} rows[PRICES];
	size_t count;
};

/* "MODEL PROMPT CACHED OUTPUT THINKING, MODEL ..": a name and four decimals, a million tokens each. Empty: no
 * prices. False with the reason in error. */
must_check bool prices_parse(struct slice text, struct prices *out, struct buf *error);

/* False: the model has no row. */
must_check bool prices_cost(
	const struct prices *prices, const char *model, const struct llm_usage *usage, uint64_t *nano);

/* An amount with up to six decimals, at most a million, in 1e-6. False: it is none. */
must_check bool amount_parse(struct slice text, uint64_t *micro);

#endif
