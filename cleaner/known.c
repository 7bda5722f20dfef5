/* SPDX-License-Identifier: ISC
 *
 * known.c - see known.h. A list in the order of use, and a chained table by conversation.
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

/* Where the conversation's is pointed to, or would be. */
static struct known **place(struct known_cache *cache, const struct uuid *conversation)
{
	struct known **at = &cache->bucket[uuid_hash(conversation) % KNOWN_BUCKETS];

	while (*at && !uuid_eq(&(*at)->conversation, conversation))
		at = &(*at)->chain;
	return at;
}

static void add(struct known_cache *cache, struct known *k)
{
	*place(cache, &k->conversation) = k;
	link_first(cache, k);
}

static void drop(struct known_cache *cache, struct known *k)
{
	struct known **at = place(cache, &k->conversation);

	*at = k->chain;
	k->chain = NULL;
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
	struct known *k = *place(cache, conversation);

	if (!k)
		return NULL;
	unlink_known(cache, k);
	link_first(cache, k);
	k->holders++;
	return k;
}

struct known *known_put(struct known_cache *cache, const struct uuid *conversation, const PGresult *rows)
{
	struct known *k = xcalloc(1, sizeof *k), *old = *place(cache, conversation);

	k->taught_seq = old ? old->taught_seq : 0;
	known_forget(cache, conversation);
	k->conversation = *conversation;
	k->holders = 2; /* the cache and the caller */
	knowledge_read(&k->knowledge, rows);
	add(cache, k);
	while (cache->last != k && (cache->count > KNOWN_CONVERSATIONS || cache->bytes > KNOWN_BYTES))
		drop(cache, cache->last);
	return k;
}

void known_forget(struct known_cache *cache, const struct uuid *conversation)
{
	struct known *k = *place(cache, conversation);

	if (k)
		drop(cache, k);
}

void known_clear(struct known_cache *cache)
{
	while (cache->first)
		drop(cache, cache->first);
}
