/* SPDX-License-Identifier: ISC
 *
 * engine_test.c - the engine as its callers see it: what goes in, what comes out, and that every correction's
 * position holds. property_test.c has the same of random bytes and of real calls.
 */
#include "common/base/attr.h"
#include "common/base/check_run.h"
#include "common/base/utf8.h"
#include "fixture_test.h"
#include "rebuild_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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
	{"it is 5 mm thick and ten mm long", "It is 5 mm thick and 10 mm long."},
	{"we have that one mm too", "We have that one too."},
	{"we, we sell, sell boilers", "We sell boilers."},
	{"it's very very good", "It's very very good."},
	{"do you know the price of this one", "Do you know the price of this one?"},
	{"you know the answer already", "You know the answer already."},
	{"you know the thing is that it rains", "The thing is that it rains."},
	{"we went to the er because of the pain", "We went to the er because of the pain."},
	{"the er the plan is good", "The plan is good."},
	{"what it is is a mess", "What it is is a mess."},
	{"the thing is is that we left", "The thing is that we left."},
	{"it's a win win situation", "It's a win win situation."},
	{"the postcode is s w one a one a a", "The postcode is s w one a one a a."},
	{"we have a a battery", "We have a battery."},
	{"the the asp- aspirations of it", "The aspirations of it."},
	{"come on Tuesday, no wait, on Friday please", "Come on Friday please."},
	{"we want it on March third sorry March fifth", "We want it on March 5th."},
	{"I am sorry Monday does not work", "I am sorry Monday does not work."},
	{"[background noise] hello there my friend", "Hello there my friend."},
	{"Mostly PPC on Google.C on Google. <noise>", "Mostly PPC on Google."},
	{"You're doing great.'re doing great. Okay, Hello.", "You're doing great. Okay, Hello."},
	{"Write to me at work.com please do", "Write to me at work.com please do."},
	{"ну что это такое", "ну что это такое"},
	{"we met him at the caf\xC3\xA9", "We met him at the caf\xC3\xA9."},
	{"we pay fifty pounds", "We pay \xC2\xA3"
			       "50."},
	{"that is how it\xE2\x80\x99s", "That is how it\xE2\x80\x99s."},
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
	bool agent;
} decisions[] = {
	{"ab\xFF we sell", CLEAN_NONE, "unreadable"},
	{"[noise] We sell boilers.", CLEAN_LIGHT, "artefact"},
	{"So yeah \xE8\xB0\xA2\xE8\xB0\xA2 we do.", CLEAN_LIGHT, "artefact"},
	{"Actually, I meant Friday.", CLEAN_FULL, "self_correction"},
	{"um we, we sell boilers in leeds", CLEAN_NONE, "bypass", true},
	{"##CALM## We sell boilers.", CLEAN_LIGHT, "artefact", true},
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
	struct clean_input in = {
		.raw = slice_str(decisions[_i].raw), .options = {.agent = decisions[_i].agent}};
	struct decision d = engine_decide(ws, &in);

	ck_assert_str_eq(d.reason, decisions[_i].reason);
	ck_assert_int_eq(d.level, decisions[_i].level);
	in.options = (struct clean_options){.forced = true, .level = CLEAN_FULL};
	if (strcmp(d.reason, "unreadable") != 0)
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

/* A context comes with the strongest of its words, the newest of those, and where it stands. */
static const struct {
	const char *window[2], *raw, *context, *term;
	uint32_t seq;
} evidence[] = {
	{{"", ""}, "our seo campaign", "marketing", "seo", 0},
	{{"We use Facebook.", ""}, "and a campaign of ours", "marketing", "facebook", 5},
	{{"We use Facebook.", "No, Google Ads."}, "and a campaign of ours", "marketing", "google ads", 6},
	{{"We use Facebook.", ""}, "and a campaign of ours", "volume", NULL, 0},
	{{"", "It has ads."}, "and a campaign of ours", "marketing", "campaign", 0},
};

START_TEST(test_context_evidence)
{
	const struct window_turn window[] = {{.seq = 5, .text = slice_str(evidence[_i].window[0])},
		{.seq = 6, .text = slice_str(evidence[_i].window[1])}};
	struct clean_input in = {.raw = slice_str(evidence[_i].raw), .window = window, .window_count = 2};
	const struct clean_result *result = engine_clean(ws, &in, NULL, NULL);
	const struct context_evidence *found = NULL;

	for (size_t i = 0; i < result->context_count; i++)
		if (strcmp(result->contexts[i], evidence[_i].context) == 0)
			found = &result->context_evidence[i];
	ck_assert_msg(!found == !evidence[_i].term, "row %d", _i);
	if (found)
		ck_assert_msg(slice_eq(found->term, slice_str(evidence[_i].term)) && found->seq == evidence[_i].seq,
			"row %d: \"%.*s\" in %u", _i, (int)found->term.n, found->term.p, found->seq);
}
END_TEST

START_TEST(test_window_of_tokens)
{
	static char text[ENGINE_TEXT_BYTES];
	struct window_turn turns[ENGINE_WINDOW_TURNS] = {{.seq = 1}};

	for (size_t i = 0; i < ENGINE_WINDOW_TURNS; i++)
		turns[i].text = slice_of(text, ENGINE_WINDOW_TOKENS * 4 / 4);
	ck_assert_uint_eq(engine_window_first(turns, 0), 0);
	ck_assert_uint_eq(engine_window_first(turns, 4), 0);
	ck_assert_uint_eq(engine_window_first(turns, 5), 1);
	ck_assert_uint_eq(engine_window_first(turns, ENGINE_WINDOW_TURNS), ENGINE_WINDOW_TURNS - 4);
	turns[9].text = slice_of(text, ENGINE_TEXT_BYTES); /* the longest turn there may be fits, alone */
	ck_assert_uint_eq(engine_window_first(turns, ENGINE_WINDOW_TURNS), ENGINE_WINDOW_TURNS - 1);
	turns[9].text.n = ENGINE_TEXT_BYTES + 1;
	ck_assert_uint_eq(engine_window_first(turns, ENGINE_WINDOW_TURNS), ENGINE_WINDOW_TURNS);
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

/* With the table: what is doubted, by code points of raw; what was changed or is a term is not. */
static const struct {
	const char *raw, *term, *doubtful; /* doubtful: the words, each with a blank after it */
	uint32_t start;			   /* of the first */
} doubts[] = {
	{"and then we sell the zorbitan software", NULL, "zorbitan ", 21},
	{"so \xC3\xA9t\xC3\xA9 we sell the zorbitan and the glonkery software", NULL, "zorbitan glonkery ", 19},
	{"and then we sell the zorbitan software", "Zorbitan", "", 0},
	{"and then we sell the boilers", NULL, "", 0},
	{"i'm the vector of marketing at zorbitan", NULL, "zorbitan ", 31},
};

START_TEST(test_doubtful)
{
	struct glossary_term term = {.term = slice_str(doubts[_i].term)};
	struct clean_input in = {.raw = slice_str(doubts[_i].raw),
		.glossary = &term,
		.glossary_count = doubts[_i].term != NULL,
		.options = {.formats = FORMAT_ALL}};
	const struct clean_result *result = engine_clean(ws, &in, NULL, NULL);
	struct buf words, json;

	buf_init(&words, 1024);
	buf_init(&json, 4096);
	for (size_t i = 0; i < result->doubtful_count; i++) {
		buf_slice(&words, result->doubtful[i].text);
		buf_char(&words, ' ');
	}
	ck_assert_str_eq(words.n ? words.p : "", doubts[_i].doubtful);
	if (result->doubtful_count)
		ck_assert_uint_eq(result->doubtful[0].start, doubts[_i].start);
	doubtful_write_json(&json, result->doubtful, result->doubtful_count);
	ck_assert(slice_starts(buf_view(&json), result->doubtful_count ? SLICE("[{\"text\":\"") : SLICE("[]")));
	buf_finish(&words);
	buf_finish(&json);
}
END_TEST

/* The same words beside a term that they sound like: the worth of the evidence where the term's context is
 * active is never less, where another is never more. */
START_TEST(test_contexts_feed_the_gate)
{
	static const char *const raw = "we spend it all on check a trait ads";
	static const char *const categories[] = {"readiness", "", "marketing"}; /* marketing is what it is about */
	double score[countof(categories)];

	for (size_t i = 0; i < countof(categories); i++) {
		struct glossary_term term = {.term = SLICE("Checkatrade"), .category = slice_str(categories[i])};
		struct clean_input in = {.raw = slice_str(raw),
			.glossary = &term,
			.glossary_count = 1,
			.options = {.forced = true, .level = CLEAN_FULL, .formats = FORMAT_ALL}};
		const struct clean_result *result = engine_clean(ws, &in, NULL, NULL);

		score[i] = 0;
		for (size_t k = 0; k < result->correction_count; k++)
			if (result->corrections[k].kind == KIND_GLOSSARY)
				score[i] = result->corrections[k].evidence;
	}
	ck_assert_msg(score[0] < score[1] && score[1] < score[2], "%f %f %f", score[0], score[1], score[2]);
}
END_TEST

START_TEST(test_doubtful_left)
{
	static const struct doubtful_word words[] = {{SLICE("a"), 2, 5, ""}, {SLICE("b"), 8, 9, ""}, {SLICE("c"), 9, 11, ""}};
	const struct correction changes[] = {{.kind = KIND_CASE, .start = 2, .end = 5},
		{.kind = KIND_MODEL, .start = 5, .end = 8},
		{.kind = KIND_MODEL, .start = 8, .end = 9}};
	struct clean_result result = {.corrections = changes, .correction_count = countof(changes)};
	struct doubtful_word kept[countof(words)];

	ck_assert_uint_eq(doubtful_left(&result, words, countof(words), kept), 2);
	ck_assert_uint_eq(kept[0].start, 2);
	ck_assert_uint_eq(kept[1].start, 9);
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

int main(void)
{
	Suite *suite = suite_create("engine");
	TCase *tc = tcase_create("engine"), *tables = tcase_create("engine with tables");

	tcase_add_checked_fixture(tc, fixture_bare, fixture_close);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, test_texts, 0, countof(texts));
	tcase_add_loop_test(tc, test_decisions, 0, countof(decisions));
	tcase_add_test(tc, test_positions);
	tcase_add_test(tc, test_json);
	tcase_add_test(tc, test_verbatim);
	tcase_add_test(tc, test_contexts);
	tcase_add_test(tc, test_doubtful_left);
	tcase_add_loop_test(tc, test_context_evidence, 0, countof(evidence));
	tcase_add_test(tc, test_window_of_tokens);
	tcase_add_test(tc, test_bad_input);
	tcase_add_test(tc, test_names);
	tcase_add_checked_fixture(tables, fixture_tables, fixture_close);
	tcase_set_timeout(tables, 60);
	tcase_add_loop_test(tables, test_capitals, 0, countof(capitals));
	tcase_add_test(tables, test_contexts_feed_the_gate);
	tcase_add_loop_test(tables, test_doubtful, 0, countof(doubts));
	tcase_add_test(tables, test_glossary);
	tcase_add_test(tables, test_decisions_with_glossary);
	suite_add_tcase(suite, tc);
	suite_add_tcase(suite, tables);
	return check_run(suite, CK_FORK_GETENV);
}
