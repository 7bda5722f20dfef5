/* SPDX-License-Identifier: ISC
 *
 * doubt.c - see doubt.h. What a stage was not sure enough to change it has marked itself (word.doubt).
 */
#include "doubt.h"
#include "common/base/utf8.h"
#include "reasons.h"

enum { UNKNOWN_LETTERS = 4 }; /* shorter ones are abbreviations of all sorts */

bool is_unknown_word(const struct table *table, const struct word *word)
{
	if (!table->head || word->key.n < UNKNOWN_LETTERS || word->classes || !slice_eq(word->key, word->core))
		return false;
	for (size_t i = 0; i < word->key.n; i++)
		if (word->key.p[i] < 'a' || word->key.p[i] > 'z')
			return false;
	return table_frequency(table, word->key) == 0 && !table_in_dictionary(table, word->key);
}

void stage_doubt(struct turn *t)
{
	for (size_t i = 0; i < t->words.count; i++) {
		struct word *word = t->words.live[i];

		if (!word->doubt && !word->fixed && !word->core_edit &&
			is_unknown_word(&t->engine->table, word))
			word->doubt = why_unknown;
	}
}

/* Does the change leave what was heard in doubt? Marks and capitals do. */
static bool changes_words(const struct correction *c)
{
	return c->kind != KIND_PUNCTUATION && c->kind != KIND_CASE;
}

size_t doubtful_left(const struct clean_result *result, const struct doubtful_word *words, size_t count,
	struct doubtful_word *kept)
{
	size_t n = 0, c = 0;

	for (size_t i = 0; i < count; i++) {
		while (c < result->correction_count && (result->corrections[c].end <= words[i].start ||
							       !changes_words(&result->corrections[c])))
			c++;
		if (c == result->correction_count || result->corrections[c].start >= words[i].end)
			kept[n++] = words[i];
	}
	return n;
}

void doubts_collect(const struct turn *t, struct clean_result *result)
{
	struct doubtful_word *list = arena_get(t->arena, ENGINE_DOUBTFUL_WORDS * sizeof *list);
	struct slice raw = t->words.raw;
	uint32_t at = 0, points = 0;
	size_t n = 0;

	for (size_t i = 0; i < t->words.count && n < ENGINE_DOUBTFUL_WORDS; i++) {
		const struct word *word = t->words.live[i];
		struct slice text = slice_of(raw.p + word->core_start, word->core_end - word->core_start);

		if (!word->doubt || text.n == 0)
			continue;
		points += (uint32_t)utf8_count(slice_of(raw.p + at, word->core_start - at));
		list[n].start = points;
		points += (uint32_t)utf8_count(text);
		at = word->core_end;
		list[n].end = points;
		list[n].text = text;
		list[n++].reason = word->doubt;
	}
	result->doubtful = list;
	result->doubtful_count = doubtful_left(result, list, n, list);
}
