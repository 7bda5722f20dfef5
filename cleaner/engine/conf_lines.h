/* SPDX-License-Identifier: ISC
 *
 * conf_lines.h - the line format that the data files of the engine share: `#` comments, `[section]` or `[a] =
 * b` heads, and `key = value` lines. A reader for text in memory; owns nothing.
 */
#ifndef CC_ENGINE_CONF_LINES_H
#define CC_ENGINE_CONF_LINES_H

#include "common/base/slice.h"

struct conf_lines {
	struct slice rest;
	unsigned line; /* of the last one returned, from 1 */
};

struct conf_line {
	bool head;		 /* [key] or [key] = value */
	struct slice key, value; /* trimmed; value empty when there was none */
};

/* The next line that says something. False at the end. A line that is neither is returned with an empty key.
 */
bool conf_lines_next(struct conf_lines *lines, struct conf_line *line);

struct slice slice_trim(struct slice s);

/* Cuts the text before the first `separator` off s, trimmed. False when s is used up. */
bool slice_cut(struct slice *s, char separator, struct slice *part);

#endif
