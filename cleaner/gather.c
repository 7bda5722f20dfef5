/* SPDX-License-Identifier: ISC
 *
 * gather.c - see gather.h.
 */
#include "gather.h"

static bool has_conversation(struct gathered *const taken[], size_t count, const struct uuid *conversation)
{
	for (size_t i = 0; i < count; i++)
		if (uuid_eq(taken[i]->conversation, conversation))
			return true;
	return false;
}

size_t gather_take(struct gather *g, struct gathered *taken[], size_t most)
{
	struct gathered *next;
	size_t count = 0;

	for (struct gathered *x = TAILQ_FIRST(g); x && count < most; x = next) {
		next = TAILQ_NEXT(x, place);
		if (has_conversation(taken, count, x->conversation))
			continue;
		TAILQ_REMOVE(g, x, place);
		taken[count++] = x;
	}
	return count;
}
