/* SPDX-License-Identifier: ISC
 *
 * edits_inside.h - what edits.c and edits_left_out.c share: an edit being judged, and questions about its words.
 */
#ifndef CC_CLEANER_LLM_EDITS_INSIDE_H
#define CC_CLEANER_LLM_EDITS_INSIDE_H

#include "cleaner/llm/edits.h"

#include <stdio.h>

struct span { /* words of one side */
	const struct word *w;
	size_t n;
};

struct edit { /* one being judged */
	const struct edit_context *c;
	size_t a, a_end;
	struct span raw, said;
};

static inline struct edit_verdict verdict(enum edit_class is, double score)
{
	return (struct edit_verdict){is, score};
}

static inline bool in_span(struct span s, struct slice fold)
{
	for (size_t i = 0; i < s.n; i++)
		if (slice_eq(s.w[i].fold, fold))
			return true;
	return false;
}

static inline size_t count_of(struct span s, unsigned is)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += (word_is(s.w[i].fold) & is) != 0;
	return n;
}

static inline bool all_of(struct span s, unsigned is)
{
	return count_of(s, is) == s.n;
}

static inline struct slice fold_at(const struct words *w, size_t i)
{
	return i < w->n ? w->w[i].fold : SLICE("");
}

static inline bool listed(const char *list, struct slice fold)
{
	char padded[24];

	if (!fold.n || fold.n + 3 > sizeof padded)
		return false;
	snprintf(padded, sizeof padded, " %.*s ", (int)fold.n, fold.p);
	return strstr(list, padded) != NULL;
}

/* Is the word somebody's or something's name, or an address, as the turn, the conversation or the local engine has it? */
bool edit_is_name(const struct edit *e, const struct word *w);

/* A name that is not said any more. */
bool edit_changes_name(const struct edit *e);

struct edit_verdict edit_judge_left_out(const struct edit *e);

#endif
