/* SPDX-License-Identifier: ISC
 *
 * terms.h - a glossary made ready: how each term sounds, is spelled and how common its words are.
 *
 * Kept between turns: a workspace remembers the last few glossaries by their content, so that a
 * conversation's glossary is read once. Owns copies of all it needs.
 */
#ifndef CC_ENGINE_TERMS_H
#define CC_ENGINE_TERMS_H

#include "engine.h"
#include "lexicon.h"
#include "nearest.h"
#include "phones.h"
#include "table.h"

struct engine;

enum { TERM_WORDS = 6, TERM_PHONES = 60, TERM_BYTES = 120, WINDOW_WORDS = 4 };
enum { TERMS_KEPT = 8 }; /* glossaries remembered */

struct term_sound {
	uint8_t n, p[TERM_PHONES];
	uint16_t term;
	struct phone_groups groups;
	int next; /* of the same first phone group; -1 */
};

struct term {
	char *text;	/* as it is to be written */
	char *squeezed; /* lower case, letters and digits only */
	size_t squeezed_n;
	unsigned words;
	bool acronym, capital, common; /* common: one everyday word, whose case says nothing */
	float frequency_min, frequency_mean, frequency_max;
	uint32_t contexts; /* where it belongs, by its category; 0: anywhere */
};

struct terms {
	struct buf given; /* the glossary that this is, whole: what it is known again by */
	uint64_t used;	  /* 0: free */
	struct term *list;
	size_t count;
	struct term_sound *sounds;
	size_t sound_count;
	int first[PHONE_GROUPS];
	struct exact {
		uint64_t hash;
		uint16_t term;
		bool rule;
	} * exact; /* open-addressed by squeezed text; hash 0: free */
	size_t exact_slots;
	struct nearest_cache *nearest; /* NULL: remembers nothing */
};

struct terms_cache {
	struct terms kept[TERMS_KEPT];
	uint64_t clock;
};

/* The ready form of in's glossary, in the cache until the next call. */
const struct terms *terms_of(struct terms_cache *cache, struct phones_cache *phones,
	const struct engine *engine, const struct clean_input *in);
void terms_cache_finish(struct terms_cache *cache);

/* The term that a squeezed spelling is, or is a rule for; NULL when none. *rule: only by a sounds_like. */
const struct term *terms_exact(const struct terms *terms, uint64_t squeezed_hash, bool *rule);

/* Lower-case letters and digits of s go into the hash; start with SQUEEZE_START. */
#define SQUEEZE_START UINT64_C(1469598103934665603)
uint64_t squeeze_hash(uint64_t hash, struct slice s);

#endif
