/* SPDX-License-Identifier: ISC
 *
 * foreign_test.c - what a recogniser made of a noise in another script goes; look-alikes that were said stay.
 */
#include "common/base/attr.h"
#include "fixture_test.h"
#include "rebuild_test.h"
#include "common/base/check_run.h"

#include <stdlib.h>

static const struct {
	const char *raw, *cleaned;
	const char *window, *term, *shared; /* NULL: none */
	bool agent;
} rows[] = {
	/* noise */
	{"So yeah 谢谢 we do.", "So yeah we do."},
	{"So yeah, we do 谢谢。", "So yeah, we do."},
	{"Not many forms, maybe อือ", "Not many forms, maybe."},
	{"So yeah we do うん 。", "So yeah we do."},
	{"We sell boilers in Leeds спасибо. Then we sell pipes.", "We sell boilers in Leeds. Then we sell pipes."},
	{"So that is all we had to do ご視聴ありがとうございました", "So that is all we had to do."},
	{"So yeah 谢谢 we do it and then شكرا we go.", "So yeah we do it and then we go."},
	{"So yeah 谢谢 we do.", "So yeah we do.", "We met at the café.", "Videojet", "They sell boilers."},
	{"So the café is ours 谢谢 today.", "So the café is ours today."},
	/* look-alikes */
	{"谢谢", "谢谢"},
	{"Yeah 谢谢", "Yeah 谢谢"},
	{"ну что это такое", "ну что это такое"},
	{"Да мы продаём boilers и трубы в Leeds.", "Да мы продаём boilers и трубы в Leeds."},
	{"The resistance is 5 Ω at the end.", "The resistance is 5 Ω at the end."},
	{"The angle α is what we need here.", "The angle α is what we need here."},
	{"It is 10 μm or so in the pipe.", "It is 10 μm or so in the pipe."},
	{"We weighed it at 5 кг in the shop.", "We weighed it at 5 кг in the shop."},
	{"We sell 資生堂 in our shops there.", "We sell 資生堂 in our shops there.", NULL, "資生堂"},
	{"We sell 資生堂 in our shops there.", "We sell 資生堂 in our shops there.", "資生堂 is what we sell."},
	{"We sell 資生堂 in our shops there.", "We sell 資生堂 in our shops there.", NULL, NULL, "Sells しせいどう."},
	{"We saw Иван at the office there.", "We saw Иван at the office there."},
	{"The man called 王 is our partner there.", "The man called 王 is our partner there."},
	{"The sign says \"出口\" on the door there.", "The sign says \"出口\" on the door there."},
	{"It is (出口) on the door over there.", "It is (出口) on the door over there."},
	{"In Japanese we would have 寿司 for that.", "In Japanese we would have 寿司 for that."},
	{"So yeah, then она мне сказала вчера and so I went there and we sold it and they left.",
		"So yeah, then она мне сказала вчера and so I went there and we sold it and they left."},
	{"So yeah 谢谢 we do.", "So yeah 谢谢 we do.", NULL, NULL, NULL, true},
};

START_TEST(noise_goes_and_what_was_said_stays)
{
	const struct window_turn window = {.seq = 1, .text = slice_str(rows[_i].window)};
	const struct glossary_term term = {.term = slice_str(rows[_i].term)};
	struct clean_input in = {.raw = slice_str(rows[_i].raw),
		.window = &window,
		.window_count = rows[_i].window != NULL,
		.glossary = &term,
		.glossary_count = rows[_i].term != NULL,
		.shared_context = slice_str(rows[_i].shared),
		.options = {.formats = FORMAT_ALL, .verbatim = true, .agent = rows[_i].agent}};
	const struct clean_result *result = engine_clean(ws, &in, NULL, NULL);
	const char *wrong = rebuild_check(in.raw, result);

	ck_assert_msg(!wrong, "row %d: %s", _i, wrong);
	ck_assert_msg(slice_eq(result->cleaned, slice_str(rows[_i].cleaned)), "row %d: \"%s\" gave \"%.*s\"", _i,
		rows[_i].raw, (int)result->cleaned.n, result->cleaned.p);
}
END_TEST

START_TEST(it_is_an_artefact_and_told_as_one)
{
	struct clean_input in = {.raw = SLICE("So yeah 谢谢 we do."), .options = {.formats = FORMAT_ALL}};
	const struct clean_result *result = engine_clean(ws, &in, NULL, NULL);

	ck_assert_str_eq(result->decision.reason, "artefact");
	ck_assert_uint_eq(result->correction_count, 1);
	ck_assert_int_eq(result->corrections[0].kind, KIND_ARTEFACT);
	ck_assert(slice_eq(result->corrections[0].original, SLICE(" 谢谢")));
}
END_TEST

START_TEST(more_scripts_than_there_is_room_for_are_left_alone)
{
	struct window_turn window = {.seq = 1, .text = SLICE("ш ש ش ก 한 ক ક த თ")};
	struct clean_input in = {.raw = SLICE("So yeah 谢谢 we do."),
		.window = &window,
		.window_count = 1,
		.options = {.formats = FORMAT_ALL}};

	ck_assert(slice_eq(engine_clean(ws, &in, NULL, NULL)->cleaned, in.raw));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("foreign");
	TCase *t = tcase_create("foreign");

	tcase_add_checked_fixture(t, fixture_bare, fixture_close);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, noise_goes_and_what_was_said_stays, 0, (int)countof(rows));
	tcase_add_test(t, it_is_an_artefact_and_told_as_one);
	tcase_add_test(t, more_scripts_than_there_is_room_for_are_left_alone);
	suite_add_tcase(s, t);
	return check_run(s, CK_FORK_GETENV);
}
