/* SPDX-License-Identifier: ISC
 *
 * outcome.h - what a commit's answer means for the turn that was to be committed.
 *
 * Pure: standing.sql's row in, what to do next out.
 */
#ifndef CC_CLEANER_OUTCOME_H
#define CC_CLEANER_OUTCOME_H

#include "common/base/slice.h"

struct standing {
	bool conversation;   /* it is there */
	struct slice status; /* active, paused, completed */
	bool turn;	     /* it is there */
	struct slice state;  /* queued, done, failed */
	bool mine;	     /* this lease finished it */
	bool later;	     /* this lease or a later one has finished it, also when it is queued again */
	bool earlier;	     /* an earlier turn of the conversation is still queued */
	bool stale;	     /* it was cleaned with what is not so any more */
};

enum outcome {
	OUTCOME_FINISHED, /* committed by this lease: announce, complete */
	OUTCOME_ALREADY, /* finished by another: its result may have died with it: announce again, complete */
	OUTCOME_PAUSED,	 /* the conversation waits: take it out of Redis, its resume brings it back */
	OUTCOME_GONE,	 /* deleted: take it out of Redis */
	OUTCOME_EARLIER, /* Redis lost earlier turns: put them in, then this one back behind them */
	OUTCOME_STALE,	 /* a glossary was changed meanwhile, or a change rejected: clean it again */
	OUTCOME_OVERTAKEN, /* a later lease was here, and the turn is queued again: leave it to the next
			      delivery */
	OUTCOME_FREE	   /* what kept it from being committed is over: commit it again */
};

enum outcome outcome_of(const struct standing *s);

#endif
