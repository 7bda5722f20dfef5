/* SPDX-License-Identifier: ISC
 *
 * glossary_body.h - terms of a glossary as clients write them: [{term, sounds_like?, category?, source?}].
 * Pure.
 *
 * source is what a glossary that was read says of its terms, so that it can be sent back as it is.
 */
#ifndef CC_GATEWAY_GLOSSARY_BODY_H
#define CC_GATEWAY_GLOSSARY_BODY_H

#include "common/base/buf.h"
#include "shape.h"

enum {
	GLOSSARY_TERMS = 300,	   /* of one glossary: more do harm (measured) */
	GLOSSARY_SOUNDS_LIKE = 16, /* spellings of one term */
	GLOSSARY_TERM_BYTES = 128,
	GLOSSARY_SENT = 400, /* terms in one body: those, and what was learned (LEARN_TERMS_MOST) */
};

extern const struct shape glossary_term_shape;

/* The terms of a body that is {"terms": [..]} or the array alone, checked. NULL when errors were added. */
const cJSON *glossary_body_terms(const cJSON *json, struct invalid *errors);

/* {"add": [terms], "remove": ["term"]}: either may be NULL. False when errors were added. */
bool glossary_body_patch(const cJSON *json, const cJSON **add, const cJSON **remove, struct invalid *errors);

bool glossary_is_learned(const cJSON *term);

/* An If-Match header as an array literal of versions; false for none and for "*": any will do. Weak tags, and
 * tags that are not ours, match nothing and are left out. */
bool glossary_if_match(struct slice header, struct buf *versions);

#endif
