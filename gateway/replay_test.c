/* SPDX-License-Identifier: ISC
 *
 * replay_test.c - scripts as a table, and a random world held against the promise: each event once, in order, none left
 * out between two resets.
 *
 * A script is a row of words, run one after another; what the stream does is written down and compared:
 *   cN    the notifier confirms, the log stands at N        N     event N comes live
 *   [a-b] the log answers with events a..b, complete        <a-b> the same, but there is more
 *   []    the log answers with none                         !N    the log is too old and stands at N
 *   r     the stream is restarted (at 1 of the next log)    e     switches to the next epoch
 * Written down: N delivered, ?N read asked for after N, R<N> reset to N.
 */
#include "common/base/check_run.h"
#include "gateway/replay.h"

#include <stdio.h>
#include <stdlib.h>

static struct {
	char text[512];
	uint64_t epoch;
	bool asked;
	struct cursor asked_after;
} seen;

static void note(const char *mark, uint64_t n)
{
	size_t at = strlen(seen.text);

	snprintf(seen.text + at, sizeof seen.text - at, "%s%s%llu", at ? " " : "", mark, (unsigned long long)n);
}

static void seen_deliver(struct event *event, void *arg)
{
	note("", event->at.offset);
}

static void seen_reset(struct cursor now, void *arg)
{
	note("R", now.offset);
}

static void seen_read(struct cursor after, void *arg)
{
	note("?", after.offset);
}

static struct event *made(uint64_t epoch, uint64_t offset)
{
	return event_create((struct cursor){epoch, offset}, EVENT_TURN_PROCESSED, NULL, SLICE("{}"));
}

static void entries(struct replay *r, unsigned from, unsigned to)
{
	for (unsigned i = from; i <= to; i++) {
		struct event *e = made(seen.epoch, i);

		replay_entry(r, e);
		event_drop(&e);
	}
}

static void step(struct replay *r, const char *word)
{
	unsigned a = 0, b = 0;
	struct event *e;

	if (sscanf(word, "c%u", &a) == 1) {
		replay_confirm(r, (struct cursor){seen.epoch, a});
	} else if (strcmp(word, "[]") == 0) {
		replay_end(r, REPLAY_COMPLETE, (struct cursor){0, 0});
	} else if (sscanf(word, "[%u-%u]", &a, &b) == 2) {
		entries(r, a, b);
		replay_end(r, REPLAY_COMPLETE, (struct cursor){0, 0});
	} else if (sscanf(word, "<%u-%u>", &a, &b) == 2) {
		entries(r, a, b);
		replay_end(r, REPLAY_MORE, (struct cursor){0, 0});
	} else if (sscanf(word, "!%u", &a) == 1) {
		replay_end(r, REPLAY_TOO_OLD, (struct cursor){seen.epoch, a});
	} else if (strcmp(word, "r") == 0) {
		replay_restart(r, (struct cursor){seen.epoch + 1, 1});
	} else if (strcmp(word, "e") == 0) {
		seen.epoch++;
	} else {
		ck_assert_int_eq(sscanf(word, "%u", &a), 1);
		e = made(seen.epoch, a);
		replay_event(r, e);
		event_drop(&e);
	}
}

static const struct {
	int line;
	int after; /* -1: none */
	const char *script, *want;
} scripts[] = {
	/* without a cursor */
	{__LINE__, -1, "c5 6 7", "6 7"},
	{__LINE__, -1, "5 6 c5 7", "6 7"},
	{__LINE__, -1, "c0 1 2", "1 2"},
	{__LINE__, -1, "c5 6 6 5 7", "6 7"},
	{__LINE__, -1, "c5 8 [6-8] 9", "?5 6 7 8 9"},
	{__LINE__, -1, "c5 8 9 [6-8] 10", "?5 6 7 8 9 10"},
	{__LINE__, -1, "c5 8 [6-6] [7-8]", "?5 6 R8"}, /* the log fell short of what it had promised */
	{__LINE__, -1, "c5 7 9 [6-7] [8-9] 10", "?5 6 7 ?7 8 9 10"},
	/* with one */
	{__LINE__, 5, "c5 6", "6"},
	{__LINE__, 2, "c5 [3-5] 6", "?2 3 4 5 6"},
	{__LINE__, 2, "c5 6 7 [3-5] 8", "?2 3 4 5 6 7 8"},
	{__LINE__, 2, "c5 6 [3-7] 7 8", "?2 3 4 5 6 7 8"},
	{__LINE__, 2, "4 c5 6 [3-5] 7", "?2 3 4 5 6 7"},
	{__LINE__, 2, "c5 <3-4> [5-5] 6", "?2 3 4 ?4 5 6"},
	{__LINE__, 2, "c9 10 !9 11", "?2 R9 10 11"},
	{__LINE__, 2, "c9 !12 11 13", "?2 R12 13"},
	{__LINE__, 6, "c5 [] 6 7", "?6 7"}, /* the cursor is ahead of what was published */
	{__LINE__, 0, "c3 [1-3] 4", "?0 1 2 3 4"},
	/* the notifier was started anew */
	{__LINE__, -1, "c5 6 c6 7", "6 7"},
	{__LINE__, -1, "c5 6 c8 [7-8] 9", "6 ?6 7 8 9"},
	{__LINE__, -1, "c5 6 c8 9 [7-8] 10", "6 ?6 7 8 9 10"},
	/* another log in its place */
	{__LINE__, -1, "c5 6 e 1 !1 2", "6 ?6 R1 2"},
	{__LINE__, -1, "c5 6 e c3 !3 4", "6 ?6 R3 4"},
	{__LINE__, -1, "c5 6 r e 2 3", "6 R1 2 3"},
	{__LINE__, 2, "c5 r e 2 [3-5] 3", "?2 R1 2 3"},
	{__LINE__, -1, "r e c1 2", "2"},
};

START_TEST(scripts_give_what_they_promise)
{
	const struct cursor after = {1, (uint64_t)scripts[_i].after};
	struct replay r;
	char script[128], *save = NULL;

	memset(&seen, 0, sizeof seen);
	seen.epoch = 1;
	replay_init(&r, scripts[_i].after < 0 ? NULL : &after, (struct replay_sink){seen_deliver, seen_reset, seen_read, NULL});
	snprintf(script, sizeof script, "%s", scripts[_i].script);
	for (char *w = strtok_r(script, " ", &save); w; w = strtok_r(NULL, " ", &save))
		step(&r, w);
	replay_finish(&r);
	ck_assert_msg(strcmp(seen.text, scripts[_i].want) == 0, "%s:%d: got \"%s\", want \"%s\"", __FILE__,
		scripts[_i].line, seen.text, scripts[_i].want);
}
END_TEST

START_TEST(what_is_kept_aside_is_bounded_and_read_instead)
{
	const struct cursor after = {1, 0};
	struct replay r;

	memset(&seen, 0, sizeof seen);
	seen.epoch = 1;
	replay_init(&r, &after, (struct replay_sink){seen_deliver, seen_reset, seen_read, NULL});
	step(&r, "c1");
	for (unsigned i = 2; i < REPLAY_KEPT_EVENTS * 2; i++) {
		struct event *e = made(1, i);

		replay_event(&r, e);
		event_drop(&e);
		ck_assert_uint_le(r.kept_count, REPLAY_KEPT_EVENTS);
	}
	seen.text[0] = '\0';
	step(&r, "[1-1]");
	ck_assert_str_eq(seen.text, "1 ?1");
	replay_finish(&r);
}
END_TEST

/* A small world: a log that is cut at its old end and sometimes lost, a link that loses events, a topic that hears it, and
 * a subscription that hears the topic. */
enum { WORLD_LOG = 24, WORLD_STEPS = 4000, WORLD_WORLDS = 300 };

static struct world {
	uint64_t epoch, offset;     /* the log's end */
	struct replay topic, client;
	bool client_there, heard;
	struct { bool asked, answered; struct cursor after; uint64_t until; } topic_read, client_read;
	struct cursor got; /* the client's */
	bool fresh;        /* got is a place, not an event */
	unsigned delivered, resets;
} w;

static void topic_deliver(struct event *event, void *arg)
{
	if (w.client_there)
		replay_event(&w.client, event);
}

static void topic_reset(struct cursor now, void *arg)
{
	if (w.client_there)
		replay_restart(&w.client, now);
}

static void topic_read(struct cursor after, void *arg)
{
	w.topic_read.asked = true;
	w.topic_read.after = after;
}

static void client_deliver(struct event *event, void *arg)
{
	ck_assert_msg(cursor_follows(w.got, event->at), "%llu-%llu after %llu-%llu", (unsigned long long)event->at.epoch,
		(unsigned long long)event->at.offset, (unsigned long long)w.got.epoch, (unsigned long long)w.got.offset);
	w.got = event->at;
	w.delivered++;
}

static void client_reset(struct cursor now, void *arg)
{
	w.got = now;
	w.resets++;
}

static void client_read(struct cursor after, void *arg)
{
	w.client_read.asked = true;
	w.client_read.after = after;
}

static void world_answer(struct replay *r, struct cursor after)
{
	uint64_t oldest = w.offset > WORLD_LOG ? w.offset - WORLD_LOG + 1 : 1, end = w.offset;
	bool nothing_yet = after.epoch == 0 && after.offset == 0;

	if ((!nothing_yet && after.epoch != w.epoch) || after.offset + 1 < oldest || after.offset > w.offset) {
		replay_end(r, REPLAY_TOO_OLD, (struct cursor){w.epoch, w.offset});
		return;
	}
	if (end > after.offset + 5 && rand() % 2)
		end = after.offset + 5;
	for (uint64_t i = after.offset + 1; i <= end; i++) {
		struct event *e = made(w.epoch, i);

		replay_entry(r, e);
		event_drop(&e);
	}
	replay_end(r, end == w.offset ? REPLAY_COMPLETE : REPLAY_MORE, (struct cursor){w.epoch, w.offset});
}

static void world_append(bool heard)
{
	struct event *e = made(w.epoch, ++w.offset);

	if (heard)
		replay_event(&w.topic, e);
	event_drop(&e);
}

static void world_confirm(void)
{
	bool first = w.topic.state == REPLAY_UNCONFIRMED;

	replay_confirm(&w.topic, (struct cursor){w.epoch, w.offset});
	if (first && w.client_there)
		replay_confirm(&w.client, w.topic.last);
}

static void world_client_comes(void)
{
	bool resume = w.got.epoch != 0 && rand() % 4;

	if (w.client_there)
		replay_finish(&w.client);
	w.client_read.asked = false;
	w.client_there = true;
	replay_init(&w.client, resume ? &w.got : NULL, (struct replay_sink){client_deliver, client_reset, client_read, NULL});
	if (!resume)
		w.got = w.topic.last;
	if (w.topic.state != REPLAY_UNCONFIRMED)
		replay_confirm(&w.client, w.topic.last);
	else
		replay_finish(&w.client), w.client_there = false;
}

static void world_step(void)
{
	int dice = rand() % 100;

	if (dice < 40) {
		world_append(rand() % 20 != 0);
	} else if (dice < 60 && w.topic_read.asked) {
		w.topic_read.asked = false;
		world_answer(&w.topic, w.topic_read.after);
	} else if (dice < 80 && w.client_read.asked) {
		w.client_read.asked = false;
		world_answer(&w.client, w.client_read.after);
	} else if (dice < 85) {
		world_confirm();
	} else if (dice < 90) {
		world_client_comes();
	} else if (dice == 90 && rand() % 8 == 0) {
		w.epoch++;
		w.offset = 0;
		world_append(true);
	}
}

static void world_settle(void)
{
	world_append(true);
	for (int i = 0; i < 1000 && (w.topic_read.asked || w.client_read.asked); i++) {
		if (w.topic_read.asked) {
			w.topic_read.asked = false;
			world_answer(&w.topic, w.topic_read.after);
		}
		if (w.client_read.asked) {
			w.client_read.asked = false;
			world_answer(&w.client, w.client_read.after);
		}
	}
}

START_TEST(a_random_world_loses_nothing)
{
	memset(&w, 0, sizeof w);
	srand((unsigned)_i + 1);
	w.epoch = 1;
	replay_init(&w.topic, NULL, (struct replay_sink){topic_deliver, topic_reset, topic_read, NULL});
	world_confirm();
	world_client_comes();
	for (int i = 0; i < WORLD_STEPS; i++)
		world_step();
	world_settle();
	ck_assert(!w.topic_read.asked && !w.client_read.asked);
	ck_assert_msg(w.got.epoch == w.epoch && w.got.offset == w.offset, "seed %d: the client has %llu-%llu, the log %llu-%llu",
		_i + 1, (unsigned long long)w.got.epoch, (unsigned long long)w.got.offset, (unsigned long long)w.epoch,
		(unsigned long long)w.offset);
	ck_assert_uint_gt(w.delivered, 0);
	replay_finish(&w.topic);
	replay_finish(&w.client);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("replay");
	TCase *t = tcase_create("replay");

	tcase_add_loop_test(t, scripts_give_what_they_promise, 0, (int)countof(scripts));
	tcase_add_test(t, what_is_kept_aside_is_bounded_and_read_instead);
	tcase_add_loop_test(t, a_random_world_loses_nothing, 0, WORLD_WORLDS);
	suite_add_tcase(s, t);
	return check_run(s, CK_NOFORK);
}
