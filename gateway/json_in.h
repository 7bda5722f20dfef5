/* SPDX-License-Identifier: ISC
 *
 * json_in.h - bytes from a client into a cJSON tree, or the reason why not.
 *
 * Pure. cJSON alone would be too kind (raw control characters, "01", a string cut at \u0000), so the text is first held
 * against RFC 8259's grammar, UTF-8 and the depth limit. What JSON can write but no text of ours may hold, \u0000 and
 * surrogates without their pair, is turned into U+0001 there: members.h refuses control characters, with the
 * pointer to the member.
 */
#ifndef CC_GATEWAY_JSON_IN_H
#define CC_GATEWAY_JSON_IN_H

#include "common/base/attr.h"
#include "common/base/slice.h"

#include <cjson/cJSON.h>

enum { JSON_DEPTH_MAX = 64 }; /* api.md: nesting over 64 is refused */

/* The tree, which the caller deletes. NULL: *why is a static sentence for the client, *at the offset in bytes. */
must_check cJSON *json_read(struct slice text, const char **why, size_t *at);

/* The steps, for their tests: checks text and mends its escapes in place. NULL when it is JSON, else why. */
must_check const char *json_check(char *text, size_t n, size_t *at);

#endif
