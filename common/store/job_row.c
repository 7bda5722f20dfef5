/* SPDX-License-Identifier: ISC
 *
 * job_row.c - see job_row.h.
 */
#include "job_row.h"

#include "common/base/log.h"

struct msg_job job_of_row(const PGresult *r, int row)
{
	struct msg_job job = {.seq = (uint64_t)pg_cell_i64(r, row, 3),
		.gateway = pg_cell(r, row, 4),
		.speaker = pg_cell(r, row, 5),
		.raw_text = pg_cell(r, row, 6),
		.level = (uint64_t)pg_cell_i64(r, row, 7),
		.forced = pg_cell_bool(r, row, 8),
		.reason = pg_cell(r, row, 9),
		.shared_context = pg_cell(r, row, 10),
		.priority = (uint64_t)pg_cell_i64(r, row, 11),
		.words = pg_cell(r, row, 12),
		.deadline_ms = (uint64_t)pg_cell_i64(r, row, 13),
		.verbatim = pg_cell_bool(r, row, 14),
		.formats = (uint64_t)pg_cell_i64(r, row, 15),
		.profile = pg_cell(r, row, 16),
		.received_at = pg_cell_i64(r, row, 17),
		.created_at = pg_cell_i64(r, row, 18),
		.started_at = pg_cell_i64(r, row, 19),
		.ended_at = pg_cell_i64(r, row, 20),
		.traceparent = pg_cell(r, row, 21)};

	if (!pg_cell_uuid(r, row, 0, &job.turn_id) || !pg_cell_uuid(r, row, 1, &job.conversation_id) ||
		!pg_cell_uuid(r, row, 2, &job.user_id))
		bug("PostgreSQL gave an id that is none");
	return job;
}
