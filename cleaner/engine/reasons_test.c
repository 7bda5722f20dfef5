/* SPDX-License-Identifier: ISC
 *
 * reasons_test.c - every reason, kind and sort that the engine knows has a turn here that calls for it, and the
 * documents list exactly these: one that is added to reasons.h, sorts.h or engine.h alone fails.
 */
#include "reasons.h"
#include "common/base/attr.h"
#include "common/base/buf.h"
#include "common/base/check_run.h"
#include "fixture_test.h"
#include "rebuild_test.h"
#include "sorts.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[] = "/tmp/reasons_test.XXXXXX";

/* A recogniser of whom all is taken away and added to, and a pattern that does not say why. */
static const char profiles_file[] = "[odd]\nremove = 0.5\nquestion = 0.4\ncomma = 0.3\nstop = 0.3\ncapital = 0.5\n"
				    "pieces = 's\nheard = mawr > more\n";
static const char patterns_file[] = "[zorbit] = orbit\n";

static void write_file(const char *name, const char *text)
{
	char path[sizeof folder + 32];
	FILE *out;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	out = fopen(path, "w");
	ck_assert_ptr_nonnull(out);
	fputs(text, out);
	fclose(out);
}

static void remove_file(const char *name)
{
	char path[sizeof folder + 32];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	(void)unlink(path);
}

static void setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	write_file("profiles.conf", profiles_file);
	write_file("patterns.conf", patterns_file);
	fixture_open(folder);
}

static void teardown(void)
{
	fixture_close();
	remove_file("profiles.conf");
	remove_file("patterns.conf");
	rmdir(folder);
}

/* ---- the turns ---- */

enum mode { AUTO, FORCED, AGENT, ODD, ODD_FULL, VERBATIM }; /* ODD: of the odd recogniser; VERBATIM, too, is full */

static const struct {
	enum mode mode;
	const char *raw, *term; /* term: of the glossary, or NULL */
	const char *decision;
} decisions[] = {
	{AUTO, "ab\xFF we sell", NULL, decided_unreadable},
	{FORCED, "we sell boilers", NULL, decided_forced},
	{AUTO, "   ", NULL, decided_empty},
	{AUTO, "[noise] We sell boilers.", NULL, decided_artefact},
	{AGENT, "um we, we sell boilers", NULL, decided_bypass},
	{AUTO, "Yeah, that's right.", NULL, decided_acknowledgement},
	{AUTO, "I'm the vector of marketing", NULL, decided_known_pattern},
	{AUTO, "on Tuesday no wait on Friday", NULL, decided_self_correction},
	{AUTO, "we bought a video jet last year", "Videojet", decided_glossary_near_hit},
	{AUTO, "we met the zorblatt people", NULL, decided_doubtful_words},
	{ODD, "We sell this one 's.", NULL, decided_recogniser},
	{AUTO, "um we sell boilers", NULL, decided_disfluency},
	{AUTO, "we have fifty of them", NULL, decided_number},
	{AUTO, "We sell boilers in Leeds.", NULL, decided_well_formed},
	{AUTO, "we sell boilers in town", NULL, decided_formatting},
};

static const struct {
	enum mode mode;
	const char *raw, *term;
	const char *why;
	enum correction_kind kind;
	enum change_sort sort;
} changes[] = {
	{FORCED, "[noise] we sell boilers", NULL, why_tag, KIND_ARTEFACT, SORT_GIVEN},
	{FORCED, "Mostly PPC on Google.C on Google.", NULL, why_seam, KIND_ARTEFACT, SORT_GIVEN},
	{FORCED, "So yeah \xE8\xB0\xA2\xE8\xB0\xA2 we do.", NULL, why_foreign, KIND_ARTEFACT, SORT_GIVEN},
	{FORCED, "we sell ... boilers", NULL, why_pause, KIND_ARTEFACT, SORT_GIVEN},
	{ODD_FULL, "we sell this one 's boiler", NULL, why_piece, KIND_ARTEFACT, SORT_GIVEN},
	{ODD_FULL, "we sell mawr", NULL, why_heard_so, KIND_PATTERN, SORT_GIVEN},
	{FORCED, "um we sell boilers", NULL, why_filler, KIND_FILLER, SORT_FILLER},
	{FORCED, "We sell boilers, um. Okay", NULL, why_filler_mark, KIND_FILLER, SORT_FILLER},
	{FORCED, "we sell you know boilers here", NULL, why_phrase, KIND_FILLER, SORT_PHRASE},
	{FORCED, "it is kind of like good", NULL, why_like, KIND_FILLER, SORT_LIKE},
	{FORCED, "the asp- aspirations of it", NULL, why_cut_off, KIND_RESTART, SORT_CUT_OFF},
	{FORCED, "a business that is, uh, that has more", NULL, why_restart, KIND_RESTART, SORT_RESTART},
	{FORCED, "I, I'm here now", NULL, why_partial, KIND_RESTART, SORT_PARTIAL},
	{FORCED, "we we sell boilers", NULL, why_repeat, KIND_REPEAT, SORT_REPEAT},
	{FORCED, "on Tuesday, no wait, on Friday please", NULL, why_taken_back, KIND_SELF_CORRECTION, SORT_GIVEN},
	{FORCED, "zorbit is here", NULL, why_pattern, KIND_PATTERN, SORT_GIVEN},
	{FORCED, "we spoke to steve wittaker about it", "Steve Whitaker", why_sounds_like, KIND_GLOSSARY, SORT_TERM_HEARD},
	{FORCED, "it said foo bar there", "Fubarix", why_rule, KIND_GLOSSARY, SORT_GIVEN},
	{FORCED, "our video jet machines", "Videojet", why_term, KIND_GLOSSARY, SORT_TERM_JOINED},
	{FORCED, "we spoke to videojet", "Videojet", why_term, KIND_CASE, SORT_TERM_CASE},
	{FORCED, "we have fifty of them", NULL, why_digits, KIND_NUMBER, SORT_NUMBER},
	{FORCED, "write to a dot b at gmail dot com", NULL, why_address, KIND_NUMBER, SORT_NUMBER},
	{ODD_FULL, "We have, a good. Year. do you think so.", NULL, why_mark_gone, KIND_PUNCTUATION, SORT_MARK_GONE},
	{FORCED, "we sell a lot of boilers uh but it is good", NULL, why_comma, KIND_PUNCTUATION, SORT_COMMA},
	{VERBATIM, "we sell a lot of boilers uh but it is good", NULL, why_comma, KIND_PUNCTUATION, SORT_COMMA_BESIDE},
	{FORCED, "okay thank you very much the next question comes from the line of john smith", NULL, why_stop,
		KIND_PUNCTUATION, SORT_STOP},
	{FORCED, "we sell boilers", NULL, why_stop, KIND_PUNCTUATION, SORT_TURN_END},
	{ODD_FULL, "We sell boilers, and the company did well this year thank you very much Next we have the first question.",
		NULL, why_comma, KIND_PUNCTUATION, SORT_COMMA_MORE},
	{ODD_FULL, "We sell boilers, and the company did well this year thank you very much Next we have the first question.",
		NULL, why_stop, KIND_PUNCTUATION, SORT_STOP_MORE},
	{FORCED, "what do you think about the price", NULL, why_question, KIND_PUNCTUATION, SORT_QUESTION},
	{ODD_FULL, "What do you think of it. I like it. We sell a lot.", NULL, why_question, KIND_PUNCTUATION,
		SORT_QUESTION_MORE},
	{FORCED, "now i sell boilers", NULL, why_pronoun, KIND_CASE, SORT_PRONOUN},
	{ODD_FULL, "We have, a good. Year. do you think so.", NULL, why_lower, KIND_CASE, SORT_LOWER},
	{FORCED, "in the b2b business", NULL, why_code, KIND_CASE, SORT_CODE},
	{FORCED, "our ceo john signed it", NULL, why_name, KIND_CASE, SORT_NAME},
	{ODD_FULL, "We at Google think that john smith signed it.", NULL, why_name, KIND_CASE, SORT_NAME_MORE},
	{FORCED, "we sell boilers", NULL, why_start, KIND_CASE, SORT_START_TURN},
	{FORCED, "We sell boilers. we do it well.", NULL, why_start, KIND_CASE, SORT_START_THERE},
	{FORCED, "okay thank you very much the next question comes from the line of john smith", NULL, why_start, KIND_CASE,
		SORT_START_OURS},
};

static const struct {
	const char *raw, *term, *why;
} doubts[] = {
	{"and then we sell the zorbitan software", NULL, why_unknown},
	{"the next question comes from hickory here", "Hickley", why_near_term},
};

static const struct clean_result *run(enum mode mode, const char *raw, const char *term)
{
	static const struct slice sounds[] = {{"foo bar", 7}};
	static struct glossary_term terms[1];
	struct clean_input in = {.raw = slice_str(raw), .glossary = terms, .glossary_count = term != NULL};

	terms[0] = (struct glossary_term){.term = slice_str(term), .sounds_like = sounds, .sounds_like_count = 1};
	in.options = (struct clean_options){.forced = mode == FORCED || mode == ODD_FULL || mode == VERBATIM,
		.level = CLEAN_FULL,
		.agent = mode == AGENT,
		.verbatim = mode == VERBATIM,
		.profile = mode == ODD || mode == ODD_FULL ? SLICE("odd") : slice_of(NULL, 0),
		.formats = FORMAT_ALL};
	return engine_clean(ws, &in, NULL, NULL);
}

START_TEST(test_decisions)
{
	const struct clean_result *result = run(decisions[_i].mode, decisions[_i].raw, decisions[_i].term);

	ck_assert_str_eq(result->decision.reason, decisions[_i].decision);
}
END_TEST

START_TEST(test_changes)
{
	const struct clean_result *result = run(changes[_i].mode, changes[_i].raw, changes[_i].term);
	bool found = false;

	for (size_t i = 0; i < result->correction_count; i++) {
		const struct correction *c = &result->corrections[i];

		found |= c->kind == changes[_i].kind && strcmp(c->reason, changes[_i].why) == 0 &&
			 strcmp(c->sort, change_sort_name(changes[_i].sort)) == 0;
	}
	ck_assert_msg(found, "\"%s\": \"%.*s\", not for %s (%s)", changes[_i].raw, (int)result->cleaned.n, result->cleaned.p,
		changes[_i].why, change_sort_name(changes[_i].sort));
}
END_TEST

START_TEST(test_doubts)
{
	const struct clean_result *result = run(FORCED, doubts[_i].raw, doubts[_i].term);

	ck_assert_msg(result->doubtful_count == 1, "\"%s\"", doubts[_i].raw);
	ck_assert_str_eq(result->doubtful[0].reason, doubts[_i].why);
}
END_TEST

/* What a turn puts right in an earlier one is a change of that one. */
START_TEST(test_put_right)
{
	const struct window_turn window = {.seq = 1, .text = SLICE("We have 70 employees.")};
	struct clean_input in = {.raw = SLICE("Sorry, I meant 17."), .window = &window, .window_count = 1};
	struct takeback put;

	ck_assert(engine_takeback(ws, &in, in.raw, &put));
	ck_assert_str_eq(put.reason, why_put_right);
}
END_TEST

/* ---- that nothing is left out ---- */

START_TEST(test_every_reason_has_a_turn)
{
	for (size_t i = 0; decision_reasons[i]; i++) {
		bool found = false;

		for (size_t k = 0; k < countof(decisions); k++)
			found |= decisions[k].decision == decision_reasons[i];
		ck_assert_msg(found, "no turn is decided as %s", decision_reasons[i]);
	}
	for (size_t i = 0; change_reasons[i]; i++) {
		bool found = change_reasons[i] == why_put_right; /* test_put_right */

		for (size_t k = 0; k < countof(changes); k++)
			found |= changes[k].why == change_reasons[i];
		ck_assert_msg(found, "nothing is changed for: %s", change_reasons[i]);
	}
	for (size_t i = 0; doubt_reasons[i]; i++) {
		bool found = false;

		for (size_t k = 0; k < countof(doubts); k++)
			found |= doubts[k].why == doubt_reasons[i];
		ck_assert_msg(found, "nothing is doubted for: %s", doubt_reasons[i]);
	}
}
END_TEST

START_TEST(test_every_kind_and_sort_has_a_turn)
{
	for (int kind = 0; kind < KIND_COUNT; kind++) {
		bool found = kind == KIND_MODEL; /* a language model's alone */

		for (size_t k = 0; k < countof(changes); k++)
			found |= (int)changes[k].kind == kind;
		ck_assert_msg(found, "nothing is changed as %s", correction_kind_name((enum correction_kind)kind));
	}
	for (int sort = 0; sort < SORT_COUNT; sort++) {
		bool found = false;

		for (size_t k = 0; k < countof(changes); k++)
			found |= (int)changes[k].sort == sort;
		ck_assert_msg(found, "nothing is changed as %s", change_sort_name((enum change_sort)sort));
	}
}
END_TEST

/* ---- what the documents list ---- */

static char *document(const char *path)
{
	struct buf text;
	char piece[4096];
	FILE *in = fopen(path, "re");
	size_t n;

	ck_assert_msg(in != NULL, "%s", path);
	buf_init(&text, 4 * 1024 * 1024);
	while ((n = fread(piece, 1, sizeof piece, in)) > 0)
		buf_append(&text, piece, n);
	fclose(in);
	return buf_take(&text, &n);
}

/* The list in text behind `before` is exactly these names, each with a comma between, then the others. */
static void check_enum(const char *text, const char *before, const char *const *names, const char *others)
{
	const char *at = strstr(text, before);
	struct buf want;

	ck_assert_msg(at != NULL, "no %s", before);
	buf_init(&want, 4096);
	for (size_t i = 0; names[i]; i++)
		buf_printf(&want, "%s, ", names[i]);
	buf_printf(&want, "%s]", others);
	ck_assert_msg(strncmp(at + strlen(before), want.p, want.n) == 0, "behind %s stands not %s", before, want.p);
	buf_finish(&want);
}

START_TEST(test_openapi)
{
	char *text = document(SOURCE_ROOT "/gateway/openapi.yaml");
	const char *kinds[KIND_COUNT + 1] = {NULL};

	for (int i = 0; i < KIND_COUNT; i++)
		kinds[i] = correction_kind_name((enum correction_kind)i);
	check_enum(text, "        kind: {enum: [", kinds, "edit");
	check_enum(text, "level_reason: {enum: [", decision_reasons,
		"model, result_too_long, too_many_crashes, commit_refused");
	free(text);
}
END_TEST

/* A section of the manual lists exactly these names, as the heads of its paragraphs. */
static void check_section(const char *text, const char *section, const char *const *names)
{
	const char *at = strstr(text, section), *end;
	size_t i = 0;

	ck_assert_msg(at != NULL, "no %s", section);
	end = strstr(at + 1, "\n.SH ");
	for (at = strstr(at, "\n.TP\n.B "); at && (!end || at < end); at = strstr(at + 1, "\n.TP\n.B ")) {
		struct slice head = slice_of(at + 8, strcspn(at + 8, "\n"));

		ck_assert_msg(names[i] && slice_eq(head, slice_str(names[i])), "%s: %.*s, where %s is due", section + 1,
			(int)head.n, head.p, names[i] ? names[i] : "nothing");
		i++;
	}
	ck_assert_msg(!names[i], "%s: no %s", section + 1, names[i]);
}

START_TEST(test_manual)
{
	char *text = document(SOURCE_ROOT "/cleaner/engine/cleanerctx-clean.1");
	const char *sorts[SORT_COUNT + 1] = {NULL};

	for (int i = 0; i < SORT_COUNT; i++)
		sorts[i] = change_sort_name((enum change_sort)i);
	check_section(text, "\n.SH DECISIONS", decision_reasons);
	check_section(text, "\n.SH SORTS OF CHANGE", sorts);
	free(text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("reasons");
	TCase *tc = tcase_create("reasons");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, test_decisions, 0, countof(decisions));
	tcase_add_loop_test(tc, test_changes, 0, countof(changes));
	tcase_add_loop_test(tc, test_doubts, 0, countof(doubts));
	tcase_add_test(tc, test_put_right);
	tcase_add_test(tc, test_every_reason_has_a_turn);
	tcase_add_test(tc, test_every_kind_and_sort_has_a_turn);
	tcase_add_test(tc, test_openapi);
	tcase_add_test(tc, test_manual);
	suite_add_tcase(suite, tc);
	return check_run(suite, CK_FORK_GETENV);
}
