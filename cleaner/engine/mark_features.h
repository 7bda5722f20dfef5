/* SPDX-License-Identifier: ISC
 *
 * mark_features.h - what the learned table looks at: the same for the trainer and the engine, so the two
 * cannot drift.
 *
 * A text is tokens: each a hash of the word in lower case, and of its shape (the word itself when common,
 * else its ending). A mark is judged between tokens i and i + 1, a capital at token i. Numbers are one and
 * the same token.
 */
#ifndef CC_ENGINE_MARK_FEATURES_H
#define CC_ENGINE_MARK_FEATURES_H

#include "common/base/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	FEATURES_MARK = 40,
	FEATURES_CAPITAL = 26,
	FEATURES_ASK = 40
}; /* room for the features of one judgement */

struct token {
	uint32_t word, shape, ending;
	bool rare; /* neither frequent nor in the dictionary */
};

/* frequency: what table_frequency says; listed: the dictionary has it. */
struct token token_of(struct slice key, uint32_t classes, unsigned frequency, bool listed);

/* How far back the last mark and the last sentence end are, in words. */
struct distance {
	unsigned mark, sentence;
};

/* Each writes the feature hashes and returns how many. Tokens outside [0, count) are the turn's ends. */
size_t features_mark(
	const struct token *t, size_t count, size_t i, struct distance d, uint64_t out[FEATURES_MARK]);
size_t features_capital(
	const struct token *t, size_t count, size_t i, bool capital_before, uint64_t out[FEATURES_CAPITAL]);

/* Does the sentence of tokens [from, to) ask? */
size_t features_ask(const struct token *t, size_t from, size_t to, uint64_t out[FEATURES_ASK]);

#endif
