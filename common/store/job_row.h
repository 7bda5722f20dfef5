/* SPDX-License-Identifier: ISC
 *
 * job_row.h - a queued turn's row as the job that goes to the queue: for those who put turns in that Redis
 * lost.
 *
 * Columns, by position: id, conversation_id, user_id, seq, gateway, speaker, raw_text, level, forced, reason,
 * shared_context, priority, words, deadline_ms, verbatim, formats, profile, then in us received_at,
 * created_at, started_at, ended_at, then traceparent.
 */
#ifndef CC_STORE_JOB_ROW_H
#define CC_STORE_JOB_ROW_H

#include "common/wire/message.h"
#include "pg.h"

/* Borrows from the result. */
struct msg_job job_of_row(const PGresult *r, int row);

#endif
