/* SPDX-License-Identifier: ISC
 *
 * turn_body.c - see turn_body.h.
 */
#include "turn_body.h"

#include "common/base/clock.h"

#include <stdlib.h>

#define DAY_S (24 * 3600.0) /* seconds: longer than any recording */

static const struct member word_members[] = {
	{"text", SHAPE_TEXT, SHAPE_REQUIRED, 1, LIMIT_RAW_TEXT_BYTES},
	{"start", SHAPE_NUMBER, SHAPE_REQUIRED, 0, DAY_S},
	{"end", SHAPE_NUMBER, SHAPE_REQUIRED, 0, DAY_S},
	{"confidence", SHAPE_NUMBER, 0, 0, 1},
};
static const struct shape word_shape = SHAPE(word_members);

static const char *const levels[] = {"none", "light", "full", NULL};
static const char *const priorities[] = {"normal", "high", NULL};

static const struct member turn_members[] = {
	{"speaker", SHAPE_TEXT, SHAPE_REQUIRED, 1, SPEAKER_BYTES},
	{"raw_text", SHAPE_TEXT, SHAPE_REQUIRED, 1, LIMIT_RAW_TEXT_BYTES},
	{"force_cleaning_level", SHAPE_CHOICE, .choices = levels},
	{"shared_context", SHAPE_TEXT, .max = LIMIT_CONTEXT_BYTES},
	{"priority", SHAPE_CHOICE, .choices = priorities},
	{"started_at", SHAPE_TIME},
	{"ended_at", SHAPE_TIME},
	{"words", SHAPE_OBJECTS, .max = TURN_WORDS_MAX, .inner = &word_shape},
	{"options", SHAPE_OBJECT, .inner = &turn_options_shape},
};
static const struct shape turn_shape = SHAPE(turn_members);

static struct slice trimmed(const char *p, size_t n)
{
	while (n && *p == ' ')
		p++, n--;
	while (n && p[n - 1] == ' ')
		n--;
	return slice_of(p, n);
}

void speakers_read(struct speakers *s, const char *list)
{
	*s = (struct speakers){.count = 1, .name = {SLICE("User")}};
	while (list && *list && s->count < SPEAKERS_MAX) {
		size_t n = strcspn(list, ",");
		struct slice name = trimmed(list, n);

		if (name.n > 0 && name.n <= SPEAKER_BYTES)
			s->name[s->count++] = name;
		list += n + (list[n] == ',');
	}
}

int speakers_find(const struct speakers *s, struct slice name)
{
	for (size_t i = 0; i < s->count; i++)
		if (slice_eq_nocase(s->name[i], name))
			return (int)i;
	return -1;
}

int turn_body_speaker(
	const cJSON *json, const char *pointer, const struct speakers *speakers, struct invalid *errors)
{
	struct slice name = json_member_text(json, "speaker");
	struct buf known;
	int at;

	if (!name.p)
		return 0;
	at = speakers_find(speakers, name);
	if (at >= 0)
		return at;
	buf_init(&known, INVALID_MESSAGE_BYTES / 2);
	for (size_t i = 0; i < speakers->count; i++) {
		buf_str(&known, i ? ", " : "");
		buf_slice(&known, speakers->name[i]);
	}
	invalid_add(errors, pointer, "speaker", "must be one of: %s, in any case", known.p ? known.p : "");
	buf_finish(&known);
	return -1;
}

/* The place of a member's text in a list of names; 0 when it is not given. */
static uint64_t choice(const cJSON *json, const char *name, const char *const *choices)
{
	struct slice text = json_member_text(json, name);

	for (uint64_t i = 0; text.p && choices[i]; i++)
		if (slice_eq(text, slice_str(choices[i])))
			return i;
	return 0;
}

/* 0: not given. The first moment of 1970, where recordings without a date begin, is given as the microsecond after it. */
static int64_t time_of(const cJSON *json, const char *name)
{
	int64_t wall_us = 0;

	if (!clock_parse_rfc3339(json_member_text(json, name), &wall_us))
		return 0;
	return wall_us ? wall_us : 1;
}

static void read_words(const cJSON *json, const char *pointer, struct turn_body *out, struct invalid *errors)
{
	const cJSON *words = json_member(json, "words"), *word;

	cJSON_ArrayForEach(word, words)
	{
		if (json_member(word, "end")->valuedouble >= json_member(word, "start")->valuedouble)
			continue;
		invalid_add(errors, pointer, "words", "must have each word end no sooner than it starts");
		return;
	}
	out->words_json = words ? cJSON_PrintUnformatted(words) : NULL;
}

bool turn_body_read(const cJSON *json, const char *pointer, const struct speakers *speakers,
	struct turn_body *out, struct invalid *errors)
{
	size_t before = errors->count;
	int speaker;

	*out = (struct turn_body){.words_json = NULL};
	if (!shape_check(&turn_shape, json, pointer, errors))
		return false;
	speaker = turn_body_speaker(json, pointer, speakers, errors);
	if (speaker >= 0) {
		out->speaker = speakers->name[speaker];
		out->bypass = speaker > 0;
	}
	out->raw_text = json_member_text(json, "raw_text");
	out->shared_context = json_member_text(json, "shared_context");
	if (json_member(json, "force_cleaning_level"))
		out->forced_level = 1 + choice(json, "force_cleaning_level", levels);
	out->priority = choice(json, "priority", priorities);
	out->started_at = time_of(json, "started_at");
	out->ended_at = time_of(json, "ended_at");
	if (out->started_at && out->ended_at && out->ended_at < out->started_at)
		invalid_add(errors, pointer, "ended_at", "must not be before started_at");
	read_words(json, pointer, out, errors);
	turn_options_read(json_member(json, "options"), &out->options);
	return errors->count == before;
}

void turn_body_finish(struct turn_body *body)
{
	free(body->words_json);
	body->words_json = NULL;
}
