/* SPDX-License-Identifier: ISC
 *
 * counts.h - what a cleaner counts of its turns, and of its model: calls by outcome, tokens, turns, calls saved, hedges,
 * late answers, breakers. common/service/counts.h tells it.
 */
#ifndef CC_CLEANER_COUNTS_H
#define CC_CLEANER_COUNTS_H

struct cleaner;
struct llm_call;
struct cleaner_counts;

struct cleaner_counts *cleaner_counts_open(struct cleaner *c);
void cleaner_counts_close(struct cleaner_counts **counts);
void cleaner_counts_call(struct cleaner_counts *counts, const struct llm_call *call);

#endif
