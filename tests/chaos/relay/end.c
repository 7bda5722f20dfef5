/* SPDX-License-Identifier: ISC
 *
 * end.c - see end.h.
 */
#include "end.h"

#include "common/base/xalloc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct chunk {
	struct chunk *next;
	double due; /* the loop's time */
	size_t from, to;
	char bytes[];
};

void end_init(struct end *end, struct pair *pair, struct end *other, int fd)
{
	*end = (struct end){.pair = pair, .other = other, .fd = fd};
}

static void pop(struct end *end)
{
	struct chunk *chunk = end->first;

	end->waiting -= chunk->to - chunk->from;
	end->first = chunk->next;
	if (!end->first)
		end->last = NULL;
	free(chunk);
}

void end_drop(struct end *end)
{
	while (end->first)
		pop(end);
}

void end_close(struct ev_loop *loop, struct end *end, bool reset)
{
	static const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

	if (end->fd < 0)
		return;
	ev_io_stop(loop, &end->reads);
	ev_io_stop(loop, &end->writes);
	ev_timer_stop(loop, &end->late);
	end_drop(end);
	if (reset)
		(void)setsockopt(end->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
	close(end->fd);
	end->fd = -1;
}

/* Bytes that were taken; 0: none now; -1: broken. */
static ssize_t put(struct end *end, const char *bytes, size_t n)
{
	ssize_t sent = send(end->fd, bytes, n, MSG_NOSIGNAL);

	return sent >= 0 ? sent : errno == EAGAIN || errno == EINTR ? 0 : -1;
}

static void keep(struct end *end, const char *bytes, size_t n, double due)
{
	struct chunk *chunk = xmalloc(sizeof *chunk + n);

	*chunk = (struct chunk){.due = due, .to = n};
	memcpy(chunk->bytes, bytes, n);
	if (end->last)
		end->last->next = chunk;
	else
		end->first = chunk;
	end->last = chunk;
	end->waiting += n;
}

bool end_flush(struct ev_loop *loop, struct end *end)
{
	while (end->first && end->first->due <= ev_now(loop)) {
		struct chunk *chunk = end->first;
		ssize_t sent = put(end, chunk->bytes + chunk->from, chunk->to - chunk->from);

		if (sent < 0)
			return false;
		chunk->from += (size_t)sent;
		end->waiting -= (size_t)sent;
		if (chunk->from < chunk->to) {
			ev_io_start(loop, &end->writes);
			return true;
		}
		pop(end);
	}
	ev_io_stop(loop, &end->writes);
	if (end->first && !ev_is_active(&end->late)) {
		ev_timer_set(&end->late, end->first->due - ev_now(loop), 0.);
		ev_timer_start(loop, &end->late);
	}
	return true;
}

bool end_give(struct ev_loop *loop, struct end *end, const char *bytes, size_t n, double after)
{
	ssize_t sent = 0;

	if (after <= 0 && !end->first && end->open) {
		sent = put(end, bytes, n);
		if (sent < 0)
			return false;
	}
	if ((size_t)sent < n)
		keep(end, bytes + sent, n - (size_t)sent, ev_now(loop) + after);
	return !end->open || end_flush(loop, end);
}
