/* SPDX-License-Identifier: ISC
 *
 * admission.h - which turns are taken on when more come than can be worked off.
 *
 * Ordinarily all are. When a person's turn would wait ADMISSION_WAIT_MS longer than usual, or one of many agent's turns half of its
 * target, at the rate at which turns were lately done, there is overload; of agent's turns fewer suffice when they stand for
 * ADMISSION_STANDING_WINDOWS: little more than can be done makes a queue that grows slowly and never goes. In overload as many are
 * taken on at a time as are not much later than usual, and the rest is refused at once. The agent's turns go before persons': when
 * they are late, fewer persons' turns are let in.
 *
 * Overload is over as soon as clearly fewer turns come than were being done when it began, or when for ADMISSION_CALM_WINDOWS no
 * limit was reached: not when the queue is short, which refusing has made it. Ended too early, it begins again with the whole
 * queue that it begins at.
 *
 * Usual is the median of what turns took in ordinary times, the least of the last seconds': a language model's time, or a slow
 * machine's, is no queue, and a queue that grows is not usual before it is noticed. A model that becomes much slower while many
 * wait for it looks like a queue, until what is let in alone is as slow, and the agent's turns are not.
 *
 * A standstill is no overload: while nothing is done for ADMISSION_STANDSTILL_MS (a process is being started
 * again, PostgreSQL is away), and for ADMISSION_GRACE_MS after it, turns wait instead of being refused,
 * unless far more come than ever.
 *
 * A turn that is under way for much longer than that, and that later ones have passed, waits for something else: Redis is away and
 * it needs it, or many are before it in its own conversation. It is set aside: others do not wait behind it.
 *
 * Pure: the clock is given. Every turn that is let in must be told as done, unless it was set aside.
 */
#ifndef CC_GATEWAY_ADMISSION_H
#define CC_GATEWAY_ADMISSION_H

#include "common/base/attr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum admission_class { ADMISSION_AGENT, ADMISSION_PERSON, ADMISSION_CLASSES };

enum {
	ADMISSION_WAIT_MS = 250, /* a person's turn has 300 to 500 */
	ADMISSION_STANDSTILL_MS =
		150,		   /* a batch is committed every few ms, a slow disk's flush is under 100 */
	ADMISSION_GRACE_MS = 3000, /* what gathered in a restart's second is worked off by then */
	ADMISSION_ASIDE_MS = 1000, /* beyond the usual: four times what any may wait for its place */
	ADMISSION_WINDOW_MS = 100, /* limits move this often: tens of turns near capacity */
	ADMISSION_WINDOWS = 5,	   /* a rate is that of so many */
	ADMISSION_STANDING_WINDOWS = 5, /* a queue that was never short in so many stands: a burst's is gone */
	ADMISSION_CALM_WINDOWS = 20,	/* no limit was reached in so many: there is no overload */
	ADMISSION_USUAL_WINDOWS = 10,	/* a span of what is usual has so many at least, .. */
	ADMISSION_USUAL_SPANS = 10,	/* .. and so many are looked back: what lasts longer is no queue */
};

struct admission {
	struct admission_side {
		size_t under_way;
		double limit;			 /* of under_way, while there is overload */
		uint32_t done, late;		 /* in this window */
		bool full;			 /* the limit was reached in this window */
		double best;			 /* a second: done, at its best of late */
		size_t least, standing;		 /* the least under way in this window; windows in which it was too many */
		double lately_ns;		 /* the running median of what they take in ordinary times */
		double usual_ns;		 /* the least that it was at the ends of the last spans, and now */
		double usual_was[ADMISSION_USUAL_SPANS]; /* those ends', round and round */
		unsigned spans;			 /* that have ended since this was last learned anew */
		unsigned span_windows, span_turns, span_late; /* of the span that goes on */
		double usual_late, late_was[ADMISSION_USUAL_SPANS]; /* the least share of late ones of the last spans, and theirs */
		uint32_t was[ADMISSION_WINDOWS]; /* done in the last windows */
	} side[ADMISSION_CLASSES];
	uint32_t asked, asked_was[ADMISSION_WINDOWS];
	uint64_t window_ns; /* when this window began */
	uint64_t heard_ns;  /* when something was last done, or began to be waited for */
	uint64_t grace_ns;  /* until then a long queue is a standstill's */
	uint64_t passed_ns; /* when the last came of those that are done */
	unsigned windows;   /* counts them */
	unsigned calm_windows; /* in which no limit was reached */
	uint64_t began_ns;     /* when overload last began */
	double apart_ns;       /* in overload: the least that persons' turns took that came in it, .. */
	unsigned apart_turns;  /* .. of so many, .. */
	unsigned apart_agents, apart_late; /* .. and the agent's turns meanwhile, those among them that were late */
	bool overload;
};

void admission_init(struct admission *a, uint64_t now_ns);

/* May a turn come in? True: it is under way until admission_done. */
must_check bool admission_ask(struct admission *a, enum admission_class c, uint64_t now_ns);

/* A turn that was let in has not ended took_ns after it came. True: from now on it is not counted. */
must_check bool admission_sets_aside(struct admission *a, enum admission_class c, uint64_t took_ns, uint64_t now_ns);

/* A turn that was let in has ended, took_ns after it came. */
void admission_done(struct admission *a, enum admission_class c, uint64_t took_ns, uint64_t now_ns);

#endif
