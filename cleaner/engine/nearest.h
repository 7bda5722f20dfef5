/* SPDX-License-Identifier: ISC
 *
 * nearest.h - which term of a glossary sounds nearest to a run of phones, remembered.
 *
 * Of what the decision asks, comparing sounds alone is dear: with 300 terms it is nine tenths and more of it, while
 * all other rules together cost no more than remembering their answer would. And conversations say the same few
 * words again and again ("the last", "i think we"). So the answer is kept by all that it depends on: the ready
 * glossary, which owns the memory, and the phones themselves, compared whole; no hash is trusted. What a run of
 * phones is nearest to depends on no turn, window, option or table.
 */
#ifndef CC_ENGINE_NEAREST_H
#define CC_ENGINE_NEAREST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	NEAREST_PHONES = 40, /* a longer run is compared each time: four words have a dozen, as a rule */
	NEAREST_KEPT = 2048, /* runs a glossary, 128 KiB: what one conversation says again and again */
	NEAREST_FROM = 8     /* sounds of a glossary: with fewer, comparing costs no more than looking up */
};

struct term;

struct nearest {
	const struct term *term; /* NULL: none is near enough */
	float distance, next;	 /* its, and the runner-up's */
	uint32_t comparisons;	 /* that it took: they count towards the turn's bound though they are spared, so that
				    the answer never depends on what was asked before */
};

struct nearest_cache;

struct nearest_cache *nearest_create(void);
void nearest_destroy(struct nearest_cache **cache);

/* False: not remembered. p has n phones, none of them 0. cache may be NULL: remembers nothing. */
bool nearest_get(const struct nearest_cache *cache, const uint8_t *p, size_t n, struct nearest *out);

/* Takes the place of whatever shares its slot. */
void nearest_put(struct nearest_cache *cache, const uint8_t *p, size_t n, const struct nearest *nearest);

#endif
