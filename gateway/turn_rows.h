/* SPDX-License-Identifier: ISC
 *
 * turn_rows.h - turns as PostgreSQL has them, and a row of them as api.md's JSON.
 */
#ifndef CC_GATEWAY_TURN_ROWS_H
#define CC_GATEWAY_TURN_ROWS_H

#include "common/store/pg.h"

extern const struct pg_stmt turn_get_stmt;     /* turn, user: one row or none */
extern const struct pg_stmt turn_of_stmt;      /* turn, user, conversation: one row or none */
extern const struct pg_stmt turns_after_stmt;  /* conversation, seq, limit, user: rows, oldest first */
extern const struct pg_stmt turns_before_stmt; /* conversation, seq, limit, user: rows, newest first */
extern const struct pg_stmt turn_count_stmt;   /* conversation, user: one row or none */
extern const struct pg_stmt window_stmt; /* conversation, user: seq, agent, speaker, text; one NULL row: no
					    turn; none: not theirs */

/* Row `row` of one of the first four. */
void turn_row_write_json(const PGresult *rows, int row, struct buf *out);
uint32_t turn_row_seq(const PGresult *rows, int row);

/* Sends turn_get_stmt. */
void turn_row_ask(
	struct pg *pg, const struct uuid *turn_id, const struct uuid *user_id, pg_fn *fn, void *arg);

#endif
