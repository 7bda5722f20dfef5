/* SPDX-License-Identifier: ISC
 *
 * align.h - where two runs of words are the same words, and where not. Pure.
 *
 * Gives the differing stretches in order: words [a, a_end) of the one stand where [b, b_end) of the other do;
 * either may be empty, never both. Between them the words are pairwise the same by their folds.
 */
#ifndef CC_LLM_ALIGN_H
#define CC_LLM_ALIGN_H

#include "cleaner/llm/words.h"

struct stretch {
	size_t a, a_end, b, b_end;
};

struct alignment {
	struct stretch *rows; /* owned */
	size_t n, cap;
	size_t same; /* words that are the same in both */
};

enum { ALIGN_WORDS = 1400 }; /* in either; the table is their product: 8 MB at the most, freed at once */

/* False when either has more than ALIGN_WORDS. */
must_check bool align_words(const struct words *a, const struct words *b, struct alignment *out);
void align_finish(struct alignment *alignment);

#endif
