/* SPDX-License-Identifier: ISC
 *
 * window.h - the cleaned turns before a turn, as the engine takes them.
 *
 * Pure. For turn seq the window is exactly the turns max(1, seq - LIMIT_WINDOW_TURNS) .. seq - 1. Redis
 * usually has them; one that is missing (not pushed yet, trimmed, expired, wiped) makes the window
 * incomplete, and it is read from PostgreSQL. The window owns copies of all text.
 */
#ifndef CC_CLEANER_WINDOW_H
#define CC_CLEANER_WINDOW_H

#include "cleaner/engine/engine.h"
#include "common/wire/limits.h"
#include "common/wire/message.h"

struct window {
	struct window_turn turns[LIMIT_WINDOW_TURNS]; /* oldest first */
	size_t count;
	char *held; /* what the turns point into */
	size_t held_used, held_bytes;
};

/* The first seq of a turn's window; the last is seq - 1, and there is none for seq 1. */
uint64_t window_first(uint64_t seq);

/* Fills an empty window from packed MSG_WINDOW entries, ascending by seq; others than this turn's are
 * skipped. False when it is not complete: window_finish and read PostgreSQL. */
must_check bool window_take(struct window *w, uint64_t seq, const struct slice *packed, size_t count);

/* Begins an empty window of turns whose speakers, texts and doubtful words are `bytes` together, then adds them, oldest
 * first; one that does not fit is left out. */
void window_begin(struct window *w, size_t bytes);
void window_add(struct window *w, const struct msg_window *turn);

void window_finish(struct window *w); /* frees; the window is empty then */

#endif
