/* SPDX-License-Identifier: ISC
 *
 * end.h - one end of a relayed connection: its socket, and the bytes that wait to be sent to it.
 *
 * Bytes wait as chunks in the order of their arrival, each with the time when it may go. A dead end drops
 * what it is given.
 */
#ifndef CC_TESTS_RELAY_END_H
#define CC_TESTS_RELAY_END_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>

struct pair;
struct chunk;

struct end {
	struct pair *pair;
	struct end *other;
	int fd;	   /* -1: closed */
	bool open; /* connected */
	ev_io reads, writes;
	ev_timer late;
	struct chunk *first, *last;
	size_t waiting; /* bytes of the chunks */
};

void end_init(struct end *end, struct pair *pair, struct end *other, int fd);
void end_close(struct ev_loop *loop, struct end *end, bool reset);

/* Sends what may go now; the rest waits. `after` seconds from now at the earliest. False: the connection is
 * broken. */
bool end_give(struct ev_loop *loop, struct end *end, const char *bytes, size_t n, double after);
bool end_flush(struct ev_loop *loop, struct end *end);
void end_drop(struct end *end); /* what waits */

#endif
