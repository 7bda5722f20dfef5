/* SPDX-License-Identifier: ISC
 *
 * sched.h - how long the kernel lets a thread run before another that waits: its slice; and who gives way to whom.
 *
 * Linux's fair scheduler lets a thread that wakes up run before one with a longer slice, and makes it wait out a shorter or
 * equal one (sched_setattr(2), sched_runtime, since Linux 6.12; no privilege needed). A turn crosses four processes and
 * wakes nine threads: on a machine with other work each would wait 1.4 ms and more at its turn. Older kernels, and
 * sandboxes that forbid the call, leave everything as it was.
 */
#ifndef CC_BASE_SCHED_H
#define CC_BASE_SCHED_H

#include <stdbool.h>

enum {
	SCHED_SHORT_US = 100,     /* the kernel's least: for a loop that answers in microseconds and sleeps again */
	SCHED_LONG_US = 100000,   /* the kernel's most: for long computing, which then gives way to everything */
};

/* For this thread and those it starts from now on. False: the kernel does not do it. */
bool sched_slice(unsigned us);

/* This thread's slice in microseconds; 0: the kernel does not tell. */
unsigned sched_slice_now(void);

/* This thread and those it starts from now on give way: nice is at least so much, 1 to 19 (sched(7)). Where the kernel shares
 * processors between sessions, which makes nice a matter within one (autogroup), the session gives way, if it is ours alone.
 * What cannot be done is left as it was. */
void sched_give_way(int nice);

#endif
