/* SPDX-License-Identifier: ISC
 *
 * outbox.h - what one socket is still to be sent: shared events and messages of its own, in order, bounded.
 *
 * Past OUTBOX_SOFT_BYTES the queue keeps of each turn only its newest state, with what was said of it since (the
 * older ones say nothing that the newest does not); what is about the socket's own requests is never left out. When even that passes
 * OUTBOX_BYTES, the socket is too slow: outbox_add says so, and its owner closes it (1013). One message is
 * taken whatever its size when nothing waits.
 *
 * Ownership: a message is an event (event.h) whose reference the outbox takes over. Pure.
 */
#ifndef CC_GATEWAY_OUTBOX_H
#define CC_GATEWAY_OUTBOX_H

#include "event.h"

enum {
	OUTBOX_BYTES = 1024 * 1024,	/* api.md: the buffer limit of a socket */
	OUTBOX_SOFT_BYTES = 256 * 1024, /* two hundred turns behind: states in between help nobody */
	OUTBOX_ENTRY_BYTES = 128,	/* what an entry costs besides its JSON */
};

struct outbox_entry;
struct outbox {
	struct outbox_entry *first, *last;
	size_t count, bytes;
	size_t conflate_at; /* bytes at which it is worth looking for overtaken states again */
};

/* A message of the socket's own: not an event of a conversation, no cursor, never left out. */
struct event *outbox_message(struct slice json);

void outbox_init(struct outbox *o);
void outbox_finish(struct outbox *o);

/* Takes one reference of event. False: too much waits; the event was dropped and the socket is to be closed.
 */
must_check bool outbox_add(struct outbox *o, struct event *event);

/* The next one to send, borrowed, or NULL; outbox_sent removes it. */
struct event *outbox_next(const struct outbox *o);
void outbox_sent(struct outbox *o);

#endif
