/* SPDX-License-Identifier: ISC
 *
 * turn_json.h - what the gateway reads off a turn's JSON without parsing it.
 *
 * The JSON is our own (turn_write_json): a quote inside a string is always escaped, so `"name":` with a bare
 * quote on both sides of the name is a member, never somebody's text. Pure.
 */
#ifndef CC_GATEWAY_TURN_JSON_H
#define CC_GATEWAY_TURN_JSON_H

#include "common/base/slice.h"

#include <stdint.h>

/* The value of "cleaning_level" in a turn's JSON as turn_write_json makes it; empty when there is none. */
struct slice turn_json_level(struct slice turn);
/* A number of milliseconds `"name":12.345` in its metadata's timings, as ns; 0 when there is none. */
uint64_t turn_json_stage(struct slice turn, const char *name);
bool turn_json_is_final(struct slice turn);

#endif
