/* SPDX-License-Identifier: ISC
 *
 * event_log.c - see event_log.h.
 */
#include "event_log.h"

#include "common/base/xalloc.h"
#include "read.lua.h"

#include <stdio.h>
#include <stdlib.h>

static const struct redis_script read_script = REDIS_SCRIPT(read);

enum { HEAD_REPLIES = 3, ENTRY_REPLIES = 5, NUMBER_BYTES = 24 };

struct reading {
	event_log_fn *fn;
	void *arg;
};

void event_log_keys(
	const struct uuid *conversation, char log[EVENT_LOG_KEY_BYTES], char seen[EVENT_LOG_KEY_BYTES])
{
	char id[UUID_TEXT_BYTES];

	uuid_text(conversation, id);
	snprintf(log, EVENT_LOG_KEY_BYTES, "ev:{0}:%s", id);
	snprintf(seen, EVENT_LOG_KEY_BYTES, "evd:{0}:%s", id);
}

static uint64_t number(struct slice s)
{
	return s.p ? strtoull(s.p, NULL, 10) : 0;
}

static bool read_entry(redisReply *const *at, struct event_entry *e)
{
	uint64_t kind = number(redis_str(at[1]));

	*e = (struct event_entry){.kind = (enum event_kind)kind,
		.revision = number(redis_str(at[3])),
		.json = redis_str(at[4])};
	if (!cursor_parse(redis_str(at[0]), &e->at) || kind >= EVENT_COUNT || e->at.offset == 0)
		return false;
	return uuid_parse(redis_str(at[2]), &e->turn_id) || redis_str(at[2]).n == 0;
}

static void read_entries(const redisReply *reply, struct event_page *page, struct event_entry *entries)
{
	size_t taken = 0;

	for (size_t i = HEAD_REPLIES; i + ENTRY_REPLIES <= reply->elements && taken < EVENT_PAGE;
		i += ENTRY_REPLIES)
		taken +=
			read_entry(reply->element + i, &entries[taken]); /* the log's beginning is no event */
	page->count = taken;
	page->more = reply->element[2]->integer == 1;
}

static void on_read(const redisReply *reply, void *arg)
{
	struct reading *reading = arg;
	struct event_page page = {.status = EVENTS_DOWN};
	struct event_entry *entries = NULL;

	if (reply && reply->type == REDIS_REPLY_ARRAY && reply->elements >= HEAD_REPLIES) {
		page.status = reply->element[0]->integer == 1 ? EVENTS_COMPLETE : EVENTS_TOO_OLD;
		if (!cursor_parse(redis_str(reply->element[1]), &page.last))
			page.last = (struct cursor){0, 0};
		page.entries = entries = xcalloc(EVENT_PAGE, sizeof *entries);
		read_entries(reply, &page, entries);
	}
	reading->fn(&page, reading->arg);
	free(entries);
	free(reading);
}

void event_log_read(struct redis *r, const struct uuid *conversation, struct cursor after, uint64_t upto,
	event_log_fn *fn, void *arg)
{
	char log[EVENT_LOG_KEY_BYTES], seen[EVENT_LOG_KEY_BYTES], epoch[NUMBER_BYTES], from[NUMBER_BYTES],
		to[NUMBER_BYTES] = "", count[NUMBER_BYTES], bytes[NUMBER_BYTES];
	struct reading *reading = xmalloc(sizeof *reading);
	struct slice key;

	*reading = (struct reading){fn, arg};
	event_log_keys(conversation, log, seen);
	key = slice_str(log);
	snprintf(epoch, sizeof epoch, "%llu", (unsigned long long)after.epoch);
	snprintf(from, sizeof from, "%llu", (unsigned long long)after.offset);
	snprintf(count, sizeof count, "%d", EVENT_PAGE);
	snprintf(bytes, sizeof bytes, "%d", EVENT_PAGE_BYTES);
	if (upto)
		snprintf(to, sizeof to, "%llu", (unsigned long long)upto);
	redis_eval(r, &read_script, &key, 1,
		(const struct slice[]){
			slice_str(epoch), slice_str(from), slice_str(to), slice_str(count), slice_str(bytes)},
		5, on_read, reading);
}

static void on_last(const redisReply *reply, void *arg)
{
	struct reading *reading = arg;
	struct event_page page = {.status = EVENTS_DOWN};

	if (reply && reply->type == REDIS_REPLY_ARRAY) {
		page.status = EVENTS_COMPLETE;
		if (reply->elements == 0 || reply->element[0]->type != REDIS_REPLY_ARRAY ||
			reply->element[0]->elements == 0 ||
			!cursor_parse(redis_str(reply->element[0]->element[0]), &page.last))
			page.last = (struct cursor){0, 0};
	}
	reading->fn(&page, reading->arg);
	free(reading);
}

void event_log_last(struct redis *r, const struct uuid *conversation, event_log_fn *fn, void *arg)
{
	char log[EVENT_LOG_KEY_BYTES], seen[EVENT_LOG_KEY_BYTES];
	struct reading *reading = xmalloc(sizeof *reading);

	*reading = (struct reading){fn, arg};
	event_log_keys(conversation, log, seen);
	redis_send(r,
		(const struct slice[]){SLICE("XREVRANGE"), slice_str(log), SLICE("+"), SLICE("-"),
			SLICE("COUNT"), SLICE("1")},
		6, on_last, reading);
}
