/* SPDX-License-Identifier: ISC
 *
 * counts.h - tells the monitor each second what this process counted, as one JSON object of sums since its start, {"source",
 * "series": [{"name", "labels", "value"}]}. The monitor relays it, the gateway's /metrics shows what it last heard: a lost one
 * is made good by the next.
 */
#ifndef CC_SERVICE_COUNTS_H
#define CC_SERVICE_COUNTS_H

#include "common/base/buf.h"
#include "common/wire/counts.h"
#include "service.h"

enum { COUNTS_BYTES = 256 * 1024 }; /* 8 models of 45 outcomes, 120 bytes each, five times */

struct counts;
struct count_label {
	const char *name, *value;
};

/* Writes the present series, by count_add and count_series. */
typedef void counts_fn(struct buf *out, void *arg);

struct counts *counts_open(struct service_run *run, counts_fn *write, void *arg);
void counts_close(struct counts **counts);

void count_add(struct buf *out, enum count count, uint64_t value); /* a series without labels */
void count_of(struct buf *out, enum count count, uint64_t value, const char *label, const char *label_value);
void count_series(struct buf *out, enum count count, double value, const struct count_label *labels, size_t n);

#endif
