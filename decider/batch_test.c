/* SPDX-License-Identifier: ISC
 *
 * batch_test.c - the batch keeps order and copies, knows a repeat, and makes columns that PostgreSQL's array syntax takes.
 */
#include "batch.h"
#include "common/base/attr.h"
#include "common/base/check_run.h"


static struct msg_turn turn(const char *text)
{
	return (struct msg_turn){.turn_id = uuid_v7(), .raw_text = slice_str(text), .speaker = SLICE("User"), .received_at = 1000};
}

START_TEST(copies_and_repeats)
{
	struct link_peer first = {.n = 1, .bytes = {1}}, second = {.n = 1, .bytes = {2}};
	char text[] = "hello";
	struct msg_turn t = turn(text);
	struct batch b, other;

	batch_init(&b);
	batch_init(&other);
	ck_assert_ptr_nonnull(batch_add(&b, &first, &t));
	text[0] = 'J';
	ck_assert(slice_eq(b.head->turn.raw_text, SLICE("hello")));
	ck_assert_ptr_null(batch_add(&b, &second, &t));
	ck_assert_uint_eq(b.count, 1);
	ck_assert_uint_eq(b.head->peer.bytes[0], 2);
	for (int i = 0; i < 4; i++) {
		t = turn("more");
		ck_assert_ptr_nonnull(batch_add(&b, &first, &t));
	}
	batch_move(&other, &b, 2);
	ck_assert_uint_eq(other.count, 2);
	ck_assert_uint_eq(b.count, 3);
	ck_assert(slice_eq(other.head->turn.raw_text, SLICE("hello")));
	batch_move(&other, &b, 100);
	ck_assert_uint_eq(other.count, 5);
	t = turn("last");
	ck_assert_ptr_nonnull(batch_add(&b, &first, &t)); /* an emptied batch takes turns again */
	ck_assert_ptr_eq(b.head->next, NULL);
	batch_clear(&b);
	batch_clear(&other);
}
END_TEST

START_TEST(columns_escape_and_say_null)
{
	struct link_peer peer = {.n = 0};
	struct msg_turn bypassed = turn("say \"a\\b\", {x}"), plain = turn("plain");
	struct batch_columns c;
	struct batch b;

	bypassed.bypass = 1;
	bypassed.started_at = 5;
	batch_init(&b);
	ck_assert_ptr_nonnull(batch_add(&b, &peer, &bypassed));
	ck_assert_ptr_nonnull(batch_add(&b, &peer, &plain));
	b.head->next->decision = (struct decision){CLEAN_FULL, "known_pattern"};
	batch_columns_fill(&c, &b, 3500);
	ck_assert_str_eq(c.column[5].p, "{\"say \\\"a\\\\b\\\", {x}\",\"plain\"}");
	ck_assert_str_eq(c.column[4].p, "{\"t\",\"f\"}");
	ck_assert_str_eq(c.column[6].p, "{0,2}");
	ck_assert_ptr_nonnull(strstr(c.column[9].p, "\\\"processing_time_ms\\\":2.500"));
	ck_assert_str_eq(c.column[9].p + c.column[9].n - 6, ",NULL}");
	ck_assert_str_eq(c.column[10].p, "{\"2.500\",\"2.500\"}");
	ck_assert_str_eq(c.column[22].p, "{5,NULL}");
	batch_columns_finish(&c);
	batch_clear(&b);
}
END_TEST

START_TEST(one_turns_values_are_as_they_are)
{
	struct link_peer peer = {.n = 0};
	struct msg_turn alone = turn("say \"a\\b\", {x}");
	struct batch_columns c;
	struct batch b;

	batch_init(&b);
	ck_assert_ptr_nonnull(batch_add(&b, &peer, &alone));
	b.head->decision = (struct decision){CLEAN_FULL, "known_pattern"};
	batch_columns_fill(&c, &b, 3500);
	ck_assert(slice_eq(batch_column(&c, 5), SLICE("say \"a\\b\", {x}")));
	ck_assert(slice_eq(batch_column(&c, 4), SLICE("f")));
	ck_assert(slice_eq(batch_column(&c, 6), SLICE("2")));
	ck_assert_ptr_null(batch_column(&c, 9).p);
	ck_assert(slice_eq(batch_column(&c, 10), SLICE("2.500")));
	ck_assert_ptr_nonnull(batch_column(&c, 11).p); /* no gateway: empty, not NULL */
	ck_assert_uint_eq(batch_column(&c, 11).n, 0);
	ck_assert_ptr_null(batch_column(&c, 22).p);
	batch_columns_finish(&c);
	batch_clear(&b);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("batch");
	TCase *tc = tcase_create("batch");

	tcase_add_test(tc, copies_and_repeats);
	tcase_add_test(tc, columns_escape_and_say_null);
	tcase_add_test(tc, one_turns_values_are_as_they_are);
	suite_add_tcase(suite, tc);
	return check_run(suite, CK_FORK_GETENV);
}
