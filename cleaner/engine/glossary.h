/* SPDX-License-Identifier: ISC
 *
 * glossary.h - where a term of the glossary may have been misheard: candidates with the features that the
 * gate judges.
 *
 * The stage itself is stage_glossary (turn.h); this is for the gate's training tool.
 */
#ifndef CC_ENGINE_GLOSSARY_H
#define CC_ENGINE_GLOSSARY_H

#include "terms.h"
#include "turn.h"

enum gate_feature {
	GATE_BIAS,
	GATE_DISTANCE,
	GATE_DISTANCE_SQUARE,
	GATE_PHONES,
	GATE_HEARD_MIN,
	GATE_HEARD_MEAN,
	GATE_HEARD_MAX,
	GATE_TERM_MIN,
	GATE_TERM_MEAN,
	GATE_TERM_MAX,
	GATE_WINDOW_WORDS,
	GATE_STOP_EDGES,
	GATE_SPELLING,
	GATE_FIRST_LETTER,
	GATE_CAPITAL,
	GATE_CASED,
	GATE_MARGIN,
	GATE_TERM_WORDS,
	GATE_WORDS_MORE,
	GATE_DISTANCE_HEARD,
	GATE_ACRONYM,
	GATE_UNKNOWN,
	GATE_FUNCTION,
	GATE_SIZE,
	GATE_DISTANCE_PHONES,
	GATE_LOWER_IN_CASED,
	GATE_TERM_NEAR,
	GATE_PLURAL,
	GATE_OVERLAP,
	GATE_TERM_LOWER,
	GATE_SPELLING_SQUARE,
	GATE_SPELLING_HEARD,
	GATE_DISTANCE_ACRONYM,
	GATE_KNOWN_WORD,
	GATE_DISTANCE_SPELLING,
	GATE_MARGIN_WORDS,
	GATE_KNOWN,
	GATE_KNOWN_DISTANCE,
	GATE_KNOWN_SPELLING,
	GATE_COUNT
};

struct candidate {
	size_t from, to; /* live words [from, to) */
	const struct term *term;
	bool possessive; /* the last word's 's stays */
	float features[GATE_COUNT];
	double p; /* the gate's: how likely the term was said */
};

/* All candidates of the turn, in the arena: the best term of each window that has one. */
size_t glossary_candidates(struct turn *t, const struct terms *terms, struct candidate **list);

#endif
