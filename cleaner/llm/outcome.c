/* SPDX-License-Identifier: ISC
 *
 * outcome.c - the rows of outcome.h as data.
 */
#include "cleaner/llm/outcome.h"

#define LLM_OUTCOME_ROW(NAME, text, remedy, health) [LLM_##NAME] = {text, remedy, health},
const struct llm_outcome_row llm_outcomes[LLM_OUTCOME_COUNT] = {LLM_OUTCOMES(LLM_OUTCOME_ROW)};
