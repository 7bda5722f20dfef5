/* SPDX-License-Identifier: ISC
 *
 * link_watch.h - tells when a connecting socket's peer comes and goes: ZeroMQ itself reconnects without a word.
 *
 * A socket monitor's events, read on the loop. Owned by the link (link.c), closed before its socket.
 */
#ifndef CC_SERVICE_LINK_WATCH_H
#define CC_SERVICE_LINK_WATCH_H

#include <czmq.h>
#include <ev.h>
#include <stdbool.h>

struct link_watch;

/* fn is called from the loop: up once a peer's handshake is done, down when its connection ended. */
struct link_watch *link_watch_open(struct ev_loop *loop, zsock_t *socket, void (*fn)(bool up, void *arg), void *arg);
void link_watch_close(struct link_watch **watch); /* NULL is fine */

#endif
