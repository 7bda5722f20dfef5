/* SPDX-License-Identifier: ISC
 *
 * window.c - see window.h.
 */
#include "window.h"

#include "common/base/xalloc.h"

#include <stdlib.h>

uint64_t window_first(uint64_t seq)
{
	return seq > LIMIT_WINDOW_TURNS ? seq - LIMIT_WINDOW_TURNS : 1;
}

void window_begin(struct window *w, size_t bytes)
{
	*w = (struct window){.held = xmalloc(bytes), .held_bytes = bytes};
}

static struct slice hold(struct window *w, struct slice s)
{
	char *to = w->held + w->held_used;

	if (s.n)
		memcpy(to, s.p, s.n);
	w->held_used += s.n;
	return slice_of(to, s.n);
}

void window_add(struct window *w, const struct msg_window *turn)
{
	struct window_turn *to = &w->turns[w->count];

	if (w->count == LIMIT_WINDOW_TURNS || turn->speaker.n + turn->text.n + turn->doubtful.n > w->held_bytes - w->held_used)
		return;
	to->seq = (uint32_t)turn->seq;
	to->agent = turn->agent != 0;
	to->speaker = hold(w, turn->speaker);
	to->text = hold(w, turn->text);
	to->doubtful = hold(w, turn->doubtful);
	w->count++;
}

bool window_take(struct window *w, uint64_t seq, const struct slice *packed, size_t count)
{
	uint64_t next = window_first(seq);
	size_t bytes = 0;

	for (size_t i = 0; i < count; i++)
		bytes += packed[i].n;
	window_begin(w, bytes);
	for (size_t i = 0; i < count && next < seq; i++) {
		struct msg_window turn;

		if (!msg_unpack(MSG_WINDOW, packed[i], &turn))
			return false;
		if (turn.seq < next || turn.seq >= seq)
			continue;
		if (turn.seq > next)
			return false;
		window_add(w, &turn);
		next++;
	}
	return next == seq;
}

void window_finish(struct window *w)
{
	free(w->held);
	*w = (struct window){.held = NULL};
}
