/* SPDX-License-Identifier: ISC
 *
 * judge_inside.h - the judge's parts, for each other: judge.c (which edits stand) and judge_write.c (what is
 * put right besides, and the result written out).
 *
 * Edits are gathered as ranges of the raw turn with their new text, in any order; they are sorted and written
 * at the end, and of two that touch the first stands.
 */
#ifndef CC_LLM_JUDGE_INSIDE_H
#define CC_LLM_JUDGE_INSIDE_H

#include "cleaner/llm/align.h"
#include "cleaner/llm/judge.h"

struct range { /* raw bytes [from, to) become text */
	size_t from, to;
	struct slice text;
	bool space_before, space_after; /* one is written beside the text */
	enum correction_kind kind;
	double score;
	const char *reason;
};

struct judging {
	const struct judge_input *input;
	struct judgement *out;
	struct edit_context c;
	struct alignment alignment;
	struct range *ranges; /* owned */
	size_t n, cap;
	size_t bad;	      /* words in dropped edits */
	size_t after_dropped; /* the raw word after the last dropped edit; 0: none */
};

size_t judging_byte(const struct judging *j, const char *p); /* of raw: the offset of one of its bytes */
void judging_add(struct judging *j, struct range r);

/* judge_write.c */
void judging_take_overlooked(
	struct judging *j); /* what the local engine is sure of and the model left alone */
void judging_force_vocabulary(
	struct judging *j);	       /* spellings of the vocabulary's terms, whatever the model said */
void judging_write(struct judging *j); /* out's text, corrections and result */

#endif
