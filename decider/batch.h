/* SPDX-License-Identifier: ISC
 *
 * batch.h - the turns of one group commit: copies of their messages, who waits for them, what was decided.
 *
 * Pure: no sockets, no database. A batch owns its turns.
 */
#ifndef CC_DECIDER_BATCH_H
#define CC_DECIDER_BATCH_H

#include "cleaner/engine/engine.h"
#include "common/service/link.h"
#include "common/store/pg.h"

struct pending {
	struct pending *next;
	struct link_peer peer;    /* the gateway that asked last */
	struct msg_turn turn;     /* borrows from blob */
	char *blob;               /* owned: the packed message */
	struct decision decision;
	uint64_t decide_ns;       /* how long the decision took */
	uint64_t locked_ns;       /* when its conversation was first seen to be locked by somebody; 0: never */
};

struct batch {
	struct pending *head, **tail;
	size_t count;
};

void batch_init(struct batch *b);
void batch_clear(struct batch *b); /* frees the turns */

/* Copies a turn to the end and returns it. If the batch has that turn id already, its peer is replaced, nothing is added
 * and NULL is returned: a gateway that asks again. */
struct pending *batch_add(struct batch *b, const struct link_peer *peer, const struct msg_turn *turn);

/* Moves up to n turns from the front of `from` to the end of `to`. */
void batch_move(struct batch *to, struct batch *from, size_t n);

/* Is the turn finished by the first commit: a bypass speaker's, or nothing to clean? */
static inline bool pending_needs_nothing(const struct pending *p)
{
	return p->turn.bypass || p->decision.level == CLEAN_NONE;
}

/* The metadata of a turn that needs nothing, as it is stored: processing time from the gateway's receipt to now_us. */
void pending_metadata(const struct pending *p, int64_t now_us, struct buf *out);

enum { BATCH_COLUMNS = 24, BATCH_COLUMN_BYTES = 32 * 1024 * 1024 /* 256 turns of 16 KiB, all to be escaped, and room */ };

/* The parameters of a commit. Of several turns: accept.sql's, one array literal a column, and lock.sql's and standing.sql's
 * are among them. Of one turn: accept_one.sql's, its values as they are. */
struct batch_columns {
	struct buf column[BATCH_COLUMNS];
	bool null[BATCH_COLUMNS]; /* of one turn's values */
	bool one;
};
void batch_columns_fill(struct batch_columns *c, const struct batch *b, int64_t now_us);
struct slice batch_column(const struct batch_columns *c, size_t i); /* borrowed; a NULL pointer is SQL NULL */
void batch_columns_finish(struct batch_columns *c);

#endif
