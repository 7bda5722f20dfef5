/* SPDX-License-Identifier: ISC
 *
 * nearest.c - see nearest.h. One slot a hash: a newcomer takes it.
 */
#include "nearest.h"
#include "common/base/xalloc.h"

#include <stdlib.h>
#include <string.h>

/* A run of phones as words of a machine, with zeros behind it: no phone is 0, so that equal keys are equal runs. */
struct key {
	uint64_t part[NEAREST_PHONES / sizeof(uint64_t)];
};

struct slot {
	struct key key; /* all zeros: free */
	struct nearest nearest;
};

struct nearest_cache {
	struct slot slots[NEAREST_KEPT];
};

struct nearest_cache *nearest_create(void)
{
	return xcalloc(1, sizeof(struct nearest_cache));
}

void nearest_destroy(struct nearest_cache **cache)
{
	free(*cache);
	*cache = NULL;
}

static struct key key_of(const uint8_t *p, size_t n)
{
	struct key key = {{0}};

	memcpy(&key, p, n);
	return key;
}

static size_t slot_of(const struct key *key)
{
	uint64_t hash = 0;

	for (size_t i = 0; i < sizeof key->part / sizeof *key->part; i++) {
		hash = (hash ^ key->part[i]) * UINT64_C(0x9E3779B97F4A7C15);
		hash ^= hash >> 32;
	}
	return hash % NEAREST_KEPT;
}

bool nearest_get(const struct nearest_cache *cache, const uint8_t *p, size_t n, struct nearest *out)
{
	const struct slot *slot;
	struct key key;

	if (!cache || n == 0 || n > NEAREST_PHONES)
		return false;
	key = key_of(p, n);
	slot = &cache->slots[slot_of(&key)];
	if (memcmp(&slot->key, &key, sizeof key) != 0)
		return false;
	*out = slot->nearest;
	return true;
}

void nearest_put(struct nearest_cache *cache, const uint8_t *p, size_t n, const struct nearest *nearest)
{
	struct key key;

	if (!cache || n == 0 || n > NEAREST_PHONES)
		return;
	key = key_of(p, n);
	cache->slots[slot_of(&key)] = (struct slot){key, *nearest};
}
