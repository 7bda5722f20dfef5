/* SPDX-License-Identifier: ISC
 *
 * clean_window.c - see clean_window.h.
 */
#include "clean_window.h"
#include "common/base/xalloc.h"

#include <stdlib.h>

static void turn_finish(struct window_turn *turn)
{
	free((char *)turn->speaker.p);
	free((char *)turn->text.p);
}

static void window_finish(struct clean_window *window)
{
	for (size_t i = 0; i < window->count; i++)
		turn_finish(&window->turns[i]);
	free(window->name);
	*window = (struct clean_window){0};
}

struct clean_window *clean_window_of(struct clean_windows *windows, const char *name)
{
	struct clean_window *oldest = &windows->list[0];

	windows->clock++;
	for (size_t i = 0; i < CLEAN_CONVERSATIONS; i++) {
		struct clean_window *window = &windows->list[i];

		if (window->name && strcmp(window->name, name) == 0) {
			window->used = windows->clock;
			return window;
		}
		if (window->used < oldest->used)
			oldest = window;
	}
	window_finish(oldest);
	oldest->name = xstrdup(name);
	oldest->used = windows->clock;
	return oldest;
}

void clean_window_add(struct clean_window *window, struct slice speaker, struct slice text, bool agent)
{
	if (window->count == ENGINE_WINDOW_TURNS) {
		turn_finish(&window->turns[0]);
		memmove(window->turns, window->turns + 1, (ENGINE_WINDOW_TURNS - 1) * sizeof *window->turns);
		window->count--;
	}
	window->turns[window->count++] = (struct window_turn){
		.seq = ++window->seq,
		.agent = agent,
		.speaker = {xstrndup(speaker.n ? speaker.p : "", speaker.n), speaker.n},
		.text = {xstrndup(text.n ? text.p : "", text.n), text.n},
	};
}

void clean_windows_finish(struct clean_windows *windows)
{
	for (size_t i = 0; i < CLEAN_CONVERSATIONS; i++)
		window_finish(&windows->list[i]);
}
