/* SPDX-License-Identifier: ISC
 *
 * confidence.h - from scores to levels.
 *
 * A score is the share of changes of its sort that were right where it was measured; the levels are cut from
 * it. HIGH means at least 97 in 100 right, MEDIUM 85, LOW 65; below that a stage makes no change.
 */
#ifndef CC_ENGINE_CONFIDENCE_H
#define CC_ENGINE_CONFIDENCE_H

#include "engine.h"

#define CONFIDENCE_HIGH_FROM 0.97
#define CONFIDENCE_MEDIUM_FROM 0.85
#define CONFIDENCE_LOW_FROM 0.65

enum confidence confidence_of(double score);

/* The whole turn's: how likely it is that none of its changes of words is wrong, and no word stands that we
 * doubt. */
enum confidence confidence_of_turn(const struct clean_result *result);

#endif
