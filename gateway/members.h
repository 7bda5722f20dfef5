/* SPDX-License-Identifier: ISC
 *
 * members.h - reads the members of a body's JSON object and collects everything that is wrong with them, each
 * with its pointer, limit and the size found (api.md: 422).
 *
 * Every reader returns whether the member was given and is good; *out is touched only then. A member given as
 * null counts as not given. Slices are borrowed from the JSON tree. Pure.
 */
#ifndef CC_GATEWAY_MEMBERS_H
#define CC_GATEWAY_MEMBERS_H

#include "common/base/uuid.h"
#include "invalid.h"

#include <cjson/cJSON.h>
#include <stdint.h>

struct members {
	const cJSON *object;
	char pointer[INVALID_POINTER_BYTES]; /* of the object; "" for the body itself */
	struct invalid *errors;
};

/* Begins with an object; adds an error for each member that `known` (NULL-terminated) does not name, for each
 * that is given twice, and when json is no object (every reader then finds nothing). */
void members_begin(struct members *m, const cJSON *json, const char *pointer, const char *const *known,
	struct invalid *errors);

struct text_rule {
	size_t min_bytes, max_bytes; /* of UTF-8 */
	size_t max_characters;	     /* code points; 0: only bytes are bounded */
	bool no_blank;		     /* white space alone will not do */
	bool required;
};

bool member_text(struct members *m, const char *name, const struct text_rule *rule, struct slice *out);
bool member_int(struct members *m, const char *name, int64_t min, int64_t max, int64_t *out);
bool member_number(struct members *m, const char *name, double min, double max, bool required, double *out);
bool member_bool(struct members *m, const char *name, bool *out);
bool member_time(struct members *m, const char *name, int64_t *wall_us);
bool member_uuid(struct members *m, const char *name, bool required, struct uuid *out);
/* One of the names, as its place in the NULL-terminated list. */
bool member_choice(struct members *m, const char *name, const char *const *choices, size_t *out);
bool member_object(struct members *m, const char *name, const cJSON **out);
/* An array of at most max elements. */
bool member_array(struct members *m, const char *name, size_t max, bool required, const cJSON **out);

/* "<pointer>/<name>[/<index>]", for nested objects; index < 0: none. */
void member_pointer(const struct members *m, const char *name, int index, char out[INVALID_POINTER_BYTES]);

/* The first code point that a text may not hold: a control character other than tab, LF, CR. 0 when there is
 * none. */
uint32_t text_forbidden(struct slice text);

#endif
