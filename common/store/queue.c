/* SPDX-License-Identifier: ISC
 *
 * queue.c - see queue.h: composes keys and arguments, the scripts do the rest.
 */
#include "queue.h"

#include "common/wire/limits.h"
#include "claim.lua.h"
#include "complete.lua.h"
#include "enqueue.lua.h"
#include "park.lua.h"
#include "release.lua.h"
#include "stats.lua.h"
#include "unknown.lua.h"
#include "window_push.lua.h"

#include <stdio.h>

#define TAG "q:{0}:" /* one shard: a second one is a function of the conversation here, and nowhere else */

const struct slice queue_stream_normal = SLICE(TAG "ready");
const struct slice queue_stream_high = SLICE(TAG "ready-high");
const struct slice queue_group = SLICE("cleaners");

const struct slice queue_jobs = SLICE(TAG "jobs");
const struct slice queue_dead = SLICE(TAG "dead");
static const struct slice finished = SLICE(TAG "finished"), crashes = SLICE(TAG "crashes"), retries = SLICE(TAG "retries");

const struct slice queue_stats_keys[7] = {SLICE(TAG "ready"), SLICE(TAG "ready-high"), SLICE(TAG "jobs"),
	SLICE(TAG "finished"), SLICE(TAG "crashes"), SLICE(TAG "retries"), SLICE(TAG "dead")};

static const struct redis_script claim = REDIS_SCRIPT(claim), complete = REDIS_SCRIPT(complete),
	enqueue = REDIS_SCRIPT(enqueue), release = REDIS_SCRIPT(release), unknown = REDIS_SCRIPT(unknown),
	window_push = REDIS_SCRIPT(window_push);
const struct redis_script queue_park_script = REDIS_SCRIPT(park), queue_stats_script = REDIS_SCRIPT(stats);

_Static_assert(QUEUE_UNKNOWN_TURNS + 4 <= REDIS_ARGS, "one call of a script: command, script, key count, key, turns");

enum { NUMBER_BYTES = 24, WINDOW_BYTES = 4 * LIMIT_RAW_TEXT_BYTES };

void queue_name_keys(struct queue_names *n, const struct uuid *conversation)
{
	uuid_text(conversation, n->id);
	snprintf(n->wait, sizeof n->wait, TAG "wait:%s", n->id);
	snprintf(n->busy, sizeof n->busy, TAG "busy:%s", n->id);
	snprintf(n->win, sizeof n->win, TAG "win:%s", n->id);
}

static struct slice number(uint64_t v, char text[NUMBER_BYTES])
{
	snprintf(text, NUMBER_BYTES, "%llu", (unsigned long long)v);
	return slice_str(text);
}

void queue_enqueue(struct redis *r, const struct msg_job *job, redis_fn *fn, void *arg)
{
	char turn[UUID_TEXT_BYTES], seq[NUMBER_BYTES];
	struct queue_names n;
	struct buf packed;

	queue_name_keys(&n, &job->conversation_id);
	uuid_text(&job->turn_id, turn);
	buf_init(&packed, LIMIT_FIELD_BYTES);
	msg_pack(MSG_JOB, job, &packed);
	redis_eval(r, &enqueue, (const struct slice[]){queue_jobs, slice_str(n.wait), slice_str(n.busy), queue_stream_normal,
		queue_stream_high}, 5, (const struct slice[]){slice_str(turn), number(job->seq, seq),
		job->priority ? SLICE("1") : SLICE("0"), slice_str(n.id), buf_view(&packed)}, 5, fn, arg);
	buf_finish(&packed);
}

void queue_unknown(struct redis *r, const struct slice *turns, size_t count, redis_fn *fn, void *arg)
{
	redis_eval(r, &unknown, &queue_jobs, 1, turns, count, fn, arg);
}

void queue_window_push(struct redis *r, const struct uuid *conversation, const struct msg_window *turn, redis_fn *fn, void *arg)
{
	char seq[NUMBER_BYTES], keep[NUMBER_BYTES], seconds[NUMBER_BYTES];
	struct queue_names n;
	struct buf packed;

	queue_name_keys(&n, conversation);
	buf_init(&packed, WINDOW_BYTES);
	msg_pack(MSG_WINDOW, turn, &packed);
	redis_eval(r, &window_push, (const struct slice[]){slice_str(n.win)}, 1, (const struct slice[]){number(turn->seq, seq),
		buf_view(&packed), number(QUEUE_WINDOW_KEEP, keep), number(QUEUE_WINDOW_SECONDS, seconds)}, 4, fn, arg);
	buf_finish(&packed);
}

void queue_window_drop(struct redis *r, const struct uuid *conversation, redis_fn *fn, void *arg)
{
	struct queue_names n;

	queue_name_keys(&n, conversation);
	redis_send(r, (const struct slice[]){SLICE("DEL"), slice_str(n.win)}, 2, fn, arg);
}

void queue_claim(struct redis *r, struct slice stream, struct slice entry, const struct uuid *conversation,
	const struct uuid *turn, bool expired, redis_fn *fn, void *arg)
{
	char id[UUID_TEXT_BYTES];
	struct queue_names n;

	queue_name_keys(&n, conversation);
	uuid_text(turn, id);
	redis_eval(r, &claim, (const struct slice[]){queue_jobs, slice_str(n.busy), slice_str(n.win), crashes}, 4,
		(const struct slice[]){stream, entry, slice_str(id), expired ? SLICE("1") : SLICE("0")}, 4, fn, arg);
}

void queue_complete(struct redis *r, const struct uuid *conversation, const struct uuid *turn, uint64_t fence,
	const struct msg_window *window, redis_fn *fn, void *arg)
{
	char id[UUID_TEXT_BYTES], lease[NUMBER_BYTES], seq[NUMBER_BYTES], keep[NUMBER_BYTES], seconds[NUMBER_BYTES];
	struct queue_names n;
	struct buf packed;

	queue_name_keys(&n, conversation);
	uuid_text(turn, id);
	buf_init(&packed, WINDOW_BYTES);
	if (window)
		msg_pack(MSG_WINDOW, window, &packed);
	redis_eval(r, &complete, (const struct slice[]){queue_jobs, slice_str(n.wait), slice_str(n.busy), slice_str(n.win),
		queue_stream_normal, queue_stream_high, finished}, 7, (const struct slice[]){queue_group, slice_str(id),
		number(fence, lease), slice_str(n.id), number(window ? window->seq : 0, seq), buf_view(&packed),
		number(QUEUE_WINDOW_KEEP, keep), number(QUEUE_WINDOW_SECONDS, seconds)}, 8, fn, arg);
	buf_finish(&packed);
}

void queue_release(struct redis *r, const struct uuid *conversation, const struct uuid *turn, uint64_t fence, redis_fn *fn,
	void *arg)
{
	char id[UUID_TEXT_BYTES], lease[NUMBER_BYTES];
	struct queue_names n;

	queue_name_keys(&n, conversation);
	uuid_text(turn, id);
	redis_eval(r, &release, (const struct slice[]){slice_str(n.wait), slice_str(n.busy), queue_stream_normal,
		queue_stream_high, retries}, 5, (const struct slice[]){queue_group, slice_str(id), number(fence, lease),
		slice_str(n.id)}, 4, fn, arg);
}

void queue_park(struct redis *r, const struct uuid *conversation, redis_fn *fn, void *arg)
{
	struct queue_names n;

	queue_name_keys(&n, conversation);
	redis_eval(r, &queue_park_script, (const struct slice[]){queue_jobs, slice_str(n.wait), slice_str(n.busy), slice_str(n.win)}, 4,
		&queue_group, 1, fn, arg);
}

void queue_drop(struct redis *r, struct slice stream, struct slice entry, redis_fn *fn, void *arg)
{
	redis_send(r, (const struct slice[]){SLICE("XACK"), stream, queue_group, entry}, 4, NULL, NULL);
	redis_send(r, (const struct slice[]){SLICE("XDEL"), stream, entry}, 3, fn, arg);
}

void queue_bury(struct redis *r, const struct uuid *conversation, const struct uuid *turn, struct slice cause,
	uint64_t crash_count, uint64_t retry_count, redis_fn *fn, void *arg)
{
	char id[UUID_TEXT_BYTES], crashed[NUMBER_BYTES], retried[NUMBER_BYTES], most[NUMBER_BYTES];
	struct queue_names n;

	queue_name_keys(&n, conversation);
	uuid_text(turn, id);
	redis_send(r, (const struct slice[]){SLICE("XADD"), queue_dead, SLICE("MAXLEN"), SLICE("~"),
		number(QUEUE_DEAD_ENTRIES, most), SLICE("*"), SLICE("c"), slice_str(n.id), SLICE("t"), slice_str(id),
		SLICE("cause"), cause, SLICE("crashes"), number(crash_count, crashed), SLICE("retries"),
		number(retry_count, retried)}, 16, fn, arg);
}

void queue_probe(struct redis *r, struct slice who, redis_fn *fn, void *arg)
{
	redis_send(r, (const struct slice[]){SLICE("SET"), SLICE(TAG "probe"), who}, 3, fn, arg);
}

void queue_stats(struct redis *r, redis_fn *fn, void *arg)
{
	redis_eval(r, &queue_stats_script, queue_stats_keys, countof(queue_stats_keys), &queue_group, 1, fn, arg);
}
