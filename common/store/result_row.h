/* SPDX-License-Identifier: ISC
 *
 * result_row.h - a finished turn's row as the result that is told of it: for those who tell again what got lost.
 *
 * Columns, by position: turn_id, the revision that is told, conversation_id, seq, speaker, raw_text, cleaned_text, state, revision,
 * then in us created_at, started_at, ended_at, then metadata, gateway.
 */
#ifndef CC_STORE_RESULT_ROW_H
#define CC_STORE_RESULT_ROW_H

#include "common/wire/message.h"
#include "pg.h"

/* Borrows from the result and from json, which it writes anew: the turn. */
struct msg_result result_of_row(const PGresult *r, int row, struct buf *json);

#endif
