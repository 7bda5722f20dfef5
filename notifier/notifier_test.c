/* SPDX-License-Identifier: ISC
 *
 * notifier_test.c - the real notifier with a real Redis and PostgreSQL: its own process, fed and heard over its real
 * sockets, killed, and its servers killed under it.
 */
#include "common/base/clock.h"
#include "common/store/event_log.h"
#include "common/store/fixture.h"
#include "common/wire/limits.h"
#include "common/wire/message.h"

#include <check.h>
#include <czmq.h>
#include <hiredis/hiredis.h>
#include <libpq-fe.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { HEAR_MS = 20000, SILENCE_MS = 300, ARGS = 20 };

static const char *const notifier = NOTIFIER; /* the binary */

static struct uuid conversation, turn;
static char topic[LIMIT_TOPIC_BYTES], log_key[EVENT_LOG_KEY_BYTES], seen_key[EVENT_LOG_KEY_BYTES];
static pid_t pid;
static zsock_t *results, *events;
static zmsg_t *held; /* what `heard` borrows from */

struct heard {
	bool any;
	char topic[LIMIT_TOPIC_BYTES];
	enum msg_kind kind;
	union msg_any msg;
	struct cursor at; /* of an event or an answer; zero when it has no id */
};

/* --- the process --- */

static pid_t spawn(const char *results_bind, const char *events_bind, const char *const *more)
{
	char *argv[ARGS] = {(char *)notifier, (char *)"--runtime_dir", fixture_dir, (char *)"--postgres", fixture_conninfo,
		(char *)"--redis", fixture_redis, (char *)"--results_bind", (char *)results_bind, (char *)"--events_bind",
		(char *)events_bind};
	pid_t child;

	for (size_t n = 11; *more; more++)
		argv[n++] = (char *)*more;
	child = fork();
	if (child == 0) {
		execv(notifier, argv);
		_exit(127);
	}
	return child;
}

static void start_notifier(const char *backlog)
{
	char bind[2][100];

	snprintf(bind[0], sizeof bind[0], "ipc://%s/results", fixture_dir);
	snprintf(bind[1], sizeof bind[1], "ipc://%s/events", fixture_dir);
	pid = spawn(bind[0], bind[1], (const char *const[]){"--backlog_results", backlog, NULL});
}

static int end_notifier(int number)
{
	int status;

	ck_assert_int_eq(kill(pid, number), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

/* --- its sockets --- */

static void say(uint64_t revision, bool durable, const char *gateway)
{
	struct msg_result m = {.conversation_id = conversation, .turn_id = turn, .revision = revision,
		.event = EVENT_TURN_PROCESSED, .gateway = slice_str(gateway), .at = clock_wall_us(),
		.turn = SLICE("{\"state\":\"done\"}"), .durable = durable};
	struct buf packed;
	zmsg_t *msg = zmsg_new();

	buf_init(&packed, 1 << 20);
	msg_pack(MSG_RESULT, &m, &packed);
	for (size_t at = 0; at + 4 <= packed.n;) { /* the blob form is the frames, each after its length */
		uint32_t n;

		memcpy(&n, packed.p + at, 4);
		zmsg_addmem(msg, packed.p + at + 4, n);
		at += 4 + n;
	}
	buf_finish(&packed);
	ck_assert_int_eq(zmsg_send(&msg, results), 0);
}

static struct heard hear_within(int ms)
{
	struct slice frames[MSG_FRAMES_MAX];
	struct heard h = {0};
	size_t count = 0;
	struct slice id;

	zmsg_destroy(&held);
	zsock_set_rcvtimeo(events, ms);
	held = zmsg_recv(events);
	if (!held)
		return h;
	h.any = true;
	for (zframe_t *f = zmsg_first(held); f && count < countof(frames); f = zmsg_next(held))
		frames[count++] = slice_of((const char *)zframe_data(f), zframe_size(f));
	snprintf(h.topic, sizeof h.topic, "%.*s", (int)frames[0].n, frames[0].p);
	ck_assert(msg_decode(frames + 1, count - 1, &h.kind, &h.msg));
	id = h.kind == MSG_EVENT ? h.msg.event.event_id : h.msg.subscribed.event_id;
	if (id.n)
		ck_assert(cursor_parse(id, &h.at));
	return h;
}

/* The next message of that kind under that topic. */
static struct heard hear(enum msg_kind kind, const char *under)
{
	struct heard h;

	do {
		h = hear_within(HEAR_MS);
		ck_assert_msg(h.any, "heard nothing under %s", under);
	} while (h.kind != kind || strcmp(h.topic, under) != 0);
	return h;
}

/* Subscribes and waits for the answer, which says that results are taken, too. */
static struct cursor listen_to(const char *under)
{
	zsock_set_subscribe(events, under);
	return hear(MSG_SUBSCRIBED, under).at;
}

static void connect_sockets(void)
{
	results = zsock_new(ZMQ_PUSH);
	events = zsock_new(ZMQ_SUB);
	zsock_set_linger(results, 0);
	zsock_set_reconnect_ivl(results, 20);
	zsock_set_reconnect_ivl(events, 20);
	ck_assert_int_eq(zsock_connect(results, "ipc://%s/results", fixture_dir), 0);
	ck_assert_int_eq(zsock_connect(events, "ipc://%s/events", fixture_dir), 0);
}

/* --- its servers --- */

static redisReply *redis_run(const char *format, ...)
{
	redisContext *c = redisConnectUnix(fixture_redis + strlen("unix://"));
	redisReply *reply;
	va_list args;

	ck_assert(c && !c->err);
	va_start(args, format);
	reply = redisvCommand(c, format, args);
	va_end(args);
	ck_assert(reply && reply->type != REDIS_REPLY_ERROR);
	redisFree(c);
	return reply;
}

static long long log_length(void)
{
	redisReply *reply = redis_run("XLEN %s", log_key);
	long long n = reply->integer;

	freeReplyObject(reply);
	return n;
}

static long sql(const char *text)
{
	PGconn *c = PQconnectdb(fixture_conninfo);
	PGresult *r = PQexec(c, text);
	long v = PQntuples(r) ? atol(PQgetvalue(r, 0, 0)) : 0;

	ck_assert_msg(PQresultStatus(r) == PGRES_TUPLES_OK || PQresultStatus(r) == PGRES_COMMAND_OK, "%s", PQerrorMessage(c));
	PQclear(r);
	PQfinish(c);
	return v;
}

/* A turn that is done, with the outbox row of its revision. */
static void store_turn(void)
{
	char text[1500], c[UUID_TEXT_BYTES], t[UUID_TEXT_BYTES];

	uuid_text(&conversation, c);
	uuid_text(&turn, t);
	snprintf(text, sizeof text,
		"INSERT INTO users (id, email, password_hash) VALUES ('%s', '%s', '');"
		"INSERT INTO conversations (id, user_id, name) VALUES ('%s', '%s', '');"
		"INSERT INTO turns (id, conversation_id, seq, speaker, agent, raw_text, state, level, deadline_ms, verbatim, formats, "
		"received_at) VALUES ('%s', '%s', 1, 'User', false, '', 'done', 0, 500, false, 0, now());"
		"INSERT INTO outbox (turn_id, revision) VALUES ('%s', 1)",
		c, c, c, c, t, c, t);
	sql(text);
}

static void await_empty_outbox(void)
{
	uint64_t end = clock_mono_ns() + HEAR_MS * NS_PER_MS;

	while (sql("SELECT count(*) FROM outbox") > 0)
		ck_assert_msg(clock_mono_ns() < end, "the outbox row stays");
}

static void prepare(void)
{
	conversation = uuid_v7();
	turn = uuid_v7();
	topic_conversation(&conversation, topic);
	event_log_keys(&conversation, log_key, seen_key);
	sql("DELETE FROM outbox");
	start_notifier("100");
	connect_sockets();
}

static void clean_up(void)
{
	zmsg_destroy(&held);
	zsock_destroy(&results);
	zsock_destroy(&events);
	if (pid)
		ck_assert_int_eq(end_notifier(SIGTERM), 0); /* also with sanitizers: nothing leaked, nothing wrong */
}

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
	ck_assert(memmem(h.msg.event.json.p, h.msg.event.json.n, "\"turn\":{\"state\":\"done\"}", 23) != NULL);
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
	ck_assert_uint_eq(hear(MSG_SUBSCRIBED, topic).at.offset, 1); /* the subscription comes back by itself */
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
	zsock_set_subscribe(events, "c.01900000-0000-7000-8000-000000000000"); /* answered when Redis is back */
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
		both[i] = spawn(bind[i][0], bind[i][1], (const char *const[]){"--count", "2", "--index", places[i], NULL});
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
	SRunner *runner = srunner_create(suite);
	int failed;

	zsys_handler_set(NULL);
	tcase_add_unchecked_fixture(tc, start, fixture_stop);
	tcase_add_checked_fixture(tc, prepare, clean_up);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_result_becomes_an_event);
	tcase_add_test(tc, the_log_has_each_durable_result_once);
	tcase_add_test(tc, killed_and_told_again_it_appends_once);
	tcase_add_test(tc, without_redis_requests_are_answered_and_events_wait);
	tcase_add_test(tc, listeners_are_told_anew_when_redis_lost_the_log);
	tcase_add_test(tc, a_flush_under_way_begins_a_later_epoch);
	tcase_add_test(tc, more_than_may_wait_is_dropped);
	tcase_add_test(tc, a_poisoned_log_holds_up_no_other);
	tcase_add_test(tc, a_drain_takes_what_was_sent);
	tcase_add_test(tc, a_conversation_has_one_notifier_of_several);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
