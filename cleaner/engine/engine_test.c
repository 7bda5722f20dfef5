/* SPDX-License-Identifier: ISC
 *
 * engine_test.c - the engine as its callers see it: what goes in, what comes out, and that every correction's
 * position holds: over the cases here, random bytes and words, and (CLEANERCTX_DATA or ../shared/data, when
 * there) real calls.
 */
#include "common/base/attr.h"
#include "common/base/utf8.h"
#include "rebuild_test.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct engine *engine;
static struct engine_workspace *ws;

static void setup_with(const char *data_dir)
{
	char *warning = NULL;

	engine = engine_open(data_dir, &warning);
	ck_assert_msg(!warning, "%s", warning);
	ws = engine_workspace_create(engine);
}

static void setup(void)
{
	setup_with("");
}

static void setup_tables(void)
{
	setup_with(SOURCE_ROOT "/cleaner/engine/data");
}

static void teardown(void)
{
	engine_workspace_destroy(&ws);
	engine_close(&engine);
}

static const struct clean_result *clean(const char *raw, struct clean_options options)
{
	struct clean_input in = {.raw = slice_str(raw), .options = options};
	const struct clean_result *result;
	const char *wrong;

	if (!in.options.formats)
		in.options.formats = FORMAT_ALL;
	result = engine_clean(ws, &in, NULL, NULL);
	wrong = rebuild_check(in.raw, result);
	ck_assert_msg(!wrong, "\"%s\": %s", raw, wrong);
	return result;
}

static const struct {
	const char *raw, *cleaned;
} texts[] = {
	{"I'm the vector of marketing", "I'm the director of marketing."},
	{"We have seventy five employees", "We have 75 employees."},
	{"We have seventy-five employees", "We have 75 employees."},
	{"Our book marketing is working well", "Our Facebook marketing is working well."},
	{"We get about fifty leads per month", "We get about 50 leads per month."},
	{"yes", "yes"},
	{"that's right", "that's right"},
	{"mm-hmm", "mm-hmm"},
	{"um so we uh sell boilers", "So we sell boilers."},
	{"we, we sell, sell boilers", "We sell boilers."},
	{"it's very very good", "It's very very good."},
	{"do you know the price of this one", "Do you know the price of this one?"},
	{"the the asp- aspirations of it", "The aspirations of it."},
	{"come on Tuesday, no wait, on Friday please", "Come on Friday please."},
	{"we want it on March third sorry March fifth", "We want it on March 5th."},
	{"I am sorry Monday does not work", "I am sorry Monday does not work."},
	{"[background noise] hello there my friend", "Hello there my friend."},
	{"Mostly PPC on Google.C on Google. <noise>", "Mostly PPC on Google."},
	{"You're doing great.'re doing great. Okay, Hello.", "You're doing great. Okay, Hello."},
	{"Write to me at work.com please do", "Write to me at work.com please do."},
	{"ну что это такое", "ну что это такое"},
	{"\xE4\xBD\xA0\xE5\xA5\xBD", "\xE4\xBD\xA0\xE5\xA5\xBD"},
};

START_TEST(test_texts)
{
	const struct clean_result *result = clean(texts[_i].raw, (struct clean_options){0});

	ck_assert_msg(slice_eq(result->cleaned, slice_str(texts[_i].cleaned)), "\"%s\" gave \"%.*s\"",
		texts[_i].raw, (int)result->cleaned.n, result->cleaned.p);
}
END_TEST

static const struct {
	const char *raw;
	enum clean_level level;
	const char *reason;
} decisions[] = {
	{"yes", CLEAN_NONE, "acknowledgement"},
	{"Yeah, that's right.", CLEAN_NONE, "acknowledgement"},
	{"   ", CLEAN_NONE, "empty"},
	{"We sell boilers in Leeds.", CLEAN_NONE, "well_formed"},
	{"I'm the vector of marketing", CLEAN_FULL, "known_pattern"},
	{"um we sell boilers", CLEAN_LIGHT, "disfluency"},
	{"on Tuesday no wait on Friday", CLEAN_FULL, "self_correction"},
	{"we have fifty of them", CLEAN_LIGHT, "number"},
	{"we sell boilers in leeds", CLEAN_LIGHT, "formatting"},
};

/* With the table: a capital before a word makes a name of it only where the word may be one. */
static const struct {
	const char *raw, *cleaned;
} capitals[] = {
	{"just a generic ceo agency", "Just a generic SEO agency."},
	{"then we hired an SEO agency", "Then we hired an SEO agency."},
	{"the PPC budget is ours", "The PPC budget is ours."},
	{"our ceo john smith signed it", "Our CEO John Smith signed it."},
	{"wells fargo lent us the money", "Wells Fargo lent us the money."},
};

START_TEST(test_capitals)
{
	const struct clean_result *result = clean(capitals[_i].raw, (struct clean_options){0});

	ck_assert_msg(slice_eq(result->cleaned, slice_str(capitals[_i].cleaned)), "\"%s\" gave \"%.*s\"",
		capitals[_i].raw, (int)result->cleaned.n, result->cleaned.p);
}
END_TEST

START_TEST(test_decisions)
{
	struct clean_input in = {.raw = slice_str(decisions[_i].raw)};
	struct decision d = engine_decide(ws, &in);

	ck_assert_str_eq(d.reason, decisions[_i].reason);
	ck_assert_int_eq(d.level, decisions[_i].level);
	in.options = (struct clean_options){.forced = true, .level = CLEAN_FULL};
	ck_assert_str_eq(engine_decide(ws, &in).reason, "forced");
}
END_TEST

START_TEST(test_positions)
{
	const struct clean_result *result =
		clean("I\xE2\x80\x99m the vector of marketing", (struct clean_options){0});
	const struct correction *c = &result->corrections[0];

	ck_assert_int_eq(c->kind, KIND_PATTERN);
	ck_assert_int_ge(c->confidence, CONFIDENCE_MEDIUM);
	ck_assert_uint_eq(c->start, 8);
	ck_assert_uint_eq(c->end, 14);
	ck_assert_uint_eq(c->cleaned_start, 8);
	ck_assert_uint_eq(c->cleaned_end, 16);
	ck_assert_int_ge(result->confidence, CONFIDENCE_MEDIUM);
}
END_TEST

START_TEST(test_json)
{
	struct buf out;

	buf_init(&out, 4096);
	corrections_write_json(&out, clean("um we", (struct clean_options){0}), 1);
	ck_assert_str_eq(out.p,
		"[{\"id\":\"c1\",\"kind\":\"filler\",\"original\":\"um "
		"\",\"corrected\":\"\",\"confidence\":\"HIGH\","
		"\"reason\":\"A filler that carries no meaning.\",\"position\":{\"start\":0,\"end\":3},"
		"\"cleaned_position\":{\"start\":0,\"end\":0}},{\"id\":\"c2\",\"kind\":\"case\",\"original\":"
		"\"we\","
		"\"corrected\":\"We\",\"confidence\":\"MEDIUM\",\"reason\":\"A sentence begins with a "
		"capital.\","
		"\"position\":{\"start\":3,\"end\":5},\"cleaned_position\":{\"start\":0,\"end\":2}},{\"id\":"
		"\"c3\","
		"\"kind\":\"punctuation\",\"original\":\"\",\"corrected\":\".\",\"confidence\":\"MEDIUM\","
		"\"reason\":\"The sentence ends here.\",\"position\":{\"start\":5,\"end\":5},"
		"\"cleaned_position\":{\"start\":2,\"end\":3}}]");
	buf_reset(&out);
	corrections_write_json(&out, clean("um we", (struct clean_options){0}), 2);
	ck_assert(strncmp(out.p, "[{\"id\":\"r2-1\",", 14) == 0);
	buf_finish(&out);
}
END_TEST

START_TEST(test_verbatim)
{
	const struct clean_result *result = clean("um we we sell", (struct clean_options){.verbatim = true});

	ck_assert(slice_eq(result->cleaned, SLICE("Um we we sell.")));
}
END_TEST

START_TEST(test_contexts)
{
	const struct clean_result *result =
		clean("our seo campaign brings fifty leads per month", (struct clean_options){0});
	bool marketing = false, volume = false;

	for (size_t i = 0; i < result->context_count; i++) {
		marketing |= strcmp(result->contexts[i], "marketing") == 0;
		volume |= strcmp(result->contexts[i], "volume") == 0;
	}
	ck_assert(marketing && volume);
}
END_TEST

static const struct {
	const char *raw, *has;
} heard_terms[] = {
	{"we spoke to steve wittaker about it", "Steve Whitaker"},
	{"the danna her group called", "Danaher"},
	{"we like trusta trader a lot", "TrustATrader"},
	{"we spoke to wells fargo", "Wells Fargo"},
	{"our video jet machines", "Videojet"},
	{"it said foo bar there", "Fubarix"},
};

START_TEST(test_glossary)
{
	static const struct slice sounds[] = {{"foo bar", 7}};
	static const struct glossary_term terms[] = {{.term = {"Steve Whitaker", 14}},
		{.term = {"Danaher", 7}}, {.term = {"Wells Fargo", 11}}, {.term = {"TrustATrader", 12}},
		{.term = {"Videojet", 8}},
		{.term = {"Fubarix", 7}, .sounds_like = sounds, .sounds_like_count = 1}};

	for (size_t i = 0; i < countof(heard_terms); i++) {
		struct clean_input in = {.raw = slice_str(heard_terms[i].raw),
			.glossary = terms,
			.glossary_count = countof(terms),
			.options = {.forced = true, .level = CLEAN_FULL, .formats = FORMAT_ALL}};
		const struct clean_result *result = engine_clean(ws, &in, NULL, NULL);
		const char *wrong = rebuild_check(in.raw, result);

		ck_assert_msg(!wrong, "\"%s\": %s", heard_terms[i].raw, wrong);
		ck_assert_msg(memmem(result->cleaned.p, result->cleaned.n, heard_terms[i].has,
				      strlen(heard_terms[i].has)),
			"\"%s\" gave \"%.*s\"", heard_terms[i].raw, (int)result->cleaned.n,
			result->cleaned.p);
	}
}
END_TEST

START_TEST(test_decisions_with_glossary)
{
	static const struct glossary_term terms[] = {
		{.term = {"Videojet", 8}}, {.term = {"Steve Whitaker", 14}}};
	struct clean_input in = {
		.raw = SLICE("we bought a video jet last year"), .glossary = terms, .glossary_count = 2};

	ck_assert_str_eq(engine_decide(ws, &in).reason, "glossary_near_hit");
	in.raw = SLICE("it was steve wittaker who said it");
	ck_assert_str_eq(engine_decide(ws, &in).reason, "glossary_near_hit");
	in.raw = SLICE("we met the zorblatt people");
	ck_assert_str_eq(engine_decide(ws, &in).reason, "doubtful_words");
	in.raw = SLICE("we met the other people");
	ck_assert_str_eq(engine_decide(ws, &in).reason, "formatting");
}
END_TEST

START_TEST(test_bad_input)
{
	static char big[ENGINE_TEXT_BYTES + 1];
	struct clean_input in = {.raw = SLICE("ab\xFF um"),
		.options = {.forced = true, .level = CLEAN_FULL, .formats = FORMAT_ALL}};

	ck_assert(slice_eq(engine_clean(ws, &in, NULL, NULL)->cleaned, in.raw));
	memset(big, 'a', sizeof big);
	in.raw = slice_of(big, sizeof big);
	ck_assert(slice_eq(engine_clean(ws, &in, NULL, NULL)->cleaned, in.raw));
	in.raw = slice_of(NULL, 0);
	ck_assert_uint_eq(engine_clean(ws, &in, NULL, NULL)->cleaned.n, 0);
}
END_TEST

START_TEST(test_names)
{
	for (int k = 0; k < KIND_COUNT; k++)
		ck_assert_ptr_nonnull(correction_kind_name((enum correction_kind)k));
	for (int l = CLEAN_NONE; l <= CLEAN_FULL; l++) {
		enum clean_level level = CLEAN_NONE;

		ck_assert(clean_level_parse(slice_str(clean_level_name((enum clean_level)l)), &level));
		ck_assert_int_eq(level, l);
	}
	ck_assert_str_eq(confidence_name(CONFIDENCE_MEDIUM), "MEDIUM");
}
END_TEST

static uint32_t random_next(uint32_t *state)
{
	*state = *state * UINT32_C(1664525) + UINT32_C(1013904223);
	return *state >> 8;
}

/* Words that the stages react to, and pieces that break naive cutting. */
static const char *const pieces[] = {"um", "uh,", "the", "the", "we", "twenty", "five", "hundred", "and",
	"point", "no", "wait", "sorry", "Tuesday", "i", "i'm", "book", "marketing", "paper", "click", "th-",
	"...", "[noise]", "<unk>", "##X##", "\xE2\x80\xA6", "caf\xC3\xA9", "e\xCC\x81", "\xF0\x9F\x98\x80",
	"\xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D", "\"so\"", "(ok)", "3.5", "$4", "a.m.", "-", "--", "dollars",
	"per", "cent", "at", "dot", "com", "you", "know", ",", "like,", "january", "first", "double", "oh",
	"?", "u.s."};

static size_t random_text(uint32_t *state, char *out, size_t room)
{
	size_t n = 0;

	for (uint32_t words = random_next(state) % 60; words > 0; words--) {
		const char *piece = pieces[random_next(state) % countof(pieces)];

		if (n + strlen(piece) + 2 > room)
			break;
		n += (size_t)sprintf(out + n, "%s%s", piece, random_next(state) % 8 ? " " : "\t\n");
	}
	for (uint32_t hits = random_next(state) % 3; hits > 0 && n > 0; hits--)
		out[random_next(state) % n] = (char)(random_next(state) % 128);
	return n;
}

static void check_all_levels(struct slice raw)
{
	static const struct slice sounds[] = {{"wait sorry", 10}};
	static const struct glossary_term terms[] = {{.term = {"Cafe Marking", 12}},
		{.term = {"Tews Dey", 8}}, {.term = {"US", 2}},
		{.term = {"Weyt", 4}, .sounds_like = sounds, .sounds_like_count = 1},
		{.term = {"twenty-five", 11}}};

	for (unsigned mode = 0; mode < 4; mode++) {
		struct clean_input in = {.raw = raw,
			.glossary = terms,
			.glossary_count = countof(terms),
			.options = {.forced = mode > 0,
				.level = mode == 1 ? CLEAN_LIGHT : CLEAN_FULL,
				.verbatim = mode == 3,
				.formats = FORMAT_ALL}};
		const struct clean_result *result = engine_clean(ws, &in, NULL, NULL);
		const char *wrong = utf8_valid(raw, NULL) ? rebuild_check(raw, result) : NULL;

		ck_assert_msg(!wrong, "\"%.*s\": %s", (int)raw.n, raw.p, wrong);
	}
}

START_TEST(test_random)
{
	uint32_t state = 20261123;
	char text[4096];

	for (int i = 0; i < 3000; i++)
		check_all_levels(slice_of(text, random_text(&state, text, sizeof text)));
	for (int i = 0; i < 1000; i++) {
		size_t n = random_next(&state) % 200;

		for (size_t k = 0; k < n; k++)
			text[k] = (char)random_next(&state);
		check_all_levels(slice_of(text, n));
	}
}
END_TEST

/* The value of "raw":"..." in a line of JSON, unescaped but for \u, which these files do not need for raw. */
static size_t raw_of_line(const char *line, char *out, size_t room)
{
	const char *p = strstr(line, "\"raw\": \"");
	size_t n = 0;

	if (!p)
		return 0;
	for (p += 8; *p && *p != '"' && n < room; p++) {
		if (*p == '\\')
			p++;
		out[n++] = *p == 'n' ? (p[-1] == '\\' ? '\n' : 'n') : *p;
	}
	return n;
}

static void check_file(const char *dir, const char *name)
{
	static char text[ENGINE_TEXT_BYTES];
	char path[4096], *line = NULL;
	size_t cap = 0;
	FILE *in;

	snprintf(path, sizeof path, "%s/asr/%s.jsonl", dir, name);
	in = fopen(path, "re");
	ck_assert_ptr_nonnull(in);
	while (getline(&line, &cap, in) >= 0)
		check_all_levels(slice_of(text, raw_of_line(line, text, sizeof text)));
	free(line);
	fclose(in);
}

START_TEST(test_real_data)
{
	static const char *const files[] = {
		"google", "amazon", "microsoft", "espnet", "kaldi", "e22", "rev16", "agentcall"};
	const char *dir = getenv("CLEANERCTX_DATA");

	if (!dir)
		dir = SOURCE_ROOT "/../shared/data";
	if (access(dir, R_OK) != 0) {
		printf("engine_test: real data skipped: %s is not there\n", dir);
		return;
	}
	for (size_t i = 0; i < countof(files); i++)
		check_file(dir, files[i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("engine");
	TCase *tc = tcase_create("engine"), *tables = tcase_create("engine with tables");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 300);
	tcase_add_loop_test(tc, test_texts, 0, countof(texts));
	tcase_add_loop_test(tc, test_decisions, 0, countof(decisions));
	tcase_add_test(tc, test_positions);
	tcase_add_test(tc, test_json);
	tcase_add_test(tc, test_verbatim);
	tcase_add_test(tc, test_contexts);
	tcase_add_test(tc, test_bad_input);
	tcase_add_test(tc, test_names);
	tcase_add_test(tc, test_random);
	tcase_add_test(tc, test_real_data);
	tcase_add_checked_fixture(tables, setup_tables, teardown);
	tcase_set_timeout(tables, 300);
	tcase_add_loop_test(tables, test_capitals, 0, countof(capitals));
	tcase_add_test(tables, test_glossary);
	tcase_add_test(tables, test_decisions_with_glossary);
	tcase_add_test(tables, test_random);
	tcase_add_test(tables, test_real_data);
	suite_add_tcase(suite, tc);
	suite_add_tcase(suite, tables);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
