/* SPDX-License-Identifier: ISC
 *
 * phrase_index.h - which phrases may start with a word: so that thousands of phrases cost one look-up a word.
 *
 * Rows (the caller's numbers) come back in the order in which they were added.
 */
#ifndef CC_ENGINE_PHRASE_INDEX_H
#define CC_ENGINE_PHRASE_INDEX_H

#include "phrase.h"

enum { PHRASE_BUCKETS = 1024 }; /* a power of two, above the usual number of first words */

struct phrase_entry {
	uint32_t hash, row;
	int next; /* entry, or -1 */
};

struct phrase_index {
	struct phrase_entry *entries; /* owned */
	size_t count;
	int first[PHRASE_BUCKETS], last[PHRASE_BUCKETS]; /* entry, or -1 */
};

void phrase_index_init(struct phrase_index *index);
void phrase_index_finish(struct phrase_index *index);
void phrase_index_add(struct phrase_index *index, const struct phrase *phrase, uint32_t row);

/* Iteration: the first entry for a word, then the next; NULL at the end. */
const struct phrase_entry *phrase_index_first(const struct phrase_index *index, struct slice key);
const struct phrase_entry *phrase_index_next(
	const struct phrase_index *index, const struct phrase_entry *entry);

#endif
