/* SPDX-License-Identifier: ISC
 *
 * phrase.c - see phrase.h.
 */
#include "phrase.h"
#include "common/base/xalloc.h"
#include "conf_lines.h"

#include <stdlib.h>

void phrase_read(struct phrase *phrase, struct slice text)
{
	struct slice word;

	*phrase = (struct phrase){0};
	while (slice_cut(&text, ' ', &word)) {
		if (word.n == 0)
			continue;
		phrase->words = xrealloc(phrase->words, (phrase->count + 1) * sizeof *phrase->words);
		phrase->words[phrase->count++] = word;
	}
}

void phrase_finish(struct phrase *phrase)
{
	free(phrase->words);
	*phrase = (struct phrase){0};
}

void phrases_add(struct phrases *set, struct slice text)
{
	struct slice one;

	while (slice_cut(&text, ',', &one)) {
		if (one.n == 0)
			continue;
		set->list = xrealloc(set->list, (set->count + 1) * sizeof *set->list);
		phrase_read(&set->list[set->count++], one);
	}
}

void phrases_finish(struct phrases *set)
{
	for (size_t i = 0; i < set->count; i++)
		phrase_finish(&set->list[i]);
	free(set->list);
	*set = (struct phrases){0};
}

static bool alternative_is(struct slice alternatives, struct slice key)
{
	const char *bar = memchr(alternatives.p, '|', alternatives.n);
	struct slice one;

	if (!bar)
		return slice_eq(alternatives, key);
	while (slice_cut(&alternatives, '|', &one))
		if (slice_eq(one, key))
			return true;
	return false;
}

bool phrase_at(const struct phrase *phrase, const struct words *w, size_t i)
{
	if (i >= w->count || phrase->count > w->count - i)
		return false;
	for (size_t k = 0; k < phrase->count; k++)
		if (!alternative_is(phrase->words[k], w->live[i + k]->key))
			return false;
	return phrase->count > 0;
}

bool phrases_at(const struct phrases *set, const struct words *w, size_t i)
{
	for (size_t k = 0; k < set->count; k++)
		if (phrase_at(&set->list[k], w, i))
			return true;
	return false;
}

bool phrases_before(const struct phrases *set, const struct words *w, size_t end)
{
	for (size_t k = 0; k < set->count; k++)
		if (set->list[k].count <= end && phrase_at(&set->list[k], w, end - set->list[k].count))
			return true;
	return false;
}

bool phrases_in(const struct phrases *set, const struct words *w)
{
	for (size_t i = 0; i < w->count; i++)
		if (phrases_at(set, w, i))
			return true;
	return false;
}
