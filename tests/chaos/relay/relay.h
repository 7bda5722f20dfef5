/* SPDX-License-Identifier: ISC
 *
 * relay.h - forwards connections, and misbehaves when told: a network in one process.
 *
 * A rule is a place that is listened on, the place that it leads to, and how bytes fare between them now.
 * Each connection is a pair of ends; what one end receives the other sends, in order. Bytes wait in an end
 * only while its peer is slow, the rule delays or the rule stalls; past RELAY_WAITING_BYTES the other end is
 * not read, so memory is bounded by the connections.
 */
#ifndef CC_TESTS_RELAY_H
#define CC_TESTS_RELAY_H

#include "common/base/attr.h"

#include <ev.h>

enum {
	RELAY_WAITING_BYTES = 1 << 20, /* of an end: what sockets hold on top of their own buffers */
	RELAY_RULES = 64,
};

struct relay;

/* Of one loop; ends with the process. */
struct relay *relay_create(struct ev_loop *loop);

/* Listens on `from` and leads to `to`: "tcp:ADDRESS:PORT" (IPv4) or "unix:PATH", which is made, for
 * everybody. NULL, or what is wrong (static). */
must_check const char *relay_add(struct relay *relay, const char *name, const char *from, const char *to);

/* A word, a rule's name, and for `delay` its milliseconds; cleanerctx-relay.1 has the words. NULL, or what is
 * wrong (static). */
must_check const char *relay_command(struct relay *relay, const char *line);

#endif
