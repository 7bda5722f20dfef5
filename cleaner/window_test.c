/* SPDX-License-Identifier: ISC
 *
 * window_test.c - which packed entries make which window, as a table; entries that are none.
 */
#include "window.h"
#include "common/base/check_run.h"

#include <stdio.h>
#include <stdlib.h>

enum { ENTRIES = 16 };

static const struct {
	const char *name;
	uint64_t seq;
	unsigned entries[ENTRIES]; /* seqs in Redis, ascending, 0 ends */
	bool complete;
	unsigned first; /* seq of the window's first turn, when it is complete and not empty */
	size_t count;
} rows[] = {
	{"the first turn has none", 1, {0}, true, 0, 0},
	{"the first turn, later ones there", 1, {2, 3}, true, 0, 0},
	{"nothing there", 3, {0}, false, 0, 0},
	{"all there", 4, {1, 2, 3}, true, 1, 3},
	{"the newest is missing", 4, {1, 2}, false, 0, 0},
	{"the oldest is missing", 4, {2, 3}, false, 0, 0},
	{"a gap", 5, {1, 2, 4}, false, 0, 0},
	{"older and newer ones are skipped", 14, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15, 16}, true, 4,
		10},
	{"exactly ten", 11, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, true, 1, 10},
	{"ten of which one is too old", 12, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, false, 0, 0},
	{"itself is there: a repeat", 2, {1, 2}, true, 1, 1},
};

static size_t pack(const unsigned *seqs, struct buf *bufs, struct slice *packed)
{
	size_t n = 0;

	for (; n < ENTRIES && seqs[n]; n++) {
		char text[16];
		struct msg_window turn = {.seq = seqs[n], .agent = seqs[n] % 2, .speaker = SLICE("User"),
			.doubtful = SLICE("turn")};

		snprintf(text, sizeof text, "turn %u", seqs[n]);
		turn.text = slice_str(text);
		buf_init(&bufs[n], 1024);
		msg_pack(MSG_WINDOW, &turn, &bufs[n]);
		packed[n] = buf_view(&bufs[n]);
	}
	return n;
}

START_TEST(a_window_is_whole_or_not)
{
	struct buf bufs[ENTRIES];
	struct slice packed[ENTRIES];
	struct window w = {0};
	size_t n = pack(rows[_i].entries, bufs, packed);

	ck_assert_msg(window_take(&w, rows[_i].seq, packed, n) == rows[_i].complete, "%s", rows[_i].name);
	for (size_t i = 0; i < n; i++) { /* the window has copies */
		memset(bufs[i].p, 'x', bufs[i].n);
		buf_finish(&bufs[i]);
	}
	if (rows[_i].complete)
		ck_assert_msg(w.count == rows[_i].count, "%s: %zu turns", rows[_i].name, w.count);
	for (size_t i = 0; rows[_i].complete && i < w.count; i++) {
		char text[16];

		snprintf(text, sizeof text, "turn %zu", rows[_i].first + i);
		ck_assert_uint_eq(w.turns[i].seq, rows[_i].first + i);
		ck_assert(slice_eq(w.turns[i].doubtful, SLICE("turn")));
		ck_assert_msg(slice_eq(w.turns[i].text, slice_str(text)), "%s", rows[_i].name);
		ck_assert(w.turns[i].agent == (w.turns[i].seq % 2 == 1));
	}
	window_finish(&w);
	ck_assert_uint_eq(w.count, 0);
}
END_TEST

START_TEST(an_entry_that_is_none_makes_it_incomplete)
{
	struct window w = {0};
	struct slice bad[] = {SLICE("rubbish")};

	ck_assert(!window_take(&w, 2, bad, 1));
	window_finish(&w);
}
END_TEST

START_TEST(what_does_not_fit_is_left_out)
{
	struct window w;
	struct msg_window turn = {.speaker = SLICE("User"), .text = SLICE("text")};

	window_begin(&w, 8 * 3);
	for (turn.seq = 1; turn.seq < 20; turn.seq++)
		window_add(&w, &turn);
	ck_assert_uint_eq(w.count, 3);
	window_finish(&w);
	window_begin(&w, 8 * 20);
	for (turn.seq = 1; turn.seq < 20; turn.seq++)
		window_add(&w, &turn);
	ck_assert_uint_eq(w.count, LIMIT_WINDOW_TURNS);
	window_finish(&w);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("window");
	TCase *tc = tcase_create("window");

	tcase_add_loop_test(tc, a_window_is_whole_or_not, 0, (int)countof(rows));
	tcase_add_test(tc, an_entry_that_is_none_makes_it_incomplete);
	tcase_add_test(tc, what_does_not_fit_is_left_out);
	suite_add_tcase(suite, tc);
	return check_run(suite, CK_FORK_GETENV);
}
