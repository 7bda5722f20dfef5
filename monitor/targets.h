/* SPDX-License-Identifier: ISC
 *
 * targets.h - what each metric is held against: the shipped targets (common/wire/targets.csv, compiled in), or an
 * operator's file of the same columns.
 *
 * Values are in 1e-6 of the metric's unit, as on the wire. Pure: reading the file is the shell's.
 */
#ifndef CC_MONITOR_TARGETS_H
#define CC_MONITOR_TARGETS_H

#include "common/base/attr.h"
#include "common/base/buf.h"
#include "common/wire/metrics.h"

enum { TARGETS_FILE_BYTES = 256 * 1024 }; /* fifty rows are 5 KiB; a larger file is some other file */

struct targets {
	double shown[METRIC_COUNT];   /* in the metric's unit, as written */
	uint64_t limit[METRIC_COUNT]; /* what still meets it: the most, or for "higher is better" the least */
};

void targets_shipped(struct targets *t);

/* Takes over the rows of a file's text; metrics without a row keep what they have. The first line is the heading, whose
 * first columns are metric,area,target,unit,better; later ones are the reader's. Area, unit and better must be the
 * metric's own: a file sets targets, not what is measured. False: error says "NAME:LINE: .." and *t is a mixture. */
must_check bool targets_parse(struct targets *t, struct slice text, const char *name, struct buf *error);

/* Does a value meet its target? */
bool targets_met(const struct targets *t, enum metric metric, uint64_t value);

/* "api" of "api.login_response". */
struct slice metric_area(enum metric metric);

#endif
