/* SPDX-License-Identifier: ISC
 *
 * confidence.c - see confidence.h.
 */
#include "confidence.h"

/* A doubtful word is right about as often as a LOW change. */
#define DOUBTFUL_SCORE 0.8

enum confidence confidence_of(double score)
{
	if (score >= CONFIDENCE_HIGH_FROM)
		return CONFIDENCE_HIGH;
	return score >= CONFIDENCE_MEDIUM_FROM ? CONFIDENCE_MEDIUM : CONFIDENCE_LOW;
}

/* Marks and capitals change how a turn reads, not what it says: they do not count. */
static bool changes_words(const struct correction *c)
{
	return c->kind != KIND_PUNCTUATION && c->kind != KIND_CASE;
}

enum confidence confidence_of_turn(const struct clean_result *result, size_t doubtful_words)
{
	double worst = 1, all = 1;

	for (size_t i = 0; i < result->correction_count; i++) {
		const struct correction *c = &result->corrections[i];

		if (!changes_words(c))
			continue;
		all *= c->score;
		worst = c->score < worst ? c->score : worst;
	}
	for (size_t i = 0; i < doubtful_words; i++)
		all *= DOUBTFUL_SCORE;
	if (worst >= CONFIDENCE_HIGH_FROM && all >= CONFIDENCE_MEDIUM_FROM)
		return CONFIDENCE_HIGH;
	return all >= CONFIDENCE_LOW_FROM ? CONFIDENCE_MEDIUM : CONFIDENCE_LOW;
}
