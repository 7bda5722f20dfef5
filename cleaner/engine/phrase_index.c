/* SPDX-License-Identifier: ISC
 *
 * phrase_index.c - see phrase_index.h.
 */
#include "phrase_index.h"
#include "common/base/xalloc.h"
#include "conf_lines.h"

#include <stdlib.h>

void phrase_index_init(struct phrase_index *index)
{
	*index = (struct phrase_index){0};
	memset(index->first, -1, sizeof index->first);
	memset(index->last, -1, sizeof index->last);
}

void phrase_index_finish(struct phrase_index *index)
{
	free(index->entries);
	phrase_index_init(index);
}

static void index_word(struct phrase_index *index, struct slice word, uint32_t row)
{
	uint32_t hash = text_hash(word);
	int *last = &index->last[hash & (PHRASE_BUCKETS - 1)];
	int at = (int)index->count;

	index->entries = xrealloc(index->entries, (index->count + 1) * sizeof *index->entries);
	index->entries[index->count++] = (struct phrase_entry){hash, row, -1};
	if (*last < 0)
		index->first[hash & (PHRASE_BUCKETS - 1)] = at;
	else
		index->entries[*last].next = at;
	*last = at;
}

void phrase_index_add(struct phrase_index *index, const struct phrase *phrase, uint32_t row)
{
	struct slice alternatives, one;

	if (phrase->count == 0)
		return;
	alternatives = phrase->words[0];
	while (slice_cut(&alternatives, '|', &one))
		index_word(index, one, row);
}

static const struct phrase_entry *entry_match(const struct phrase_index *index, int at, uint32_t hash)
{
	while (at >= 0 && index->entries[at].hash != hash)
		at = index->entries[at].next;
	return at >= 0 ? &index->entries[at] : NULL;
}

const struct phrase_entry *phrase_index_first(const struct phrase_index *index, struct slice key)
{
	uint32_t hash = text_hash(key);

	return entry_match(index, index->first[hash & (PHRASE_BUCKETS - 1)], hash);
}

const struct phrase_entry *phrase_index_next(
	const struct phrase_index *index, const struct phrase_entry *entry)
{
	return entry_match(index, entry->next, entry->hash);
}
