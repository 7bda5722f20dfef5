/* SPDX-License-Identifier: ISC
 *
 * known.h - the knowledge of the conversations lately cleaned here, kept so that a turn need not ask for it.
 *
 * Whether what is kept is still true is found out by the commit, which compares versions with the rows that
 * it has locked (finish.sql): nothing has to tell a cleaner of a change. Bounded by number and bytes; the
 * longest unused goes first, but what a lease holds stays in memory until it lets go.
 */
#ifndef CC_CLEANER_KNOWN_H
#define CC_CLEANER_KNOWN_H

#include "common/knowledge/knowledge.h"

enum {
	KNOWN_CONVERSATIONS =
		512, /* live conversations of one cleaner: twice what it works on at a time, and room */
	KNOWN_BUCKETS = 512,		/* of the table by conversation: one each */
	KNOWN_BYTES = 16 * 1024 * 1024, /* a full glossary is some 50 KiB: 300 of those */
};

struct known {
	struct known *next, *previous; /* most lately used first */
	struct known *chain;	       /* of its bucket */
	unsigned holders;	       /* the cache is one */
	struct uuid conversation;
	struct knowledge knowledge;
	uint32_t taught_seq; /* the agent's turns up to here were sent to teach their terms, from here
				(teach.c) */
};

struct known_cache {
	struct known *first, *last;
	struct known *bucket[KNOWN_BUCKETS];
	size_t count, bytes;
};

/* The conversation's, held; NULL when it is not kept. */
struct known *known_find(struct known_cache *cache, const struct uuid *conversation);

/* Takes what was read in the place of what was kept, and holds it. */
struct known *known_put(struct known_cache *cache, const struct uuid *conversation, const PGresult *rows);

void known_forget(struct known_cache *cache, const struct uuid *conversation);
void known_release(struct known **known); /* NULL is fine */
void known_clear(struct known_cache *cache);

#endif
