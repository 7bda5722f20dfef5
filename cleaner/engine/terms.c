/* SPDX-License-Identifier: ISC
 *
 * terms.c - see terms.h.
 */
#include "terms.h"
#include "common/base/xalloc.h"
#include "conf_lines.h"
#include "context.h"
#include "lexicon.h"

#include <ctype.h>
#include <stdlib.h>

enum { ACRONYM_LETTERS = 5, PHONES_LEAST = 3, COMMON_FREQUENCY = 60 };
enum { GIVEN_BYTES = 8 * 1024 * 1024 }; /* of a glossary that is known again: 1200 terms with 16 spellings of 256 each.
					   A larger one is made ready anew each turn */

uint64_t squeeze_hash(uint64_t hash, struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c < 0x80 && !isalnum(c))
			continue;
		hash = (hash ^ (unsigned char)tolower(c)) * UINT64_C(1099511628211);
	}
	return hash;
}

/* ---- what the glossary was made from, to know it again ---- */

static void given_put(struct buf *given, struct slice s)
{
	uint32_t n = (uint32_t)s.n;

	buf_slice(given, slice_of((const char *)&n, sizeof n));
	buf_slice(given, s);
}

static struct slice given_count(const size_t *count)
{
	return slice_of((const char *)count, sizeof *count);
}

static void given_write(struct buf *given, const struct clean_input *in, size_t count)
{
	given_put(given, given_count(&count));
	for (size_t i = 0; i < count; i++) {
		const struct glossary_term *from = &in->glossary[i];

		given_put(given, from->term);
		given_put(given, from->category);
		given_put(given, given_count(&from->sounds_like_count));
		for (size_t k = 0; k < from->sounds_like_count; k++)
			given_put(given, from->sounds_like[k]);
	}
}

/* Does s stand next in what was given? Then rest goes on behind it. */
static bool given_next(struct slice *rest, struct slice s)
{
	uint32_t n = (uint32_t)s.n;

	if (rest->n < sizeof n + s.n || memcmp(rest->p, &n, sizeof n) != 0 ||
		!slice_eq(slice_of(rest->p + sizeof n, s.n), s))
		return false;
	*rest = slice_of(rest->p + sizeof n + s.n, rest->n - sizeof n - s.n);
	return true;
}

static bool is_given(struct slice given, const struct clean_input *in, size_t count)
{
	bool same = given_next(&given, given_count(&count));

	for (size_t i = 0; i < count && same; i++) {
		const struct glossary_term *from = &in->glossary[i];

		same = given_next(&given, from->term) && given_next(&given, from->category) &&
		       given_next(&given, given_count(&from->sounds_like_count));
		for (size_t k = 0; k < from->sounds_like_count && same; k++)
			same = given_next(&given, from->sounds_like[k]);
	}
	return same;
}

static void terms_free(struct terms *t)
{
	for (size_t i = 0; i < t->count; i++) {
		free(t->list[i].text);
		free(t->list[i].squeezed);
	}
	free(t->list);
	free(t->sounds);
	free(t->exact);
	buf_finish(&t->given);
	nearest_destroy(&t->nearest);
	*t = (struct terms){0};
}

static void exact_add(struct terms *t, uint64_t hash, size_t term, bool rule)
{
	size_t at = hash % t->exact_slots;

	while (t->exact[at].hash && t->exact[at].hash != hash)
		at = (at + 1) % t->exact_slots;
	if (t->exact[at].hash && !t->exact[at].rule)
		return; /* a spelling that is a term is no rule for another */
	t->exact[at].hash = hash;
	t->exact[at].term = (uint16_t)term;
	t->exact[at].rule = rule;
}

const struct term *terms_exact(const struct terms *t, uint64_t hash, bool *rule)
{
	size_t at;

	if (t->exact_slots == 0)
		return NULL;
	at = hash % t->exact_slots;
	while (t->exact[at].hash) {
		if (t->exact[at].hash == hash) {
			*rule = t->exact[at].rule;
			return &t->list[t->exact[at].term];
		}
		at = (at + 1) % t->exact_slots;
	}
	return NULL;
}

static void sound_add(struct terms *t, struct term_sound *sound, size_t term)
{
	unsigned group;

	if (sound->n < PHONES_LEAST)
		return;
	group = phone_group(sound->p[0]);
	sound->term = (uint16_t)term;
	sound->groups = phone_groups_of(sound->p, sound->n);
	sound->next = t->first[group];
	t->first[group] = (int)t->sound_count;
	t->sounds[t->sound_count++] = *sound;
}

static bool sound_append(struct term_sound *sound, const struct phones *phones)
{
	if (phones->n == 0 || sound->n + phones->n > TERM_PHONES)
		return false;
	memcpy(sound->p + sound->n, phones->p, phones->n);
	sound->n = (uint8_t)(sound->n + phones->n);
	return true;
}

/* Cuts the next word of a term: letters and apostrophes, lower-cased into key. False at the end. */
static bool next_word(struct slice *rest, char key[TERM_BYTES], size_t *n, bool *spelled, bool *strange)
{
	size_t upper = 0, before;
	bool amp = false;

	*n = 0;
	while (rest->n && (rest->p[0] == ' ' || rest->p[0] == '-' || rest->p[0] == '.' || rest->p[0] == ',' ||
				  rest->p[0] == '/'))
		*rest = slice_of(rest->p + 1, rest->n - 1);
	before = rest->n;
	for (; rest->n && !strchr(" -.,/", rest->p[0]); *rest = slice_of(rest->p + 1, rest->n - 1)) {
		unsigned char c = (unsigned char)rest->p[0];

		amp |= c == '&';
		*strange |= (!isalpha(c) && c != '\'' && c != '&') || (amp && (*n || c != '&'));
		upper += isupper(c) != 0;
		if (isalpha(c) && *n + 1 < TERM_BYTES)
			key[(*n)++] = (char)tolower(c);
	}
	if (*n == 0 && rest->n < before && amp)
		memcpy(key, "and", *n = 3);
	*spelled = *n >= 2 && *n <= ACRONYM_LETTERS && upper + (*n > 2 && key[*n - 1] == 's') >= *n;
	return *n > 0;
}

static bool spell(struct term_sound *sound, struct phones_cache *phones, const char *key, size_t n)
{
	bool plural = n > 2 && key[n - 1] == 's' && n > 3;

	for (size_t i = 0; i < n - plural; i++)
		if (!sound_append(sound, phones_of(phones, slice_of(key + i, 1))))
			return false;
	return true;
}

/* How a term sounds, read as words, and with its acronyms spelled. */
static void term_sounds(struct terms *t, struct phones_cache *phones, struct slice text, size_t term)
{
	struct term_sound read = {.n = 0}, spelled = {.n = 0};
	bool readable = true, spellable = true, any = false, acronym, strange = false;
	char key[TERM_BYTES];
	size_t n;

	while (next_word(&text, key, &n, &acronym, &strange)) {
		const struct phones *p = phones_of(phones, slice_of(key, n));

		readable = readable && sound_append(&read, p);
		spellable =
			spellable && (acronym ? spell(&spelled, phones, key, n)
					      : sound_append(&spelled, phones_of(phones, slice_of(key, n))));
		any |= acronym;
	}
	if (strange)
		return;
	if (readable)
		sound_add(t, &read, term);
	if (any && spellable)
		sound_add(t, &spelled, term);
	t->list[term].acronym = any;
}

static void term_figures(
	struct term *term, const struct table *table, const struct lexicon *lexicon, struct slice text)
{
	char key[TERM_BYTES];
	bool acronym, strange = false;
	float sum = 0;
	size_t n;

	term->frequency_min = 255;
	while (next_word(&text, key, &n, &acronym, &strange)) {
		float f = (float)table_frequency(table, slice_of(key, n));

		sum += f;
		term->frequency_min = f < term->frequency_min ? f : term->frequency_min;
		term->frequency_max = f > term->frequency_max ? f : term->frequency_max;
		term->words++;
		term->common = term->words == 1 &&
			       ((lexicon_classes(lexicon, slice_of(key, n)) & CLASS_STOP) ||
				       (f >= COMMON_FREQUENCY && table_form(table, slice_of(key, n)).n == 0));
	}
	term->frequency_mean = term->words ? sum / (float)term->words : 0;
}

/* ABBOTT LABORATORIES, as lists have it, is written Abbott Laboratories. */
static void unshout(char *text)
{
	size_t letters = 0, spaces = 0;

	for (char *p = text; *p; p++) {
		if (islower((unsigned char)*p))
			return;
		letters += isupper((unsigned char)*p) != 0;
		spaces += *p == ' ';
	}
	if (spaces == 0 || letters < 8)
		return;
	for (char *p = text + 1; *p; p++)
		if (isalpha((unsigned char)p[-1]) || p[-1] == '\'')
			*p = (char)tolower((unsigned char)*p);
}

static void term_add(struct terms *t, struct phones_cache *phones, const struct engine *engine,
	const struct glossary_term *from)
{
	struct slice text = slice_trim(from->term);
	struct term *term = &t->list[t->count];
	size_t n = 0;

	if (text.n == 0 || text.n >= TERM_BYTES)
		return;
	*term = (struct term){.text = xstrndup(text.p, text.n), .squeezed = xmalloc(text.n + 1)};
	unshout(term->text);
	for (size_t i = 0; i < text.n; i++)
		if (isalnum((unsigned char)text.p[i]))
			term->squeezed[n++] = (char)tolower((unsigned char)text.p[i]);
	term->squeezed_n = n;
	for (size_t i = 0; i < text.n; i++)
		term->capital |= isupper((unsigned char)text.p[i]) != 0;
	term_figures(term, &engine->table, engine->lexicon, text);
	term->contexts = contexts_of_category(engine->contexts, slice_trim(from->category));
	exact_add(t, squeeze_hash(SQUEEZE_START, text), t->count, false);
	for (size_t i = 0; i < from->sounds_like_count; i++)
		exact_add(t, squeeze_hash(SQUEEZE_START, from->sounds_like[i]), t->count, true);
	if (term->words <= TERM_WORDS && !term->common)
		term_sounds(t, phones, text, t->count);
	t->count++;
}

static void terms_build(struct terms *t, struct phones_cache *phones, const struct engine *engine,
	const struct clean_input *in, size_t count)
{
	size_t spellings = count;

	for (size_t i = 0; i < count; i++)
		spellings += in->glossary[i].sounds_like_count;
	t->list = xcalloc(count + 1, sizeof *t->list);
	t->sounds = xcalloc(count * 2 + 1, sizeof *t->sounds);
	t->exact_slots = spellings * 2 + 1;
	t->exact = xcalloc(t->exact_slots, sizeof *t->exact);
	buf_init(&t->given, GIVEN_BYTES);
	memset(t->first, -1, sizeof t->first);
	for (size_t i = 0; i < count; i++)
		term_add(t, phones, engine, &in->glossary[i]);
	if (t->sound_count >= NEAREST_FROM)
		t->nearest = nearest_create();
	given_write(&t->given, in, count);
}

const struct terms *terms_of(struct terms_cache *cache, struct phones_cache *phones,
	const struct engine *engine, const struct clean_input *in)
{
	size_t count =
		in->glossary_count < ENGINE_GLOSSARY_TERMS ? in->glossary_count : ENGINE_GLOSSARY_TERMS;
	struct terms *oldest = &cache->kept[0];

	cache->clock++;
	for (size_t i = 0; i < TERMS_KEPT; i++) {
		struct terms *t = &cache->kept[i];

		if (t->used && is_given(buf_view(&t->given), in, count)) {
			t->used = cache->clock;
			return t;
		}
		if (t->used < oldest->used)
			oldest = t;
	}
	terms_free(oldest);
	terms_build(oldest, phones, engine, in, count);
	oldest->used = cache->clock;
	return oldest;
}

void terms_cache_finish(struct terms_cache *cache)
{
	for (size_t i = 0; i < TERMS_KEPT; i++)
		terms_free(&cache->kept[i]);
}
