/* SPDX-License-Identifier: ISC
 *
 * table.h - the learned table of marks and capitals: features to weights, word frequencies, a dictionary,
 * spellings with capitals.
 *
 * One file, written by cleanerctx-train on any text, mapped read-only (so shared between processes),
 * little-endian, in sections whose sizes the head gives. Every size is checked at opening; look-ups stay
 * inside whatever the bytes say.
 *
 * A feature is a 64-bit hash; its weights stand in an open-addressed array of 32-bit slots (16 bits of check,
 * two weights of 8 bits). A stranger passes for a known feature once in ten thousand look-ups.
 */
#ifndef CC_ENGINE_TABLE_H
#define CC_ENGINE_TABLE_H

#include "common/base/attr.h"
#include "common/base/slice.h"

#include <stdint.h>

enum { TABLE_WEIGHTS = 2, TABLE_PROBES = 64, TABLE_FORM_SLOTS = 16384, TABLE_VERSION = 2 };
enum { TABLE_WEIGHT_BITS = 8, TABLE_CHECK_BITS = 16 };

/* Which model a bias is of. The first weight is a comma's, a capital's, a question's; the second a stop's. */
enum table_bias { BIAS_COMMA, BIAS_STOP, BIAS_CAPITAL, BIAS_ASK, BIAS_COUNT };

#define TABLE_MAGIC UINT32_C(0x54434343) /* "CCCT" */

struct table_head {
	uint32_t magic, version;
	uint32_t slots;	     /* 32-bit feature slots */
	uint32_t words;	     /* known words: sorted hashes, then a byte of frequency each */
	uint32_t dictionary; /* bytes of the dictionary's bits (a Bloom filter), a power of two, or 0 */
	uint32_t form_bytes; /* spellings, each closed by a NUL */
	float step;	     /* a weight's unit */
	float bias[BIAS_COUNT];
	uint32_t seed; /* what it was trained with, for the record */
};

struct table {
	void *map; /* NULL: none */
	size_t map_bytes;
	const struct table_head *head;
	const uint32_t *slots;
	const uint32_t *word_hashes;
	const uint8_t *word_frequency; /* 8 * log2(count) */
	const uint8_t *dictionary;
	const char *forms;
	uint32_t form_slots[TABLE_FORM_SLOTS]; /* offset into forms and 1, by hash of the lower-case spelling;
						  0: none */
};

/* False, with *error (heap text), when the file is no such table. A file that is not there leaves the table
 * empty. */
must_check bool table_open(struct table *table, const char *path, char **error);
void table_close(struct table *table);

/* Adds the features' weights to sum; an unknown feature adds nothing. */
void table_add(const struct table *table, const uint64_t features[], size_t count, float sum[TABLE_WEIGHTS]);

/* 8 * log2 of how often the training text had the word (lower case); 0 when never or once. */
unsigned table_frequency(const struct table *table, struct slice key);

/* Is this a word of the dictionary (in lower case there)? One in two hundred others passes too. */
bool table_in_dictionary(const struct table *table, struct slice key);

/* The bits of a word, for the trainer: three of them. */
enum { DICTIONARY_PROBES = 3 };
void table_dictionary_bits(struct slice key, uint32_t bytes, uint32_t bits[DICTIONARY_PROBES]);

/* The usual spelling of a word that is not simply capitalised (EBITDA, iPhone); empty when there is none. */
struct slice table_form(const struct table *table, struct slice key);

/* How a feature's slot is laid out, for the trainer. */
uint32_t table_slot_pack(uint64_t feature, const int weights[TABLE_WEIGHTS]);
uint32_t table_slot_start(uint64_t feature, uint32_t slots);

#endif
