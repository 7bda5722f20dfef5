/* SPDX-License-Identifier: ISC
 *
 * figures.h - what the load measured: times by operation held against their targets, refusals, failures.
 *
 * Percentiles come from histograms whose buckets are 1/32 of their power of two wide; what is told is a
 * bucket's upper end, so a figure here is at most 3.2 % too high and never too low.
 */
#ifndef CC_LOAD_FIGURES_H
#define CC_LOAD_FIGURES_H

#include "common/base/hist.h"
#include "reply.h"

#include <stdio.h>

enum operation {
	OP_LIST,
	OP_USER_TURN,
	OP_LUMEN_TURN,
	OP_STATUS,
	OP_CREATE,
	OP_COMPLETE,
	OP_DELETE,
	OP_SOCKET,
	OP_LOGIN,
	OP_ACCEPTED,
	OP_REFUSED,
	OP_COUNT
};

struct operation_row {
	const char *name;
	unsigned target_ms; /* at p99; 0: none */
	unsigned weight;    /* in the mix of users; 0: not part of it */
};
extern const struct operation_row operations[OP_COUNT];

enum { FIGURES_FAILURES = 10, FIGURES_FAILURE_BYTES = 160 };

/* What became of turns at a rate. */
enum outcome {
	OUT_201,
	OUT_202,
	OUT_429,
	OUT_503_RETRY,
	OUT_503_BARE,
	OUT_OTHER,
	OUT_BROKEN,
	OUT_UNSENT,
	OUT_COUNT
};

struct figures {
	struct hist times[OP_COUNT]; /* ns */
	struct hist late;	     /* ns: how much later than meant the client itself was */
	uint64_t outcomes[OUT_COUNT];
	uint64_t failed;
	char failures[FIGURES_FAILURES][FIGURES_FAILURE_BYTES]; /* the first ones */
};

void figures_init(struct figures *f);
void figures_merge(struct figures *into, const struct figures *from);
void figures_fail(struct figures *f, enum operation op, const char *fmt, ...) printf_like(3, 4);

/* What became of a turn; broken when reply is NULL. */
enum outcome outcome_of(const struct reply *reply);
const char *outcome_name(enum outcome outcome);
static inline bool outcome_is_refusal(enum outcome o)
{
	return o == OUT_429 || o == OUT_503_RETRY;
}

/* The table. True when nothing failed and every target was met at p99. */
bool figures_met(const struct figures *f);
void figures_print(const struct figures *f, FILE *out);
void figures_print_outcomes(const struct figures *f, FILE *out);

/* The same for programs: members of a JSON object, without braces. */
void figures_json(const struct figures *f, FILE *out);

#endif
