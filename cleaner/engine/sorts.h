/* SPDX-License-Identifier: ISC
 *
 * sorts.h - the sorts of change that were measured apart: a kind of correction (api.md) has several.
 *
 * A stage says of a change its sort and its evidence, a figure that grows with how likely it is right. What
 * that is worth is measured on real calls by tests/bench/calibration, which writes calibration.inc: the share
 * of such changes that were right.
 */
#ifndef CC_ENGINE_SORTS_H
#define CC_ENGINE_SORTS_H

#define CHANGE_SORTS(S) \
	S(GIVEN, given)			/* worth what its score says: patterns, rules of the glossary */ \
	S(FILLER, filler)		/* and the mark that goes or moves with it */ \
	S(PHRASE, phrase)		/* "you know" */ \
	S(LIKE, like) \
	S(CUT_OFF, cut_off) \
	S(PARTIAL, partial)		/* "I, I'm" */ \
	S(RESTART, restart) \
	S(REPEAT, repeat)		/* evidence: words */ \
	S(TERM_HEARD, term_heard)	/* evidence: the gate's likelihood */ \
	S(TERM_JOINED, term_joined) \
	S(TERM_CASE, term_case) \
	S(NUMBER, number) \
	S(COMMA, comma)			/* evidence of marks: the table's likelihood; in text without marks */ \
	S(STOP, stop) \
	S(COMMA_MORE, comma_more)	/* in text with marks */ \
	S(STOP_MORE, stop_more) \
	S(MARK_GONE, mark_gone) \
	S(QUESTION, question)		/* in place of a stop of ours */ \
	S(QUESTION_MORE, question_more) /* in place of a stop that was there */ \
	S(TURN_END, turn_end)		/* the stop at the end of the turn */ \
	S(COMMA_BESIDE, comma_beside)	/* before a filler that stays, as after it */ \
	S(PRONOUN, pronoun)		/* I */ \
	S(CODE, code)			/* Q4 */ \
	S(NAME, name)			/* evidence: the table's; in text without capitals */ \
	S(NAME_MORE, name_more)		/* in text with capitals */ \
	S(LOWER, lower)			/* a capital after a stop that went */ \
	S(START_TURN, start_turn)	/* capitals of sentences: the turn's first word */ \
	S(START_THERE, start_there)	/* after a stop that was there */ \
	S(START_OURS, start_ours)	/* after our stop; evidence: the stop's */

enum change_sort {
#define S(name, text) SORT_##name,
	CHANGE_SORTS(S)
#undef S
	SORT_COUNT
};

const char *change_sort_name(enum change_sort sort);

/* The share of changes of this sort and evidence that were right where they were measured; of SORT_GIVEN and
 * of sorts that were not measured, the evidence itself. */
double change_worth(enum change_sort sort, double evidence);

#endif
