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

#include "members.h"

enum {
	OPTION_DEADLINE_MS_MIN = 50,
	OPTION_DEADLINE_MS_MAX = 10000,
	OPTION_DEADLINE_MS = 500,  /* api.md */
	OPTION_PROFILE_BYTES = 64, /* a recogniser's name */
};

struct turn_options {
	uint64_t set; /* TURN_OPT_*: which were given */
	uint64_t deadline_ms, formats /* FORMAT_* of engine.h */;
	bool verbatim;
	struct slice profile;
};

/* Reads `json`, an options object at `pointer`. What is not given has its default. False when it added
 * errors. */
bool turn_options_read(
	const cJSON *json, const char *pointer, struct turn_options *out, struct invalid *errors);
void turn_options_defaults(struct turn_options *out);

/* The object with what is set, "{}" when nothing is. */
void turn_options_write_json(const struct turn_options *options, struct buf *out);

#endif
