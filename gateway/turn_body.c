/* SPDX-License-Identifier: ISC
 *
 * turn_body.c - see turn_body.h.
 */
#include "turn_body.h"

#include <stdlib.h>

const struct text_rule raw_text_rule = {
	.min_bytes = 1, .max_bytes = LIMIT_RAW_TEXT_BYTES, .no_blank = true, .required = true};

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

int turn_body_speaker(struct members *m, const struct speakers *speakers, bool required)
{
	const struct text_rule rule = {.min_bytes = 1, .max_bytes = SPEAKER_BYTES, .required = required};
	struct buf list;
	struct slice name;
	int at;

	if (!member_text(m, "speaker", &rule, &name))
		return -1;
	at = speakers_find(speakers, name);
	if (at >= 0)
		return at;
	buf_init(&list, INVALID_MESSAGE_BYTES / 2);
	for (size_t i = 0; i < speakers->count; i++) {
		buf_str(&list, i ? ", " : "");
		buf_slice(&list, speakers->name[i]);
	}
	invalid_add(m->errors, m->pointer, "speaker", "is nobody known here: %s (in any case)",
		list.p ? list.p : "");
	buf_finish(&list);
	return -1;
}

static void read_word(const cJSON *json, const char *pointer, struct invalid *errors)
{
	static const char *const known[] = {"text", "start", "end", "confidence", NULL};
	static const struct text_rule rule = {
		.min_bytes = 1, .max_bytes = LIMIT_RAW_TEXT_BYTES, .required = true};
	const double day = 24 * 3600.0; /* seconds: longer than any recording */
	struct members m;
	struct slice text;
	double start = 0, end = 0, confidence;

	members_begin(&m, json, pointer, known, errors);
	(void)member_text(&m, "text", &rule, &text);
	if (member_number(&m, "start", 0, day, true, &start) &&
		member_number(&m, "end", 0, day, true, &end) && end < start)
		invalid_add(errors, pointer, "end", "must not be before start");
	(void)member_number(&m, "confidence", 0, 1, false, &confidence);
}

static void read_words(struct members *m, struct turn_body *out)
{
	const cJSON *words, *word;
	char pointer[INVALID_POINTER_BYTES];
	int i = 0;

	if (!member_array(m, "words", TURN_WORDS_MAX, false, &words))
		return;
	cJSON_ArrayForEach(word, words)
	{
		member_pointer(m, "words", i++, pointer);
		read_word(word, pointer, m->errors);
		if (m->errors->count == INVALID_MAX)
			return;
	}
	out->words_json = cJSON_PrintUnformatted(words);
}

static void read_times(struct members *m, struct turn_body *out)
{
	(void)member_time(m, "started_at", &out->started_at);
	(void)member_time(m, "ended_at", &out->ended_at);
	if (out->started_at && out->ended_at && out->ended_at < out->started_at)
		invalid_add(m->errors, m->pointer, "ended_at", "must not be before started_at");
}

static void read_options(struct members *m, struct turn_body *out)
{
	const cJSON *options;
	char pointer[INVALID_POINTER_BYTES];

	turn_options_defaults(&out->options);
	if (!member_object(m, "options", &options))
		return;
	member_pointer(m, "options", -1, pointer);
	(void)turn_options_read(options, pointer, &out->options, m->errors);
}

bool turn_body_read(const cJSON *json, const char *pointer, const struct speakers *speakers,
	struct turn_body *out, struct invalid *errors)
{
	static const char *const known[] = {"speaker", "raw_text", "force_cleaning_level", "shared_context",
		"priority", "started_at", "ended_at", "words", "options", NULL};
	static const char *const levels[] = {"none", "light", "full", NULL}, *const priorities[] = {
										     "normal", "high", NULL};
	static const struct text_rule context = {.max_bytes = LIMIT_CONTEXT_BYTES};
	size_t before = errors->count, level, priority;
	struct members m;
	int speaker;

	memset(out, 0, sizeof *out);
	members_begin(&m, json, pointer, known, errors);
	speaker = turn_body_speaker(&m, speakers, true);
	if (speaker >= 0) {
		out->speaker = speakers->name[speaker];
		out->bypass = speaker > 0;
	}
	(void)member_text(&m, "raw_text", &raw_text_rule, &out->raw_text);
	if (member_choice(&m, "force_cleaning_level", levels, &level))
		out->forced_level = 1 + level;
	(void)member_text(&m, "shared_context", &context, &out->shared_context);
	if (member_choice(&m, "priority", priorities, &priority))
		out->priority = priority;
	read_times(&m, out);
	read_words(&m, out);
	read_options(&m, out);
	return errors->count == before;
}

void turn_body_finish(struct turn_body *body)
{
	free(body->words_json);
	body->words_json = NULL;
}
