/* SPDX-License-Identifier: ISC
 *
 * notifier_parts_test.c - the event's JSON and the backlog's bounds and order.
 */
#include "backlog.h"
#include "common/base/attr.h"
#include "common/base/check_run.h"
#include "common/wire/events.h"
#include "event_json.h"


START_TEST(event_has_its_parts)
{
	struct msg_result m = {.event = EVENT_TURN_PROCESSED,
		.at = 1700000000000000,
		.turn = SLICE("{\"seq\":1}"),
		.body = SLICE("\"x\":2"),
		.revision = 2,
		.durable = 1};
	char once[EVENT_ONCE_BYTES];
	struct buf head, tail;

	buf_init(&head, 1000);
	buf_init(&tail, 1000);
	ck_assert(event_json(&m, &head, &tail));
	ck_assert_str_eq(head.p, "{\"type\":\"turn:processed\",\"event_id\":\"");
	ck_assert_str_eq(tail.p, "\",\"conversation_id\":\"00000000-0000-0000-0000-000000000000\","
				 "\"at\":\"2023-11-14T22:13:20.000Z\",\"turn\":{\"seq\":1},\"x\":2}");
	event_once(&m, once);
	ck_assert_str_eq(once, "00000000-0000-0000-0000-000000000000:2:2");
	m.durable = 0;
	event_once(&m, once);
	ck_assert_str_eq(once, "");
	m.event = EVENT_CONVERSATION_DELETED;
	event_once(&m, once);
	ck_assert_str_eq(once, "deleted");
	m.event = EVENT_COUNT;
	ck_assert(!event_json(&m, &head, &tail));
	buf_finish(&head);
	buf_finish(&tail);
}
END_TEST

/* Fills a backlog with results of revision 0, 1, 2 .. */
static void fill(struct backlog *b, struct item *items[], int count)
{
	struct msg_result m = {.event = EVENT_TURN_ACCEPTED, .turn = SLICE("{}")};

	for (int i = 0; i < count; i++) {
		m.revision = (uint64_t)i;
		items[i] = backlog_add(b, &m);
	}
}

START_TEST(backlog_keeps_its_bounds)
{
	struct item *items[4];
	struct backlog b;

	backlog_init(&b, 3, 1000000, 10);
	ck_assert_ptr_null(backlog_next(&b));
	fill(&b, items, 4);
	ck_assert_ptr_nonnull(items[2]);
	ck_assert_ptr_null(items[3]);
	backlog_clear(&b);
	ck_assert_uint_eq(b.bytes, 0);
	backlog_init(&b, 100, 10, 10);
	fill(&b, items, 1);
	ck_assert_ptr_null(items[0]); /* bytes bound as well */
}
END_TEST

START_TEST(backlog_sends_in_order_within_its_window)
{
	struct item *items[4];
	struct backlog b;

	backlog_init(&b, 10, 1000000, 2);
	fill(&b, items, 4);
	ck_assert_ptr_eq(backlog_next(&b), items[0]);
	ck_assert_ptr_eq(backlog_next(&b), items[1]);
	ck_assert_ptr_null(backlog_next(&b));
	backlog_remove(&b, items[0]);
	ck_assert_ptr_eq(backlog_next(&b), items[2]);
	ck_assert_ptr_null(backlog_next(&b));
	backlog_remove(&b, items[1]);
	backlog_remove(&b, items[2]);
	ck_assert_ptr_eq(backlog_next(&b), items[3]);
	ck_assert_ptr_null(backlog_next(&b));
	backlog_clear(&b);
	ck_assert_uint_eq(b.sent, 0);
}
END_TEST

START_TEST(backlog_goes_back_when_all_is_answered)
{
	struct item *items[4];
	struct backlog b;

	backlog_init(&b, 10, 1000000, 3);
	fill(&b, items, 4);
	for (int i = 0; i < 3; i++)
		ck_assert_ptr_eq(backlog_next(&b), items[i]);
	backlog_back(&b, items[0]);
	ck_assert_ptr_null(backlog_next(
		&b)); /* two are still under way: sending the first now would put it behind them */
	backlog_remove(&b, items[1]);
	backlog_back(&b, items[2]);
	ck_assert_ptr_eq(backlog_next(&b), items[0]);
	ck_assert_ptr_eq(backlog_next(&b), items[2]);
	ck_assert_ptr_eq(backlog_next(&b), items[3]);
	ck_assert_ptr_null(backlog_next(&b));
	backlog_clear(&b);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("notifier parts");
	TCase *tc = tcase_create("notifier parts");

	tcase_add_test(tc, event_has_its_parts);
	tcase_add_test(tc, backlog_keeps_its_bounds);
	tcase_add_test(tc, backlog_sends_in_order_within_its_window);
	tcase_add_test(tc, backlog_goes_back_when_all_is_answered);
	suite_add_tcase(suite, tc);
	return check_run(suite, CK_FORK_GETENV);
}
