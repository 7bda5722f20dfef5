/* SPDX-License-Identifier: ISC
 *
 * timings_frame.h - what only the service frame does with the timings client: open, flush, close.
 */
#ifndef CC_SERVICE_TIMINGS_FRAME_H
#define CC_SERVICE_TIMINGS_FRAME_H

#include <stdbool.h>

struct ev_loop;
struct link;

/* All borrowed until timings_close. */
void timings_open(struct ev_loop *loop, struct link *link, const char *source);
void timings_peer(bool up, void *arg); /* the link's peer handler */
void timings_close(void); /* flushes; the link is its owner's to close, after this */

#endif
