/* SPDX-License-Identifier: ISC
 *
 * answer.c - see answer.h.
 */
#include "cleaner/llm/answer.h"

#include "cleaner/llm/provider.h"
#include "common/base/utf8.h"
#include "common/base/xalloc.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

static struct slice trim(struct slice s)
{
	while (s.n && strchr(" \t\r\n", s.p[s.n - 1]) && s.p[s.n - 1])
		s.n--;
	while (s.n && strchr(" \t\r\n", *s.p) && *s.p)
		s = slice_of(s.p + 1, s.n - 1);
	return s;
}

/* The text between ``` or ```json and ```; without a fence the text itself. */
static struct slice unfence(struct slice s)
{
	const char *newline;

	s = trim(s);
	if (!slice_starts(s, SLICE("```")))
		return s;
	newline = memchr(s.p, '\n', s.n);
	if (!newline)
		return s;
	s = slice_of(newline + 1, s.n - (size_t)(newline + 1 - s.p));
	if (s.n >= 3 && memcmp(s.p + s.n - 3, "```", 3) == 0)
		s.n -= 3;
	return trim(s);
}

static bool doubled(const cJSON *object)
{
	const cJSON *a, *b;

	cJSON_ArrayForEach(a, object) for (b = a->next; b;
					   b = b->next) if (a->string && b->string &&
							    strcmp(a->string, b->string) == 0) return true;
	return false;
}

/* JSON's \u0000 would end a C string early and pass unseen; "\\u0000" are words that somebody wrote. */
static bool has_nul(struct slice s)
{
	for (size_t at = 0; at < s.n; at++) {
		if (!s.p[at])
			return true;
		if (s.p[at] != '\\')
			continue;
		if (slice_starts(slice_of(s.p + at, s.n - at), SLICE("\\u0000")))
			return true;
		at++; /* what is escaped */
	}
	return false;
}

static enum llm_outcome take_text(struct llm_answer *out, const cJSON *object, uint64_t n)
{
	const cJSON *text = cJSON_GetObjectItemCaseSensitive(object, "cleaned_text");

	if (!cJSON_IsString(text))
		return LLM_BAD_ANSWER;
	if (n < 1 || n > out->count || out->texts[n - 1])
		return LLM_WRONG_TURNS;
	if (!utf8_valid(slice_str(text->valuestring), NULL))
		return LLM_BAD_TEXT;
	out->texts[n - 1] = xstrdup(text->valuestring);
	return LLM_OK;
}

static enum llm_outcome take_turns(struct llm_answer *out, const cJSON *turns)
{
	const cJSON *row;
	size_t taken = 0;

	cJSON_ArrayForEach(row, turns)
	{
		enum llm_outcome outcome =
			doubled(row) ? LLM_DUPLICATE_KEY : take_text(out, row, llm_json_u64(row, "n"));

		if (outcome != LLM_OK)
			return outcome;
		taken++;
	}
	return taken == out->count ? LLM_OK : LLM_WRONG_TURNS;
}

enum {
	ANSWER_MEMBERS = 64
}; /* an object of ours has two; more makes the search for doubles slow for nothing */

static enum llm_outcome take(struct llm_answer *out, const cJSON *json)
{
	const cJSON *turns = cJSON_GetObjectItemCaseSensitive(json, "turns");

	if (cJSON_IsArray(json)) /* the array alone, without its object */
		return take_turns(out, json);
	if (!cJSON_IsObject(json) || cJSON_GetArraySize(json) > ANSWER_MEMBERS)
		return LLM_BAD_ANSWER;
	if (doubled(json))
		return LLM_DUPLICATE_KEY;
	if (cJSON_IsArray(turns))
		return take_turns(out, turns);
	return out->count == 1 ? take_text(out, json, 1) : LLM_BAD_ANSWER;
}

enum llm_outcome llm_answer_read(struct slice text, size_t turns, struct llm_answer *out)
{
	enum llm_outcome outcome;
	cJSON *json;

	*out = (struct llm_answer){.count = turns};
	text = unfence(text);
	if (!text.n)
		return LLM_EMPTY;
	if (has_nul(text))
		return LLM_BAD_TEXT;
	json = llm_json_parse(text);
	outcome = json ? take(out, json) : LLM_BAD_ANSWER;
	cJSON_Delete(json);
	if (outcome != LLM_OK)
		llm_answer_finish(out);
	return outcome;
}

void llm_answer_finish(struct llm_answer *answer)
{
	for (size_t i = 0; i < countof(answer->texts); i++)
		free(answer->texts[i]);
	*answer = (struct llm_answer){0};
}
