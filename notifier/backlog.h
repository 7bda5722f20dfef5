/* SPDX-License-Identifier: ISC
 *
 * backlog.h - results on their way into the event log, in order: sent to Redis or waiting for it. Pure.
 *
 * Sent ones stand in front, at most most_sent of them. When an answer is lost or Redis refuses, nothing more
 * is sent until all that is under way is answered; then it goes on from the first, so that order is kept as
 * far as Redis lets it. Bounded in number and bytes; what does not fit is refused and counted by the caller
 * (durable results are sent again by the decider's sweep). The backlog owns its items.
 */
#ifndef CC_NOTIFIER_BACKLOG_H
#define CC_NOTIFIER_BACKLOG_H

#include "common/wire/message.h"

struct item {
	struct item *next, *previous;
	struct msg_result result; /* borrows from blob */
	char *blob;		  /* owned */
	size_t bytes;
	bool sent;    /* Redis was asked and has not answered */
	void *owner;  /* for the caller .. */
	uint64_t seq; /* .. likewise */
};

struct backlog {
	struct item *first, *last, *unsent; /* unsent: the next to send */
	size_t count, bytes, sent;
	size_t most_count, most_bytes, most_sent;
	bool rewind; /* go on from the first once nothing is under way */
};

void backlog_init(struct backlog *b, size_t most_count, size_t most_bytes, size_t most_sent);
void backlog_clear(struct backlog *b);

/* Copies a result to the end. NULL: no room. */
struct item *backlog_add(struct backlog *b, const struct msg_result *result);

/* The next to send, now counted as sent; NULL: none, or not yet. */
struct item *backlog_next(struct backlog *b);

void backlog_back(struct backlog *b, struct item *item);   /* it was sent, in vain */
void backlog_remove(struct backlog *b, struct item *item); /* frees it */

#endif
