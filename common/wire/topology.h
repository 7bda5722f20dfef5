/* SPDX-License-Identifier: ISC
 *
 * topology.h - who talks to whom: every ZeroMQ link of the system, once. Services open links by name.
 */
#ifndef CC_WIRE_TOPOLOGY_H
#define CC_WIRE_TOPOLOGY_H

#include "message.h"

enum link_name { LINK_TURNS, LINK_RESULTS, LINK_EVENTS, LINK_TIMINGS, LINK_ALERTS, LINK_CONTROL, LINK_COUNT };

enum link_role { LINK_BINDS, LINK_CONNECTS };

struct link_row {
	const char *name;        /* also the configuration key of its endpoints */
	const char *binder;      /* the service that binds it */
	const char *connectors;  /* the services that connect, space-separated; "any" for everybody */
	int binder_type, connector_type; /* ZMQ_ROUTER .. */
	int high_water_mark;     /* messages a peer, either side */
	int linger_ms;           /* how long a closing socket tries to hand over what it holds */
	const char *when_full;   /* what the sender does then: for people, and PROTOCOL.md */
	const char *preset;      /* default endpoint; @run@ stands for runtime_dir */
};

extern const struct link_row topology[LINK_COUNT];

/* May this service open that link in that role? */
must_check bool topology_allows(enum link_name link, const char *service, enum link_role role);

#endif
