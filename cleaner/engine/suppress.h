/* SPDX-License-Identifier: ISC
 *
 * suppress.h - changes that a person has rejected do not come back.
 *
 * Works on the finished result: a correction that is a rejected one (the same words to the same words,
 * whatever their case and the blanks around them) is taken out, and the cleaned text and all positions are
 * made anew from what stays. So it holds for every stage, also those to come. A rejected change whose
 * original has neither letter nor digit (a mark put in) is a matter of its place, not of words: it suppresses
 * nothing.
 */
#ifndef CC_ENGINE_SUPPRESS_H
#define CC_ENGINE_SUPPRESS_H

#include "arena.h"
#include "engine.h"

/* Takes out of *result, made from in->raw, what in->suppressed has. New text and corrections are in the
 * arena. */
void suppress(const struct clean_input *in, struct arena *arena, struct clean_result *result);

/* Was the change of these words rejected? Blanks around them and case do not matter. */
bool is_suppressed(const struct clean_input *in, struct slice original, struct slice corrected);

#endif
