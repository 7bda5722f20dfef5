/* SPDX-License-Identifier: ISC
 *
 * glossary_body.c - see glossary_body.h.
 */
#include "glossary_body.h"

static const char *const sources[] = {"user", "learned", NULL};

static const struct member term_members[] = {
	{"term", SHAPE_NAME, SHAPE_REQUIRED, 1, GLOSSARY_TERM_BYTES},
	{"sounds_like", SHAPE_TEXTS, .max = GLOSSARY_SOUNDS_LIKE},
	{"category", SHAPE_TEXT, SHAPE_NULLABLE, .max = GLOSSARY_TERM_BYTES},
	{"source", SHAPE_CHOICE, .choices = sources},
};
const struct shape glossary_term_shape = SHAPE(term_members);

static const struct member put_members[] = {
	{"terms", SHAPE_OBJECTS, SHAPE_REQUIRED, .max = GLOSSARY_SENT, .inner = &glossary_term_shape},
};
static const struct shape put_shape = SHAPE(put_members);

static const struct member patch_members[] = {
	{"add", SHAPE_OBJECTS, .max = GLOSSARY_SENT, .inner = &glossary_term_shape},
	{"remove", SHAPE_TEXTS, .max = GLOSSARY_SENT},
};
static const struct shape patch_shape = SHAPE(patch_members);

bool glossary_is_learned(const cJSON *term)
{
	return slice_eq(json_member_text(term, "source"), SLICE("learned"));
}

/* The bound first: a body of thousands of terms is told its count, not each of its faults. */
static bool count_terms(const cJSON *terms, const char *name, struct invalid *errors)
{
	const cJSON *term;
	size_t own = 0;

	cJSON_ArrayForEach(term, terms) own += !glossary_is_learned(term);
	if (own <= GLOSSARY_TERMS)
		return true;
	invalid_add(errors, "", name, "must have at most %d terms; it has %zu", GLOSSARY_TERMS, own);
	return false;
}

/* Each term once; one that is written and learned may be there as both. */
static bool no_twins(const cJSON *terms, const char *name, struct invalid *errors)
{
	const cJSON *a, *b;

	cJSON_ArrayForEach(a, terms) for (b = a->next; b; b = b->next)
	{
		if (glossary_is_learned(a) != glossary_is_learned(b) ||
			!slice_eq(json_member_text(a, "term"), json_member_text(b, "term")))
			continue;
		invalid_add(errors, "", name, "has the term \"%.64s\" twice", json_member_text(a, "term").p);
		return false;
	}
	return true;
}

const cJSON *glossary_body_terms(const cJSON *json, struct invalid *errors)
{
	const cJSON *terms = cJSON_IsArray(json) ? json : json_member(json, "terms");
	static char name[] = "terms";
	cJSON around = {.type = cJSON_Object}, alone;

	if (!count_terms(terms, "terms", errors))
		return NULL;
	if (cJSON_IsArray(json)) { /* as if it stood in the object */
		alone = *json;
		alone.string = name;
		alone.next = alone.prev = NULL;
		around.child = &alone;
	}
	if (!shape_check(&put_shape, cJSON_IsArray(json) ? &around : json, "", errors) ||
		!no_twins(terms, "terms", errors))
		return NULL;
	return terms;
}

bool glossary_body_patch(const cJSON *json, const cJSON **add, const cJSON **remove, struct invalid *errors)
{
	*add = json_member(json, "add");
	*remove = json_member(json, "remove");
	return count_terms(*add, "add", errors) && shape_check(&patch_shape, json, "", errors) &&
	       no_twins(*add, "add", errors);
}

static bool read_tag(struct slice tag, int64_t *version)
{
	*version = 0;
	if (tag.n < 3 || tag.n > 20 || tag.p[0] != '"' || tag.p[tag.n - 1] != '"')
		return false;
	for (size_t i = 1; i + 1 < tag.n; i++) {
		if (tag.p[i] < '0' || tag.p[i] > '9')
			return false;
		*version = *version * 10 + (tag.p[i] - '0');
	}
	return true;
}

bool glossary_if_match(struct slice header, struct buf *versions)
{
	bool first = true;

	if (header.n == 0)
		return false;
	buf_char(versions, '{');
	while (header.n) {
		const char *comma = memchr(header.p, ',', header.n);
		struct slice tag = slice_of(header.p, comma ? (size_t)(comma - header.p) : header.n);
		int64_t version;

		header = comma ? slice_of(comma + 1, header.n - tag.n - 1) : slice_of(NULL, 0);
		while (tag.n && (tag.p[0] == ' ' || tag.p[0] == '\t'))
			tag = slice_of(tag.p + 1, tag.n - 1);
		while (tag.n && (tag.p[tag.n - 1] == ' ' || tag.p[tag.n - 1] == '\t'))
			tag.n--;
		if (slice_eq(tag, SLICE("*")))
			return false;
		if (!read_tag(tag, &version))
			continue;
		buf_str(versions, first ? "" : ",");
		buf_i64(versions, version);
		first = false;
	}
	buf_char(versions, '}');
	return true;
}
