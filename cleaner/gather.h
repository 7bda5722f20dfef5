/* SPDX-License-Identifier: ISC
 *
 * gather.h - turns that wait for the commit under way, to go together in the next one.
 *
 * Pure. Who waits is the caller's, with a place of its own in the list; it is in the list until it is taken.
 */
#ifndef CC_CLEANER_GATHER_H
#define CC_CLEANER_GATHER_H

#include "common/base/uuid.h"

#include <stddef.h>
#include <sys/queue.h>

struct gathered {
	TAILQ_ENTRY(gathered) place;
	const struct uuid *conversation;
};

TAILQ_HEAD(gather, gathered);

/* Takes up to `most` of them in the order they came, one of each conversation: the rows that one statement
 * changes must not be another's of the same transaction. Gives how many. */
size_t gather_take(struct gather *g, struct gathered *taken[], size_t most);

#endif
