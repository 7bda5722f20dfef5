/* SPDX-License-Identifier: ISC
 *
 * event_log_test.c - reads of a log in a real Redis are complete or refused: as a table of logs and cursors.
 */
#include "common/store/event_log.h"
#include "common/store/fixture.h"

#include <check.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>

static struct ev_loop *loop;
static struct redis *redis;
static struct uuid conversation;
static struct {
	bool done, more;
	enum event_read status;
	struct cursor last;
	size_t count;
	uint64_t first_offset, last_offset;
	char first_json[32];
} got;

static void take(const struct event_page *page, void *arg)
{
	got.done = true;
	got.status = page->status;
	got.more = page->more;
	got.last = page->last;
	got.count = page->count;
	if (page->count) {
		got.first_offset = page->entries[0].at.offset;
		got.last_offset = page->entries[page->count - 1].at.offset;
		snprintf(got.first_json, sizeof got.first_json, "%.*s", (int)page->entries[0].json.n, page->entries[0].json.p);
	}
}

static bool is_done(void *arg)
{
	return got.done;
}

static bool is_up(void *arg)
{
	return redis_is_up(redis);
}

/* A log as the notifier makes it: E-0 and `events` entries, the oldest trimmed to `kept`. */
static void make_log(uint64_t epoch, unsigned events, unsigned kept)
{
	redisContext *c = redisConnectUnix(fixture_redis + strlen("unix://"));
	char log[EVENT_LOG_KEY_BYTES], seen[EVENT_LOG_KEY_BYTES];

	ck_assert(c && !c->err);
	event_log_keys(&conversation, log, seen);
	freeReplyObject(redisCommand(c, "DEL %s", log));
	freeReplyObject(redisCommand(c, "XADD %s %llu-0 k begin", log, (unsigned long long)epoch));
	for (unsigned i = 1; i <= events; i++)
		freeReplyObject(redisCommand(c, "XADD %s %llu-%u k 2 t %s r 1 j {%u}", log, (unsigned long long)epoch, i,
			"01900000-0000-7000-8000-000000000001", i));
	if (kept)
		freeReplyObject(redisCommand(c, "XTRIM %s MAXLEN = %u", log, kept));
	redisFree(c);
}

static void read_from(struct cursor after, uint64_t upto)
{
	memset(&got, 0, sizeof got);
	event_log_read(redis, &conversation, after, upto, take, NULL);
	fixture_until(loop, is_done, NULL);
}

static void open_all(void)
{
	loop = ev_loop_new(0);
	redis = redis_open(loop, &(struct redis_options){.url = fixture_redis, .timeout_ms = 5000});
	fixture_until(loop, is_up, NULL);
	conversation = uuid_v7();
}

static void close_all(void)
{
	redis_close(&redis);
	ev_loop_destroy(loop);
}

static const struct {
	unsigned events, kept; /* of the log, epoch 1000 */
	struct cursor after;
	uint64_t upto;
	enum event_read status;
	size_t count;
	uint64_t first;
} rows[] = {
	{5, 0, {1000, 0}, 0, EVENTS_COMPLETE, 5, 1},   /* from the beginning */
	{5, 0, {1000, 2}, 0, EVENTS_COMPLETE, 3, 3},
	{5, 0, {1000, 2}, 4, EVENTS_COMPLETE, 2, 3},   /* up to an id */
	{5, 0, {1000, 5}, 0, EVENTS_COMPLETE, 0, 0},   /* nothing new */
	{5, 0, {1000, 6}, 0, EVENTS_TOO_OLD, 0, 0},    /* a cursor that this log never gave */
	{5, 0, {999, 5}, 0, EVENTS_TOO_OLD, 0, 0},     /* another epoch */
	{5, 3, {1000, 2}, 0, EVENTS_COMPLETE, 3, 3},   /* 3,4,5 are kept: complete after 2 */
	{5, 3, {1000, 1}, 0, EVENTS_TOO_OLD, 0, 0},    /* 2 was trimmed */
	{5, 5, {1000, 0}, 0, EVENTS_COMPLETE, 5, 1},   /* only the begin mark was trimmed */
	{0, 0, {1000, 0}, 0, EVENTS_COMPLETE, 0, 0},
};

START_TEST(complete_or_refused)
{
	make_log(1000, rows[_i].events, rows[_i].kept);
	read_from(rows[_i].after, rows[_i].upto);
	ck_assert_msg(got.status == rows[_i].status && got.count == rows[_i].count, "row %d: status %d, %zu events", _i,
		got.status, got.count);
	if (rows[_i].count)
		ck_assert_uint_eq(got.first_offset, rows[_i].first);
	ck_assert_uint_eq(got.last.offset, rows[_i].events);
}
END_TEST

START_TEST(a_lost_log_is_refused_and_has_no_end)
{
	read_from((struct cursor){1000, 3}, 0);
	ck_assert_int_eq(got.status, EVENTS_TOO_OLD);
	memset(&got, 0, sizeof got);
	event_log_last(redis, &conversation, take, NULL);
	fixture_until(loop, is_done, NULL);
	ck_assert_int_eq(got.status, EVENTS_COMPLETE);
	ck_assert_uint_eq(got.last.epoch, 0);
}
END_TEST

START_TEST(long_logs_are_read_in_pages)
{
	struct cursor at = {7, 0};
	size_t sum = 0;

	make_log(7, 2 * EVENT_PAGE + 1, 0);
	do {
		read_from(at, 0);
		ck_assert_int_eq(got.status, EVENTS_COMPLETE);
		ck_assert_uint_eq(got.first_offset, at.offset + 1);
		at.offset = got.last_offset;
		sum += got.count;
	} while (got.more);
	ck_assert_uint_eq(sum, 2 * EVENT_PAGE + 1);
	event_log_last(redis, &conversation, take, NULL);
	got.done = false;
	fixture_until(loop, is_done, NULL);
	ck_assert_uint_eq(got.last.offset, 2 * EVENT_PAGE + 1);
}
END_TEST

static void start(void)
{
	fixture_start("redis");
}

int main(void)
{
	Suite *suite = suite_create("event_log");
	TCase *tc = tcase_create("event_log");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_unchecked_fixture(tc, start, fixture_stop);
	tcase_add_checked_fixture(tc, open_all, close_all);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, complete_or_refused, 0, (int)countof(rows));
	tcase_add_test(tc, a_lost_log_is_refused_and_has_no_end);
	tcase_add_test(tc, long_logs_are_read_in_pages);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
