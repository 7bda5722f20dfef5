/* SPDX-License-Identifier: ISC
 *
 * property_test.c - whatever goes in, the positions of the corrections rebuild the cleaned text from the raw one
 * exactly: over random bytes and words, any script, words of 16 KiB, and (CLEANERCTX_DATA or ../shared/data,
 * when there) real calls; at every level, without the table of marks and with it. And no reason is given that
 * reasons.h does not have.
 */
#include "common/base/attr.h"
#include "common/base/check_run.h"
#include "common/base/utf8.h"
#include "fixture_test.h"
#include "reasons.h"
#include "rebuild_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Random texts, and of how many lines of each file of real calls one is taken. Sanitizers make a turn some
 * twenty times as slow: fewer there keep the program within ten seconds of processor, whose clock others
 * may stretch. */
#if defined(__SANITIZE_ADDRESS__)
enum { RANDOM_TEXTS = 300, RANDOM_BYTES = 200, REAL_STEP = 40 };
#else
enum { RANDOM_TEXTS = 3000, RANDOM_BYTES = 1000, REAL_STEP = 2 };
#endif
enum { HANGS_S = 900 }; /* of a case: it hangs. No measure of speed: the machine may be busy with other things */

static uint32_t random_next(uint32_t *state)
{
	*state = *state * UINT32_C(1664525) + UINT32_C(1013904223);
	return *state >> 8;
}

#define HEBREW_POINTED "\xD7\xA9\xD6\xB8\xD7\x81\xD7\x9C\xD7\x95\xD6\xB9\xD7\x9D"
#define ARABIC_POINTED "\xD9\x85\xD9\x8E\xD8\xB1\xD9\x92\xD8\xAD\xD9\x8E\xD8\xA8\xD9\x8B\xD8\xA7"
#define FAMILY \
	"\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x91\xA7" /* woman, woman, girl, joined by ZWJ */
#define SKIN "\xF0\x9F\x91\x8D\xF0\x9F\x8F\xBD" /* a thumb and its colour */
#define FLAG "\xF0\x9F\x87\xAC\xF0\x9F\x87\xA7"
#define HAN "\xE8\xB0\xA2\xE8\xB0\xA2"
#define THAI "\xE0\xB8\xAD\xE0\xB8\xB7\xE0\xB8\xAD"

/* Words that the stages react to, and pieces that break naive cutting. */
static const char *const pieces[] = {"um", "uh,", "the", "the", "we", "twenty", "five", "hundred", "and",
	"point", "no", "wait", "sorry", "Tuesday", "i", "i'm", "book", "marketing", "paper", "click", "th-",
	"...", "[noise]", "<unk>", "##X##", "\xE2\x80\xA6", "caf\xC3\xA9", "e\xCC\x81", "\xF0\x9F\x98\x80",
	"\xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D", "\"so\"", "(ok)", "3.5", "$4", "a.m.", "-", "--", "dollars",
	"per", "cent", "at", "dot", "com", "you", "know", ",", "like,", "january", "first", "double", "oh",
	"?", "u.s.", HEBREW_POINTED, ARABIC_POINTED, "\xE2\x80\x8F", "\xE2\x80\xAE" "abc" "\xE2\x80\xAC", FAMILY,
	SKIN, FLAG, HAN, THAI, "\xC4\xB0stanbul", "STRA\xE1\xBA\x9E" "E", "o\xCC\x88\xCC\xA3\xCC\x81", "\xCC\x81", "\xE2\x80\x8D"};

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

static bool is_listed(const char *reason, const char *const *list)
{
	while (*list && strcmp(*list, reason) != 0)
		list++;
	return *list != NULL;
}

/* Every reason is one of reasons.h, but for those that a pattern brings. */
static void check_reasons(const struct clean_result *result)
{
	ck_assert_msg(is_listed(result->decision.reason, decision_reasons), "%s", result->decision.reason);
	for (size_t i = 0; i < result->correction_count; i++)
		ck_assert_msg(result->corrections[i].kind == KIND_PATTERN || is_listed(result->corrections[i].reason, change_reasons),
			"%s", result->corrections[i].reason);
	for (size_t i = 0; i < result->doubtful_count; i++)
		ck_assert_msg(is_listed(result->doubtful[i].reason, doubt_reasons), "%s", result->doubtful[i].reason);
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
		check_reasons(result);
	}
}

START_TEST(test_random)
{
	uint32_t state = 20261123;
	char text[4096];

	for (int i = 0; i < RANDOM_TEXTS; i++)
		check_all_levels(slice_of(text, random_text(&state, text, sizeof text)));
	for (int i = 0; i < RANDOM_BYTES; i++) {
		size_t n = random_next(&state) % 200;

		for (size_t k = 0; k < n; k++)
			text[k] = (char)random_next(&state);
		check_all_levels(slice_of(text, n));
	}
}
END_TEST

/* What a text is repeated from, until it is as long as one may be: words of 16 KiB, and many small ones. */
static const char *const repeated[] = {"a", "A", "9", ".", "-", "'", "#", "<a", "\xC3\xA9", "e\xCC\x81", "\xCC\x81", "\xE2\x80\x8D",
	"\xE2\x80\xA6", "\xE2\x80\x99", "\xD7\xA9", HEBREW_POINTED, ARABIC_POINTED, FAMILY, SKIN, FLAG, HAN, THAI, "\xC4\xB0",
	HEBREW_POINTED " ", ARABIC_POINTED " um ", FAMILY " ", "so " HAN " ", "\xE2\x80\xAE" "no, wait ", "e\xCC\x81 ", "a.b "};

START_TEST(test_long_words)
{
	static char text[ENGINE_TEXT_BYTES];
	const char *piece = repeated[_i / 2];
	size_t n = 0, bytes = strlen(piece);

	if (_i % 2)
		n = (size_t)sprintf(text, "so we, we sell um ");
	for (; n + bytes <= sizeof text; n += bytes)
		memcpy(text + n, piece, bytes);
	check_all_levels(slice_of(text, n));
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
	size_t cap = 0, lines = 0;
	FILE *in;

	snprintf(path, sizeof path, "%s/asr/%s.jsonl", dir, name);
	in = fopen(path, "re");
	ck_assert_ptr_nonnull(in);
	while (getline(&line, &cap, in) >= 0)
		if (lines++ % REAL_STEP == 0)
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
		printf("property_test: real data skipped: %s is not there\n", dir);
		return;
	}
	for (size_t i = 0; i < countof(files); i++)
		check_file(dir, files[i]);
}
END_TEST

static TCase *cases(const char *name, void (*begin)(void))
{
	TCase *tc = tcase_create(name);

	tcase_add_checked_fixture(tc, begin, fixture_close);
	tcase_set_timeout(tc, HANGS_S);
	tcase_add_test(tc, test_random);
	tcase_add_loop_test(tc, test_long_words, 0, 2 * countof(repeated));
	tcase_add_test(tc, test_real_data);
	return tc;
}

int main(void)
{
	Suite *suite = suite_create("engine properties");

	suite_add_tcase(suite, cases("without the table", fixture_bare));
	suite_add_tcase(suite, cases("with the table", fixture_tables));
	return check_run(suite, CK_FORK_GETENV);
}
