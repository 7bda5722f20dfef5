/* SPDX-License-Identifier: ISC
 *
 * queue_test.c - the queue's scripts against a real Redis: one turn of a conversation at a time, in order, once.
 */
#include "common/store/queue.h"
#include "common/base/check_run.h"
#include "common/base/log.h"
#include "common/store/fixture.h"

#include <stdio.h>
#include <stdlib.h>

enum { TEXTS = 20, TEXT_BYTES = 2048 };

/* What the last reply was, copied. */
static struct {
	bool done, null;
	long long number;
	size_t count;
	long long numbers[TEXTS];
	char text[TEXTS][TEXT_BYTES];
	size_t length[TEXTS];
} got;

static struct ev_loop *loop;
static struct redis *redis;
static struct uuid one, two; /* conversations */

static void copy(size_t i, const redisReply *r)
{
	got.numbers[i] = r->integer;
	got.length[i] = r->type == REDIS_REPLY_STRING && r->len < TEXT_BYTES ? (size_t)r->len : 0;
	if (got.length[i])
		memcpy(got.text[i], r->str, got.length[i]);
	got.text[i][got.length[i]] = '\0';
}

static void take(const redisReply *reply, void *arg)
{
	memset(&got, 0, sizeof got);
	got.done = true;
	got.null = !reply || reply->type == REDIS_REPLY_NIL;
	if (!reply)
		return;
	if (reply->type == REDIS_REPLY_ERROR)
		fprintf(stderr, "redis: %s\n", reply->str);
	ck_assert_int_ne(reply->type, REDIS_REPLY_ERROR);
	got.number = reply->integer;
	got.count = reply->elements;
	for (size_t i = 0; i < reply->elements && i < TEXTS; i++)
		copy(i, reply->element[i]);
}

static bool is_done(void *arg)
{
	return got.done;
}

static bool is_up(void *arg)
{
	return redis_is_up(redis);
}

static void await(void)
{
	got.done = false;
	fixture_until(loop, is_done, NULL);
}

static void words(const char *first, ...)
{
	struct slice argv[10];
	size_t n = 0;
	va_list ap;

	va_start(ap, first);
	for (const char *w = first; w; w = va_arg(ap, const char *))
		argv[n++] = slice_str(w);
	va_end(ap);
	redis_send(redis, argv, n, take, NULL);
	await();
}

static struct msg_job job(const struct uuid *conversation, uint64_t seq)
{
	struct msg_job j = {.conversation_id = *conversation, .seq = seq, .raw_text = SLICE("text"), .speaker = SLICE("User")};

	j.turn_id = uuid_v7();
	return j;
}

static void enqueue(const struct msg_job *j)
{
	queue_enqueue(redis, j, take, NULL);
	await();
}

static long long ready(void)
{
	words("XLEN", "q:{0}:ready", NULL);
	return got.number;
}

/* The conversation's current entry, as a cleaner's XREADGROUP would have been given it. */
static char entry[64];

static void take_entry(const redisReply *reply, void *arg)
{
	snprintf(entry, sizeof entry, "%s", reply && reply->str ? reply->str : "");
	got.done = true;
}

static void find_entry(const struct uuid *conversation)
{
	char key[100] = "q:{0}:busy:";

	uuid_text(conversation, key + strlen(key));
	redis_send(redis, (struct slice[]){SLICE("HGET"), slice_str(key), SLICE("entry")}, 3, take_entry, NULL);
	await();
}

static uint64_t claim_after(const struct msg_job *j, bool expired)
{
	find_entry(&j->conversation_id);
	queue_claim(redis, queue_stream_normal, slice_str(entry), &j->conversation_id, &j->turn_id, expired, take, NULL);
	await();
	return got.null ? 0 : strtoull(got.text[0], NULL, 10);
}

static uint64_t claim(const struct msg_job *j)
{
	return claim_after(j, false);
}

static long long complete(const struct msg_job *j, uint64_t fence, const char *text)
{
	struct msg_window w = {.seq = j->seq, .speaker = SLICE("User"), .text = slice_str(text)};

	queue_complete(redis, &j->conversation_id, &j->turn_id, fence, &w, take, NULL);
	await();
	return got.number;
}

static void open_all(void)
{
	loop = ev_loop_new(0);
	redis = redis_open(loop, &(struct redis_options){.url = fixture_redis, .timeout_ms = 5000});
	fixture_until(loop, is_up, NULL);
	one = uuid_v7();
	two = uuid_v7();
	words("FLUSHALL", NULL);
}

static void close_all(void)
{
	redis_close(&redis);
	ev_loop_destroy(loop);
}

START_TEST(one_turn_of_a_conversation_is_ready)
{
	struct msg_job a = job(&one, 1), b = job(&one, 2), c = job(&two, 1);

	enqueue(&a);
	ck_assert_int_eq(got.numbers[0], 1);
	ck_assert_int_eq(got.numbers[1], 0);
	enqueue(&b);
	ck_assert_int_eq(got.numbers[1], 1); /* one before it */
	ck_assert_int_eq(ready(), 1);
	enqueue(&c);
	ck_assert_int_eq(ready(), 2); /* conversations do not wait for each other */
	enqueue(&b);
	ck_assert_int_eq(got.numbers[0], 0); /* known */
	ck_assert_int_eq(ready(), 2);
	ck_assert_uint_eq(claim(&b), 0); /* not its turn */
}
END_TEST

START_TEST(turns_come_in_order_whatever_the_order_of_arrival)
{
	struct msg_job jobs[4];
	static const int arrival[] = {0, 3, 1, 2};

	for (int i = 0; i < 4; i++)
		jobs[i] = job(&one, (uint64_t)i + 1);
	for (int i = 0; i < 4; i++)
		enqueue(&jobs[arrival[i]]);
	for (int i = 0; i < 4; i++) {
		uint64_t fence = claim(&jobs[i]);

		ck_assert_msg(fence > 0, "turn %d was not the current one", i + 1);
		ck_assert_int_eq(complete(&jobs[i], fence, "clean"), 1);
	}
	ck_assert_int_eq(ready(), 0);
	words("HLEN", "q:{0}:jobs", NULL);
	ck_assert_int_eq(got.number, 0);
}
END_TEST

START_TEST(a_lost_lease_changes_nothing)
{
	struct msg_job a = job(&one, 1), b = job(&one, 2);
	uint64_t first, second;

	enqueue(&a);
	enqueue(&b);
	first = claim(&a);
	second = claim(&a); /* another cleaner took the stalled one's lease over */
	ck_assert_uint_gt(second, first);
	ck_assert_int_eq(complete(&a, first, "late"), 0);
	ck_assert_uint_eq(claim(&b), 0);
	ck_assert_int_eq(complete(&a, second, "mine"), 1);
	ck_assert_int_eq(complete(&a, second, "again"), 0);
	ck_assert_uint_gt(claim(&b), 0);
}
END_TEST

START_TEST(a_lost_job_is_told)
{
	struct msg_job a = job(&one, 1);

	enqueue(&a);
	words("DEL", "q:{0}:jobs", NULL);
	ck_assert_uint_eq(claim(&a), 0);
	ck_assert(!got.null);
	queue_park(redis, &one, take, NULL);
	await();
	enqueue(&a);
	ck_assert_uint_gt(claim(&a), 0);
}
END_TEST

START_TEST(a_window_comes_with_the_claim)
{
	struct msg_job a = job(&one, 15);
	struct msg_window w = {.agent = 1, .speaker = SLICE("Lumen"), .text = SLICE("x")}, back;

	for (w.seq = 1; w.seq <= 14; w.seq++) {
		queue_window_push(redis, &one, &w, take, NULL);
		await();
	}
	enqueue(&a);
	ck_assert_uint_gt(claim(&a), 0);
	ck_assert_uint_eq(got.count, 4 + QUEUE_WINDOW_KEEP);
	ck_assert(msg_unpack(MSG_WINDOW, slice_of(got.text[4], got.length[4]), &back));
	ck_assert_uint_eq(back.seq, 3); /* oldest first, the newest kept */
	ck_assert(msg_unpack(MSG_WINDOW, slice_of(got.text[15], got.length[15]), &back));
	ck_assert_uint_eq(back.seq, 14);
}
END_TEST

START_TEST(release_keeps_the_place_and_park_forgets)
{
	struct msg_job a = job(&one, 1), b = job(&one, 2);
	uint64_t fence;

	enqueue(&b);
	fence = claim(&b); /* it came first: the earlier one was late */
	enqueue(&a);
	queue_release(redis, &one, &b.turn_id, fence, take, NULL);
	await();
	ck_assert_int_eq(got.number, 1);
	ck_assert_uint_eq(claim(&b), 0);
	fence = claim(&a);
	ck_assert_uint_gt(fence, 0);
	queue_park(redis, &one, take, NULL);
	await();
	ck_assert_int_eq(got.number, 2);
	ck_assert_int_eq(ready(), 0);
	ck_assert_int_eq(complete(&a, fence, "x"), 0);
	enqueue(&a); /* PostgreSQL's sweep brings it back */
	ck_assert_int_eq(got.numbers[0], 1);
}
END_TEST

START_TEST(high_priority_has_its_own_stream)
{
	struct msg_job a = job(&one, 1), b = job(&one, 2), c = job(&two, 1);
	uint64_t fence;

	b.priority = c.priority = 1;
	enqueue(&a);
	enqueue(&b);
	enqueue(&c);
	words("XLEN", "q:{0}:ready-high", NULL);
	ck_assert_int_eq(got.number, 1); /* b waits behind a, whatever its priority */
	fence = claim(&a);
	ck_assert_int_eq(complete(&a, fence, "x"), 1);
	words("XLEN", "q:{0}:ready-high", NULL);
	ck_assert_int_eq(got.number, 2);
	queue_stats(redis, take, NULL);
	await();
	ck_assert_int_eq(got.numbers[0], 2);
	ck_assert_int_eq(got.numbers[1], 2);
	ck_assert_int_ge(got.numbers[2], 0);
	ck_assert_int_eq(got.numbers[3], 2); /* nobody has them: there is no group here */
	ck_assert_int_eq(got.numbers[4], 1); /* a */
	ck_assert_int_eq(got.numbers[QUEUE_HELD], 0);
	ck_assert_int_eq(got.numbers[QUEUE_READY_HIGH], 2);
	ck_assert_int_eq(got.numbers[QUEUE_DEAD], 0);
}
END_TEST

static void release(const struct msg_job *j, uint64_t fence)
{
	queue_release(redis, &j->conversation_id, &j->turn_id, fence, take, NULL);
	await();
}

/* What the last claim said. */
static void expect_counts(long long crashes, long long retries)
{
	ck_assert_int_eq(got.numbers[2], crashes);
	ck_assert_int_eq(got.numbers[3], retries);
}

START_TEST(crashes_are_counted_apart_from_retries)
{
	struct msg_job a = job(&one, 1), b = job(&one, 2);
	uint64_t fence;

	enqueue(&a);
	enqueue(&b);
	claim_after(&a, true); /* its reader died before it had it in hand: not the turn's doing */
	expect_counts(0, 0);
	fence = claim_after(&a, true);
	expect_counts(1, 0);
	release(&a, fence);
	ck_assert_uint_eq(claim(&b), 0); /* a keeps its place */
	claim_after(&a, true);		 /* nobody had it since it was given back */
	expect_counts(1, 1);
	fence = claim_after(&a, true);
	expect_counts(2, 1);
	ck_assert_int_eq(complete(&a, fence, "x"), 1);
	claim_after(&b, true); /* counts are the turn's own */
	expect_counts(0, 0);
	queue_stats(redis, take, NULL);
	await();
	ck_assert_uint_eq(got.count, QUEUE_FIGURES);
	ck_assert_int_eq(got.numbers[5], 2);
	ck_assert_int_eq(got.numbers[6], 1);
}
END_TEST

START_TEST(unknown_names_what_is_missing)
{
	struct msg_job a = job(&one, 1), b = job(&one, 2);
	char known[UUID_TEXT_BYTES], missing[UUID_TEXT_BYTES];

	enqueue(&a);
	uuid_text(&a.turn_id, known);
	uuid_text(&b.turn_id, missing);
	queue_unknown(redis, (struct slice[]){slice_str(known), slice_str(missing)}, 2, take, NULL);
	await();
	ck_assert_uint_eq(got.count, 1);
	ck_assert_str_eq(got.text[0], missing);
}
END_TEST

START_TEST(dead_letters_are_kept_with_their_cause)
{
	struct msg_job a = job(&one, 1);

	queue_bury(redis, &one, &a.turn_id, SLICE("too_many_crashes"), 3, 1, take, NULL);
	await();
	words("XLEN", "q:{0}:dead", NULL);
	ck_assert_int_eq(got.number, 1);
}
END_TEST

static void start(void)
{
	fixture_start("redis");
}

int main(void)
{
	Suite *suite = suite_create("queue");
	TCase *tc = tcase_create("queue");

	tcase_add_unchecked_fixture(tc, start, fixture_stop);
	tcase_add_checked_fixture(tc, open_all, close_all);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, one_turn_of_a_conversation_is_ready);
	tcase_add_test(tc, turns_come_in_order_whatever_the_order_of_arrival);
	tcase_add_test(tc, a_lost_lease_changes_nothing);
	tcase_add_test(tc, a_lost_job_is_told);
	tcase_add_test(tc, a_window_comes_with_the_claim);
	tcase_add_test(tc, release_keeps_the_place_and_park_forgets);
	tcase_add_test(tc, high_priority_has_its_own_stream);
	tcase_add_test(tc, crashes_are_counted_apart_from_retries);
	tcase_add_test(tc, unknown_names_what_is_missing);
	tcase_add_test(tc, dead_letters_are_kept_with_their_cause);
	suite_add_tcase(suite, tc);
	return check_run(suite, CK_FORK_GETENV);
}
