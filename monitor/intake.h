/* SPDX-License-Identifier: ISC
 *
 * intake.h - reads a timings message's samples without trusting them, and makes its sender's name presentable.
 */
#ifndef CC_MONITOR_INTAKE_H
#define CC_MONITOR_INTAKE_H

#include "common/base/attr.h"
#include "common/base/slice.h"
#include "common/wire/metrics.h"

enum { INTAKE_SAMPLE_BYTES = 10, INTAKE_SOURCE_BYTES = 41 }; /* the frame's instance names have at most 40 characters */

/* Is it a whole number of samples, and no more than one message may hold? */
must_check bool intake_valid(struct slice samples);

/* Takes the next sample off. False at the end. The metric may be one that we do not know: METRIC_COUNT then. */
must_check bool intake_next(struct slice *samples, enum metric *metric, uint64_t *value);

/* The sender's name, NUL-terminated: what is not a letter, digit, '-', '_', '.' or ':' becomes '?', the rest is cut. */
void intake_source(struct slice source, char out[INTAKE_SOURCE_BYTES]);

#endif
