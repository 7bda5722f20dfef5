/* SPDX-License-Identifier: ISC
 *
 * context.h - business contexts, found by the words of the window and the turn. Rules are data:
 * contexts.conf.
 */
#ifndef CC_ENGINE_CONTEXT_H
#define CC_ENGINE_CONTEXT_H

#include "turn.h"

/* Empty; contexts_read adds a file's, whose text must stay. False, with the line, when it is not understood.
 */
struct contexts *contexts_create(void);
void contexts_destroy(struct contexts **contexts);
bool contexts_read(struct contexts *contexts, struct slice text, unsigned *bad_line) must_check;

/* The active contexts' bits; evidence, by bit, is what made each active. */
uint32_t contexts_find(
	const struct contexts *contexts, const struct turn *t, struct context_evidence evidence[ENGINE_CONTEXTS]);
uint32_t contexts_bit(const struct contexts *contexts, struct slice name); /* 0: no such context */

/* The contexts that a glossary term of this category belongs to: the one of that name, and those whose file
 * lists the category; 0: none, it fits everywhere. */
uint32_t contexts_of_category(const struct contexts *contexts, struct slice category);

/* The names of the bits, in the arena, and their evidence, which moves together to the front. */
const char *const *contexts_names(const struct contexts *contexts, uint32_t bits,
	struct context_evidence evidence[ENGINE_CONTEXTS], struct arena *a, size_t *count);

#endif
