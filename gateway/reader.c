/* SPDX-License-Identifier: ISC
 *
 * reader.c - see reader.h.
 */
#include "reader.h"

#include "common/base/xalloc.h"
#include "common/store/event_log.h"

#include <stdlib.h>

struct reading {
	struct reader *reader; /* NULL: gone */
};

static void give_entries(struct replay *stream, const struct event_page *page)
{
	for (size_t i = 0; i < page->count; i++) {
		const struct event_entry *e = &page->entries[i];
		struct event *event = event_create(e->at, e->kind, &e->turn_id, e->json);

		replay_entry(stream, event);
		event_drop(&event);
	}
}

static void take_page(struct reader *r, const struct event_page *page)
{
	if (page->status == EVENTS_DOWN) {
		r->wanted = true;
		return;
	}
	if (page->status == EVENTS_TOO_OLD) {
		replay_end(&r->stream, REPLAY_TOO_OLD, page->last);
		return;
	}
	give_entries(&r->stream, page);
	replay_end(&r->stream, page->more ? REPLAY_MORE : REPLAY_COMPLETE, page->last);
}

static void on_page(const struct event_page *page, void *arg)
{
	struct reading *reading = arg;
	struct reader *r = reading->reader;

	free(reading);
	if (!r)
		return;
	r->under_way = NULL;
	take_page(r, page);
	r->answered(r);
}

void reader_ask(struct reader *r)
{
	struct reading *reading = xmalloc(sizeof *reading);

	r->wanted = false;
	reading->reader = r;
	r->under_way = reading;
	event_log_read(r->redis, &r->conversation, r->after, 0, on_page, reading);
}

void reader_aim(struct reader *r, struct cursor after)
{
	r->after = after;
	r->wanted = false;
	if (r->under_way)
		r->under_way->reader = NULL; /* asked for another place, before the stream was restarted */
	r->under_way = NULL;
}

bool reader_again(struct reader *r)
{
	if (r->wanted)
		reader_ask(r);
	return r->wanted;
}

void reader_finish(struct reader *r)
{
	if (r->under_way)
		r->under_way->reader = NULL;
	replay_finish(&r->stream);
}
