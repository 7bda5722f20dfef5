/* SPDX-License-Identifier: ISC
 *
 * spend.h - what model calls cost: counted once a call, stored by turn and day, held against the day's caps.
 *
 * Every call is reported to PostgreSQL in batches (spend.sql), whatever becomes of its turns: a turn that is
 * cleaned again and asks again has made two calls. A call that was left without a reply is counted as
 * unanswered: what the service bills for it is not known here. Calls of the last SPEND_REPORT_MS are lost
 * with a cleaner that is killed.
 *
 * The day's sum is shared through Redis (spent.lua) as soon as a call is over, and put in again from
 * PostgreSQL when Redis has lost it; sums only grow within a day, so the greater of what is heard is taken.
 * Calls in flight when the hard cap is reached are still paid.
 */
#ifndef CC_SPEND_H
#define CC_SPEND_H

#include "common/base/buf.h"

#include <stdbool.h>

struct cleaner;
struct spend;
struct llm_call;
struct cleaner_config;

enum { SPEND_REPORT_MS = 250 };

bool spend_check(const struct cleaner_config *config, struct buf *error);
struct spend *spend_open(struct cleaner *c);
void spend_close(struct spend **spend);

void spend_call(struct spend *s, const struct llm_call *call); /* askers are model.c's */
void spend_pg_up(struct spend *s);

/* May no model be asked any more today? The cause for the turn's metadata, or NULL: it may. */
const char *spend_forbids(struct spend *s);

void spend_flush(struct spend *s);	   /* reports what waits, now */
bool spend_is_idle(const struct spend *s); /* nothing waits or is under way */

#endif
