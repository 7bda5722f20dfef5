/* SPDX-License-Identifier: ISC
 *
 * presence.c - see presence.h. A member is "since kind id": equal scores come in the order of arrival.
 */
#include "presence.h"

#include "common/base/clock.h"
#include "common/base/json_out.h"
#include "common/base/xalloc.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { KEY_BYTES = 64, MEMBER_BYTES = 96, NUMBER_BYTES = 24, JSON_BYTES = 64 * 1024 };

static void name_key(const struct uuid *conversation, char key[KEY_BYTES])
{
	char id[UUID_TEXT_BYTES];

	uuid_text(conversation, id);
	snprintf(key, KEY_BYTES, "pr:{0}:%s", id);
}

static void name_member(const struct presence *p, char member[MEMBER_BYTES])
{
	char id[UUID_TEXT_BYTES];

	uuid_text(&p->id, id);
	snprintf(member, MEMBER_BYTES, "%016" PRIi64 " %s %s", p->since, p->kind, id);
}

void presence_say(struct gateway *gw, const struct uuid *conversation, const struct presence *p)
{
	char key[KEY_BYTES], member[MEMBER_BYTES], until[NUMBER_BYTES];

	name_key(conversation, key);
	name_member(p, member);
	snprintf(until, sizeof until, "%" PRIi64, clock_wall_us() / US_PER_S + PRESENCE_TTL_S);
	redis_send(gw->redis, (const struct slice[]){SLICE("ZADD"), slice_str(key), slice_str(until), slice_str(member)}, 4,
		NULL, NULL);
}

void presence_keep(struct gateway *gw, const struct uuid *conversation)
{
	char key[KEY_BYTES], now[NUMBER_BYTES], ttl[NUMBER_BYTES];

	name_key(conversation, key);
	snprintf(now, sizeof now, "%" PRIi64, clock_wall_us() / US_PER_S);
	snprintf(ttl, sizeof ttl, "%d", PRESENCE_TTL_S + 1);
	redis_send(gw->redis, (const struct slice[]){SLICE("ZREMRANGEBYSCORE"), slice_str(key), SLICE("-inf"), slice_str(now)}, 4,
		NULL, NULL);
	redis_send(gw->redis, (const struct slice[]){SLICE("EXPIRE"), slice_str(key), slice_str(ttl)}, 3, NULL, NULL);
}

void presence_drop(struct gateway *gw, const struct uuid *conversation, const struct presence *p)
{
	char key[KEY_BYTES], member[MEMBER_BYTES];

	if (!gw->redis || !redis_is_up(gw->redis))
		return; /* it runs out */
	name_key(conversation, key);
	name_member(p, member);
	redis_send(gw->redis, (const struct slice[]){SLICE("ZREM"), slice_str(key), slice_str(member)}, 3, NULL, NULL);
}

struct asked {
	presence_fn *fn;
	void *arg;
};

static void write_client(struct buf *out, const char *member)
{
	char kind[16], id[UUID_TEXT_BYTES];
	int64_t since;

	if (sscanf(member, "%" SCNi64 " %15s %36s", &since, kind, id) != 3)
		return;
	if (out->p[out->n - 1] != '[')
		buf_char(out, ',');
	buf_char(out, '{');
	json_kv_str(out, "id", slice_str(id));
	json_kv_str(out, "kind", slice_str(kind));
	json_kv_time(out, "since", since);
	buf_char(out, '}');
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Members begin with their time of arrival, in digits of one length. */
static void write_clients(struct buf *out, const redisReply *reply)
{
	const char **members = xcalloc(reply->elements + 1, sizeof *members);
	size_t n = 0;

	for (size_t i = 0; i < reply->elements; i++)
		if (redis_str(reply->element[i]).p)
			members[n++] = reply->element[i]->str;
	qsort(members, n, sizeof *members, by_text);
	for (size_t i = 0; i < n && i < PRESENCE_LISTED; i++)
		write_client(out, members[i]);
	free(members);
}

static void on_members(const redisReply *reply, void *arg)
{
	struct asked *asked = arg;
	struct buf json;

	buf_init(&json, JSON_BYTES);
	if (reply && reply->type == REDIS_REPLY_ARRAY) {
		buf_char(&json, '{');
		json_kv_u64(&json, "count", reply->elements);
		json_key(&json, "clients");
		buf_char(&json, '[');
		write_clients(&json, reply);
		buf_str(&json, "]}");
	} else {
		buf_str(&json, "null");
	}
	asked->fn(buf_view(&json), asked->arg);
	buf_finish(&json);
	free(asked);
}

void presence_ask(struct gateway *gw, const struct uuid *conversation, presence_fn *fn, void *arg)
{
	struct asked *asked = xmalloc(sizeof *asked);
	char key[KEY_BYTES], now[NUMBER_BYTES];

	*asked = (struct asked){fn, arg};
	name_key(conversation, key);
	snprintf(now, sizeof now, "(%" PRIi64, clock_wall_us() / US_PER_S);
	redis_send(gw->redis, (const struct slice[]){SLICE("ZRANGEBYSCORE"), slice_str(key), slice_str(now), SLICE("+inf")}, 4,
		on_members, asked);
}
