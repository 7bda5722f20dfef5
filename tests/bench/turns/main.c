/* SPDX-License-Identifier: ISC
 *
 * NAME      cleanerctx-turns - sends turns at a rate in the gateway's place, takes them in the notifier's
 * SYNOPSIS  cleanerctx-turns TURNS_ENDPOINT RESULTS_ENDPOINT PEERS USER RATE SECONDS DEADLINE_MS < ids
 *
 * Standard input has the conversations' ids, a line each. Connects to the deciders' endpoint, binds the
 * results', and begins when PEERS processes are connected there. Every finished turn's JSON is a line on
 * standard output, in the order of their ends; it ends when all are there, or WAIT_S after the last was due.
 * A turn's receipt is the moment that it was due, so that one which is sent late counts as waiting.
 *
 * In C, because it runs beside what it measures.
 */
#include "common/base/clock.h"
#include "common/base/xalloc.h"
#include "common/wire/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <zmq.h>

enum {
	ARGUMENTS = 7,
	CONVERSATIONS_MOST = 10000,
	WORDS_A_TURN = 12,
	TEXT_BYTES = 256, /* of a turn: WORDS_A_TURN of the words below, all under 12 bytes */
	CONNECT_S = 10,	  /* for PEERS: they try again every 100 ms */
	WAIT_S = 60,
	SLOTS_A_TURN = 2, /* of the table by turn id: half of them are empty */
};

static const char *const words[] = {"we", "have", "a", "lot", "of", "people", "in", "sales", "and",
	"marketing", "who", "use", "the", "new", "system", "every", "week", "to", "follow", "up", "with",
	"leads"};

static struct talk {
	void *context, *dealer, *pull;
	struct uuid user, conversations[CONVERSATIONS_MOST];
	size_t conversation_count;
	long peers, rate, seconds, deadline_ms;
	uint64_t total, sent, seen, refused;
	uint64_t began_ns;
	int64_t began_us; /* the same moment, wall clock */
	struct slot {
		struct uuid id;
		bool taken, done;
	} * slots;
} talk;

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "cleanerctx-turns: %s: %s\n", what, zmq_strerror(zmq_errno()));
	exit(1);
}

/* --- turns by id: open addressing; nothing leaves the table --- */

static struct slot *slot_of(const struct uuid *id)
{
	uint64_t size = talk.total * SLOTS_A_TURN, at = uuid_hash(id) % size;

	while (talk.slots[at].taken && !uuid_eq(&talk.slots[at].id, id))
		at = (at + 1) % size;
	return &talk.slots[at];
}

/* --- sending --- */

static void put_frame(void *arg, struct slice frame)
{
	size_t *left = arg;

	if (zmq_send(talk.dealer, frame.n ? frame.p : "", frame.n, --*left ? ZMQ_SNDMORE : 0) < 0)
		fail("send");
}

static size_t write_text(uint64_t n, char text[TEXT_BYTES])
{
	const char *rest[countof(words)];
	size_t at = (size_t)snprintf(text, TEXT_BYTES, "um number %llu", (unsigned long long)n);

	memcpy(rest, words, sizeof rest);
	for (size_t i = 0; i < WORDS_A_TURN; i++) { /* each word once */
		size_t pick = i + (size_t)(drand48() * (double)(countof(words) - i));

		at += (size_t)snprintf(text + at, TEXT_BYTES - at, " %s", rest[pick]);
		rest[pick] = rest[i];
	}
	return at;
}

static uint64_t due_ns(uint64_t n)
{
	return n * NS_PER_S / (uint64_t)talk.rate;
}

static void send_turn(uint64_t n)
{
	char text[TEXT_BYTES];
	struct msg_turn turn = {.conversation_id = talk.conversations[n % talk.conversation_count],
		.user_id = talk.user,
		.gateway = SLICE("g-bench"),
		.speaker = SLICE("User"),
		.forced_level = 3,
		.opt_set = TURN_OPT_DEADLINE,
		.deadline_ms = (uint64_t)talk.deadline_ms,
		.received_at = talk.began_us + (int64_t)(due_ns(n) / 1000)};
	size_t left = msg_frame_count(MSG_TURN);
	struct slot *slot;

	turn.turn_id = uuid_v7();
	turn.raw_text = slice_of(text, write_text(n, text));
	slot = slot_of(&turn.turn_id);
	*slot = (struct slot){.id = turn.turn_id, .taken = true};
	msg_encode(MSG_TURN, &turn, put_frame, &left);
}

static void send_due(void)
{
	uint64_t now = clock_mono_ns() - talk.began_ns;

	while (talk.sent < talk.total && due_ns(talk.sent) <= now)
		send_turn(talk.sent++);
}

/* --- taking --- */

static void take_result(const struct msg_result *m)
{
	struct slot *slot = m->durable ? slot_of(&m->turn_id) : NULL;

	if (!slot || !slot->taken || slot->done)
		return;
	slot->done = true;
	talk.seen++;
	fwrite(m->turn.p, 1, m->turn.n, stdout);
	putchar('\n');
}

/* A message that is at hand. False: there is none. */
static bool take_one(void *socket)
{
	zmq_msg_t parts[MSG_FRAMES_MAX];
	struct slice frames[MSG_FRAMES_MAX];
	union msg_any msg;
	enum msg_kind kind;
	size_t n = 0;
	int more = 1;

	while (more && n < countof(parts)) {
		zmq_msg_init(&parts[n]);
		if (zmq_msg_recv(&parts[n], socket, ZMQ_DONTWAIT) < 0) {
			if (zmq_errno() != EAGAIN)
				fail("receive");
			return false; /* messages come whole: only before the first frame */
		}
		frames[n] = slice_of(zmq_msg_data(&parts[n]), zmq_msg_size(&parts[n]));
		more = zmq_msg_more(&parts[n++]);
	}
	if (!more && msg_decode(frames, n, &kind, &msg)) {
		if (kind == MSG_RESULT)
			take_result(&msg.result);
		else if (kind == MSG_VERDICT)
			talk.refused += msg.verdict.outcome > TURN_PAUSED;
	}
	while (n)
		zmq_msg_close(&parts[--n]);
	return true;
}

static void run(void)
{
	struct itimerspec every = {.it_interval.tv_nsec = (long)NS_PER_S / talk.rate, .it_value.tv_nsec = 1};
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	zmq_pollitem_t items[] = {
		{talk.dealer, 0, ZMQ_POLLIN, 0}, {talk.pull, 0, ZMQ_POLLIN, 0}, {NULL, timer, ZMQ_POLLIN, 0}};
	uint64_t give_up, ticks;

	talk.began_ns = clock_mono_ns();
	talk.began_us = clock_wall_us();
	give_up = talk.began_ns + (uint64_t)(talk.seconds + WAIT_S) * NS_PER_S;
	timerfd_settime(timer, 0, &every, NULL);
	while (talk.seen < talk.total && clock_mono_ns() < give_up) {
		if (zmq_poll(items, countof(items), 1000) < 0)
			fail("poll");
		if ((items[2].revents & ZMQ_POLLIN) && read(timer, &ticks, sizeof ticks) > 0)
			send_due();
		while (take_one(talk.dealer))
			;
		while (take_one(talk.pull))
			;
	}
	close(timer);
}

/* --- beginning --- */

static void *watch_peers(void)
{
	void *monitor = zmq_socket(talk.context, ZMQ_PAIR);
	int wait_ms = CONNECT_S * 1000;

	if (zmq_socket_monitor(talk.pull, "inproc://peers", ZMQ_EVENT_HANDSHAKE_SUCCEEDED) != 0 ||
		zmq_connect(monitor, "inproc://peers") != 0)
		fail("monitor");
	zmq_setsockopt(monitor, ZMQ_RCVTIMEO, &wait_ms, sizeof wait_ms);
	return monitor;
}

static void wait_for_peers(void *monitor)
{
	char frame[256];

	for (long i = 0; i < talk.peers; i++)
		if (zmq_recv(monitor, frame, sizeof frame, 0) < 0 ||
			zmq_recv(monitor, frame, sizeof frame, 0) < 0)
			fail("fewer peers than expected");
	zmq_socket_monitor(talk.pull, NULL, 0);
	zmq_close(monitor);
}

static void connect_all(const char *turns, const char *results)
{
	int none = 0;
	void *monitor;

	talk.context = zmq_ctx_new();
	talk.dealer = zmq_socket(talk.context, ZMQ_DEALER);
	talk.pull = zmq_socket(talk.context, ZMQ_PULL);
	zmq_setsockopt(talk.dealer, ZMQ_LINGER, &none, sizeof none);
	zmq_setsockopt(talk.dealer, ZMQ_SNDHWM, &none, sizeof none); /* without a bound: none is lost here */
	zmq_setsockopt(talk.pull, ZMQ_RCVHWM, &none, sizeof none);
	monitor = watch_peers();
	if (zmq_bind(talk.pull, results) != 0 || zmq_connect(talk.dealer, turns) != 0)
		fail("endpoint");
	wait_for_peers(monitor);
}

static void read_conversations(void)
{
	char line[128];

	while (talk.conversation_count < CONVERSATIONS_MOST && fgets(line, sizeof line, stdin)) {
		line[strcspn(line, "\n")] = '\0';
		if (uuid_parse(slice_str(line), &talk.conversations[talk.conversation_count]))
			talk.conversation_count++;
	}
}

int main(int argc, char **argv)
{
	if (argc != ARGUMENTS + 1 || !uuid_parse(slice_str(argv[4]), &talk.user)) {
		fputs("usage: cleanerctx-turns TURNS_ENDPOINT RESULTS_ENDPOINT PEERS USER RATE SECONDS "
		      "DEADLINE_MS < ids\n",
			stderr);
		return 64;
	}
	talk.peers = atol(argv[3]);
	talk.rate = atol(argv[5]);
	talk.seconds = atol(argv[6]);
	talk.deadline_ms = atol(argv[7]);
	read_conversations();
	if (!talk.conversation_count || talk.rate < 2 || talk.seconds < 1) {
		fputs("cleanerctx-turns: no conversations, a rate under 2, or no time\n", stderr);
		return 64;
	}
	talk.total = (uint64_t)(talk.rate * talk.seconds);
	talk.slots = xcalloc(talk.total * SLOTS_A_TURN, sizeof *talk.slots);
	connect_all(argv[1], argv[2]);
	run();
	if (talk.refused)
		fprintf(stderr, "cleanerctx-turns: %llu turns were refused\n",
			(unsigned long long)talk.refused);
	zmq_close(talk.dealer);
	zmq_close(talk.pull);
	zmq_ctx_term(talk.context);
	free(talk.slots);
	return 0;
}
