/* SPDX-License-Identifier: ISC
 *
 * learn.h - what can be learned from a person's edit or verdict, and from the agent's own words. Pure.
 *
 * A change teaches only when what was heard and what was meant sound alike: everything else is a change of
 * mind, of style or of facts, and says nothing about the next turn. Counting, and whether a pair has been
 * seen often enough, is the store's (deploy/schema/002_learning.sql); the bounds that it counts to are here,
 * each with its reason.
 */
#ifndef CC_ENGINE_LEARN_H
#define CC_ENGINE_LEARN_H

#include "engine.h"

enum {
	LEARN_ACCEPTED_LEAST =
		2, /* turns: one may be a slip, or true of that sentence only; a second makes a habit */
	LEARN_REJECTED_LEAST = 2, /* turns: the same for a change that is unwanted in every conversation */
	LEARN_AGENT_USES =
		2, /* turns of the agent: a name that it uses again is a term of the conversation's matter */
	LEARN_SHARE_PERCENT = 85, /* accepted of all verdicts: what confidence MEDIUM promises of a change */
	LEARN_TERMS_MOST =
		100, /* learned terms in use: more than some 300 terms of all kinds do harm (measured) */
	LEARN_PAIRS_MOST = 1000,     /* counted for one user: the longest untouched go first */
	LEARN_SUPPRESSED_MOST = 256, /* rejected changes given to the engine for one turn, the newest */
	LEARN_PAIR_BYTES = 128,	     /* of each side: a term's bound */
	LEARN_PAIR_WORDS = 4,	     /* of each side: what the glossary's windows span */
	LEARN_TERM_WORDS = 3,	     /* of a name that the agent uses */
	LEARN_AGENT_TERMS = 16,	     /* taken from one turn of the agent */
};

/* What a change teaches: heard in lower case without marks around it, meant without blanks around it. */
struct learn_pair {
	char heard[LEARN_PAIR_BYTES + 1], meant[LEARN_PAIR_BYTES + 1];
};

/* False when nothing can be learned from original having become corrected: not words, too long, only words of
 * grammar, or not alike in sound. Two spellings that differ in case alone are alike. */
must_check bool learn_pair(struct slice original, struct slice corrected, struct learn_pair *out);

/* How far apart two spellings sound, 0 to 1: edits of sounds over the longer one's. */
double learn_distance(struct slice a, struct slice b);

/* Names in a perfect text: words with capitals that stand inside a sentence, joined up to LEARN_TERM_WORDS.
 * They borrow from text; each is given once. Returns how many of `most` were filled. */
size_t learn_terms(struct slice text, struct slice *out, size_t most);

#endif
