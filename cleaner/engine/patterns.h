/* SPDX-License-Identifier: ISC
 *
 * patterns.h - known recognition errors of the product's domain, each with guards. Rules are data:
 * patterns.conf, whose head explains the format.
 */
#ifndef CC_ENGINE_PATTERNS_H
#define CC_ENGINE_PATTERNS_H

#include "context.h"

struct pattern;

/* Empty; patterns_read adds a file's, whose text must stay; contexts are those that its guards may name.
 * False, with the line, when it is not understood. */
struct patterns *patterns_create(void);
void patterns_destroy(struct patterns **patterns);
bool patterns_read(struct patterns *patterns, struct slice text, const struct contexts *contexts,
	unsigned *bad_line) must_check;

/* The first pattern that stands, with all its guards, at live word i; NULL when none does. */
const struct pattern *patterns_at(const struct patterns *patterns, const struct turn *t, size_t i);

/* True when the heard words of a pattern are in the text, guards aside: the decision's cheap question. */
bool patterns_maybe(const struct patterns *patterns, const struct words *w);

#endif
