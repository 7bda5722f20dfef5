/* SPDX-License-Identifier: ISC
 *
 * talker.c - see talker.h.
 */
#include "talker.h"

#include "common/base/clock.h"
#include "common/base/xalloc.h"
#include "tests/load/client/conn.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_BYTES = 37, PATH_BYTES = 128, SAID_BYTES = 200 };
static const double broken_wait_s = 0.05, wrong_wait_s = 1.0;
static const double lumen_share = 0.4; /* of the turns; the rest are a person's */

struct talker {
	struct talking *all;
	unsigned number;
	unsigned short rng[3];
	char path[PATH_BYTES], token[TALKER_TOKEN_BYTES];
	struct conn *conn;
	ev_timer timer;
	double due;	       /* the loop's time */
	unsigned text, spoken; /* of the turn that is being said; turns so far */
	char key[KEY_BYTES];   /* empty: none is being said */
	uint64_t asked_ns;
};

static double chance(struct talker *t)
{
	return erand48(t->rng);
}

static void wait_then(struct talker *t, double seconds)
{
	ev_timer_stop(t->all->loop, &t->timer);
	ev_timer_set(&t->timer, seconds > 0 ? seconds : 0, 0.);
	ev_timer_start(t->all->loop, &t->timer);
}

static void fall_silent(struct talker *t)
{
	ev_timer_stop(t->all->loop, &t->timer);
	conn_destroy(&t->conn);
	if (t->key[0])
		printf("open %u %u %u\n", t->number, t->text, t->spoken);
	if (++t->all->silent == t->all->count)
		ev_break(t->all->loop, EVBREAK_ALL);
}

/* --- one turn --- */

static void acknowledged(struct talker *t, const struct reply *reply)
{
	struct slice id = reply_member(reply->body, "turn_id");
	const char *seq = memmem(reply->body.p, reply->body.n, "\"seq\":", 6);

	printf("ack %u %u %u %.*s %ld %d %llu %llu\n", t->number, t->text, t->spoken, (int)id.n, id.p,
		seq ? atol(seq + 6) : 0, reply->status, (unsigned long long)t->asked_ns,
		(unsigned long long)reply->ended_ns);
	t->key[0] = '\0';
	t->spoken++;
	if (t->all->stopping)
		fall_silent(t);
	else
		wait_then(t, t->due - ev_now(t->all->loop));
}

/* Not acknowledged: the same again, when its time has come. */
static void answered(struct conn *c, const struct reply *reply, const char *broken, void *arg)
{
	struct talker *t = arg;

	if (!reply) {
		printf("broken %u %s\n", t->number, broken);
		wait_then(t, broken_wait_s);
	} else if (reply->status == 201 || reply->status == 202) {
		acknowledged(t, reply);
	} else if ((reply->status == 503 || reply->status == 429) && reply->retry_after_s != REPLY_NO_RETRY) {
		printf("refused %u %d\n", t->number, reply->status);
		wait_then(t, reply->retry_after_s);
	} else {
		printf("wrong %u %d %.*s\n", t->number, reply->status,
			(int)(reply->body.n < SAID_BYTES ? reply->body.n : SAID_BYTES), reply->body.p);
		wait_then(t, wrong_wait_s);
	}
}

static void ask(struct talker *t)
{
	char headers[KEY_BYTES + 32], body[TALKER_TEXT_BYTES + 96];
	struct conn_request r = {
		.method = "POST", .path = t->path, .token = t->token, .headers = headers, .body = body};

	snprintf(headers, sizeof headers, "Idempotency-Key: %s\r\n", t->key);
	snprintf(body, sizeof body, "{\"speaker\": \"%s\", \"raw_text\": \"%s %u %u\"}",
		t->all->speakers[t->text], t->all->texts[t->text], t->number, t->spoken);
	t->asked_ns = clock_mono_ns();
	conn_ask(t->conn, &r, answered, t);
}

static unsigned choose_text(struct talker *t)
{
	bool lumen = chance(t) < lumen_share;
	unsigned text;

	do
		text = (unsigned)(chance(t) * t->all->text_count);
	while ((strcmp(t->all->speakers[text], "Lumen") == 0) != lumen);
	return text;
}

static void begin_turn(struct talker *t)
{
	double now = ev_now(t->all->loop);

	t->due += (0.5 + chance(t)) * t->all->period_s;
	if (t->due < now)
		t->due = now;
	t->text = choose_text(t);
	snprintf(t->key, sizeof t->key, "%08lx-%04x-%04x-%08lx%04x", jrand48(t->rng) & 0xffffffff,
		t->number & 0xffff, t->spoken & 0xffff, jrand48(t->rng) & 0xffffffff, t->number & 0xffff);
}

static void on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct talker *t = w->data;

	if (!t->key[0] && t->all->stopping)
		fall_silent(t);
	else {
		if (!t->key[0])
			begin_turn(t);
		ask(t);
	}
}

/* --- all of them --- */

bool talker_add(
	struct talking *talking, unsigned number, unsigned port, const char *conversation, const char *token)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct talker *t;

	if (talking->count == TALKERS || strlen(token) >= TALKER_TOKEN_BYTES)
		return false;
	t = xcalloc(1, sizeof *t);
	t->all = talking;
	t->number = number;
	strcpy(t->token, token);
	ev_init(&t->timer, on_timer);
	t->timer.data = t;
	t->conn = conn_create(talking->loop, &to);
	talking->talkers[talking->count++] = t;
	return snprintf(t->path, sizeof t->path, "/api/v1/conversations/%s/turns", conversation) < PATH_BYTES;
}

void talking_start(struct talking *talking, long seed)
{
	for (unsigned i = 0; i < talking->count; i++) {
		struct talker *t = talking->talkers[i];

		t->rng[0] = (unsigned short)seed;
		t->rng[1] = (unsigned short)(seed >> 16);
		t->rng[2] = (unsigned short)t->number;
		t->due = ev_now(talking->loop) + chance(t) * talking->period_s;
		wait_then(t, t->due - ev_now(talking->loop));
	}
}

static void on_give_up(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct talking *talking = w->data;

	for (unsigned i = 0; i < talking->count; i++)
		if (talking->talkers[i]->conn)
			fall_silent(talking->talkers[i]);
}

void talking_stop(struct talking *talking)
{
	static ev_timer patience;

	talking->stopping = true;
	ev_timer_init(&patience, on_give_up, TALKER_GIVE_UP_S, 0.);
	patience.data = talking;
	ev_timer_start(talking->loop, &patience);
	for (unsigned i = 0; i < talking->count; i++)
		if (!talking->talkers[i]->key[0])
			fall_silent(talking->talkers[i]);
}
