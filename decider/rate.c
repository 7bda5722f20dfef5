/* SPDX-License-Identifier: ISC
 *
 * rate.c - see rate.h.
 */
#include "rate.h"

bool rate_take(struct rate *r, uint64_t now_ns, uint64_t waiting, uint64_t finished, double *rate)
{
	bool counts = r->waited && waiting > 0 && finished >= r->finished; /* fewer: Redis began again */

	if (counts) {
		r->over_ns += now_ns - r->at_ns;
		r->counted += finished - r->finished;
	} else {
		r->over_ns = r->counted = 0;
	}
	r->waited = waiting > 0;
	r->at_ns = now_ns;
	r->finished = finished;
	if (r->counted < RATE_TURNS || r->over_ns == 0)
		return false;
	*rate = (double)r->counted * 1e9 / (double)r->over_ns;
	r->over_ns = r->counted = 0;
	return true;
}
