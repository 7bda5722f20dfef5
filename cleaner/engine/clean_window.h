/* SPDX-License-Identifier: ISC
 *
 * clean_window.h - cleanerctx-clean's memory: the last cleaned turns of each conversation on its input.
 *
 * Bounded: the conversations used least recently are forgotten, so any number of lines goes through without
 * growing.
 */
#ifndef CC_CLEAN_WINDOW_H
#define CC_CLEAN_WINDOW_H

#include "engine.h"

enum { CLEAN_CONVERSATIONS = 256 }; /* kept at once; input that interleaves more loses the oldest's window */

struct clean_window {
	char *name;				       /* owned; NULL: not in use */
	struct window_turn turns[ENGINE_WINDOW_TURNS]; /* oldest first; texts and speakers owned */
	size_t count;
	uint32_t seq;  /* of the last turn */
	uint64_t used; /* when, in turns */
};

struct clean_windows {
	struct clean_window list[CLEAN_CONVERSATIONS];
	uint64_t clock;
};

/* The window of a conversation, empty when it is new. */
struct clean_window *clean_window_of(struct clean_windows *windows, const char *name);
void clean_window_add(struct clean_window *window, struct slice speaker, struct slice text, bool agent);
void clean_windows_finish(struct clean_windows *windows);

#endif
