/* SPDX-License-Identifier: ISC
 *
 * metrics.c - see metrics.h.
 */
#include "metrics.h"

#define METRIC_ROW(UPPER, name, target, unit, better) {name, target, unit, sizeof(better) == sizeof("lower")},
const struct metric_row metrics[METRIC_COUNT] = {METRIC_TABLE(METRIC_ROW)};

enum metric metric_by_name(struct slice name)
{
	/* Seventy names, looked up when a file or a page names them, never on the hot path. */
	for (int i = 0; i < METRIC_COUNT; i++)
		if (slice_eq(name, slice_str(metrics[i].name)))
			return (enum metric)i;
	return METRIC_COUNT;
}
