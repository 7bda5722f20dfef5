/* SPDX-License-Identifier: ISC
 *
 * phones.h - how English words sound: phones from flite's lexicon and letter-to-sound rules (Debian
 * flite1-dev), and how far two sound sequences are from each other.
 *
 * A phone is a byte, 1..PHONE_COUNT-1. Look-ups are remembered in a cache of fixed size that a workspace
 * owns, so that flite (which allocates) is asked once a word, not once a turn. Without flite the cache
 * answers nothing and nothing sounds like anything.
 */
#ifndef CC_ENGINE_PHONES_H
#define CC_ENGINE_PHONES_H

#include "common/base/slice.h"

#include <stdint.h>

enum { PHONE_COUNT = 41, PHONES_WORD = 30, PHONES_CACHED = 8192, PHONES_KEY_BYTES = 40 };

struct phones {
	uint8_t n;
	uint8_t p[PHONES_WORD];
};

struct phones_cache;

struct phones_cache *phones_cache_create(void);
void phones_cache_destroy(struct phones_cache **cache);

/* The phones of a word in lower case (letters and apostrophes); n is 0 when there are none, or too many.
 * Valid until the next call. */
const struct phones *phones_of(struct phones_cache *cache, struct slice key);

/* Groups of first phones that recognisers confuse: 0..PHONE_GROUPS-1. */
enum { PHONE_GROUPS = 10 };
unsigned phone_group(uint8_t phone);

/* How many phones of each group a sequence has: what two sequences cannot share costs at least so much. */
struct phone_groups {
	uint8_t n[PHONE_GROUPS];
};
struct phone_groups phone_groups_of(const uint8_t *p, size_t n);
float phone_groups_cost(const struct phone_groups *a, const struct phone_groups *b);

/* The weighted edit distance over the longer length; above `most` any value above it. */
float phones_distance(const uint8_t *a, size_t an, const uint8_t *b, size_t bn, float most);

#endif
