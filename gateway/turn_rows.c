/* SPDX-License-Identifier: ISC
 *
 * turn_rows.c - see turn_rows.h.
 */
#include "turn_rows.h"

#include "common/wire/turn.h"
#include "turn_count.sql.h"
#include "turn_get.sql.h"
#include "turn_of.sql.h"
#include "turns_after.sql.h"
#include "turns_before.sql.h"
#include "window.sql.h"

/* The columns of the three that give turns. */
enum {
	COL_ID,
	COL_CONVERSATION,
	COL_SEQ,
	COL_SPEAKER,
	COL_RAW,
	COL_CLEANED,
	COL_STATE,
	COL_REVISION,
	COL_CREATED,
	COL_STARTED,
	COL_ENDED,
	COL_METADATA
};

const struct pg_stmt turn_get_stmt = {"turn_get", turn_get_sql, 2};
const struct pg_stmt turn_of_stmt = {"turn_of", turn_of_sql, 3};
const struct pg_stmt turns_after_stmt = {"turns_after", turns_after_sql, 4};
const struct pg_stmt turns_before_stmt = {"turns_before", turns_before_sql, 4};
const struct pg_stmt turn_count_stmt = {"turn_count", turn_count_sql, 2};
const struct pg_stmt window_stmt = {"window", window_sql, 2};

uint32_t turn_row_seq(const PGresult *rows, int row)
{
	return (uint32_t)pg_cell_i64(rows, row, COL_SEQ);
}

void turn_row_write_json(const PGresult *rows, int row, struct buf *out)
{
	struct turn t = {.seq = turn_row_seq(rows, row),
		.speaker = pg_cell(rows, row, COL_SPEAKER),
		.raw_text = pg_cell(rows, row, COL_RAW),
		.cleaned_text = pg_cell(rows, row, COL_CLEANED),
		.state = pg_cell(rows, row, COL_STATE),
		.revision = (uint32_t)pg_cell_i64(rows, row, COL_REVISION),
		.created_at = pg_cell_i64(rows, row, COL_CREATED),
		.started_at = pg_cell_i64(rows, row, COL_STARTED),
		.ended_at = pg_cell_i64(rows, row, COL_ENDED),
		.metadata = pg_cell(rows, row, COL_METADATA)};

	if (pg_cell_uuid(rows, row, COL_ID, &t.turn_id) &&
		pg_cell_uuid(rows, row, COL_CONVERSATION, &t.conversation_id))
		turn_write_json(out, &t);
}

void turn_row_ask(struct pg *pg, const struct uuid *turn_id, const struct uuid *user_id, pg_fn *fn, void *arg)
{
	char turn[UUID_TEXT_BYTES], user[UUID_TEXT_BYTES];
	struct slice params[2];

	uuid_text(turn_id, turn);
	uuid_text(user_id, user);
	params[0] = slice_str(turn);
	params[1] = slice_str(user);
	pg_send(pg, &(struct pg_op){&turn_get_stmt, params}, 1, fn, arg);
}
