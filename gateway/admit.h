/* SPDX-License-Identifier: ISC
 *
 * admit.h - what one network address may take of this gateway: connections at a time, connections and requests a second.
 *
 * An address is an IPv4 address or the /64 network of an IPv6 one, which is what one customer has. Behind a proxy all
 * clients have the proxy's: the bounds can be switched off there, each by 0. A connection that is not let in is closed at
 * once, before a byte of it is read; a request is answered 429.
 */
#ifndef CC_GATEWAY_ADMIT_H
#define CC_GATEWAY_ADMIT_H

#include "gateway.h"
#include "ratelimit.h"

struct admit;

struct admit *admit_open(const struct gateway_config *config);
void admit_close(struct admit **admit);

/* May the peer of this socket have one more connection? Takes from its rate. */
must_check bool admit_connection(struct admit *admit, int fd, uint64_t now_ns);

/* Counts a connection, until admit_left. Gives its address' key. */
struct uuid admit_entered(struct admit *admit, int fd);
void admit_left(struct admit *admit, const struct uuid *address);

/* Takes a request from the address' rate. */
struct ratelimit_answer admit_request(struct admit *admit, const struct uuid *address, uint64_t now_ns);

#endif
