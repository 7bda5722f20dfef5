/* SPDX-License-Identifier: ISC
 *
 * known.c - see known.h. A list that is searched from its lately used end: a conversation's turns come close
 * together.
 */
#include "known.h"

#include "common/base/xalloc.h"

#include <stdlib.h>

static void unlink_known(struct known_cache *cache, struct known *k)
{
	*(k->previous ? &k->previous->next : &cache->first) = k->next;
	*(k->next ? &k->next->previous : &cache->last) = k->previous;
	k->next = k->previous = NULL;
	cache->count--;
	cache->bytes -= k->knowledge.bytes;
}

static void link_first(struct known_cache *cache, struct known *k)
{
	k->next = cache->first;
	*(cache->first ? &cache->first->previous : &cache->last) = k;
	cache->first = k;
	cache->count++;
	cache->bytes += k->knowledge.bytes;
}

static struct known *look(const struct known_cache *cache, const struct uuid *conversation)
{
	for (struct known *k = cache->first; k; k = k->next)
		if (uuid_eq(&k->conversation, conversation))
			return k;
	return NULL;
}

static void drop(struct known_cache *cache, struct known *k)
{
	unlink_known(cache, k);
	known_release(&k);
}

void known_release(struct known **known)
{
	struct known *k = *known;

	*known = NULL;
	if (!k || --k->holders > 0)
		return;
	knowledge_finish(&k->knowledge);
	free(k);
}

struct known *known_find(struct known_cache *cache, const struct uuid *conversation)
{
	struct known *k = look(cache, conversation);

	if (!k)
		return NULL;
	unlink_known(cache, k);
	link_first(cache, k);
	k->holders++;
	return k;
}

struct known *known_put(struct known_cache *cache, const struct uuid *conversation, const PGresult *rows)
{
	struct known *k = xcalloc(1, sizeof *k), *old = look(cache, conversation);

	k->taught_seq = old ? old->taught_seq : 0;
	known_forget(cache, conversation);
	k->conversation = *conversation;
	k->holders = 2; /* the cache and the caller */
	knowledge_read(&k->knowledge, rows);
	link_first(cache, k);
	while (cache->last != k && (cache->count > KNOWN_CONVERSATIONS || cache->bytes > KNOWN_BYTES))
		drop(cache, cache->last);
	return k;
}

void known_forget(struct known_cache *cache, const struct uuid *conversation)
{
	struct known *k = look(cache, conversation);

	if (k)
		drop(cache, k);
}

void known_clear(struct known_cache *cache)
{
	while (cache->first)
		drop(cache, cache->first);
}
