/* SPDX-License-Identifier: ISC
 *
 * backlog.c - see backlog.h.
 */
#include "backlog.h"

#include "common/base/log.h"
#include "common/base/xalloc.h"
#include "common/wire/limits.h"

#include <stdlib.h>

void backlog_init(struct backlog *b, size_t most_count, size_t most_bytes, size_t most_sent)
{
	*b = (struct backlog){.most_count = most_count, .most_bytes = most_bytes, .most_sent = most_sent};
}

static struct item *make_item(char *blob, size_t bytes)
{
	struct item *item = xcalloc(1, sizeof *item);

	item->blob = blob;
	item->bytes = bytes;
	if (!msg_unpack(MSG_RESULT, slice_of(blob, bytes), &item->result))
		bug("a packed message does not unpack");
	return item;
}

static void link_last(struct backlog *b, struct item *item)
{
	item->previous = b->last;
	if (b->last)
		b->last->next = item;
	else
		b->first = item;
	b->last = item;
	if (!b->unsent)
		b->unsent = item;
	b->count++;
	b->bytes += item->bytes;
}

struct item *backlog_add(struct backlog *b, const struct msg_result *result)
{
	struct item *item;
	struct buf packed;
	char *blob;
	size_t n;

	if (b->count >= b->most_count)
		return NULL;
	buf_init(&packed, 4 * (size_t)LIMIT_FIELD_BYTES);
	msg_pack(MSG_RESULT, result, &packed);
	if (packed.overflow || b->bytes + packed.n > b->most_bytes) {
		buf_finish(&packed);
		return NULL;
	}
	blob = buf_take(&packed, &n);
	item = make_item(blob, n);
	link_last(b, item);
	return item;
}

struct item *backlog_next(struct backlog *b)
{
	struct item *item;

	if (b->rewind) {
		if (b->sent)
			return NULL;
		b->rewind = false;
		b->unsent = b->first;
	}
	item = b->unsent;
	if (!item || b->sent >= b->most_sent)
		return NULL;
	b->unsent = item->next;
	item->sent = true;
	b->sent++;
	return item;
}

void backlog_back(struct backlog *b, struct item *item)
{
	item->sent = false;
	b->sent--;
	b->rewind = true;
}

void backlog_remove(struct backlog *b, struct item *item)
{
	if (item->previous)
		item->previous->next = item->next;
	else
		b->first = item->next;
	if (item->next)
		item->next->previous = item->previous;
	else
		b->last = item->previous;
	if (b->unsent == item)
		b->unsent = item->next;
	b->sent -= item->sent;
	b->count--;
	b->bytes -= item->bytes;
	free(item->blob);
	free(item);
}

void backlog_clear(struct backlog *b)
{
	while (b->first)
		backlog_remove(b, b->first);
}
