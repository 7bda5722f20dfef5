/* SPDX-License-Identifier: ISC
 *
 * text_diff.h - where two texts differ, by words. Pure.
 *
 * Words and single marks are matched (longest common subsequence); blanks between them belong to the stretch
 * around them. A stretch of as many words on both sides is told word by word. Hunks are in order, do not
 * overlap, and what lies between two of them is the same bytes in both texts. Texts whose middle is longer
 * than DIFF_CELLS allows are told as one hunk.
 */
#ifndef CC_COMMON_TEXT_DIFF_H
#define CC_COMMON_TEXT_DIFF_H

#include "common/base/attr.h"
#include "common/base/slice.h"

enum { DIFF_WORDS = 1024 /* a longer stretch is told as one hunk, however many words it has */ };
enum { DIFF_CELLS = 1024 * 1024 /* of the table: 1,000 words against 1,000, 2 MiB and a few ms */ };

struct hunk {
	size_t a, a_end, b,
		b_end; /* bytes: [a, a_end) of the one became [b, b_end) of the other; never both empty */
};

struct text_diff {
	struct hunk *hunks; /* owned */
	size_t count, cap;
};

void text_diff(struct slice a, struct slice b, struct text_diff *out);
void text_diff_finish(struct text_diff *d);

#endif
