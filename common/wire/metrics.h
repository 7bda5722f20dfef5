/* SPDX-License-Identifier: ISC
 *
 * metrics.h - every metric by number, generated from targets.csv (metric_table.h, made by metrics.sh at build time).
 *
 * METRIC_API_LOGIN_RESPONSE stands for "api.login_response". Values are in 1e-6 of the metric's unit everywhere on the
 * wire: nanoseconds for ms, bytes for MB.
 */
#ifndef CC_WIRE_METRICS_H
#define CC_WIRE_METRICS_H

#include "common/base/slice.h"
#include "common/wire/metric_table.h" /* generated: #define METRIC_TABLE(M) M(API_LOGIN_RESPONSE, "api.login_response", 200, "ms", "lower") .. */

#include <stdint.h>

#define METRIC_ENUM(UPPER, name, target, unit, better) METRIC_##UPPER,
enum metric { METRIC_TABLE(METRIC_ENUM) METRIC_COUNT };
#undef METRIC_ENUM

struct metric_row {
	const char *name;
	double target;       /* in unit; the default, the monitor's file may say otherwise */
	const char *unit;
	bool lower_is_better;
};

extern const struct metric_row metrics[METRIC_COUNT];

/* The metric of that name, or METRIC_COUNT. */
enum metric metric_by_name(struct slice name);

#endif
