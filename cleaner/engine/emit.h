/* SPDX-License-Identifier: ISC
 *
 * emit.h - from edited words to the cleaned text and its corrections.
 *
 * Walks the pieces of raw in order (white space, lead, core, trail of each word). What stands unchanged is
 * copied; what changed becomes a correction with its positions on both sides. Between corrections both texts
 * are the same bytes.
 */
#ifndef CC_ENGINE_EMIT_H
#define CC_ENGINE_EMIT_H

#include "words.h"

/* Sets cleaned, corrections and correction_count of *result, all in the words' arena. */
void emit(const struct words *w, struct clean_result *result);

/* Sets the result to raw as it is. */
void emit_unchanged(struct slice raw, struct clean_result *result);

#endif
