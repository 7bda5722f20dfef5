/* SPDX-License-Identifier: ISC
 *
 * confidence.c - see confidence.h.
 */
#include "confidence.h"
#include "common/base/attr.h"
#include "sorts.h"

/* By sort, in order of evidence: from this evidence on, changes are worth so much. The output of
 * `tests/bench/run calibration --write`. */
static const struct step {
	enum change_sort sort;
	float from, worth;
} steps[] = {
#include "calibration.inc"
};

static const char *const sort_names[SORT_COUNT] = {
#define S(name, text) #text,
	CHANGE_SORTS(S)
#undef S
};

const char *change_sort_name(enum change_sort sort)
{
	return sort_names[sort];
}

double change_worth(enum change_sort sort, double evidence)
{
	const struct step *found = NULL;

	for (size_t i = 0; sort != SORT_GIVEN && i < countof(steps); i++)
		if (steps[i].sort == sort && (!found || (double)steps[i].from <= evidence))
			found = &steps[i];
	return found ? (double)found->worth : evidence;
}

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

enum confidence confidence_of_turn(const struct clean_result *result)
{
	double worst = 1, all = 1;

	for (size_t i = 0; i < result->correction_count; i++) {
		const struct correction *c = &result->corrections[i];

		if (!changes_words(c))
			continue;
		all *= c->score;
		worst = c->score < worst ? c->score : worst;
	}
	for (size_t i = 0; i < result->doubtful_count; i++)
		all *= DOUBTFUL_SCORE;
	if (worst >= CONFIDENCE_HIGH_FROM && all >= CONFIDENCE_MEDIUM_FROM)
		return CONFIDENCE_HIGH;
	return all >= CONFIDENCE_LOW_FROM ? CONFIDENCE_MEDIUM : CONFIDENCE_LOW;
}
