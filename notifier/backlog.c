/* SPDX-License-Identifier: ISC
 *
 * backlog.c - see backlog.h.
 */
#include "backlog.h"

#include "common/base/log.h"
#include "common/base/xalloc.h"
#include "common/wire/limits.h"

#include <stdlib.h>

void backlog_init(struct backlog *b, size_t most_count, size_t most_bytes)
{
	*b = (struct backlog){.most_count = most_count, .most_bytes = most_bytes};
}

struct item *backlog_add(struct backlog *b, const struct msg_result *result)
{
	struct item *item;
	struct buf packed;
	size_t n;

	buf_init(&packed, 4 * (size_t)LIMIT_FIELD_BYTES);
	msg_pack(MSG_RESULT, result, &packed);
	if (b->count >= b->most_count || packed.overflow || b->bytes + packed.n > b->most_bytes) {
		buf_finish(&packed);
		return NULL;
	}
	item = xcalloc(1, sizeof *item);
	item->blob = buf_take(&packed, &n);
	item->bytes = n;
	if (!msg_unpack(MSG_RESULT, slice_of(item->blob, n), &item->result))
		bug("a packed message does not unpack");
	item->previous = b->last;
	if (b->last)
		b->last->next = item;
	else
		b->first = item;
	b->last = item;
	b->count++;
	b->bytes += n;
	return item;
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

struct item *backlog_unsent(struct backlog *b)
{
	for (struct item *i = b->last; i; i = i->previous)
		if (i->sent)
			return i->next; /* what is sent stands in front: answers come in order */
	return b->first;
}
