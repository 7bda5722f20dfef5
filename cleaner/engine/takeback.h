/* SPDX-License-Identifier: ISC
 *
 * takeback.h - "Actually, I meant Friday": a turn that puts an earlier one of the same speaker right. Which
 * one, which words of it, and what they become.
 *
 * Strict, since a wrong change of what stands already is worse than none: the turn begins with a clear cue and
 * says little else; what it says is of the same sort as what it replaces (day, month, number) or sounds like
 * it; and in the earlier turn there is one such place only. "I said seventy, I meant seventeen" names both.
 */
#ifndef CC_ENGINE_TAKEBACK_H
#define CC_ENGINE_TAKEBACK_H

#include "turn.h"

enum {
	TAKEBACK_BYTES = 256, /* a turn that is longer says more than that */
	TAKEBACK_WORDS = 4,  /* of what was meant, and of what was said: a name or a number with its unit */
	TAKEBACK_TURNS = 3,  /* of the speaker, back from here, when the turn says what it takes back; else 1 */
	TAKEBACK_PREFIX = 5, /* words before the cue: "oh no wait sorry actually" */
};

/* Does the turn begin as one that takes something back? Cheap: the decision's question. */
bool takeback_cue(const struct words *w);

/* w: this turn, cleaned, cut; window: the turns before it, as they stand, oldest first. False: nothing clear.
 * original is text of the window, corrected of w->raw. */
bool takeback_find(const struct words *w, const struct window_turn *window, size_t count, struct takeback *out);

#endif
