/* SPDX-License-Identifier: ISC
 *
 * counts.h - what a cleaner counts of its model: calls by outcome, tokens, turns, calls saved, hedges, late
 * answers, breakers. Told to the monitor each second as one JSON object of sums since the start, {"source", "series": [{"name",
 * "labels", "value"}]}; the gateway's /metrics shows what it last heard. A lost one is made good by the next.
 */
#ifndef CC_COUNTS_H
#define CC_COUNTS_H

struct cleaner;
struct llm_call;
struct counts;

struct counts *counts_open(struct cleaner *c); /* c->llm is open */
void counts_close(struct counts **counts);
void counts_call(struct counts *counts, const struct llm_call *call);

#endif
