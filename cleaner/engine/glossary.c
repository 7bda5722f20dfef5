/* SPDX-License-Identifier: ISC
 *
 * glossary.c - terms of the glossary that were heard as something else: windows of one to four words are
 * compared by sound, and a logistic gate decides, by how close they are and how common the heard words are.
 *
 * Three vetoes: a window that holds the term already, one whose every word is a term itself, one that cuts
 * across a term that stands. Spellings given as sounds_like always become their term; a term that stands is
 * written as it is given.
 */
#include "glossary_hunt.h"
#include "confidence.h"
#include "gate.h"
#include "reasons.h"

#include <ctype.h>
#include <math.h>

#define DISTANCE_MOST 0.36F
enum {
	COMPARISONS_MOST = 20000
}; /* by sound a turn, about 10 ms: a longer turn's end is left as it was heard */

#define DOUBT_FROM 0.4	 /* a term this likely is not put in, but what was heard is doubted */
#define MARGIN_MOST 0.1F /* how far past the best, or the most, the runner-up is looked for */

static bool ends_window(const struct word *word)
{
	return word_ends_sentence(word) || (word->trail.n && !slice_eq(word->trail, SLICE(",")));
}

static bool has_digit(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (isdigit((unsigned char)s.p[i]))
			return true;
	return false;
}

static bool has_capital(struct slice s)
{
	return s.n && isupper((unsigned char)s.p[0]);
}

/* Letters of the window against the term's: an edit distance over the longer. */
static float spelling_distance(const struct words *w, size_t from, size_t to, const struct term *term)
{
	char heard[TERM_BYTES];
	uint8_t row[TERM_BYTES + 1];
	size_t n = 0, m = term->squeezed_n, longer;

	for (size_t i = from; i < to; i++)
		for (size_t k = 0; k < w->live[i]->key.n && n < sizeof heard; k++)
			if (isalnum((unsigned char)w->live[i]->key.p[k]))
				heard[n++] = w->live[i]->key.p[k];
	for (size_t j = 0; j <= m; j++)
		row[j] = (uint8_t)j;
	for (size_t i = 0; i < n; i++) {
		uint8_t diagonal = row[0];

		row[0] = (uint8_t)(i + 1);
		for (size_t j = 0; j < m; j++) {
			uint8_t best = (uint8_t)(diagonal + (heard[i] != term->squeezed[j]));

			best = row[j + 1] + 1 < best ? (uint8_t)(row[j + 1] + 1) : best;
			best = row[j] + 1 < best ? (uint8_t)(row[j] + 1) : best;
			diagonal = row[j + 1];
			row[j + 1] = best;
		}
	}
	longer = n > m ? n : m;
	return longer ? (float)row[m] / (float)longer : 1;
}

static void window_figures(const struct hunt *h, size_t from, size_t to, float *f)
{
	const struct words *w = &h->t->words;
	float sum = 0;

	f[GATE_HEARD_MIN] = 2.55F;
	for (size_t i = from; i < to; i++) {
		float frequency = h->frequency[i] / 100;

		sum += frequency;
		f[GATE_HEARD_MIN] = fminf(f[GATE_HEARD_MIN], frequency);
		f[GATE_HEARD_MAX] = fmaxf(f[GATE_HEARD_MAX], frequency);
		f[GATE_UNKNOWN] += frequency == 0;
		f[GATE_FUNCTION] += (w->live[i]->classes & CLASS_FUNCTION) != 0;
		f[GATE_CAPITAL] += h->cased && has_capital(w->live[i]->core);
	}
	f[GATE_HEARD_MEAN] = sum / (float)(to - from);
	f[GATE_UNKNOWN] /= (float)(to - from);
	f[GATE_CAPITAL] /= (float)(to - from);
	f[GATE_FUNCTION] /= (float)(to - from);
	f[GATE_STOP_EDGES] = (float)((w->live[from]->classes & CLASS_STOP) != 0) +
			     (float)((w->live[to - 1]->classes & CLASS_STOP) != 0);
	f[GATE_WINDOW_WORDS] = (float)(to - from);
	f[GATE_CASED] = h->cased;
	f[GATE_LOWER_IN_CASED] = h->cased && f[GATE_CAPITAL] == 0;
}

/* Has the conversation had this term lately, in its words? */
static bool said_near(const struct hunt *h, const struct term *term)
{
	struct slice first = slice_of(term->text, strcspn(term->text, " "));

	for (size_t i = h->t->in->window_count; i-- > 0;) {
		struct slice text = h->t->in->window[i].text;
		const char *at = text.n ? memmem(text.p, text.n, first.p, first.n) : NULL;

		if (at)
			return true;
	}
	return false;
}

/* How many of the heard words a dictionary of common nouns and verbs has. */
static float known_share(const struct hunt *h, size_t from, size_t to)
{
	float known = 0;

	for (size_t i = from; i < to; i++)
		known += table_in_dictionary(&h->t->engine->table, h->t->words.live[i]->key);
	return known / (float)(to - from);
}

/* The letters differ by an s at the end only: one may be the other's plural. */
static bool plural_only(const struct words *w, size_t from, size_t to, const struct term *term)
{
	uint64_t heard = SQUEEZE_START, s = SQUEEZE_START;
	struct slice squeezed = slice_of(term->squeezed, term->squeezed_n);

	for (size_t i = from; i < to; i++)
		heard = squeeze_hash(heard, w->live[i]->key);
	s = squeeze_hash(squeeze_hash(s, squeezed), SLICE("s"));
	return heard == s || squeeze_hash(heard, SLICE("s")) == squeeze_hash(SQUEEZE_START, squeezed);
}

static void candidate_add(struct hunt *h, size_t from, size_t to, const struct term *term, size_t phones,
	float distance, float next)
{
	struct candidate *c = &h->list[h->count];
	float *f = c->features;
	struct slice last = h->t->words.live[to - 1]->key;

	*c = (struct candidate){.from = from, .to = to, .term = term};
	without_s(last, &c->possessive);
	window_figures(h, from, to, f);
	f[GATE_BIAS] = 1;
	f[GATE_DISTANCE] = distance;
	f[GATE_DISTANCE_SQUARE] = distance * distance;
	f[GATE_PHONES] = (float)phones / 10;
	f[GATE_TERM_MIN] = term->frequency_min / 100;
	f[GATE_TERM_MEAN] = term->frequency_mean / 100;
	f[GATE_TERM_MAX] = term->frequency_max / 100;
	f[GATE_SPELLING] = spelling_distance(&h->t->words, from, to, term);
	f[GATE_FIRST_LETTER] = term->squeezed_n && h->t->words.live[from]->key.p[0] == term->squeezed[0];
	f[GATE_MARGIN] = fminf(next - distance, MARGIN_MOST);
	f[GATE_TERM_WORDS] = (float)term->words;
	f[GATE_WORDS_MORE] = fabsf((float)(to - from) - (float)term->words);
	f[GATE_DISTANCE_HEARD] = distance * f[GATE_HEARD_MIN];
	f[GATE_ACRONYM] = term->acronym;
	f[GATE_SIZE] = h->size;
	f[GATE_DISTANCE_PHONES] = distance * f[GATE_PHONES];
	f[GATE_TERM_NEAR] = said_near(h, term);
	f[GATE_PLURAL] = plural_only(&h->t->words, from, to, term);
	f[GATE_TERM_LOWER] = !term->capital;
	f[GATE_SPELLING_SQUARE] = f[GATE_SPELLING] * f[GATE_SPELLING];
	f[GATE_SPELLING_HEARD] = f[GATE_SPELLING] * f[GATE_HEARD_MIN];
	f[GATE_DISTANCE_ACRONYM] = distance * f[GATE_ACRONYM];
	f[GATE_KNOWN_WORD] = to == from + 1 && known_share(h, from, to) > 0;
	f[GATE_KNOWN] = known_share(h, from, to);
	f[GATE_KNOWN_DISTANCE] = f[GATE_KNOWN] * distance;
	f[GATE_KNOWN_SPELLING] = f[GATE_KNOWN] * f[GATE_SPELLING];
	f[GATE_DISTANCE_SPELLING] = distance * f[GATE_SPELLING];
	f[GATE_MARGIN_WORDS] = f[GATE_MARGIN] / f[GATE_WINDOW_WORDS];
	h->count++;
}

/* What the conversation is about speaks for terms that belong there, and against those of elsewhere. */
static double context_shift(const struct turn *t, const struct term *term)
{
	if (!term->contexts)
		return 0;
	return term->contexts & t->contexts ? GATE_CONTEXT : -GATE_CONTEXT;
}

/* How much worse than the best window for the same term each one is; then all features are there to judge. */
static void judge_all(struct hunt *h)
{
	for (size_t i = 0; i < h->count; i++) {
		struct candidate *c = &h->list[i];
		float best = c->features[GATE_DISTANCE];

		for (size_t k = i; k-- > 0 && h->list[k].from + WINDOW_WORDS > c->from;)
			if (h->list[k].term == c->term && h->list[k].to > c->from)
				best = fminf(best, h->list[k].features[GATE_DISTANCE]);
		for (size_t k = i + 1; k < h->count && h->list[k].from < c->to; k++)
			if (h->list[k].term == c->term)
				best = fminf(best, h->list[k].features[GATE_DISTANCE]);
		c->features[GATE_OVERLAP] = c->features[GATE_DISTANCE] - best;
		c->p = gate_judge(c->features, context_shift(h->t, c->term));
	}
}

/* Is the term's text already in the window's letters? */
static bool window_holds(const struct words *w, size_t from, size_t to, const struct term *term)
{
	for (size_t i = from; i < to; i++) {
		uint64_t hash = SQUEEZE_START;

		for (size_t k = i; k < to; k++) {
			hash = squeeze_hash(hash, w->live[k]->key);
			if (hash == squeeze_hash(SQUEEZE_START, slice_of(term->squeezed, term->squeezed_n)))
				return true;
		}
	}
	return false;
}

/* Letters spelled one by one are heard well: as many as the term has, or it is another. */
static bool spelled_otherwise(const struct words *w, size_t from, size_t to, const struct term *term)
{
	for (size_t i = from; i < to; i++)
		if (!is_letter(w->live[i]->key))
			return false;
	return to - from != term->squeezed_n;
}

/* The term that sounds most like the phones; false when the turn's comparisons are used up before that is known. */
static bool compare_all(struct hunt *h, const uint8_t *p, size_t n, struct nearest *best)
{
	const struct terms *terms = h->terms;
	struct phone_groups groups = phone_groups_of(p, n);
	size_t before = h->comparisons;

	*best = (struct nearest){.distance = DISTANCE_MOST, .next = DISTANCE_MOST + MARGIN_MOST};
	for (int s = terms->first[phone_group(p[0])]; s >= 0; s = terms->sounds[s].next) {
		const struct term_sound *sound = &terms->sounds[s];
		const struct term *term = &terms->list[sound->term];
		size_t longer = n > sound->n ? n : sound->n, shorter = n < sound->n ? n : sound->n;
		float distance, limit = best->term ? best->distance + MARGIN_MOST : DISTANCE_MOST;

		if ((float)(longer - shorter) * 0.45F > limit * (float)longer ||
			phone_groups_cost(&groups, &sound->groups) > limit * (float)longer)
			continue;
		if (h->comparisons++ >= COMPARISONS_MOST)
			return false;
		distance = phones_distance(p, n, sound->p, sound->n, limit);
		if (distance < best->distance || (!best->term && distance <= best->distance)) {
			if (best->term && best->term != term)
				best->next = best->distance;
			best->distance = distance;
			best->term = term;
		} else if (best->term && distance < best->next && best->term != term) {
			best->next = distance;
		}
	}
	best->comparisons = (uint32_t)(h->comparisons - before);
	return true;
}

/* The same, as remembered: its comparisons count as if they were made. */
static bool find_nearest(struct hunt *h, const uint8_t *p, size_t n, struct nearest *best)
{
	if (nearest_get(h->terms->nearest, p, n, best)) {
		h->comparisons += best->comparisons;
		return best->comparisons == 0 || h->comparisons <= COMPARISONS_MOST;
	}
	if (!compare_all(h, p, n, best))
		return false;
	nearest_put(h->terms->nearest, p, n, best);
	return true;
}

static void compare(struct hunt *h, size_t from, size_t to, const uint8_t *p, size_t n)
{
	const struct words *w = &h->t->words;
	struct nearest best;

	if (!find_nearest(h, p, n, &best) || !best.term || spelled_otherwise(w, from, to, best.term))
		return;
	if (!window_holds(w, from, to, best.term) && !(to == from + 1 && plural_only(w, from, to, best.term)))
		candidate_add(h, from, to, best.term, n, best.distance, best.next);
}

static void hunt_from(struct hunt *h, size_t from)
{
	const struct words *w = &h->t->words;
	uint8_t p[PHONES_WORD * WINDOW_WORDS];
	bool meaning = false;
	size_t n = 0;

	for (size_t to = from + 1; to <= w->count && to - from <= WINDOW_WORDS; to++) {
		const struct word *word = w->live[to - 1];
		const struct phones *phones;
		bool possessive;

		if (h->taken[to - 1] || word->fixed || (word->classes & CLASS_FILLER) ||
			has_digit(word->key) ||
			(to > from + 1 && (ends_window(w->live[to - 2]) || word->lead.n)))
			return;
		phones = phones_of(h->phones, without_s(word->key, &possessive));
		if (phones->n == 0)
			return;
		memcpy(p + n, phones->p, phones->n);
		n += phones->n;
		meaning |= !(word->classes & CLASS_STOP);
		if ((word->classes & CLASS_STOP) && (w->live[from]->classes & CLASS_STOP))
			continue;
		if (meaning && n >= 3 && !splits_letters(w, from, to))
			compare(h, from, to, p, n);
		if (possessive)
			return;
	}
}

static bool is_cased(const struct words *w)
{
	for (size_t i = 1; i < w->count; i++)
		if (!word_ends_sentence(w->live[i - 1]) && has_capital(w->live[i]->core) &&
			w->live[i]->key.p[0] != 'i')
			return true;
	return false;
}

static bool hunt_begin(struct hunt *h, struct turn *t, const struct terms *terms)
{
	struct words *w = &t->words;

	*h = (struct hunt){.t = t, .terms = terms, .phones = t->phones, .cased = is_cased(w)};
	if (terms->count == 0 || w->count == 0)
		return false;
	h->size = logf((float)terms->count);
	h->taken = arena_zero(t->arena, (w->count + 1) * sizeof *h->taken);
	h->frequency = arena_get(t->arena, (w->count + 1) * sizeof *h->frequency);
	for (size_t i = 0; i < w->count; i++)
		h->frequency[i] = (float)table_frequency(&t->engine->table, w->live[i]->key);
	for (size_t i = 0; i < w->count;)
		i = glossary_take_standing(h, i);
	h->list = arena_get(t->arena, (w->count * WINDOW_WORDS + 1) * sizeof *h->list);
	return true;
}

size_t glossary_candidates(struct turn *t, const struct terms *terms, struct candidate **list)
{
	struct hunt h;

	if (!hunt_begin(&h, t, terms))
		return 0;
	for (size_t i = 0; i < t->words.count; i++)
		hunt_from(&h, i);
	judge_all(&h);
	*list = h.list;
	return h.count;
}

/* The likeliest candidate that meets the gate and overlaps none that is in; NULL when there is none left. */
static struct candidate *likeliest(struct candidate *list, size_t count)
{
	struct candidate *best = NULL;

	for (size_t i = 0; i < count; i++)
		if (list[i].p >= GATE_FROM && (!best || list[i].p > best->p))
			best = &list[i];
	return best;
}

static void apply(struct turn *t, const struct candidate *c)
{
	struct edit *edit = arena_get(t->arena, sizeof *edit);
	struct slice text = c->possessive ? arena_printf(t->arena, "%s's", c->term->text)
					  : arena_copy(t->arena, slice_str(c->term->text));
	struct word *word = t->words.live[c->from];

	*edit = (struct edit){KIND_GLOSSARY, c->p, why_sounds_like, SORT_TERM_HEARD};
	words_merge(&t->words, c->from, c->to, text, edit);
	word->fixed = true;
}

static void doubt_window(struct turn *t, const struct candidate *c)
{
	for (size_t i = c->from; i < c->to; i++)
		if (!(t->words.live[i]->classes & CLASS_STOP))
			t->words.live[i]->doubt = why_near_term;
}

void stage_glossary(struct turn *t)
{
	struct candidate *list = NULL, *best;
	size_t count;

	if (t->in->glossary_count == 0)
		return;
	count = glossary_candidates(
		t, terms_of(t->terms, t->phones, t->engine, t->in), &list);
	while ((best = likeliest(list, count))) {
		size_t from = best->from, to = best->to;

		apply(t, best);
		for (size_t i = 0; i < count; i++)
			if (list[i].from < to && from < list[i].to)
				list[i].p = 0;
	}
	for (size_t i = 0; i < count; i++)
		if (list[i].p >= DOUBT_FROM)
			doubt_window(t, &list[i]);
	words_settle(&t->words);
}
