/* SPDX-License-Identifier: ISC
 *
 * shape.h - what a JSON object must look like, as a table: names, types, bounds; and the check of a tree against it.
 *
 * Pure. Everything that is wrong is told at once, each with its pointer (invalid.h). Unknown and doubled members are
 * errors: a misspelt option that is silently ignored is worse than one refused.
 */
#ifndef CC_GATEWAY_SHAPE_H
#define CC_GATEWAY_SHAPE_H

#include "invalid.h"

#include <cjson/cJSON.h>

enum shape_type {
	SHAPE_TEXT,    /* a string of min to max bytes of UTF-8; min > 0 also means: not white space alone */
	SHAPE_NAME,    /* a string of min to max code points, without control characters at all */
	SHAPE_CHOICE,  /* one of `choices` */
	SHAPE_NUMBER,  /* min to max, finite */
	SHAPE_INTEGER,
	SHAPE_BOOL,
	SHAPE_TIME,    /* an RFC 3339 string */
	SHAPE_OBJECT,  /* of shape `inner` */
	SHAPE_FREE,    /* any object, whose text is at most max bytes when printed without spaces */
	SHAPE_OBJECTS, /* an array of min to max objects of shape `inner` */
	SHAPE_TEXTS,   /* an array of 0 to max strings, each 1 to SHAPE_ITEM_BYTES */
};

enum { SHAPE_ITEM_BYTES = 256 };
enum { SHAPE_REQUIRED = 1, SHAPE_NULLABLE = 2 }; /* flags; null where it is not allowed is a wrong type */

struct shape;
struct member {
	const char *name;
	enum shape_type type;
	unsigned flags;
	double min, max;            /* of the unit that the type says */
	const char *const *choices; /* NULL at the end */
	const struct shape *inner;
};
struct shape {
	const struct member *members;
	size_t count;
};
#define SHAPE(members) {(members), sizeof(members) / sizeof((members)[0])}

/* Adds what is wrong with value (NULL: missing) to errors; pointer is where it stands. True when nothing was. */
bool shape_check(const struct shape *shape, const cJSON *value, const char *pointer, struct invalid *errors);

/* A member of an object that was checked: NULL when missing or null. */
const cJSON *json_member(const cJSON *object, const char *name);
struct slice json_member_text(const cJSON *object, const char *name); /* empty, NULL pointer, when missing or null */

/* Control characters other than tab, LF and CR (U+0000 and lone surrogates have become one, json_in.h), or none. */
bool text_has_control(struct slice s);
bool text_is_blank(struct slice s); /* empty, or white space of Unicode alone */

#endif
