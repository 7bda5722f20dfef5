/* SPDX-License-Identifier: ISC
 *
 * clean_glossary.h - glossaries as cleanerctx-clean gets them: a file, or an array in a JSON object.
 *
 * A file has one term a line, `term` or `term = sounds like this, or this`; # starts a comment. In JSON a
 * term is a string or {"term", "sounds_like"?: [..], "category"?}. Owns copies of everything.
 */
#ifndef CC_CLEAN_GLOSSARY_H
#define CC_CLEAN_GLOSSARY_H

#include "engine.h"

#include <cjson/cJSON.h>

struct clean_glossary {
	struct glossary_term *terms;
	size_t count;
};

/* False, with errno, when the file cannot be read. */
bool clean_glossary_read(struct clean_glossary *glossary, const char *path) must_check;

/* Adds an array's terms; false when it is none, or has members of another shape. NULL adds nothing. */
bool clean_glossary_add(struct clean_glossary *glossary, const cJSON *array) must_check;
void clean_glossary_finish(struct clean_glossary *glossary);

#endif
