/* SPDX-License-Identifier: ISC
 *
 * gauges.h - how much is going on here: conversations that are active and sockets that are open, for the monitor's
 * capacity targets (system.concurrent_conversations, system.websocket_connections).
 *
 * A conversation is active for GAUGES_ACTIVE_S after its last turn. At most GAUGES_CONVERSATIONS are told apart; past
 * that the figure stays there. Told once a second while something happens, never by an idle gateway.
 */
#ifndef CC_GATEWAY_GAUGES_H
#define CC_GATEWAY_GAUGES_H

#include "gateway.h"

enum {
	GAUGES_ACTIVE_S = 60,         /* two turns of a conversation are seldom further apart */
	GAUGES_CONVERSATIONS = 10000, /* a hundred times the target, a megabyte */
};

struct gauges;
struct gauges *gauges_open(struct gateway *gw);
void gauges_close(struct gauges **gauges);

void gauges_turn(struct gauges *gauges, const struct uuid *conversation); /* a turn of it came */
void gauges_sockets(struct gauges *gauges);                              /* one was opened or closed */

#endif
