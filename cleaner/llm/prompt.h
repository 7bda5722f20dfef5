/* SPDX-License-Identifier: ISC
 *
 * prompt.h - what a model is told: a fixed part, the same bytes in every call, and the data of this one.
 * Pure.
 *
 * The fixed part is prompt.v1.txt, embedded at build time with its SHA-256, which names it in cache keys and
 * revisions; a change of the file is a change of that name. The data is JSON, so that nothing said in a turn
 * can end it: quotes, lines and braces in a turn are escaped. An item is vocabulary, shared context, active
 * contexts, window, and last the turn, and is composed once: the same bytes are the call's data, alone or
 * among others, and the cache key's.
 */
#ifndef CC_LLM_PROMPT_H
#define CC_LLM_PROMPT_H

#include "cleaner/engine/engine.h"

enum {
	PROMPT_VOCABULARY_TERMS =
		200, /* of a conversation, in the order given: more cost time and bring nothing */
	PROMPT_DOUBTFUL_WORDS = 100, /* named in an item */
	PROMPT_ITEM_BYTES =
		128 * 1024,	 /* one item: ten window turns at their usual size and a full vocabulary */
	PROMPT_TURN_WORDS = 600, /* a longer turn is the local engine's: its answer would not come in time */
	PROMPT_HASH_BYTES = 65,	 /* hexadecimal SHA-256 and the NUL */
};

struct prompt_item {
	const struct clean_input *in;
	const char *const *contexts; /* names of the active ones */
	size_t context_count;
	const struct slice *doubtful; /* words of the turn that are likely misheard */
	size_t doubtful_count;
};

struct slice prompt_fixed(void);
const char *prompt_hash(void); /* of the fixed part */

/* Appends the item's members without braces and without n. False when it does not fit PROMPT_ITEM_BYTES (out
 * is then cut: discard it). */
must_check bool prompt_item_write(struct buf *out, const struct prompt_item *item);

/* The data of a call with these items, as prompt_item_write made them; they become n = 1, 2 .. */
void prompt_data_write(struct buf *out, const struct slice *items, size_t count);

/* Output tokens that an answer to these turns may take: JSON, digits and rare scripts take more than English
 * words. */
uint32_t prompt_output_tokens(size_t raw_bytes, size_t turns);

/* The exact cache's key: hexadecimal SHA-256 over model, prompt, and item (vocabulary, contexts, window and
 * text). */
void prompt_cache_key(char out[PROMPT_HASH_BYTES], struct slice model, struct slice item);

#endif
