/* SPDX-License-Identifier: ISC
 *
 * notifier_test.c - the real notifier with a real Redis and PostgreSQL: its own process, fed and heard over
 * its real sockets, killed, and its servers killed under it.
 */
#include "notifier_fixture.h"
#include "common/base/check_run.h"
#include "common/base/clock.h"
#include "common/wire/events.h"

#include <signal.h>
#include <sys/stat.h>

enum { SILENCE_MS = 300 };

/* --- what it does --- */

START_TEST(a_result_becomes_an_event)
{
	struct cursor begin = listen_to(topic);
	struct heard h;

	store_turn();
	listen_to("g.one");
	ck_assert_uint_eq(begin.offset, 0);
	ck_assert_uint_gt(begin.epoch, 0);
	say(1, true, "g.one");
	h = hear(MSG_EVENT, "g.one"); /* first, and without waiting for an id */
	ck_assert(slice_eq(h.msg.event.turn, SLICE("{\"state\":\"done\"}")));
	ck_assert(uuid_eq(&h.msg.event.turn_id, &turn));
	h = hear(MSG_EVENT, topic);
	ck_assert_uint_eq(h.at.epoch, begin.epoch);
	ck_assert_uint_eq(h.at.offset, 1);
	ck_assert(
		memmem(h.msg.event.json.p, h.msg.event.json.n, "\"turn\":{\"state\":\"done\"}", 23) != NULL);
	ck_assert(memmem(h.msg.event.json.p, h.msg.event.json.n, "\"type\":\"turn:processed\"", 23) != NULL);
	await_empty_outbox();
}
END_TEST

START_TEST(the_log_has_each_durable_result_once)
{
	struct cursor first;

	listen_to(topic);
	listen_to("g.one");
	say(1, true, "");
	first = hear(MSG_EVENT, topic).at;
	say(1, true, "g.one"); /* sent again: the waiting request hears it, the log has it */
	hear(MSG_EVENT, "g.one");
	say(2, true, "");
	while (first.offset < 2)
		first = hear(MSG_EVENT, topic).at;
	ck_assert_int_eq(log_length(), 3);
	say(0, false, ""); /* not durable: may come twice */
	say(0, false, "");
	while (first.offset < 4)
		first = hear(MSG_EVENT, topic).at;
}
END_TEST

START_TEST(killed_and_told_again_it_appends_once)
{
	struct cursor first, again;

	store_turn();
	listen_to(topic);
	say(1, true, "");
	first = hear(MSG_EVENT, topic).at;
	end_notifier(SIGKILL);
	start_notifier("100");
	ck_assert_uint_eq(
		hear(MSG_SUBSCRIBED, topic).at.offset, 1); /* the subscription comes back by itself */
	say(1, true, "");
	again = hear(MSG_EVENT, topic).at; /* its predecessor may have died before it published */
	ck_assert_uint_eq(again.epoch, first.epoch);
	ck_assert_uint_eq(again.offset, 1);
	ck_assert_int_eq(log_length(), 2);
	await_empty_outbox();
}
END_TEST

START_TEST(without_redis_requests_are_answered_and_events_wait)
{
	struct cursor begin = listen_to(topic), at = begin;

	listen_to("g.one");
	fixture_servers("kill", "redis");
	for (uint64_t revision = 1; revision <= 20; revision++)
		say(revision, true, "g.one");
	for (uint64_t revision = 1; revision <= 20; revision++) {
		struct heard h = hear(MSG_EVENT, "g.one");

		ck_assert_uint_eq(h.msg.event.revision, revision);
		ck_assert_uint_eq(h.msg.event.event_id.n, 0);
	}
	zsock_set_subscribe(
		events, "c.01900000-0000-7000-8000-000000000000"); /* answered when Redis is back */
	fixture_servers("start", "redis");
	for (uint64_t revision = 1; revision <= 20; revision++) {
		struct heard h = hear(MSG_EVENT, topic);

		ck_assert_uint_eq(h.msg.event.revision, revision); /* in order */
		ck_assert_uint_eq(h.at.offset, at.offset + 1);
		at = h.at;
	}
	ck_assert_uint_eq(at.epoch, begin.epoch);
	hear(MSG_SUBSCRIBED, "c.01900000-0000-7000-8000-000000000000");
}
END_TEST

START_TEST(listeners_are_told_anew_when_redis_lost_the_log)
{
	struct cursor begin = listen_to(topic), anew;

	say(1, true, "");
	hear(MSG_EVENT, topic);
	freeReplyObject(redis_run("FLUSHALL"));
	fixture_servers("kill", "redis");
	fixture_servers("start", "redis");
	anew = hear(MSG_SUBSCRIBED, topic).at; /* without any event */
	ck_assert_uint_gt(anew.epoch, begin.epoch);
	ck_assert_uint_eq(anew.offset, 0);
	say(1, true, ""); /* the new log has not seen it */
	ck_assert_uint_eq(hear(MSG_EVENT, topic).at.offset, 1);
}
END_TEST

static void in_folder(const char *command)
{
	char line[300];

	snprintf(line, sizeof line, "cd %s && %s", fixture_dir, command);
	ck_assert_int_eq(system(line), 0);
}

START_TEST(ids_are_not_given_again_when_redis_comes_back_with_older_data)
{
	struct cursor begin = listen_to(topic), at;

	say(1, true, "");
	hear(MSG_EVENT, topic);
	in_folder("cp -r appendonlydir older");
	say(2, true, "");
	at = hear(MSG_EVENT, topic).at;
	ck_assert_uint_eq(at.offset, 2);
	fixture_servers("kill", "redis");
	in_folder("rm -r appendonlydir && mv older appendonlydir");
	fixture_servers("start", "redis");
	ck_assert_int_eq(log_length() > 0, 1); /* the log is there, and one event short */
	at = hear(MSG_SUBSCRIBED, topic).at;
	ck_assert_uint_gt(at.epoch, begin.epoch);
	ck_assert_uint_eq(at.offset, 0);
	say(3, true, "");
	ck_assert_uint_eq(hear(MSG_EVENT, topic).at.offset, 1);
	end_notifier(SIGKILL);
	start_notifier("100"); /* remembered: a log from before begins anew whenever it is used next */
	ck_assert_uint_eq(hear(MSG_SUBSCRIBED, topic).at.epoch, at.epoch);
}
END_TEST

START_TEST(a_restart_of_redis_with_all_its_data_changes_nothing)
{
	struct cursor first, at;

	listen_to(topic);
	say(1, true, "");
	first = hear(MSG_EVENT, topic).at;
	fixture_servers("kill", "redis");
	fixture_servers("start", "redis");
	at = hear(MSG_SUBSCRIBED, topic).at;
	ck_assert_uint_eq(at.epoch, first.epoch);
	ck_assert_uint_eq(at.offset, 1);
}
END_TEST

START_TEST(a_flush_under_way_begins_a_later_epoch)
{
	struct cursor begin = listen_to(topic);
	struct heard h;

	freeReplyObject(redis_run("FLUSHALL"));
	say(1, true, "");
	h = hear(MSG_EVENT, topic);
	ck_assert_uint_gt(h.at.epoch, begin.epoch);
	ck_assert_uint_eq(h.at.offset, 1);
}
END_TEST

START_TEST(more_than_may_wait_is_dropped)
{
	uint64_t revision = 0;

	listen_to(topic);
	listen_to("g.one");
	fixture_servers("kill", "redis");
	while (revision < 130) /* backlog_results is 100 */
		say(++revision, true, "g.one");
	for (uint64_t i = 0; i < revision; i++)
		hear(MSG_EVENT, "g.one"); /* all are answered, and so taken */
	fixture_servers("start", "redis");
	for (uint64_t i = 1; i <= 100; i++)
		ck_assert_uint_eq(hear(MSG_EVENT, topic).msg.event.revision, i); /* the newest were dropped */
	say(++revision, true, "");
	ck_assert_uint_eq(hear(MSG_EVENT, topic).msg.event.revision, revision);
}
END_TEST

START_TEST(a_poisoned_log_holds_up_no_other)
{
	struct uuid other = uuid_v7();

	listen_to(topic);
	freeReplyObject(redis_run("DEL %s", log_key));
	freeReplyObject(redis_run("SET %s poison", log_key));
	say(1, true, "");
	conversation = other;
	topic_conversation(&conversation, topic);
	listen_to(topic);
	say(1, true, "");
	ck_assert_uint_eq(hear(MSG_EVENT, topic).at.offset, 1);
}
END_TEST

START_TEST(a_drain_takes_what_was_sent)
{
	enum { SENT = 90 }; /* the backlog is 100 */

	listen_to(topic);
	listen_to("g.one");
	for (uint64_t revision = 1; revision <= SENT; revision++)
		say(revision, true, "");
	say(SENT + 1, true, "g.one");
	hear(MSG_EVENT, "g.one"); /* all are taken; some may not be in the log yet */
	ck_assert_int_eq(end_notifier(SIGTERM), 0);
	pid = 0;
	ck_assert_int_eq(log_length(), SENT + 2);
}
END_TEST

START_TEST(a_conversation_has_one_notifier_of_several)
{
	static const char *const places[] = {"0", "1"};
	char bind[2][2][100];
	pid_t both[2];
	uint32_t owner = uuid_hash(&conversation) % 2;
	struct heard h;

	end_notifier(SIGKILL);
	pid = 0;
	zsock_destroy(&events);
	events = zsock_new(ZMQ_SUB);
	for (int i = 0; i < 2; i++) {
		snprintf(bind[i][0], sizeof bind[i][0], "ipc://%s/results-%d", fixture_dir, i);
		snprintf(bind[i][1], sizeof bind[i][1], "ipc://%s/events-%d", fixture_dir, i);
		both[i] = spawn_notifier(bind[i][0], bind[i][1],
			(const char *const[]){"--count", "2", "--index", places[i], NULL});
		zsock_connect(events, "%s", bind[i][1]);
	}
	zsock_connect(results, "ipc://%s/results-%u", fixture_dir, (unsigned)owner);
	listen_to(topic);
	h = hear_within(SILENCE_MS); /* no second answer: the other one leaves it alone */
	ck_assert(!h.any);
	zsock_set_subscribe(events, "g.one");
	hear(MSG_SUBSCRIBED, "g.one"); /* a gateway is everybody's */
	hear(MSG_SUBSCRIBED, "g.one");
	for (int i = 0; i < 2; i++) {
		pid = both[i];
		ck_assert_int_eq(end_notifier(SIGTERM), 0);
	}
	pid = 0;
}
END_TEST

/* The turn of the log's entry that stands there; 1 is the first event. */
static struct uuid turn_at(size_t entry)
{
	redisReply *all = redis_run("XRANGE %s - +", log_key), *fields;
	struct uuid id = {{0}};

	ck_assert_uint_gt(all->elements, entry);
	fields = all->element[entry]->element[1];
	for (size_t i = 0; i + 1 < fields->elements; i += 2)
		if (strcmp(fields->element[i]->str, "t") == 0)
			ck_assert(uuid_parse(slice_str(fields->element[i + 1]->str), &id));
	freeReplyObject(all);
	return id;
}

START_TEST(what_an_earlier_one_lost_stands_before_what_came_since)
{
	struct uuid first = turn, second = uuid_v7(), at[2];
	int64_t before = clock_wall_us();

	listen_to(topic); /* it runs, and is connected */
	ck_assert_int_eq(end_notifier(SIGKILL), SIGKILL);
	store_turn(); /* finished, and told to one that died over it */
	turn = second;
	say(1, true, ""); /* finished after it: waits for the next notifier */
	turn = first;
	say_event(EVENT_TURN_ACCEPTED, before, 0, false, ""); /* its sender held this back until now: it is no news any more */
	start_notifier("100");
	await_log_length(3);
	at[0] = turn_at(1);
	at[1] = turn_at(2);
	ck_assert(uuid_eq(&at[0], &first) && uuid_eq(&at[1], &second));
	await_empty_outbox();
	say_event(EVENT_TURN_PROCESSING, clock_wall_us(), 2, false, ""); /* but this is: it is cleaned once more */
	await_log_length(4);
	at[0] = turn_at(3);
	ck_assert(uuid_eq(&at[0], &first));
	ck_assert_int_eq(log_length(), 4);
}
END_TEST

/* Two senders, one of which finds the new notifier later: what it still holds was finished before. */
START_TEST(who_finds_a_new_one_late_is_not_told_of_late)
{
	struct uuid first = turn, second = uuid_v7(), at;

	listen_to(topic);
	ck_assert_int_eq(end_notifier(SIGKILL), SIGKILL);
	store_turn(); /* committed by the one that is not here yet */
	start_notifier("100");
	listen_to("g.one");
	turn = second;
	say(1, true, "g.one");
	hear(MSG_EVENT, "g.one"); /* taken: the request that waits is answered at once */
	await_log_length(3);
	at = turn_at(1);
	ck_assert(uuid_eq(&at, &first));
	turn = first;
	say(1, true, "");
	say_event(EVENT_TURN_PROCESSING, 1, 0, false, ""); /* from before its end */
	turn = second;
	say(2, true, "");
	await_log_length(4);
	at = turn_at(3);
	ck_assert(uuid_eq(&at, &second));
	ck_assert_int_eq(log_length(), 4);
}
END_TEST

START_TEST(a_turn_that_is_done_is_accepted_no_more)
{
	listen_to(topic);
	say(1, true, "");
	say_event(EVENT_TURN_ACCEPTED, clock_wall_us(), 0, false, "");
	say_event(EVENT_QUEUE_POSITION, clock_wall_us(), 0, false, "");
	say_event(EVENT_TURN_ERROR, clock_wall_us(), 0, false, "");
	await_log_length(3);
	ck_assert_int_eq(log_length(), 3);
	turn = uuid_v7();
	say_event(EVENT_TURN_ACCEPTED, clock_wall_us(), 0, false, "");
	await_log_length(4);
}
END_TEST

/* A notifier that finds no PostgreSQL takes results all the same. */
START_TEST(without_postgres_it_does_not_wait_for_long)
{
	ck_assert_int_eq(end_notifier(SIGKILL), SIGKILL);
	fixture_servers("kill", "postgres");
	start_notifier("100");
	listen_to(topic);
	say(1, true, "");
	ck_assert_uint_eq(hear(MSG_EVENT, topic).at.offset, 1);
	fixture_servers("start", "postgres");
}
END_TEST

static void apply_schema(void)
{
	char command[400];

	snprintf(command, sizeof command, "psql -qX -v ON_ERROR_STOP=1 '%s' -f %s", fixture_conninfo, SCHEMA);
	if (system(command) != 0)
		abort();
}

static void start(void)
{
	fixture_start("postgres redis");
	if (chmod(fixture_dir, 0755) != 0)
		abort();
	apply_schema();
}

int main(void)
{
	Suite *suite = suite_create("notifier");
	TCase *tc = tcase_create("notifier");

	zsys_handler_set(NULL);
	tcase_add_unchecked_fixture(tc, start, fixture_stop);
	tcase_add_checked_fixture(tc, prepare, clean_up);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_result_becomes_an_event);
	tcase_add_test(tc, the_log_has_each_durable_result_once);
	tcase_add_test(tc, killed_and_told_again_it_appends_once);
	tcase_add_test(tc, what_an_earlier_one_lost_stands_before_what_came_since);
	tcase_add_test(tc, who_finds_a_new_one_late_is_not_told_of_late);
	tcase_add_test(tc, a_turn_that_is_done_is_accepted_no_more);
	tcase_add_test(tc, without_postgres_it_does_not_wait_for_long);
	tcase_add_test(tc, without_redis_requests_are_answered_and_events_wait);
	tcase_add_test(tc, listeners_are_told_anew_when_redis_lost_the_log);
	tcase_add_test(tc, ids_are_not_given_again_when_redis_comes_back_with_older_data);
	tcase_add_test(tc, a_restart_of_redis_with_all_its_data_changes_nothing);
	tcase_add_test(tc, a_flush_under_way_begins_a_later_epoch);
	tcase_add_test(tc, more_than_may_wait_is_dropped);
	tcase_add_test(tc, a_poisoned_log_holds_up_no_other);
	tcase_add_test(tc, a_drain_takes_what_was_sent);
	tcase_add_test(tc, a_conversation_has_one_notifier_of_several);
	suite_add_tcase(suite, tc);
	return check_run(suite, CK_FORK_GETENV);
}
