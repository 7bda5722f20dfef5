/* SPDX-License-Identifier: ISC
 *
 * glossary_body_test.c - what a glossary may look like, and what If-Match means.
 */
#include "glossary_body.h"
#include "common/base/check_run.h"

#include <stdio.h>
#include <stdlib.h>

static const struct {
	const char *json;
	int terms; /* -1: refused */
} bodies[] = {
	{"{\"terms\":[]}", 0},
	{"[]", 0},
	{"[{\"term\":\"a\"}]", 1},
	{"{\"terms\":[{\"term\":\"a\",\"sounds_like\":[\"b\"],\"category\":null,\"source\":\"learned\"}]}",
		1},
	{"{\"terms\":[{\"term\":\"a\"},{\"term\":\"a\",\"source\":\"learned\"}]}", 2},
	{"{\"terms\":[{\"term\":\"a\"},{\"term\":\"a\",\"source\":\"user\"}]}", -1},
	{"{\"terms\":[{\"term\":\"a\",\"source\":\"agent\"}]}", -1},
	{"{\"terms\":[{\"sounds_like\":[]}]}", -1},
	{"{\"terms\":{}}", -1},
	{"{\"words\":[]}", -1},
	{"[{}]", -1},
	{"[1]", -1},
	{"[[]]", -1},
	{"{}", -1},
	{"1", -1},
};

START_TEST(test_put)
{
	struct invalid errors = {0};
	cJSON *json = cJSON_Parse(bodies[_i].json);
	const cJSON *terms = glossary_body_terms(json, &errors);

	ck_assert_msg((terms == NULL) == (errors.count > 0), "%s: %zu errors", bodies[_i].json, errors.count);
	ck_assert_msg((terms ? cJSON_GetArraySize(terms) : -1) == bodies[_i].terms, "%s", bodies[_i].json);
	cJSON_Delete(json);
}
END_TEST

/* n terms of one's own and m that are learned, all different. */
static cJSON *many(int n, int m)
{
	cJSON *terms = cJSON_CreateArray();
	char name[32];

	for (int i = 0; i < n + m; i++) {
		cJSON *term = cJSON_CreateObject();

		snprintf(name, sizeof name, "term %d", i);
		cJSON_AddStringToObject(term, "term", name);
		cJSON_AddStringToObject(term, "source", i < n ? "user" : "learned");
		cJSON_AddItemToArray(terms, term);
	}
	return terms;
}

static const struct {
	int own, learned;
	const char *message; /* NULL: allowed */
} bounds[] = {
	{GLOSSARY_TERMS, 0, NULL},
	{GLOSSARY_TERMS, GLOSSARY_SENT - GLOSSARY_TERMS, NULL},
	{GLOSSARY_TERMS + 1, 0, "must have at most 300 terms; it has 301"},
	{GLOSSARY_TERMS, GLOSSARY_SENT - GLOSSARY_TERMS + 1, "must have 0 to 400 items; it has 401"},
};

START_TEST(test_bounds)
{
	struct invalid errors = {0};
	cJSON *terms = many(bounds[_i].own, bounds[_i].learned);

	ck_assert((glossary_body_terms(terms, &errors) != NULL) == (bounds[_i].message == NULL));
	if (bounds[_i].message) {
		ck_assert_str_eq(errors.error[0].message, bounds[_i].message);
		ck_assert_str_eq(errors.error[0].pointer, "/terms");
	}
	cJSON_Delete(terms);
}
END_TEST

static const struct {
	const char *header;
	const char *versions; /* NULL: any version will do */
} matches[] = {
	{"", NULL},
	{"*", NULL},
	{"\"12\"", "{12}"},
	{" \"12\" ,\"7\"", "{12,7}"},
	{"W/\"12\"", "{}"}, /* weak: never the same */
	{"12", "{}"},
	{"\"x\", \"3\"", "{3}"},
	{"\"99999999999999999999999\"", "{}"},
	{"\"\"", "{}"},
	{",,", "{}"},
};

START_TEST(test_if_match)
{
	struct buf versions;
	bool some;

	buf_init(&versions, 1024);
	some = glossary_if_match(slice_str(matches[_i].header), &versions);
	ck_assert_msg(some == (matches[_i].versions != NULL), "%s", matches[_i].header);
	if (some)
		ck_assert_str_eq(versions.p, matches[_i].versions);
	buf_finish(&versions);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("glossary_body");
	TCase *t = tcase_create("glossary_body");

	tcase_add_loop_test(t, test_put, 0, (int)countof(bodies));
	tcase_add_loop_test(t, test_bounds, 0, (int)countof(bounds));
	tcase_add_loop_test(t, test_if_match, 0, (int)countof(matches));
	suite_add_tcase(s, t);
	return check_run(s, CK_NOFORK);
}
