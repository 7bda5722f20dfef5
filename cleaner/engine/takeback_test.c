/* SPDX-License-Identifier: ISC
 *
 * takeback_test.c - turns that put an earlier one right, and those that only look so. The window is as it
 * would stand: cleaned.
 */
#include "common/base/attr.h"
#include "fixture_test.h"
#include "common/base/check_run.h"

#include <stdio.h>
#include <stdlib.h>

enum { BEFORE = 4 };

/* A turn of the window that begins with '>' is the agent's. expected: "seq:original:corrected", NULL for none. */
static const struct {
	const char *window[BEFORE];
	const char *turn, *expected;
} rows[] = {
	{{"We have 70 employees."}, "Sorry, I meant 17.", "1:70:17"},
	{{"We have 70 employees."}, "Sorry, I said 70, I meant 17.", "1:70:17"},
	{{"We have 70 employees."}, "I said 70 but I meant 17.", "1:70:17"},
	{{"We have 70 employees."}, "No, I meant 17 employees.", "1:70:17"},
	{{"We have 70 employees and 12 vans."}, "Actually, I meant 17 employees.", "1:70:17"},
	{{"We have 70 employees."}, "I meant 17, not 70.", "1:70:17"},
	{{"We have 70 employees."}, "Make that 17.", "1:70:17"},
	{{"It costs $70 a month."}, "Sorry, I meant 17.", "1:70:17"},
	{{"It costs $70 a month."}, "Sorry, I meant $17.", "1:$70:$17"},
	{{"We meet on Thursday."}, "Actually I meant Friday.", "1:Thursday:Friday"},
	{{"We meet on Thursday."}, "No, wait, I meant on Friday, sorry.", "1:Thursday:Friday"},
	{{"We start in May."}, "That should be June.", "1:May:June"},
	{{"It is the 3rd of May."}, "I meant the 5th.", "1:3rd:5th"},
	{{"We meet on Thursday.", ">So Thursday it is."}, "Actually I meant Friday.", "1:Thursday:Friday"},
	{{"We have 70 employees.", ">And where are you based?", "We are in Leeds."},
		"Sorry, I said 70, I meant 17.", "1:70:17"},
	{{"We meet on Friday.", "Actually I meant Friday."}, "No, I meant Saturday.", "1:Friday:Saturday"},
	{{"I work with Fraser here."}, "Sorry, I meant Frazier.", "1:Fraser:Frazier"},
	{{"No, it is on Thursday."}, "No, I mean Friday.", "1:Thursday:Friday"},

	{{"We have 70 employees and 12 vans."}, "Sorry, I meant 17.", NULL}, /* which? */
	{{"We have 70 employees."}, "Sorry, I meant Friday.", NULL},	    /* another sort */
	{{"We have 70 employees."}, "Sorry, I meant 7:30.", NULL},
	{{"We have 70 employees."}, "Sorry, I meant 70.", NULL}, /* it says so */
	{{"We have 17 vans and 70 people."}, "I meant 17.", NULL},
	{{"We have 70"}, "Sorry, I meant 17 -", NULL}, /* no word stands after 70 */
	{{"We have 70 employees."}, "We have 17.", NULL}, /* no cue */
	{{"We have 70 employees."}, "I mean 17 is a lot.", NULL},
	{{"We have 70 employees."}, "I mean 17.", NULL},
	{{"We have 70 employees."}, "I meant 17 when we began, but now it is more.", NULL},
	{{"We have 70 employees."}, "I meant what I said.", NULL},
	{{"We have 70 employees."}, "I said 80, I meant 17.", NULL},
	{{"We have 70 employees."}, "I said 70.", NULL},
	{{"We meet on Thursday.", ">How about Tuesday?"}, "Make that Friday.", NULL}, /* the agent's */
	{{"We have 70 employees.", "We are in Leeds."}, "Sorry, I meant 17.", NULL},  /* not the turn before */
	{{">We have 70 employees."}, "Sorry, I meant 17.", NULL},
	{{"We sell boilers."}, "Sorry, I meant windows.", NULL}, /* another thing, no other sound */
	{{NULL}, "Sorry, I meant 17.", NULL},
	{{"We meet on Thursday."}, "Sorry", NULL},
	{{"We meet on Thursday."}, "I meant", NULL},
	{{"We meet on Thursday."}, "I meant on", NULL},
	{{"We meet on Thursday."}, "I said Thursday, I meant", NULL},
};

static struct clean_input input_of(const char *const *turns, struct window_turn window[BEFORE])
{
	struct clean_input in = {.window = window};

	for (; in.window_count < BEFORE && turns[in.window_count]; in.window_count++) {
		const char *text = turns[in.window_count];

		window[in.window_count] = (struct window_turn){.seq = (uint32_t)in.window_count + 1,
			.agent = *text == '>',
			.text = slice_str(text + (*text == '>'))};
	}
	return in;
}

START_TEST(what_a_turn_takes_back)
{
	struct window_turn window[BEFORE];
	struct clean_input in = input_of(rows[_i].window, window);
	struct takeback t;
	char said[128] = "none";

	if (engine_takeback(ws, &in, slice_str(rows[_i].turn), &t)) {
		snprintf(said, sizeof said, "%u:%.*s:%.*s", t.seq, (int)t.original.n, t.original.p,
			(int)t.corrected.n, t.corrected.p);
		ck_assert_ptr_eq(window[t.seq - 1].text.p + t.at, t.original.p);
		ck_assert(t.score >= 0.85 && t.score < 0.97);
	}
	ck_assert_msg(strcmp(said, rows[_i].expected ? rows[_i].expected : "none") == 0, "row %d, \"%s\": %s", _i,
		rows[_i].turn, said);
}
END_TEST

START_TEST(a_rejected_change_is_not_made)
{
	const char *const turns[BEFORE] = {"We have 70 employees."};
	const struct suppressed_pair pair = {SLICE("70"), SLICE("17")};
	struct window_turn window[BEFORE];
	struct clean_input in = input_of(turns, window);
	struct takeback t;

	ck_assert(engine_takeback(ws, &in, SLICE("I meant 17."), &t));
	in.suppressed = &pair;
	in.suppressed_count = 1;
	ck_assert(!engine_takeback(ws, &in, SLICE("I meant 17."), &t));
}
END_TEST

/* Each is one to be cleaned, and as it was said: it is the earlier turn that changes. */
static const char *const kept[][2] = {
	{"sorry I said seventy I meant seventeen", "Sorry, I said 70, I meant 17."},
	{"Make that Friday.", "Make that Friday."},
	{"Actually, I meant Friday.", "Actually, I meant Friday."},
};

START_TEST(the_turn_itself_stays)
{
	struct clean_input in = {.raw = slice_str(kept[_i][0]), .options = {.formats = FORMAT_ALL}};
	const struct clean_result *r = engine_clean(ws, &in, NULL, NULL);
	char letters[2][64] = {"", ""};

	ck_assert_str_eq(r->decision.reason, "self_correction");
	ck_assert_int_eq(r->decision.level, CLEAN_FULL);
	for (size_t side = 0; side < 2; side++) { /* marks aside, which the table sets */
		struct slice s = side ? r->cleaned : slice_str(kept[_i][1]);
		size_t n = 0;

		for (size_t i = 0; i < s.n; i++)
			if (!strchr(",.", s.p[i]))
				letters[side][n++] = s.p[i];
	}
	ck_assert_str_eq(letters[1], letters[0]);
}
END_TEST

START_TEST(random_words_do_no_harm)
{
	static const char *const words[] = {"I", "meant", "said", "17", "$", "70%", "Friday,", "not", ".", "make",
		"that", "sorry", "...", "3rd", "\xD9\x85", "a", "but", "May", "7:30", "-", "Fraser"};
	char text[2][200];

	srand(7);
	for (int round = 0; round < 20000; round++) {
		struct window_turn window = {.seq = 1, .text = slice_of(text[0], 0)};
		struct clean_input in = {.window = &window, .window_count = 1};
		struct takeback t;

		for (int side = 0; side < 2; side++) {
			size_t n = 0;

			for (int k = rand() % 12; k >= 0; k--)
				n += (size_t)snprintf(text[side] + n, sizeof text[side] - n, "%s ",
					words[(size_t)rand() % countof(words)]);
		}
		window.text = slice_str(text[0]);
		if (engine_takeback(ws, &in, slice_str(text[1]), &t)) {
			ck_assert(t.original.p >= text[0] && t.original.p + t.original.n <= text[0] + window.text.n);
			ck_assert(t.original.n > 0 && t.corrected.n > 0);
		}
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("takeback");
	TCase *t = tcase_create("takeback");

	tcase_add_checked_fixture(t, fixture_bare, fixture_close);
	tcase_add_loop_test(t, what_a_turn_takes_back, 0, (int)countof(rows));
	tcase_add_test(t, a_rejected_change_is_not_made);
	tcase_add_loop_test(t, the_turn_itself_stays, 0, (int)countof(kept));
	tcase_add_test(t, random_words_do_no_harm);
	suite_add_tcase(s, t);
	return check_run(s, CK_NOFORK);
}
