/* SPDX-License-Identifier: ISC
 *
 * rebuild_test.h - the property that every result must have: its corrections rebuild cleaned from raw,
 * exactly.
 */
#ifndef CC_ENGINE_REBUILD_TEST_H
#define CC_ENGINE_REBUILD_TEST_H

#include "engine.h"

/* NULL when the result's corrections are in order, do not overlap, name the right bytes on both sides and
 * rebuild cleaned from raw; else what is wrong (static text). raw is valid UTF-8. */
const char *rebuild_check(struct slice raw, const struct clean_result *result);

#endif
