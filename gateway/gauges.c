/* SPDX-License-Identifier: ISC
 *
 * gauges.c - see gauges.h. Active conversations stand in a hash table and, by their last turn, in a list: the oldest leave
 * from its front.
 */
#include "gauges.h"

#include "common/base/clock.h"
#include "common/base/xalloc.h"
#include "common/service/timings.h"
#include "live.h"

#include <ev.h>
#include <stdlib.h>
#include <uthash.h>
#include <utlist.h>

enum { TELL_MS = 1000 };

struct active {
	struct uuid conversation; /* the key */
	uint64_t last_ns;
	struct active *prev, *next;
	UT_hash_handle hh;
};

struct gauges {
	struct gateway *gw;
	struct active *table, *oldest; /* the list's head */
	ev_timer timer;
};

static void forget(struct gauges *g, struct active *a)
{
	HASH_DEL(g->table, a);
	DL_DELETE(g->oldest, a);
	free(a);
}

static void tell(struct gauges *g)
{
	uint64_t now_ns = clock_mono_ns();

	while (g->oldest && now_ns - g->oldest->last_ns > GAUGES_ACTIVE_S * NS_PER_S)
		forget(g, g->oldest);
	timing_value(METRIC_SYSTEM_CONCURRENT_CONVERSATIONS, (double)HASH_COUNT(g->table));
	timing_value(METRIC_SYSTEM_WEBSOCKET_CONNECTIONS, (double)live_count(g->gw->live));
}

static void on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	tell(w->data);
}

static void tell_soon(struct gauges *g)
{
	if (ev_is_active(&g->timer))
		return;
	ev_timer_set(&g->timer, TELL_MS / 1e3, 0);
	ev_timer_start(g->gw->loop, &g->timer);
}

struct gauges *gauges_open(struct gateway *gw)
{
	struct gauges *g = xcalloc(1, sizeof *g);

	g->gw = gw;
	ev_timer_init(&g->timer, on_timer, 0, 0);
	g->timer.data = g;
	return g;
}

void gauges_close(struct gauges **where)
{
	struct gauges *g = *where;

	*where = NULL;
	if (!g)
		return;
	ev_timer_stop(g->gw->loop, &g->timer);
	while (g->oldest)
		forget(g, g->oldest);
	free(g);
}

void gauges_turn(struct gauges *g, const struct uuid *conversation)
{
	struct active *a;

	HASH_FIND(hh, g->table, conversation, sizeof *conversation, a);
	if (!a && HASH_COUNT(g->table) < GAUGES_CONVERSATIONS) {
		a = xcalloc(1, sizeof *a);
		a->conversation = *conversation;
		HASH_ADD(hh, g->table, conversation, sizeof a->conversation, a);
		DL_APPEND(g->oldest, a);
	}
	if (a) {
		a->last_ns = clock_mono_ns();
		DL_DELETE(g->oldest, a);
		DL_APPEND(g->oldest, a);
	}
	tell_soon(g);
}

void gauges_sockets(struct gauges *g)
{
	tell_soon(g);
}
