/* SPDX-License-Identifier: ISC
 *
 * clock.h - monotonic nanoseconds for durations, wall-clock microseconds for what people and other hosts see.
 */
#ifndef CC_BASE_CLOCK_H
#define CC_BASE_CLOCK_H

#include "attr.h"
#include "slice.h"

#include <stdint.h>

enum { CLOCK_RFC3339_BYTES = 25 }; /* "2026-11-23T20:00:00.000Z" and the NUL */

#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S UINT64_C(1000000000)
#define US_PER_S INT64_C(1000000)
#define CLOCK_YEAR_10000_US (INT64_C(253402300800) * US_PER_S) /* four digits hold no year from here on */

uint64_t clock_mono_ns(void); /* since some fixed moment; never goes back */
int64_t clock_wall_us(void);  /* since 1970-01-01T00:00:00Z; may step */

/* wall_us as RFC 3339 in UTC with milliseconds (cut, not rounded). */
void clock_rfc3339(int64_t wall_us, char out[CLOCK_RFC3339_BYTES]);

/* Reads an RFC 3339 time with any offset and fraction. False when it is not one, *wall_us untouched. */
must_check bool clock_parse_rfc3339(struct slice s, int64_t *wall_us);

#endif
