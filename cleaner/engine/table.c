/* SPDX-License-Identifier: ISC
 *
 * table.c - see table.h.
 */
#include "table.h"
#include "lexicon.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WEIGHT_MASK = (1 << TABLE_WEIGHT_BITS) - 1, WEIGHT_BIAS = 1 << (TABLE_WEIGHT_BITS - 1) };
enum { TABLE_BYTES_MOST = 64 * 1024 * 1024 }; /* no table of ours is near it */

uint32_t table_slot_start(uint64_t feature, uint32_t slots)
{
	return (uint32_t)(((feature >> 32) * slots) >> 32);
}

static uint32_t feature_check(uint64_t feature)
{
	uint32_t check = (uint32_t)feature & ((1U << TABLE_CHECK_BITS) - 1);

	return check ? check : 1; /* 0 marks a free slot */
}

uint32_t table_slot_pack(uint64_t feature, const int weights[TABLE_WEIGHTS])
{
	uint32_t slot = feature_check(feature);

	for (unsigned m = 0; m < TABLE_WEIGHTS; m++)
		slot |= (uint32_t)(weights[m] + WEIGHT_BIAS) << (TABLE_CHECK_BITS + m * TABLE_WEIGHT_BITS);
	return slot;
}

static void add(const struct table *table, uint64_t feature, float sum[TABLE_WEIGHTS])
{
	uint32_t slots = table->head->slots, check = feature_check(feature);
	uint32_t at = table_slot_start(feature, slots);

	for (unsigned probe = 0; probe < TABLE_PROBES; probe++) {
		uint32_t slot = table->slots[at];

		if (slot == 0)
			return;
		if ((slot & ((1U << TABLE_CHECK_BITS) - 1)) == check) {
			for (unsigned m = 0; m < TABLE_WEIGHTS; m++)
				sum[m] += (float)((int)(slot >> (TABLE_CHECK_BITS + m * TABLE_WEIGHT_BITS) &
							  WEIGHT_MASK) -
						  WEIGHT_BIAS) *
					  table->head->step;
			return;
		}
		at = at + 1 == slots ? 0 : at + 1;
	}
}

/* The slots are all over a table of megabytes: they are asked of memory together, not one after the other. */
void table_add(const struct table *table, const uint64_t features[], size_t count, float sum[TABLE_WEIGHTS])
{
	for (size_t i = 0; i < count; i++)
		__builtin_prefetch(&table->slots[table_slot_start(features[i], table->head->slots)]);
	for (size_t i = 0; i < count; i++)
		add(table, features[i], sum);
}

unsigned table_frequency(const struct table *table, struct slice key)
{
	uint32_t hash = text_hash(key), low = 0, high = table->head ? table->head->words : 0;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (table->word_hashes[mid] == hash)
			return table->word_frequency[mid];
		if (table->word_hashes[mid] < hash)
			low = mid + 1;
		else
			high = mid;
	}
	return 0;
}

void table_dictionary_bits(struct slice key, uint32_t bytes, uint32_t bits[DICTIONARY_PROBES])
{
	uint64_t h = text_hash(key) * UINT64_C(0x9E3779B97F4A7C15);

	for (unsigned i = 0; i < DICTIONARY_PROBES; i++)
		bits[i] = (uint32_t)(h >> (i * 20)) & (bytes * 8 - 1);
}

bool table_in_dictionary(const struct table *table, struct slice key)
{
	uint32_t bits[DICTIONARY_PROBES];

	if (!table->head || table->head->dictionary == 0)
		return false;
	table_dictionary_bits(key, table->head->dictionary, bits);
	for (unsigned i = 0; i < DICTIONARY_PROBES; i++)
		if (!(table->dictionary[bits[i] >> 3] & 1U << (bits[i] & 7)))
			return false;
	return true;
}

/* The hash of a spelling in lower case; spellings are ASCII. */
static uint32_t form_hash(struct slice form)
{
	char lower[64];
	size_t n = form.n < sizeof lower ? form.n : sizeof lower;

	for (size_t i = 0; i < n; i++)
		lower[i] = (char)tolower((unsigned char)form.p[i]);
	return text_hash(slice_of(lower, n));
}

static uint32_t form_find(const struct table *table, struct slice key)
{
	uint32_t at = form_hash(key) % TABLE_FORM_SLOTS;

	while (table->form_slots[at] &&
		!slice_eq_nocase(slice_str(table->forms + table->form_slots[at] - 1), key))
		at = (at + 1) % TABLE_FORM_SLOTS;
	return at;
}

struct slice table_form(const struct table *table, struct slice key)
{
	uint32_t offset = table->head ? table->form_slots[form_find(table, key)] : 0;

	return offset ? slice_str(table->forms + offset - 1) : slice_of(NULL, 0);
}

static void forms_index(struct table *table)
{
	uint32_t at = 0, count = 0;

	while (at < table->head->form_bytes && count < TABLE_FORM_SLOTS / 2) {
		struct slice form = slice_str(table->forms + at);

		table->form_slots[form_find(table, form)] = at + 1;
		at += (uint32_t)form.n + 1;
		count++;
	}
}

/* Do the sections fill the file exactly, with a NUL at the end? */
static bool table_fits(struct table *table)
{
	const struct table_head *head = table->map;
	uint64_t need;

	if (table->map_bytes < sizeof *head || head->magic != TABLE_MAGIC || head->version != TABLE_VERSION)
		return false;
	need = sizeof *head + (uint64_t)head->slots * 4 + (uint64_t)head->words * 5 + head->dictionary +
	       head->form_bytes;
	if ((head->dictionary & (head->dictionary - 1)) || head->dictionary > 1024 * 1024)
		return false;
	if (need != table->map_bytes || head->slots == 0 || !(head->step > 0))
		return false;
	table->head = head;
	table->slots = (const uint32_t *)(head + 1);
	table->word_hashes = table->slots + head->slots;
	table->word_frequency = (const uint8_t *)(table->word_hashes + head->words);
	table->dictionary = table->word_frequency + head->words;
	table->forms = (const char *)(table->dictionary + head->dictionary);
	return head->form_bytes == 0 || table->forms[head->form_bytes - 1] == '\0';
}

static bool table_fail(struct table *table, const char *path, const char *what, char **error)
{
	table_close(table);
	if (asprintf(error, "%s: %s", path, what) < 0)
		*error = NULL;
	return false;
}

bool table_open(struct table *table, const char *path, char **error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	memset(table, 0, sizeof *table);
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? true
							   : table_fail(table, path, strerror(errno), error);
	if (fstat(fd, &st) == 0 && st.st_size > 0 && st.st_size < TABLE_BYTES_MOST) {
		table->map_bytes = (size_t)st.st_size;
		table->map = mmap(NULL, table->map_bytes, PROT_READ, MAP_SHARED, fd, 0);
		if (table->map == MAP_FAILED)
			table->map = NULL;
	}
	close(fd);
	if (!table->map || !table_fits(table))
		return table_fail(table, path, "not a table of this version", error);
	forms_index(table);
	return true;
}

void table_close(struct table *table)
{
	if (table->map)
		munmap(table->map, table->map_bytes);
	memset(table, 0, sizeof *table);
}
