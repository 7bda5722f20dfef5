/* SPDX-License-Identifier: ISC
 *
 * members.c - see members.h.
 */
#include "members.h"

#include "common/base/clock.h"
#include "common/base/utf8.h"

#include <math.h>
#include <stdio.h>

static bool listed(const char *const *names, const char *name)
{
	for (; *names; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

static bool given_before(const cJSON *object, const cJSON *member)
{
	for (const cJSON *c = object->child; c != member; c = c->next)
		if (strcmp(c->string, member->string) == 0)
			return true;
	return false;
}

void members_begin(struct members *m, const cJSON *json, const char *pointer, const char *const *known,
	struct invalid *errors)
{
	*m = (struct members){.object = cJSON_IsObject(json) ? json : NULL, .errors = errors};
	snprintf(m->pointer, sizeof m->pointer, "%s", pointer);
	if (!m->object) {
		invalid_add(errors, pointer, NULL, "must be an object");
		return;
	}
	for (const cJSON *c = json->child; c; c = c->next) {
		if (!listed(known, c->string))
			invalid_add(errors, pointer, c->string, "is not a member that is known here");
		else if (given_before(json, c))
			invalid_add(errors, pointer, c->string, "is given more than once");
		if (errors->count == INVALID_MAX)
			return; /* also bounds the search for doubles */
	}
}

/* The member, or NULL when it is not given; said when it had to be. */
static const cJSON *find(struct members *m, const char *name, bool required)
{
	const cJSON *c = m->object ? cJSON_GetObjectItemCaseSensitive(m->object, name) : NULL;

	if (c && !cJSON_IsNull(c))
		return c;
	if (required && m->object)
		invalid_add(m->errors, m->pointer, name, "is required");
	return NULL;
}

static bool wrong(struct members *m, const char *name, const char *what)
{
	invalid_add(m->errors, m->pointer, name, "must be %s", what);
	return false;
}

uint32_t text_forbidden(struct slice text)
{
	size_t at = 0;
	uint32_t cp;

	while (utf8_next(text, &at, &cp)) {
		bool control = cp < 0x20 || (cp >= 0x7F && cp < 0xA0);

		if (control && cp != '\t' && cp != '\n' && cp != '\r')
			return cp;
	}
	return 0;
}

static bool is_space(uint32_t cp)
{
	return cp == ' ' || (cp >= '\t' && cp <= '\r') || cp == 0x85 || cp == 0xA0 || cp == 0x1680 ||
	       (cp >= 0x2000 && cp <= 0x200B) || cp == 0x2028 || cp == 0x2029 || cp == 0x202F ||
	       cp == 0x205F || cp == 0x3000 || cp == 0xFEFF;
}

static bool is_blank(struct slice text)
{
	size_t at = 0;
	uint32_t cp;

	while (utf8_next(text, &at, &cp))
		if (!is_space(cp))
			return false;
	return true;
}

static bool text_fits(struct members *m, const char *name, const struct text_rule *rule, struct slice text)
{
	uint32_t bad;
	size_t characters;

	if (text.n < rule->min_bytes) {
		invalid_add(m->errors, m->pointer, name, "must not be empty");
		return false;
	}
	if (text.n > rule->max_bytes) {
		invalid_add(m->errors, m->pointer, name, "may have at most %zu bytes of UTF-8, has %zu",
			rule->max_bytes, text.n);
		return false;
	}
	characters = rule->max_characters ? utf8_count(text) : 0;
	if (characters > rule->max_characters) {
		invalid_add(m->errors, m->pointer, name, "may have at most %zu characters, has %zu",
			rule->max_characters, characters);
		return false;
	}
	bad = text_forbidden(text);
	if (bad) {
		invalid_add(m->errors, m->pointer, name, "has the control character U+%04X", (unsigned)bad);
		return false;
	}
	if (rule->no_blank && is_blank(text)) {
		invalid_add(m->errors, m->pointer, name, "must not be white space alone");
		return false;
	}
	return true;
}

bool member_text(struct members *m, const char *name, const struct text_rule *rule, struct slice *out)
{
	const cJSON *c = find(m, name, rule->required);
	struct slice text;

	if (!c)
		return false;
	if (!cJSON_IsString(c))
		return wrong(m, name, "a string");
	text = slice_str(c->valuestring);
	if (!text_fits(m, name, rule, text))
		return false;
	*out = text;
	return true;
}

bool member_int(struct members *m, const char *name, int64_t min, int64_t max, int64_t *out)
{
	const cJSON *c = find(m, name, false);

	if (!c)
		return false;
	if (!cJSON_IsNumber(c) || c->valuedouble != floor(c->valuedouble))
		return wrong(m, name, "a whole number");
	if (c->valuedouble < (double)min || c->valuedouble > (double)max) {
		invalid_add(m->errors, m->pointer, name, "must be from %lld to %lld, is %g", (long long)min,
			(long long)max, c->valuedouble);
		return false;
	}
	*out = (int64_t)c->valuedouble;
	return true;
}

bool member_number(struct members *m, const char *name, double min, double max, bool required, double *out)
{
	const cJSON *c = find(m, name, required);

	if (!c)
		return false;
	if (!cJSON_IsNumber(c))
		return wrong(m, name, "a number");
	if (!(c->valuedouble >= min && c->valuedouble <= max)) {
		invalid_add(m->errors, m->pointer, name, "must be from %g to %g, is %g", min, max,
			c->valuedouble);
		return false;
	}
	*out = c->valuedouble;
	return true;
}

bool member_bool(struct members *m, const char *name, bool *out)
{
	const cJSON *c = find(m, name, false);

	if (!c)
		return false;
	if (!cJSON_IsBool(c))
		return wrong(m, name, "true or false");
	*out = cJSON_IsTrue(c);
	return true;
}

bool member_time(struct members *m, const char *name, int64_t *wall_us)
{
	const cJSON *c = find(m, name, false);
	int64_t us;

	if (!c)
		return false;
	if (!cJSON_IsString(c) || !clock_parse_rfc3339(slice_str(c->valuestring), &us))
		return wrong(m, name, "a time as RFC 3339 has it");
	*wall_us = us;
	return true;
}

bool member_uuid(struct members *m, const char *name, bool required, struct uuid *out)
{
	const cJSON *c = find(m, name, required);

	if (!c)
		return false;
	if (!cJSON_IsString(c) || !uuid_parse(slice_str(c->valuestring), out))
		return wrong(m, name, "a UUID");
	return true;
}

static void not_among(struct members *m, const char *name, const char *const *choices)
{
	struct buf list;

	buf_init(&list, INVALID_MESSAGE_BYTES);
	for (const char *const *c = choices; *c; c++) {
		buf_str(&list, c == choices ? "" : ", ");
		buf_str(&list, *c);
	}
	invalid_add(m->errors, m->pointer, name, "must be one of: %s", list.p ? list.p : "");
	buf_finish(&list);
}

bool member_choice(struct members *m, const char *name, const char *const *choices, size_t *out)
{
	const cJSON *c = find(m, name, false);

	if (!c)
		return false;
	for (size_t i = 0; choices[i]; i++)
		if (cJSON_IsString(c) && strcmp(choices[i], c->valuestring) == 0) {
			*out = i;
			return true;
		}
	not_among(m, name, choices);
	return false;
}

bool member_object(struct members *m, const char *name, const cJSON **out)
{
	const cJSON *c = find(m, name, false);

	if (!c)
		return false;
	if (!cJSON_IsObject(c))
		return wrong(m, name, "an object");
	*out = c;
	return true;
}

bool member_array(struct members *m, const char *name, size_t max, bool required, const cJSON **out)
{
	const cJSON *c = find(m, name, required);
	size_t n;

	if (!c)
		return false;
	if (!cJSON_IsArray(c))
		return wrong(m, name, "an array");
	n = (size_t)cJSON_GetArraySize(c);
	if (n > max) {
		invalid_add(m->errors, m->pointer, name, "may have at most %zu elements, has %zu", max, n);
		return false;
	}
	*out = c;
	return true;
}

void member_pointer(const struct members *m, const char *name, int index, char out[INVALID_POINTER_BYTES])
{
	if (index < 0)
		snprintf(out, INVALID_POINTER_BYTES, "%.80s/%s", m->pointer, name);
	else
		snprintf(out, INVALID_POINTER_BYTES, "%.80s/%s/%d", m->pointer, name, index);
}
