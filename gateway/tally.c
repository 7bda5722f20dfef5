/* SPDX-License-Identifier: ISC
 *
 * tally.c - see tally.h.
 */
#include "tally.h"

#include "common/base/log.h"
#include "common/base/xalloc.h"

#include <stdlib.h>
#include <uthash.h>

struct count {
	struct uuid key;
	size_t n;
	UT_hash_handle hh;
};

struct tally {
	struct count *by_key;
};

struct tally *tally_create(void)
{
	return xcalloc(1, sizeof(struct tally));
}

void tally_destroy(struct tally **t)
{
	struct count *c, *next;

	if (!*t)
		return;
	HASH_ITER(hh, (*t)->by_key, c, next)
	{
		HASH_DEL((*t)->by_key, c);
		free(c);
	}
	free(*t);
	*t = NULL;
}

static struct count *find(const struct tally *t, const struct uuid *key)
{
	struct count *c;

	HASH_FIND(hh, t->by_key, key, sizeof *key, c);
	return c;
}

size_t tally_of(const struct tally *t, const struct uuid *key)
{
	const struct count *c = find(t, key);

	return c ? c->n : 0;
}

void tally_add(struct tally *t, const struct uuid *key)
{
	struct count *c = find(t, key);

	if (!c) {
		c = xcalloc(1, sizeof *c);
		c->key = *key;
		HASH_ADD(hh, t->by_key, key, sizeof c->key, c);
	}
	c->n++;
}

void tally_drop(struct tally *t, const struct uuid *key)
{
	struct count *c = find(t, key);

	if (!c)
		bug("a tally is dropped that was not added");
	if (--c->n)
		return;
	HASH_DEL(t->by_key, c);
	free(c);
}
