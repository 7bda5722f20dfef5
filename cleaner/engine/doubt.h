/* SPDX-License-Identifier: ISC
 *
 * doubt.h - words that stand though they are likely misheard, with nothing better known.
 *
 * A wrong change is worse than an old error: what is too unsure to be changed is marked instead, for people
 * and for a language model, and so that later turns do not build on it.
 */
#ifndef CC_ENGINE_DOUBT_H
#define CC_ENGINE_DOUBT_H

#include "turn.h"

/* A word in lower case that neither the training text nor the dictionary has: likely misheard, or a name. */
bool is_unknown_word(const struct table *table, const struct word *word);

/* Reads the doubtful words off the turn's words into the result, in the arena. After its corrections. */
void doubts_collect(const struct turn *t, struct clean_result *result);

#endif
