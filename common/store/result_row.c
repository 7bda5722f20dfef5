/* SPDX-License-Identifier: ISC
 *
 * result_row.c - see result_row.h.
 */
#include "result_row.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/wire/events.h"
#include "common/wire/turn.h"

struct msg_result result_of_row(const PGresult *r, int row, struct buf *json)
{
	struct turn t = {.seq = (uint32_t)pg_cell_i64(r, row, 3), .speaker = pg_cell(r, row, 4), .raw_text = pg_cell(r, row, 5),
		.cleaned_text = pg_cell(r, row, 6), .state = pg_cell(r, row, 7), .revision = (uint32_t)pg_cell_i64(r, row, 8),
		.created_at = pg_cell_i64(r, row, 9), .started_at = pg_cell_i64(r, row, 10),
		.ended_at = pg_cell_i64(r, row, 11), .metadata = pg_cell(r, row, 12)};
	struct msg_result m = {.revision = (uint64_t)pg_cell_i64(r, row, 1), .event = EVENT_TURN_PROCESSED,
		.gateway = pg_cell(r, row, 13), .at = clock_wall_us(), .durable = 1};

	if (!pg_cell_uuid(r, row, 0, &t.turn_id) || !pg_cell_uuid(r, row, 2, &t.conversation_id))
		bug("PostgreSQL gave an id that is none");
	m.turn_id = t.turn_id;
	m.conversation_id = t.conversation_id;
	buf_reset(json);
	turn_write_json(json, &t);
	m.turn = buf_view(json);
	return m;
}
