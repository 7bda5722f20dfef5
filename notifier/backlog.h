/* SPDX-License-Identifier: ISC
 *
 * backlog.h - results on their way into the event log, in order: sent to Redis or waiting for it. Pure.
 *
 * Bounded in number and bytes; what does not fit is refused and counted by the caller (durable results are sent again by
 * the decider's sweep). The backlog owns its items.
 */
#ifndef CC_NOTIFIER_BACKLOG_H
#define CC_NOTIFIER_BACKLOG_H

#include "common/wire/message.h"

struct item {
	struct item *next, *previous;
	struct msg_result result; /* borrows from blob */
	char *blob;               /* owned */
	size_t bytes;
	bool sent;                /* Redis was asked and has not answered */
	void *owner;              /* for the caller */
};

struct backlog {
	struct item *first, *last;
	size_t count, bytes, most_count, most_bytes;
};

void backlog_init(struct backlog *b, size_t most_count, size_t most_bytes);
void backlog_clear(struct backlog *b);

/* Copies a result to the end. NULL: no room. */
struct item *backlog_add(struct backlog *b, const struct msg_result *result);
void backlog_remove(struct backlog *b, struct item *item); /* frees it */

/* The first that was not sent, or NULL. */
struct item *backlog_unsent(struct backlog *b);

#endif
