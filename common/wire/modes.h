/* SPDX-License-Identifier: ISC
 *
 * modes.h - the ways in which the monitor may ask processes to work differently, as one table, and how an operator's
 * override of one is written in a control message.
 *
 * Pure. A mode without a process that obeys it is named so that it can be told, and changes nothing.
 */
#ifndef CC_WIRE_MODES_H
#define CC_WIRE_MODES_H

#include "common/base/attr.h"
#include "common/base/buf.h"

#include <stdint.h>

/* E(NAME, name as service_mode takes it, who obeys it, what it asks for) */
#define MODE_TABLE(E) \
	E(LIGHT_CLEANING, "light_cleaning", "cleaner", "every turn is finished with the local engine") \
	E(AGGRESSIVE_CACHE, "aggressive_cache", "", "cached answers are used for longer") \
	E(BATCH_MODEL_CALLS, "batch_model_calls", "cleaner", "several turns share one call of the model") \
	E(CACHED_MODEL_ANSWERS, "cached_model_answers", "cleaner", "kept answers only: the model is not asked") \
	E(READ_REPLICA, "read_replica", "", "reads go to a standby") \
	E(SIMPLE_PAGE, "simple_page", "", "pages leave animations and live figures out")

#define MODE_ENUM(UPPER, name, who, what) MODE_##UPPER,
enum mode { MODE_TABLE(MODE_ENUM) MODE_COUNT };
#undef MODE_ENUM

extern const char *const mode_names[MODE_COUNT];

enum mode mode_by_name(struct slice name); /* MODE_COUNT: there is none */

/* An operator's word on a mode, until a wall-clock time in us. */
struct mode_override {
	enum mode mode;
	bool on;
	int64_t until_at;
};

/* "NAME=1@1790000000000000", after a space unless it is the first. */
void mode_override_write(struct buf *out, const struct mode_override *o);

/* Takes the next one off. False at the end, or at what is none. */
must_check bool mode_override_next(struct slice *text, struct mode_override *out);

#endif
