/* SPDX-License-Identifier: ISC
 *
 * turn_body.h - a turn as a client submits it, read from its JSON and checked against api.md's rules.
 *
 * Slices are borrowed from the JSON tree, speaker from the speakers; words_json is owned: turn_body_finish.
 * Pure.
 */
#ifndef CC_GATEWAY_TURN_BODY_H
#define CC_GATEWAY_TURN_BODY_H

#include "common/wire/limits.h"
#include "turn_options.h"

enum { SPEAKERS_MAX = 32, SPEAKER_BYTES = 64 }; /* configured names: a handful */

/* Who may speak: the person, and the configured ones whose words are perfect already. */
struct speakers {
	size_t count;
	struct slice name[SPEAKERS_MAX]; /* as they are written back; [0] is "User" */
};

/* From a comma-separated list, borrowed. */
void speakers_read(struct speakers *s, const char *list);
/* The speaker of that name whatever its case: its place, 0 for the person; or -1. */
int speakers_find(const struct speakers *s, struct slice name);

struct turn_body {
	struct slice speaker, raw_text, shared_context;
	bool bypass;
	uint64_t forced_level;	      /* 0, or 1 + enum clean_level */
	uint64_t priority;	      /* 0 normal, 1 high */
	int64_t started_at, ended_at; /* wall us; 0: not given */
	char *words_json;	      /* owned; NULL: not given */
	struct turn_options options;
};

enum { TURN_WORDS_MAX = 2048 }; /* words of one turn: 16 KiB of text has no more that are worth timing */

/* Checks and reads json, which stands at pointer ("" or "/turns/3"). False when it added errors; finish it in
 * either case. */
bool turn_body_read(const cJSON *json, const char *pointer, const struct speakers *speakers,
	struct turn_body *out, struct invalid *errors);
void turn_body_finish(struct turn_body *body);

/* `speaker` of an object that is otherwise checked: its place in speakers (the person's when it is not
 * given), or -1 and an error. */
int turn_body_speaker(
	const cJSON *json, const char *pointer, const struct speakers *speakers, struct invalid *errors);

#endif
