/* SPDX-License-Identifier: ISC
 *
 * modes.h - which modes are on: what the monitor's own rules ask for, and over it an operator's word, until its time.
 *
 * Pure: times are wall-clock us and arguments.
 */
#ifndef CC_MONITOR_MODES_H
#define CC_MONITOR_MODES_H

#include "common/wire/modes.h"

struct modes {
	bool on[MODE_COUNT]; /* the rules' */
	struct {
		bool on;
		int64_t until_at; /* 0: no word */
	} said[MODE_COUNT];
};

/* An operator's word, in the place of an earlier one; one whose time is over takes it back. */
void modes_say(struct modes *m, const struct mode_override *o, int64_t now_at);

/* Ends the words whose time is over. True when there were any. */
bool modes_expire(struct modes *m, int64_t now_at);

/* When the next word ends; 0: there is none. */
int64_t modes_next_end(const struct modes *m);

/* The names of those that are on, in the table's order, space-separated: what MSG_CONTROL carries. */
void modes_text(const struct modes *m, struct buf *out);
void modes_said_text(const struct modes *m, struct buf *out); /* the operator's words, mode_override_next's */

#endif
