/* SPDX-License-Identifier: ISC
 *
 * judge.h - what may stand of a model's answer: each edit for itself, or none of it. Pure.
 *
 * Raw turn and answer are aligned word by word; each differing stretch is judged (edits.h). Good edits are
 * kept, of bad ones what was said stands, with the local engine's own corrections of those words. An answer
 * that is not the turn at all (an answer to it, a refusal, a translation) is rejected whole. Vocabulary
 * spellings (`sounds_like`) are put right last, whatever the model said. The result has the engine's form:
 * corrections in order that rebuild `cleaned` from raw.
 *
 * Ownership: the judgement owns its cleaned text and corrections; `original` is bytes of the raw turn,
 * contexts and decision are the local result's: all of these must outlive it.
 */
#ifndef CC_LLM_JUDGE_H
#define CC_LLM_JUDGE_H

#include "cleaner/llm/edits.h"

struct judge_input {
	const struct clean_input *in;
	struct slice answer;		  /* valid UTF-8 */
	const struct clean_result *local; /* or NULL */
	const struct slice *foreign;	  /* texts of other conversations in the same call */
	size_t foreign_count;
};

struct judgement {
	bool accepted;			  /* the answer is the turn; result stands */
	struct clean_result result;	  /* when accepted */
	size_t classes[EDIT_CLASS_COUNT]; /* edits by class, kept and dropped */
	size_t kept, dropped;
	struct buf text;		/* owned: cleaned */
	struct correction *corrections; /* owned */
};

void judge(struct judgement *out, const struct judge_input *input);
void judgement_finish(struct judgement *judgement);

#endif
