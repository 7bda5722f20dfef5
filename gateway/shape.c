/* SPDX-License-Identifier: ISC
 *
 * shape.c - see shape.h: one check a type, in a table.
 */
#include "shape.h"

#include "common/base/clock.h"
#include "common/base/utf8.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct place {
	const char *pointer; /* of the object around it */
	const char *name;
	struct invalid *errors;
};

#define WRONG(place, ...) invalid_add((place)->errors, (place)->pointer, (place)->name, __VA_ARGS__)

const cJSON *json_member(const cJSON *object, const char *name)
{
	const cJSON *m = cJSON_GetObjectItemCaseSensitive(object, name);

	return m && !cJSON_IsNull(m) ? m : NULL;
}

struct slice json_member_text(const cJSON *object, const char *name)
{
	return slice_str(cJSON_GetStringValue(json_member(object, name)));
}

bool text_has_control(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F)
			return true;
		if (c == 0xC2 && i + 1 < s.n && (unsigned char)s.p[i + 1] < 0xA0) /* U+0080 to U+009F */
			return true;
	}
	return false;
}

/* Unicode's White_Space. */
static bool is_space(uint32_t cp)
{
	return (cp >= 9 && cp <= 13) || cp == 0x20 || cp == 0x85 || cp == 0xA0 || cp == 0x1680 ||
		(cp >= 0x2000 && cp <= 0x200A) || cp == 0x2028 || cp == 0x2029 || cp == 0x202F || cp == 0x205F || cp == 0x3000;
}

bool text_is_blank(struct slice s)
{
	size_t at = 0;
	uint32_t cp;

	while (utf8_next(s, &at, &cp))
		if (!is_space(cp))
			return false;
	return at == s.n;
}

static bool is_string(const struct place *at, const cJSON *v)
{
	if (cJSON_IsString(v))
		return true;
	WRONG(at, "must be a string");
	return false;
}

static void check_text(const struct place *at, const struct member *m, const cJSON *v)
{
	struct slice s;

	if (!is_string(at, v))
		return;
	s = slice_str(v->valuestring);
	if ((double)s.n > m->max)
		WRONG(at, "must be at most %.0f bytes of UTF-8; it is %zu", m->max, s.n);
	else if (m->min > 0 && text_is_blank(s))
		WRONG(at, s.n ? "must not be white space alone" : "must not be empty");
	else if (text_has_control(s))
		WRONG(at, "must have no U+0000, lone surrogate or control character other than tab, LF and CR");
}

static void check_name(const struct place *at, const struct member *m, const cJSON *v)
{
	struct slice s;
	size_t n;

	if (!is_string(at, v))
		return;
	s = slice_str(v->valuestring);
	n = utf8_count(s);
	if ((double)n > m->max)
		WRONG(at, "must be at most %.0f characters; it is %zu", m->max, n);
	else if (m->min > 0 && text_is_blank(s))
		WRONG(at, s.n ? "must not be white space alone" : "must not be empty");
	else if (text_has_control(s) || memchr(s.p, '\n', s.n) || memchr(s.p, '\r', s.n) || memchr(s.p, '\t', s.n))
		WRONG(at, "must have no control character or lone surrogate");
}

static void check_choice(const struct place *at, const struct member *m, const cJSON *v)
{
	char all[INVALID_MESSAGE_BYTES] = "";

	if (!is_string(at, v))
		return;
	for (const char *const *c = m->choices; *c; c++) {
		size_t n = strlen(all);

		if (strcmp(*c, v->valuestring) == 0)
			return;
		snprintf(all + n, sizeof all - n, "%s%s", n ? ", " : "", *c);
	}
	WRONG(at, "must be one of: %s", all);
}

static void check_number(const struct place *at, const struct member *m, const cJSON *v)
{
	if (!cJSON_IsNumber(v))
		WRONG(at, m->type == SHAPE_INTEGER ? "must be an integer" : "must be a number");
	else if (!isfinite(v->valuedouble) || v->valuedouble < m->min || v->valuedouble > m->max)
		WRONG(at, "must be from %g to %g", m->min, m->max);
	else if (m->type == SHAPE_INTEGER && v->valuedouble != floor(v->valuedouble))
		WRONG(at, "must be an integer");
}

static void check_bool(const struct place *at, const struct member *m, const cJSON *v)
{
	if (!cJSON_IsBool(v))
		WRONG(at, "must be true or false");
}

static void check_time(const struct place *at, const struct member *m, const cJSON *v)
{
	int64_t wall_us;

	if (!is_string(at, v))
		return;
	if (!clock_parse_rfc3339(slice_str(v->valuestring), &wall_us))
		WRONG(at, "must be a time as RFC 3339 has it, like 2026-01-31T12:00:00.000Z");
	else if (wall_us < 0 || wall_us >= CLOCK_YEAR_10000_US)
		WRONG(at, "must be in the years 1970 to 9999");
}

/* The pointer of what stands at a place. */
static void place_pointer(const struct place *at, char out[INVALID_POINTER_BYTES])
{
	struct invalid one = {0};

	invalid_add(&one, at->pointer, at->name, "%s", "");
	memcpy(out, one.error[0].pointer, INVALID_POINTER_BYTES);
}

static void check_object(const struct place *at, const struct member *m, const cJSON *v)
{
	char pointer[INVALID_POINTER_BYTES];

	place_pointer(at, pointer);
	shape_check(m->inner, v, pointer, at->errors);
}

static bool tree_has_control(const cJSON *v)
{
	for (; v; v = v->next)
		if ((v->string && text_has_control(slice_str(v->string))) ||
			(cJSON_IsString(v) && text_has_control(slice_str(v->valuestring))) ||
			(cJSON_IsNumber(v) && !isfinite(v->valuedouble)) || tree_has_control(v->child))
			return true;
	return false;
}

static void check_free(const struct place *at, const struct member *m, const cJSON *v)
{
	char *text;

	if (!cJSON_IsObject(v)) {
		WRONG(at, "must be an object");
		return;
	}
	if (tree_has_control(v->child)) {
		WRONG(at, "must have no U+0000, lone surrogate, control character or number out of range");
		return;
	}
	text = cJSON_PrintUnformatted(v);
	if (!text || (double)strlen(text) > m->max)
		WRONG(at, "must be at most %.0f bytes of JSON; it is %zu", m->max, text ? strlen(text) : 0);
	free(text);
}

static bool is_array(const struct place *at, const struct member *m, const cJSON *v)
{
	if (!cJSON_IsArray(v)) {
		WRONG(at, "must be an array");
		return false;
	}
	if (cJSON_GetArraySize(v) < m->min || cJSON_GetArraySize(v) > m->max) {
		WRONG(at, "must have %.0f to %.0f items; it has %d", m->min, m->max, cJSON_GetArraySize(v));
		return false;
	}
	return true;
}

static void check_objects(const struct place *at, const struct member *m, const cJSON *v)
{
	char pointer[INVALID_POINTER_BYTES], index[16];
	const cJSON *item;
	int i = 0;

	if (!is_array(at, m, v))
		return;
	place_pointer(at, pointer);
	cJSON_ArrayForEach(item, v)
	{
		struct place here = {pointer, index, at->errors};

		snprintf(index, sizeof index, "%d", i++);
		check_object(&here, m, item);
	}
}

static void check_texts(const struct place *at, const struct member *m, const cJSON *v)
{
	static const struct member text = {.type = SHAPE_TEXT, .min = 1, .max = SHAPE_ITEM_BYTES};
	char pointer[INVALID_POINTER_BYTES], index[16];
	const cJSON *item;
	int i = 0;

	if (!is_array(at, m, v))
		return;
	place_pointer(at, pointer);
	cJSON_ArrayForEach(item, v)
	{
		struct place here = {pointer, index, at->errors};

		snprintf(index, sizeof index, "%d", i++);
		check_text(&here, &text, item);
	}
}

static void (*const checks[])(const struct place *, const struct member *, const cJSON *) = {
	[SHAPE_TEXT] = check_text, [SHAPE_NAME] = check_name, [SHAPE_CHOICE] = check_choice, [SHAPE_NUMBER] = check_number,
	[SHAPE_INTEGER] = check_number, [SHAPE_BOOL] = check_bool, [SHAPE_TIME] = check_time, [SHAPE_OBJECT] = check_object,
	[SHAPE_FREE] = check_free, [SHAPE_OBJECTS] = check_objects, [SHAPE_TEXTS] = check_texts,
};

static const struct member *member_named(const struct shape *shape, const char *name)
{
	for (size_t i = 0; i < shape->count; i++)
		if (strcmp(shape->members[i].name, name) == 0)
			return &shape->members[i];
	return NULL;
}

static void check_member(const struct shape *shape, const cJSON *object, const cJSON *v, const char *pointer,
	struct invalid *errors)
{
	const struct member *m = member_named(shape, v->string);
	struct place at = {pointer, v->string, errors};

	if (!m)
		WRONG(&at, "is not known here");
	else if (cJSON_GetObjectItemCaseSensitive(object, v->string) != v)
		WRONG(&at, "is given more than once");
	else if (!(cJSON_IsNull(v) && m->flags & SHAPE_NULLABLE))
		checks[m->type](&at, m, v);
}

bool shape_check(const struct shape *shape, const cJSON *value, const char *pointer, struct invalid *errors)
{
	size_t before = errors->count;
	const cJSON *v;

	if (!cJSON_IsObject(value)) {
		invalid_add(errors, pointer, NULL, "must be an object");
		return false;
	}
	cJSON_ArrayForEach(v, value)
	{
		if (errors->count == INVALID_MAX)
			return false;
		check_member(shape, value, v, pointer, errors);
	}
	for (size_t i = 0; i < shape->count; i++)
		if (shape->members[i].flags & SHAPE_REQUIRED && !cJSON_GetObjectItemCaseSensitive(value, shape->members[i].name))
			invalid_add(errors, pointer, shape->members[i].name, "is missing");
	return errors->count == before;
}
