/* SPDX-License-Identifier: ISC
 *
 * modes.h - the ways in which the monitor may ask every process to do less, as one table; which are on is what a control
 * message says.
 */
#ifndef CC_MONITOR_MODES_H
#define CC_MONITOR_MODES_H

#include "common/base/buf.h"

/* E(NAME, name as service_mode takes it, what it asks for) */
#define MODE_TABLE(E) \
	E(LIGHT_CLEANING, "light_cleaning", "cleaners finish every turn with the local engine") \
	E(AGGRESSIVE_CACHE, "aggressive_cache", "cached answers are used for longer") \
	E(BATCH_MODEL_CALLS, "batch_model_calls", "several turns share one call of the model") \
	E(CACHED_MODEL_ANSWERS, "cached_model_answers", "the model is asked only for what no cache holds") \
	E(READ_REPLICA, "read_replica", "reads go to a standby") \
	E(SIMPLE_PAGE, "simple_page", "pages leave animations and live figures out")

#define MODE_ENUM(UPPER, name, what) MODE_##UPPER,
enum mode { MODE_TABLE(MODE_ENUM) MODE_COUNT };
#undef MODE_ENUM

extern const char *const mode_names[MODE_COUNT];

struct modes {
	bool on[MODE_COUNT];
};

/* The names of those that are on, in the table's order, space-separated: what MSG_CONTROL carries. */
void modes_text(const struct modes *m, struct buf *out);

#endif
