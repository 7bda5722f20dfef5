/* SPDX-License-Identifier: ISC
 *
 * topology.c - see topology.h. PROTOCOL.md tells it in prose; a test compares the two.
 */
#include "topology.h"

#include <string.h>
#include <zmq.h>

/* Marks are in messages a peer. A turn is at most about 24 KiB and an event about 1 MiB at its worst, usually 1 KiB. */
const struct link_row topology[LINK_COUNT] = {
	[LINK_TURNS] = {"turns", "decider", "gateway", ZMQ_ROUTER, ZMQ_DEALER, 2000, 500,
		"the gateway sends again with the same id until its client's wait ends, then answers 503",
		"ipc://@run@/turns"},
	[LINK_RESULTS] = {"results", "notifier", "decider cleaner gateway", ZMQ_PULL, ZMQ_PUSH, 10000, 500,
		"the sender drops it: the outbox row makes the sweep send it again", "ipc://@run@/results"},
	[LINK_EVENTS] = {"events", "notifier", "gateway", ZMQ_XPUB, ZMQ_SUB, 10000, 100,
		"the gateway's copy is dropped: the gap shows in the offsets and is read from the log",
		"ipc://@run@/events"},
	[LINK_TIMINGS] = {"timings", "monitor", "any", ZMQ_SUB, ZMQ_PUB, 1000, 0,
		"dropped, and the number of dropped samples is sent later", "ipc://@run@/timings"},
	[LINK_ALERTS] = {"alerts", "monitor", "any", ZMQ_PUB, ZMQ_SUB, 1000, 100,
		"the slow reader's copy is dropped; stdout has every line", "ipc://@run@/alerts"},
	[LINK_CONTROL] = {"control", "monitor", "any", ZMQ_XPUB, ZMQ_SUB, 1000, 0,
		"dropped: every new subscription is sent the current modes again", "ipc://@run@/control"},
};

static bool listed(const char *list, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = list; (at = strstr(at, name)) != NULL; at += n)
		if ((at == list || at[-1] == ' ') && (at[n] == '\0' || at[n] == ' '))
			return true;
	return false;
}

bool topology_allows(enum link_name link, const char *service, enum link_role role)
{
	const struct link_row *row = &topology[link];

	if (role == LINK_BINDS)
		return strcmp(row->binder, service) == 0;
	return strcmp(row->connectors, "any") == 0 || listed(row->connectors, service);
}
