/* SPDX-License-Identifier: ISC
 *
 * phones.c - see phones.h.
 */
#include "phones.h"
#include "common/base/attr.h"
#include "common/base/xalloc.h"
#include "lexicon.h"

#include <flite/flite.h>
#include <pthread.h>
#include <stdlib.h>

cst_lexicon *cmu_lex_init(void); /* flite declares it in no installed header */

enum manner { VOWEL, STOP, AFFRICATE, FRICATIVE, NASAL, LIQUID, GLIDE, ASPIRATE };

/* What a phone is like. place: vowels 0 (front) to 9 (back), consonants lips 0 to throat 9; height of vowels
 * in voiced. */
static const struct {
	const char *name;
	enum manner manner;
	uint8_t place, voiced, group;
} phones[PHONE_COUNT] = {
	{"", VOWEL, 0, 0, 0},
	{"aa", VOWEL, 7, 0, 0},
	{"ae", VOWEL, 1, 1, 0},
	{"ah", VOWEL, 5, 1, 0},
	{"ao", VOWEL, 8, 1, 0},
	{"aw", VOWEL, 7, 2, 0},
	{"ax", VOWEL, 5, 2, 0},
	{"ay", VOWEL, 5, 0, 0},
	{"eh", VOWEL, 1, 2, 0},
	{"er", VOWEL, 5, 3, 0},
	{"ey", VOWEL, 1, 3, 0},
	{"ih", VOWEL, 1, 4, 0},
	{"iy", VOWEL, 0, 5, 0},
	{"ow", VOWEL, 9, 2, 0},
	{"oy", VOWEL, 9, 1, 0},
	{"uh", VOWEL, 8, 4, 0},
	{"uw", VOWEL, 9, 5, 0},
	{"p", STOP, 0, 0, 1},
	{"b", STOP, 0, 1, 1},
	{"t", STOP, 4, 0, 2},
	{"d", STOP, 4, 1, 2},
	{"k", STOP, 7, 0, 3},
	{"g", STOP, 7, 1, 3},
	{"ch", AFFRICATE, 5, 0, 4},
	{"jh", AFFRICATE, 5, 1, 4},
	{"f", FRICATIVE, 1, 0, 5},
	{"v", FRICATIVE, 1, 1, 5},
	{"th", FRICATIVE, 3, 0, 2},
	{"dh", FRICATIVE, 3, 1, 2},
	{"s", FRICATIVE, 4, 0, 6},
	{"z", FRICATIVE, 4, 1, 6},
	{"sh", FRICATIVE, 5, 0, 4},
	{"zh", FRICATIVE, 5, 1, 4},
	{"m", NASAL, 0, 1, 7},
	{"n", NASAL, 4, 1, 7},
	{"ng", NASAL, 7, 1, 7},
	{"l", LIQUID, 4, 1, 8},
	{"r", LIQUID, 5, 1, 8},
	{"w", GLIDE, 0, 1, 9},
	{"y", GLIDE, 6, 1, 9},
	{"hh", ASPIRATE, 9, 0, 9},
};

struct cached {
	uint32_t hash;
	uint8_t key_n; /* 0: free */
	char key[PHONES_KEY_BYTES];
	struct phones phones;
};

struct phones_cache {
	cst_lexicon *lexicon; /* flite's, shared by all, never freed */
	struct phones none;
	size_t used;
	struct cached slots[PHONES_CACHED];
};

static float substitute[PHONE_COUNT][PHONE_COUNT], drop[PHONE_COUNT];
static cst_lexicon *shared_lexicon;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static float vowel_cost(size_t a, size_t b)
{
	int across = abs((int)phones[a].place - (int)phones[b].place),
	    up = abs((int)phones[a].voiced - (int)phones[b].voiced);
	float cost = 0.14F + 0.03F * (float)(across + up);

	return cost > 0.45F ? 0.45F : cost;
}

static float consonant_cost(size_t a, size_t b)
{
	bool manner = phones[a].manner == phones[b].manner,
	     place = abs((int)phones[a].place - (int)phones[b].place) <= 1;
	bool voiced = phones[a].voiced == phones[b].voiced;

	if (manner && place)
		return voiced ? 0.4F : 0.3F;
	if (manner)
		return voiced ? 0.55F : 0.7F;
	return place ? 0.6F : 0.95F;
}

static void costs_init(void)
{
	for (size_t a = 1; a < PHONE_COUNT; a++) {
		bool vowel = phones[a].manner == VOWEL;

		drop[a] = vowel ? 0.6F : 0.95F;
		for (size_t b = 1; b < PHONE_COUNT; b++)
			substitute[a][b] = a == b				  ? 0
					   : vowel != (phones[b].manner == VOWEL) ? 1.1F
					   : vowel				  ? vowel_cost(a, b)
										  : consonant_cost(a, b);
	}
	drop[6] = 0.45F;	    /* ax */
	drop[3] = 0.5F;		    /* ah, which flite's lexicon often has for it */
	drop[40] = 0.45F;	    /* hh */
	drop[20] = drop[19] = 0.7F; /* t and d at a syllable's end */
	shared_lexicon = cmu_lex_init();
}

struct phones_cache *phones_cache_create(void)
{
	struct phones_cache *cache = xcalloc(1, sizeof *cache);

	pthread_once(&once, costs_init);
	cache->lexicon = shared_lexicon;
	return cache;
}

void phones_cache_destroy(struct phones_cache **cache)
{
	free(*cache);
	*cache = NULL;
}

static uint8_t phone_named(const char *name)
{
	size_t n = strcspn(name, "0123456789");

	for (uint8_t i = 1; i < PHONE_COUNT; i++)
		if (strlen(phones[i].name) == n && memcmp(phones[i].name, name, n) == 0)
			return i;
	return 0;
}

/* Asks flite; leaves n 0 for what it cannot say. */
static void ask(struct phones_cache *cache, struct cached *entry)
{
	char word[PHONES_KEY_BYTES + 1];
	cst_val *list;

	memcpy(word, entry->key, entry->key_n);
	word[entry->key_n] = '\0';
	list = lex_lookup(cache->lexicon, word, NULL, NULL);
	for (const cst_val *v = list; v; v = val_cdr(v)) {
		uint8_t phone = phone_named(val_string(val_car(v)));

		if (entry->phones.n == PHONES_WORD) {
			entry->phones.n = 0;
			break;
		}
		if (phone)
			entry->phones.p[entry->phones.n++] = phone;
	}
	delete_val(list);
}

/* Letters only, as flite's rules want them. */
static bool speakable(struct slice key)
{
	for (size_t i = 0; i < key.n; i++)
		if ((key.p[i] < 'a' || key.p[i] > 'z') && key.p[i] != '\'')
			return false;
	return key.n > 0 && key.n <= PHONES_KEY_BYTES;
}

const struct phones *phones_of(struct phones_cache *cache, struct slice key)
{
	uint32_t hash = text_hash(key), at = hash % PHONES_CACHED;
	struct cached *entry;

	if (!speakable(key))
		return &cache->none;
	while (cache->slots[at].key_n) {
		entry = &cache->slots[at];
		if (entry->hash == hash && entry->key_n == key.n && memcmp(entry->key, key.p, key.n) == 0)
			return &entry->phones;
		at = (at + 1) % PHONES_CACHED;
	}
	if (cache->used > PHONES_CACHED * 3 / 4) {
		memset(cache->slots, 0, sizeof cache->slots);
		cache->used = 0;
		at = hash % PHONES_CACHED;
	}
	entry = &cache->slots[at];
	*entry = (struct cached){.hash = hash, .key_n = (uint8_t)key.n};
	memcpy(entry->key, key.p, key.n);
	ask(cache, entry);
	cache->used++;
	return &entry->phones;
}

unsigned phone_group(uint8_t phone)
{
	return phones[phone].group;
}

struct phone_groups phone_groups_of(const uint8_t *p, size_t n)
{
	struct phone_groups g = {{0}};

	for (size_t i = 0; i < n; i++)
		g.n[phones[p[i]].group]++;
	return g;
}

float phone_groups_cost(const struct phone_groups *a, const struct phone_groups *b)
{
	unsigned more = 0, less = 0;
	int vowels = abs((int)a->n[0] - (int)b->n[0]);

	for (size_t i = 1; i < PHONE_GROUPS; i++) {
		if (a->n[i] > b->n[i])
			more += a->n[i] - b->n[i];
		else
			less += b->n[i] - a->n[i];
	}
	return 0.4F * (float)(more < less ? more : less) +
	       0.45F * (float)(more > less ? more - less : less - more) + 0.45F * (float)vowels;
}

float phones_distance(const uint8_t *a, size_t an, const uint8_t *b, size_t bn, float most)
{
	float row[PHONES_WORD * 4 + 1];
	size_t longer = an > bn ? an : bn;
	float limit = most * (float)longer;

	if (longer == 0 || bn > PHONES_WORD * 4)
		return 1;
	row[0] = 0;
	for (size_t j = 0; j < bn; j++)
		row[j + 1] = row[j] + drop[b[j]];
	for (size_t i = 0; i < an; i++) {
		float diagonal = row[0], least;

		row[0] += drop[a[i]];
		least = row[0];
		for (size_t j = 0; j < bn; j++) {
			float best = diagonal + substitute[a[i]][b[j]];
			float up = row[j + 1] + drop[a[i]], left = row[j] + drop[b[j]];

			best = up < best ? up : best;
			best = left < best ? left : best;
			diagonal = row[j + 1];
			row[j + 1] = best;
			least = best < least ? best : least;
		}
		if (least > limit)
			return 1;
	}
	return row[bn] / (float)longer;
}
