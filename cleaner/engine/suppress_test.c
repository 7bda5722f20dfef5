/* SPDX-License-Identifier: ISC
 *
 * suppress_test.c - a rejected change stays away, the others stay, and every position holds.
 */
#include "common/base/attr.h"
#include "rebuild_test.h"
#include "common/base/check_run.h"

#include <stdlib.h>

enum { PAIRS = 3 };

static const struct {
	const char *raw;
	struct suppressed_pair suppressed[PAIRS];
	const char *cleaned;
} cases[] = {
	{"I'm the vector of marketing", {{SLICE("book"), SLICE("Facebook")}},
		"I'm the director of marketing."},
	{"I'm the vector of marketing", {{SLICE("vector"), SLICE("director")}},
		"I'm the vector of marketing."},
	{"I'm the vector of marketing", {{SLICE(" Vector "), SLICE("DIRECTOR")}},
		"I'm the vector of marketing."},
	{"I'm the vector of marketing", {{SLICE("vector"), SLICE("head")}}, "I'm the director of marketing."},
	{"I'm the vector of marketing", {{SLICE(""), SLICE(".")}}, "I'm the director of marketing."},
	{"We have seventy five employees and our book marketing is good",
		{{SLICE("seventy five"), SLICE("75")}},
		"We have seventy five employees and our Facebook marketing is good."},
	{"We have seventy five employees and our book marketing is good",
		{{SLICE("seventy five"), SLICE("75")}, {SLICE("book"), SLICE("Facebook")}},
		"We have seventy five employees and our book marketing is good."},
	{"caf\xC3\xA9 owners are the vector of marketing, caf\xC3\xA9 by caf\xC3\xA9, with seventy five "
	 "people",
		{{SLICE("vector"), SLICE("director")}},
		"Caf\xC3\xA9 owners are the vector of marketing, caf\xC3\xA9 by caf\xC3\xA9, with 75 "
		"people."},
};

START_TEST(test_suppressed)
{
	struct engine *engine = engine_open("", NULL);
	struct engine_workspace *ws = engine_workspace_create(engine);
	struct clean_input in = {.raw = slice_str(cases[_i].raw),
		.suppressed = cases[_i].suppressed,
		.options = {.formats = FORMAT_ALL, .forced = true, .level = CLEAN_FULL}};
	const struct clean_result *result;
	const char *wrong;

	while (in.suppressed_count < PAIRS && cases[_i].suppressed[in.suppressed_count].original.p)
		in.suppressed_count++;
	result = engine_clean(ws, &in, NULL, NULL);
	wrong = rebuild_check(in.raw, result);
	ck_assert_msg(!wrong, "\"%s\": %s", cases[_i].raw, wrong);
	ck_assert_msg(slice_eq(result->cleaned, slice_str(cases[_i].cleaned)), "\"%s\" gave \"%.*s\"",
		cases[_i].raw, (int)result->cleaned.n, result->cleaned.p);
	engine_workspace_destroy(&ws);
	engine_close(&engine);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("suppress");
	TCase *t = tcase_create("suppress");

	tcase_add_loop_test(t, test_suppressed, 0, (int)countof(cases));
	suite_add_tcase(s, t);
	return check_run(s, CK_NOFORK);
}
