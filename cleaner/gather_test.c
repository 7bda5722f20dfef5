/* SPDX-License-Identifier: ISC
 *
 * gather_test.c - what goes together: in the order it came, one of a conversation, no more than asked for.
 */
#include "gather.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 8 };

/* Conversations of those that wait, a letter each; what each take of up to `most` gives. */
static const struct {
	const char *waiting;
	size_t most;
	const char *takes[4];
} rows[] = {
	{"", 4, {""}},
	{"a", 4, {"a", ""}},
	{"abc", 4, {"abc", ""}},
	{"abcde", 2, {"ab", "cd", "e"}},
	{"aab", 4, {"ab", "a", ""}},
	{"abab", 4, {"ab", "ab", ""}},
	{"aaa", 2, {"a", "a", "a"}},
	{"aabbc", 2, {"ab", "ab", "c"}},
};

START_TEST(takes)
{
	struct gather g = TAILQ_HEAD_INITIALIZER(g);
	struct gathered waiting[MOST], *taken[MOST];
	struct uuid ids[MOST];
	size_t last['z' + 1] = {0}; /* of each conversation: its turns stay in their order */

	for (size_t i = 0; i < strlen(rows[_i].waiting); i++) {
		memset(&ids[i], rows[_i].waiting[i], sizeof ids[i]);
		waiting[i].conversation = &ids[i];
		TAILQ_INSERT_TAIL(&g, &waiting[i], place);
	}
	for (size_t t = 0; t < countof(rows[_i].takes) && rows[_i].takes[t]; t++) {
		size_t n = gather_take(&g, taken, rows[_i].most);

		ck_assert_uint_eq(n, strlen(rows[_i].takes[t]));
		for (size_t i = 0; i < n; i++) {
			unsigned char letter = taken[i]->conversation->b[0];
			size_t at = (size_t)(taken[i] - waiting) + 1;

			ck_assert_int_eq(letter, rows[_i].takes[t][i]);
			ck_assert_uint_gt(at, last[letter]);
			last[letter] = at;
		}
	}
	ck_assert(TAILQ_EMPTY(&g));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gather");
	TCase *tc = tcase_create("gather");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tc, takes, 0, (int)countof(rows));
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
