/* SPDX-License-Identifier: ISC
 *
 * turn_options.h - `options` of a turn, a conversation or /clean: {deadline_ms, formats, verbatim, profile}
 * (api.md).
 *
 * formats is an object of switches, {"money": false, "date": true}: a kind that it does not name stays on.
 * Pure; the profile is borrowed from the JSON tree.
 */
#ifndef CC_GATEWAY_TURN_OPTIONS_H
#define CC_GATEWAY_TURN_OPTIONS_H

#include "shape.h"

#include <stdint.h>

enum {
	OPTION_DEADLINE_MS_MIN = 50,
	OPTION_DEADLINE_MS_MAX = 10000,
	OPTION_DEADLINE_MS = 500, /* the three: api.md */
};

extern const struct shape turn_options_shape; /* for the `options` member of a body's shape */

struct turn_options {
	uint64_t set;	      /* TURN_OPT_* of message.h: which were given */
	uint64_t deadline_ms; /* each has its default when it was not given */
	uint64_t formats;     /* FORMAT_* of engine.h */
	bool verbatim;
	struct slice profile;
};

/* The profiles that may be named (engine_profiles), NULL at the end; they must stay. Until told, and with NULL: none. */
void turn_options_profiles(const char *const *names);

/* From an object that turn_options_shape has passed; NULL gives the defaults. */
void turn_options_read(const cJSON *json, struct turn_options *out);

/* The object with what is set, "{}" when nothing is. */
void turn_options_write_json(const struct turn_options *options, struct buf *out);

#endif
