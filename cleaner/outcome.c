/* SPDX-License-Identifier: ISC
 *
 * outcome.c - see outcome.h. The first rule that holds decides.
 */
#include "outcome.h"

enum outcome outcome_of(const struct standing *s)
{
	if (!s->conversation || !s->turn)
		return OUTCOME_GONE;
	if (!slice_eq(s->state, SLICE("queued")))
		return s->mine ? OUTCOME_FINISHED : OUTCOME_ALREADY;
	if (slice_eq(s->status, SLICE("paused")))
		return OUTCOME_PAUSED;
	if (s->earlier)
		return OUTCOME_EARLIER;
	if (s->stale)
		return OUTCOME_STALE;
	return s->later ? OUTCOME_OVERTAKEN : OUTCOME_FREE;
}
