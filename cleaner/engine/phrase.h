/* SPDX-License-Identifier: ISC
 *
 * phrase.h - phrases of words as the data files write them, matched against a turn's keys.
 *
 * A phrase is one or more words, each of them one or several alternatives (a|b). Read once at engine_open;
 * the text it was read from must stay. Heap-owned, released by phrases_finish.
 */
#ifndef CC_ENGINE_PHRASE_H
#define CC_ENGINE_PHRASE_H

#include "words.h"

struct phrase {
	struct slice *words; /* each: alternatives separated by '|' */
	size_t count;
};

struct phrases {
	struct phrase *list;
	size_t count;
};

void phrase_read(struct phrase *phrase, struct slice text); /* words separated by blanks */
void phrase_finish(struct phrase *phrase);
void phrases_add(struct phrases *set, struct slice text); /* phrases separated by commas */
void phrases_finish(struct phrases *set);

/* Does the phrase stand at live word i? Ends are exclusive: with `end`, its last word is live word end - 1.
 */
bool phrase_at(const struct phrase *phrase, const struct words *w, size_t i);
bool phrases_at(const struct phrases *set, const struct words *w, size_t i);
bool phrases_before(const struct phrases *set, const struct words *w, size_t end);
bool phrases_in(const struct phrases *set, const struct words *w);

#endif
