/* SPDX-License-Identifier: ISC
 *
 * notifier_fixture.c - see notifier_fixture.h.
 */
#include "notifier_fixture.h"

#include "common/base/clock.h"

#include <check.h>
#include <libpq-fe.h>
#include <sys/wait.h>
#include <unistd.h>

enum { HEAR_MS = 20000, ARGS = 20 };

static const char *const notifier = NOTIFIER; /* the binary */

struct uuid conversation, turn;
char topic[LIMIT_TOPIC_BYTES], log_key[EVENT_LOG_KEY_BYTES];
pid_t pid;
zsock_t *results, *events;
static char seen_key[EVENT_LOG_KEY_BYTES];
static zmsg_t *held; /* what `heard` borrows from */

/* --- the process --- */

pid_t spawn_notifier(const char *results_bind, const char *events_bind, const char *const *more)
{
	char *argv[ARGS] = {(char *)notifier, (char *)"--runtime_dir", fixture_dir, (char *)"--postgres",
		fixture_conninfo, (char *)"--redis", fixture_redis, (char *)"--results_bind",
		(char *)results_bind, (char *)"--events_bind", (char *)events_bind};
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

void start_notifier(const char *backlog)
{
	char bind[2][100];

	snprintf(bind[0], sizeof bind[0], "ipc://%s/results", fixture_dir);
	snprintf(bind[1], sizeof bind[1], "ipc://%s/events", fixture_dir);
	pid = spawn_notifier(bind[0], bind[1], (const char *const[]){"--backlog_results", backlog, NULL});
}

int end_notifier(int number)
{
	int status;

	ck_assert_int_eq(kill(pid, number), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

/* --- its sockets --- */

void say(uint64_t revision, bool durable, const char *gateway)
{
	say_event(EVENT_TURN_PROCESSED, clock_wall_us(), revision, durable, gateway);
}

void say_event(uint64_t event, int64_t at, uint64_t revision, bool durable, const char *gateway)
{
	struct msg_result m = {.conversation_id = conversation,
		.turn_id = turn,
		.revision = revision,
		.event = event,
		.gateway = slice_str(gateway),
		.at = at,
		.turn = SLICE("{\"state\":\"done\"}"),
		.durable = durable};
	struct buf packed;
	zmsg_t *msg = zmsg_new();

	buf_init(&packed, 1 << 20);
	msg_pack(MSG_RESULT, &m, &packed);
	for (size_t from = 0; from + 4 <= packed.n;) { /* the blob form is the frames, each after its length */
		uint32_t n;

		memcpy(&n, packed.p + from, 4);
		zmsg_addmem(msg, packed.p + from + 4, n);
		from += 4 + n;
	}
	buf_finish(&packed);
	ck_assert_int_eq(zmsg_send(&msg, results), 0);
}

struct heard hear_within(int ms)
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
struct heard hear(enum msg_kind kind, const char *under)
{
	struct heard h;

	do {
		h = hear_within(HEAR_MS);
		ck_assert_msg(h.any, "heard nothing under %s", under);
	} while (h.kind != kind || strcmp(h.topic, under) != 0);
	return h;
}

/* Subscribes and waits for the answer, which says that results are taken, too. */
struct cursor listen_to(const char *under)
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

redisReply *redis_run(const char *format, ...)
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

long long log_length(void)
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

	ck_assert_msg(PQresultStatus(r) == PGRES_TUPLES_OK || PQresultStatus(r) == PGRES_COMMAND_OK, "%s",
		PQerrorMessage(c));
	PQclear(r);
	PQfinish(c);
	return v;
}

/* A turn that is done, with the outbox row of its revision. */
void await_log_length(long long entries)
{
	uint64_t end = clock_mono_ns() + HEAR_MS * NS_PER_MS;

	while (log_length() < entries)
		ck_assert_msg(clock_mono_ns() < end, "%lld of %lld entries", log_length(), entries);
}

void store_turn(void)
{
	char text[1500], c[UUID_TEXT_BYTES], t[UUID_TEXT_BYTES];

	uuid_text(&conversation, c);
	uuid_text(&turn, t);
	snprintf(text, sizeof text,
		"INSERT INTO users (id, email, password_hash) VALUES ('%s', '%s', '');"
		"INSERT INTO conversations (id, user_id, name) VALUES ('%s', '%s', '');"
		"INSERT INTO turns (id, conversation_id, seq, speaker, agent, raw_text, state, level, "
		"deadline_ms, verbatim, formats, "
		"received_at) VALUES ('%s', '%s', 1, 'User', false, '', 'done', 0, 500, false, 0, now());"
		"INSERT INTO outbox (turn_id, revision) VALUES ('%s', 1)",
		c, c, c, c, t, c, t);
	sql(text);
}

void await_empty_outbox(void)
{
	uint64_t end = clock_mono_ns() + HEAR_MS * NS_PER_MS;

	while (sql("SELECT count(*) FROM outbox") > 0)
		ck_assert_msg(clock_mono_ns() < end, "the outbox row stays");
}

static void begin_conversation(void)
{
	conversation = uuid_v7();
	turn = uuid_v7();
	topic_conversation(&conversation, topic);
	event_log_keys(&conversation, log_key, seen_key);
}

/* Until the notifier has made good what an earlier one lost: it holds results back until then. */
void prepare(void)
{
	sql("DELETE FROM outbox");
	start_notifier("100");
	connect_sockets();
	begin_conversation();
	listen_to(topic);
	say(1, true, "");
	hear(MSG_EVENT, topic);
	zsock_set_unsubscribe(events, topic);
	begin_conversation();
}

void clean_up(void)
{
	zmsg_destroy(&held);
	zsock_destroy(&results);
	zsock_destroy(&events);
	if (pid)
		ck_assert_int_eq(
			end_notifier(SIGTERM), 0); /* also with sanitizers: nothing leaked, nothing wrong */
}
