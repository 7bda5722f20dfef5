/* SPDX-License-Identifier: ISC
 *
 * answer.h - what the model wrote, taken apart: one cleaned text for each turn that was asked for. Pure.
 *
 * The form asked for is {"turns":[{"n":1,"cleaned_text":".."},..]}, one member a turn of the call
 * (llm_answer_schema). A code fence around it is taken off; a single turn may also come as
 * {"cleaned_text":".."}. Other members are ignored: positions and corrections are computed here, never taken
 * from a model. An answer is whole or it is none: a turn that is missing, there twice or not asked for makes
 * all of it LLM_WRONG_TURNS, and a key there twice LLM_DUPLICATE_KEY.
 */
#ifndef CC_LLM_ANSWER_H
#define CC_LLM_ANSWER_H

#include "cleaner/llm/outcome.h"
#include "common/base/attr.h"
#include "common/base/slice.h"

enum { LLM_BATCH_TURNS = 8 }; /* turns in one call: more and the answer's length eats the deadline */

struct llm_answer {
	char *texts[LLM_BATCH_TURNS]; /* owned; texts[i] answers turn n = i + 1 */
	size_t count;
};

/* LLM_OK with `turns` (1 to LLM_BATCH_TURNS) texts of valid UTF-8 in *out, or what is wrong and an empty
 * *out. */
must_check enum llm_outcome llm_answer_read(struct slice text, size_t turns, struct llm_answer *out);
void llm_answer_finish(struct llm_answer *answer);

#endif
