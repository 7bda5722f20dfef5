/* SPDX-License-Identifier: ISC
 *
 * nearest_test.c - what is remembered of a glossary's sounds never changes an answer: what the memory gives back is
 * what was put in for that very run of phones, and a workspace that has decided and cleaned thousands of turns, with
 * several glossaries by turns, says of each turn what one that was made for it says.
 */
#include "common/base/attr.h"
#include "common/base/check_run.h"
#include "fixture_test.h"
#include "nearest.h"

#include <stdio.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__)
enum { TURNS = 60, RUNS = 30000 }; /* sanitizers make a new workspace a turn slow */
#else
enum { TURNS = 600, RUNS = 300000 };
#endif
enum { TERMS = 24, ALIKE = 140, WORD_BYTES = 16, TEXT_BYTES = 400, HANGS_S = 900 };

static uint32_t random_next(uint32_t *state)
{
	*state = *state * UINT32_C(1664525) + UINT32_C(1013904223);
	return *state >> 8;
}

/* ---- the memory alone ---- */

/* Few phones, so that runs come again, and more runs than there are slots, so that they share them. */
static size_t random_run(uint32_t *state, uint8_t p[NEAREST_PHONES + 2])
{
	size_t n = random_next(state) % 7;

	if (random_next(state) % 16 == 0)
		n = NEAREST_PHONES - 1 + random_next(state) % 3;
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(1 + random_next(state) % (n > 6 ? 1 : 8));
	return n;
}

/* An answer that says of which run it is. */
static struct nearest answer_of(const uint8_t *p, size_t n)
{
	uint32_t number = 1;

	for (size_t i = 0; i < n; i++)
		number = number * 9 + p[i];
	return (struct nearest){.distance = (float)n, .comparisons = number};
}

START_TEST(test_gives_back_what_was_put)
{
	struct nearest_cache *cache = nearest_create();
	uint8_t p[NEAREST_PHONES + 2];
	uint32_t state = 3;
	size_t found = 0;

	for (int i = 0; i < RUNS; i++) {
		size_t n = random_run(&state, p);
		struct nearest want = answer_of(p, n), got;

		if (nearest_get(cache, p, n, &got)) {
			ck_assert(n > 0 && n <= NEAREST_PHONES);
			ck_assert_uint_eq(got.comparisons, want.comparisons);
			ck_assert(got.distance == want.distance);
			found++;
		}
		nearest_put(cache, p, n, &want);
		ck_assert(nearest_get(cache, p, n, &got) == (n > 0 && n <= NEAREST_PHONES));
	}
	ck_assert_uint_gt(found, RUNS / 100);
	ck_assert(!nearest_get(NULL, p, 1, &(struct nearest){0}));
	nearest_put(NULL, p, 1, &(struct nearest){0});
	nearest_destroy(&cache);
}
END_TEST

/* ---- turns ---- */

static const char *const names[2][TERMS] = {
	{"Steve Whitaker", "Danaher", "Wells Fargo", "TrustATrader", "Videojet", "Checkatrade", "Fubarix", "Bartonver",
		"Marlorican", "Verdelmar", "Delfosgra", "Quinrosta", "Jorkelmar", "Holindel", "Norpolvul", "Canricantel",
		"Stavulwes", "Trewesban", "Lorimexton", "Polquinros", "Kelmarnor", "Banlowex", "Grahollin", "EBITDA"},
	{"Steve Wattaker", "Donna Hare", "Wells Far", "Trusty Trader", "Video Jets", "Check A Trait", "Foobar", "Barton",
		"Marlow", "Verdell", "Delphos", "Quinn Ross", "Jor Kelmar", "Holland Del", "Norpol", "Can Rican", "Stavely",
		"Tres West", "Lori Mexton", "Pauline Cross", "Kel Marner", "Ban Low", "Graham Holling", "Ebita"},
};

static const char *const pieces[] = {"we", "spoke", "to", "steve", "wittaker", "the", "danna", "her", "group", "video",
	"jet", "check", "a", "trade", "trait", "um", "no", "wait", "yes", "Wells", "fargo", "trusta", "trader", "barton",
	"ver", "i", "think", "we", "sell", "fifty", "per", "month.", "quin", "ros", "ta", "foo", "bar", "Okay,",
	"caf\xC3\xA9", "[noise]", "e\xCC\x81", "whitaker's", "I B M", "..."};

static size_t random_turn(uint32_t *state, char text[TEXT_BYTES])
{
	size_t n = 0;

	if (random_next(state) % 8 == 0) {
		for (n = random_next(state) % 60; n < TEXT_BYTES && random_next(state) % 200; n++)
			text[n] = (char)random_next(state);
		return n;
	}
	for (uint32_t words = 1 + random_next(state) % 20; words > 0; words--)
		n += (size_t)snprintf(text + n, TEXT_BYTES - n, "%s ", pieces[random_next(state) % countof(pieces)]);
	return n;
}

struct setting {
	struct glossary_term terms[2][TERMS];
	struct window_turn window[2];
};

static void setting_init(struct setting *s)
{
	for (size_t g = 0; g < 2; g++)
		for (size_t i = 0; i < TERMS; i++)
			s->terms[g][i] = (struct glossary_term){.term = slice_str(names[g][i]),
				.category = i % 3 ? SLICE("") : SLICE("marketing")};
	s->window[0] = (struct window_turn){.seq = 1, .text = SLICE("We use Videojet and Facebook ads.")};
	s->window[1] = (struct window_turn){.seq = 2, .text = SLICE("Who is Quinrosta?"), .agent = true};
}

static struct clean_input any_input(const struct setting *s, uint32_t *state, struct slice raw)
{
	return (struct clean_input){.raw = raw,
		.window = s->window,
		.window_count = random_next(state) % 3,
		.glossary = s->terms[random_next(state) % 2],
		.glossary_count = random_next(state) % 4 ? TERMS : random_next(state) % TERMS,
		.options = {.forced = random_next(state) % 3 == 0,
			.level = CLEAN_FULL,
			.verbatim = random_next(state) % 4 == 0,
			.agent = random_next(state) % 8 == 0,
			.formats = FORMAT_ALL}};
}

static void same_result(const struct clean_result *a, const struct clean_result *b)
{
	ck_assert_str_eq(a->decision.reason, b->decision.reason);
	ck_assert_int_eq(a->decision.level, b->decision.level);
	ck_assert_msg(slice_eq(a->cleaned, b->cleaned), "\"%.*s\" and \"%.*s\"", (int)a->cleaned.n, a->cleaned.p,
		(int)b->cleaned.n, b->cleaned.p);
	ck_assert_int_eq(a->confidence, b->confidence);
	ck_assert_uint_eq(a->doubtful_count, b->doubtful_count);
	ck_assert_uint_eq(a->correction_count, b->correction_count);
	for (size_t i = 0; i < a->correction_count; i++) {
		ck_assert(a->corrections[i].evidence == b->corrections[i].evidence);
		ck_assert(slice_eq(a->corrections[i].corrected, b->corrections[i].corrected));
	}
}

START_TEST(test_as_a_workspace_of_its_own)
{
	struct setting setting;
	char text[TEXT_BYTES];
	uint32_t state = 20261127;
	size_t near = 0;

	setting_init(&setting);
	for (int i = 0; i < TURNS; i++) {
		struct clean_input in = any_input(&setting, &state, slice_of(text, random_turn(&state, text)));
		struct engine_workspace *fresh = engine_workspace_create(engine), *other = engine_workspace_create(engine);
		struct decision want = engine_decide(fresh, &in), got = engine_decide(ws, &in);

		ck_assert_msg(strcmp(want.reason, got.reason) == 0 && want.level == got.level, "\"%.*s\": %s, not %s",
			(int)in.raw.n, in.raw.p, got.reason, want.reason);
		same_result(engine_clean(ws, &in, NULL, NULL), engine_clean(other, &in, NULL, NULL));
		near += strcmp(got.reason, "glossary_near_hit") == 0;
		engine_workspace_destroy(&fresh);
		engine_workspace_destroy(&other);
	}
	ck_assert_uint_gt(near, TURNS / 20); /* else this asked nothing */
}
END_TEST

/* Terms that all begin alike: each run of words is compared with many, so that a turn comes to the bound soon. */
static void alike_init(struct glossary_term terms[ALIKE], char names_of[ALIKE][WORD_BYTES])
{
	static const char *const ends[] = {"dale", "ford", "gate", "holm", "keld", "lea", "more", "ness", "port", "ridge"};

	for (size_t i = 0; i < ALIKE; i++) {
		int n = snprintf(names_of[i], WORD_BYTES, "Bar%c%s", "bdfgklmnprstvz"[i / countof(ends)], ends[i % countof(ends)]);

		terms[i] = (struct glossary_term){.term = slice_of(names_of[i], (size_t)n)};
	}
}

static size_t changes_to_terms(const struct clean_result *result)
{
	size_t n = 0;

	for (size_t i = 0; i < result->correction_count; i++)
		n += result->corrections[i].kind == KIND_GLOSSARY;
	return n;
}

/* The bound on a turn's comparisons falls on the same word, whether they were made or remembered: what a turn says again
 * and again is remembered within it, and counts all the same. */
START_TEST(test_the_bound_stands)
{
	static const char piece[] = "we know barred more and ";
	static char text[ENGINE_TEXT_BYTES], names_of[ALIKE][WORD_BYTES];
	static struct glossary_term terms[ALIKE];
	struct engine_workspace *fresh = engine_workspace_create(engine);
	struct clean_input in = {.glossary = terms,
		.glossary_count = ALIKE,
		.options = {.forced = true, .level = CLEAN_FULL, .formats = FORMAT_ALL}};
	size_t n = 0, changes;

	alike_init(terms, names_of);
	for (; n + sizeof piece <= sizeof text; n += sizeof piece - 1)
		memcpy(text + n, piece, sizeof piece - 1);
	in.raw = slice_of(text, n);
	(void)engine_clean(ws, &in, NULL, NULL);
	same_result(engine_clean(ws, &in, NULL, NULL), engine_clean(fresh, &in, NULL, NULL));
	changes = changes_to_terms(engine_clean(ws, &in, NULL, NULL));
	ck_assert_msg(changes > 0 && changes < n / (sizeof piece - 1) / 2, "%zu", changes);
	engine_workspace_destroy(&fresh);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("nearest");
	TCase *tc = tcase_create("nearest"), *turns = tcase_create("turns");

	tcase_set_timeout(tc, HANGS_S);
	tcase_add_test(tc, test_gives_back_what_was_put);
	tcase_add_checked_fixture(turns, fixture_tables, fixture_close);
	tcase_set_timeout(turns, HANGS_S);
	tcase_add_test(turns, test_as_a_workspace_of_its_own);
	tcase_add_test(turns, test_the_bound_stands);
	suite_add_tcase(suite, tc);
	suite_add_tcase(suite, turns);
	return check_run(suite, CK_FORK_GETENV);
}
