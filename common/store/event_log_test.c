/* SPDX-License-Identifier: ISC
 *
 * event_log_test.c - reading event logs of a real Redis: complete or refused, never partial.
 */
#include "common/store/event_log.h"
#include "common/base/check_run.h"
#include "common/store/fixture.h"

#include <stdio.h>
#include <stdlib.h>

enum { EPOCH = 1000 };

struct read {
	bool done;
	enum event_read status;
	struct cursor last, first_at, last_at;
	size_t count;
	bool more, in_order;
};

static struct ev_loop *loop;
static struct redis *redis;
static struct uuid conversation;

static void on_done(const redisReply *reply, void *arg)
{
	ck_assert(reply != NULL);
	ck_assert_msg(reply->type != REDIS_REPLY_ERROR, "%s", reply->str);
	*(bool *)arg = true;
}

static bool is_set(void *arg)
{
	return *(bool *)arg;
}

static bool is_up(void *arg)
{
	return redis_is_up(redis);
}

static void command(const struct slice *argv, size_t argc)
{
	bool done = false;

	redis_send(redis, argv, argc, on_done, &done);
	fixture_until(loop, is_set, &done);
}

/* Entries from..to of a log, their JSON of so many bytes, keeping only the newest `most`. */
static void write_log(uint64_t epoch, int from, int to, size_t bytes, const char *most)
{
	char log[EVENT_LOG_KEY_BYTES], seen[EVENT_LOG_KEY_BYTES], id[CURSOR_TEXT_BYTES],
		*json = calloc(1, bytes + 1);

	memset(json, 'j', bytes);
	event_log_keys(&conversation, log, seen);
	for (int i = from; i <= to; i++) {
		cursor_text((struct cursor){epoch, (uint64_t)i}, id);
		command((const struct slice[]){SLICE("XADD"), slice_str(log), SLICE("MAXLEN"),
				slice_str(most), slice_str(id), SLICE("k"), SLICE("2"), SLICE("t"),
				SLICE("01900000-0000-7000-8000-000000000000"), SLICE("r"), SLICE("1"),
				SLICE("j"), slice_of(json, bytes)},
			13);
	}
	free(json);
}

static void begin_log(uint64_t epoch)
{
	char log[EVENT_LOG_KEY_BYTES], seen[EVENT_LOG_KEY_BYTES], id[CURSOR_TEXT_BYTES];

	event_log_keys(&conversation, log, seen);
	cursor_text((struct cursor){epoch, 0}, id);
	command((const struct slice[]){SLICE("XADD"), slice_str(log), slice_str(id), SLICE("k"),
			SLICE("begin")},
		5);
}

static void on_page(const struct event_page *page, void *arg)
{
	struct read *r = arg;

	r->done = true;
	r->status = page->status;
	r->last = page->last;
	r->count = page->count;
	r->more = page->more;
	r->in_order = true;
	for (size_t i = 0; i < page->count; i++) {
		const struct event_entry *e = &page->entries[i];

		r->in_order = r->in_order && e->at.epoch == EPOCH &&
			      e->at.offset == page->entries[0].at.offset + i &&
			      e->kind == EVENT_TURN_PROCESSED && e->revision == 1 && e->json.n > 0 &&
			      e->turn_id.b[0] == 1;
	}
	if (page->count) {
		r->first_at = page->entries[0].at;
		r->last_at = page->entries[page->count - 1].at;
	}
}

static bool page_done(void *arg)
{
	return ((struct read *)arg)->done;
}

static struct read read_after(uint64_t epoch, uint64_t offset, uint64_t upto)
{
	struct read r = {0};

	event_log_read(redis, &conversation, (struct cursor){epoch, offset}, upto, on_page, &r);
	fixture_until(loop, page_done, &r);
	ck_assert(r.in_order);
	return r;
}

static void set_up(void)
{
	loop = ev_loop_new(0);
	redis = redis_open(loop, &(struct redis_options){.url = fixture_redis, .timeout_ms = 5000});
	conversation = uuid_v7();
	fixture_until(loop, is_up, NULL);
}

static void tear_down(void)
{
	redis_close(&redis);
	ev_loop_destroy(loop);
}

/* A log with its beginning and 1..300 in it, and what is read of it. */
static const struct {
	uint64_t epoch, after, upto;
	enum event_read status;
	size_t count;
	bool more;
} whole[] = {
	{EPOCH, 0, 0, EVENTS_COMPLETE, EVENT_PAGE, true},
	{EPOCH, 200, 0, EVENTS_COMPLETE, 100, false},
	{EPOCH, 100, 0, EVENTS_COMPLETE, 200, false}, /* exactly a page */
	{EPOCH, 299, 0, EVENTS_COMPLETE, 1, false},
	{EPOCH, 300, 0, EVENTS_COMPLETE, 0, false},
	{EPOCH, 10, 15, EVENTS_COMPLETE, 5, false},
	{EPOCH, 10, 10, EVENTS_COMPLETE, 0, false},
	{EPOCH, 301, 0, EVENTS_TOO_OLD, 0, false}, /* ahead of the log: it lost what we had */
	{EPOCH - 1, 5, 0, EVENTS_TOO_OLD, 0, false},
	{EPOCH + 1, 0, 0, EVENTS_TOO_OLD, 0, false},
	{0, 0, 0, EVENTS_COMPLETE, EVENT_PAGE, true}, /* when there was no log yet */
	{0, 1, 0, EVENTS_TOO_OLD, 0, false},
	{EPOCH, UINT64_MAX, 0, EVENTS_TOO_OLD, 0, false},
};

START_TEST(a_whole_log)
{
	begin_log(EPOCH);
	write_log(EPOCH, 1, 300, 10, "1000");
	for (size_t i = 0; i < countof(whole); i++) {
		struct read r = read_after(whole[i].epoch, whole[i].after, whole[i].upto);

		ck_assert_msg(
			r.status == whole[i].status && r.count == whole[i].count && r.more == whole[i].more,
			"row %zu: status %d count %zu more %d", i, r.status, r.count, r.more);
		ck_assert_uint_eq(r.last.epoch, EPOCH);
		ck_assert_uint_eq(r.last.offset, 300);
		if (r.count)
			ck_assert_uint_eq(r.first_at.offset, whole[i].after + 1);
	}
}
END_TEST

START_TEST(a_trimmed_log)
{
	begin_log(EPOCH);
	write_log(EPOCH, 1, 30, 10, "10"); /* 21..30 are left */
	ck_assert_int_eq(read_after(EPOCH, 20, 0).status, EVENTS_COMPLETE);
	ck_assert_uint_eq(read_after(EPOCH, 20, 0).count, 10);
	ck_assert_int_eq(read_after(EPOCH, 19, 0).status, EVENTS_TOO_OLD);
	ck_assert_int_eq(read_after(EPOCH, 0, 0).status, EVENTS_TOO_OLD);
	ck_assert_uint_eq(read_after(EPOCH, 0, 0).last.offset, 30);
	ck_assert_int_eq(read_after(0, 0, 0).status, EVENTS_TOO_OLD);
}
END_TEST

START_TEST(a_log_that_lost_its_beginning_only)
{
	begin_log(EPOCH);
	write_log(EPOCH, 1, 5, 10, "5");
	ck_assert_uint_eq(read_after(EPOCH, 0, 0).count, 5);
}
END_TEST

START_TEST(large_events_make_small_pages)
{
	struct read r;
	uint64_t at = 0;

	begin_log(EPOCH);
	write_log(EPOCH, 1, 9, EVENT_PAGE_BYTES / 2, "1000");
	for (int pages = 0; at < 9; pages++) {
		r = read_after(EPOCH, at, 0);
		ck_assert_uint_eq(r.count, pages < 4 ? 2 : 1);
		ck_assert_int_eq(r.more, pages < 4);
		at = r.last_at.offset;
	}
}
END_TEST

START_TEST(an_event_larger_than_a_page_comes_alone)
{
	begin_log(EPOCH);
	write_log(EPOCH, 1, 2, 10, "1000");
	write_log(EPOCH, 3, 3, 2 * EVENT_PAGE_BYTES, "1000");
	write_log(EPOCH, 4, 4, 10, "1000");
	ck_assert_uint_eq(read_after(EPOCH, 0, 0).count, 2);
	ck_assert_uint_eq(read_after(EPOCH, 2, 0).count, 1);
	ck_assert_int_eq(read_after(EPOCH, 2, 0).more, true);
	ck_assert_uint_eq(read_after(EPOCH, 3, 0).count, 1);
}
END_TEST

START_TEST(a_lost_log)
{
	struct read r = {0};

	begin_log(EPOCH);
	write_log(EPOCH, 1, 3, 10, "1000");
	command((const struct slice[]){SLICE("FLUSHALL")}, 1);
	r = read_after(EPOCH, 1, 0);
	ck_assert_int_eq(r.status, EVENTS_TOO_OLD);
	ck_assert_uint_eq(r.last.epoch, 0);
	begin_log(EPOCH + 5);
	write_log(EPOCH + 5, 1, 3, 10, "1000");
	r = read_after(EPOCH, 1, 0);
	ck_assert_int_eq(r.status, EVENTS_TOO_OLD);
	ck_assert_uint_eq(r.last.epoch, EPOCH + 5);
	ck_assert_uint_eq(r.last.offset, 3);
}
END_TEST

static struct read ask_last(void)
{
	struct read r = {0};

	event_log_last(redis, &conversation, on_page, &r);
	fixture_until(loop, page_done, &r);
	return r;
}

START_TEST(where_a_log_stands)
{
	ck_assert_int_eq(ask_last().status, EVENTS_COMPLETE);
	ck_assert_uint_eq(ask_last().last.epoch, 0);
	begin_log(EPOCH);
	ck_assert_uint_eq(ask_last().last.epoch, EPOCH);
	ck_assert_uint_eq(ask_last().last.offset, 0);
	write_log(EPOCH, 1, 3, 10, "1000");
	ck_assert_uint_eq(ask_last().last.offset, 3);
}
END_TEST

START_TEST(without_redis)
{
	tear_down();
	loop = ev_loop_new(0);
	redis = redis_open(
		loop, &(struct redis_options){.url = "unix:///nonexistent/r.sock", .timeout_ms = 5000});
	ck_assert_int_eq(read_after(EPOCH, 0, 0).status, EVENTS_DOWN);
	ck_assert_int_eq(ask_last().status, EVENTS_DOWN);
}
END_TEST

static void start(void)
{
	fixture_start("redis");
}

int main(void)
{
	Suite *suite = suite_create("event log");
	TCase *tc = tcase_create("event log");

	tcase_add_unchecked_fixture(tc, start, fixture_stop);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_whole_log);
	tcase_add_test(tc, a_trimmed_log);
	tcase_add_test(tc, a_log_that_lost_its_beginning_only);
	tcase_add_test(tc, large_events_make_small_pages);
	tcase_add_test(tc, an_event_larger_than_a_page_comes_alone);
	tcase_add_test(tc, a_lost_log);
	tcase_add_test(tc, where_a_log_stands);
	tcase_add_test(tc, without_redis);
	suite_add_tcase(suite, tc);
	return check_run(suite, CK_FORK_GETENV);
}
