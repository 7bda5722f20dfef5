/* SPDX-License-Identifier: ISC
 *
 * words.c - cutting a turn into words, and the few ways to change one. See words.h.
 */
#include "words.h"
#include "common/base/utf8.h"

#include <ctype.h>
#include <unicase.h>
#include <unictype.h>

enum { APOSTROPHE = 0x2019, ELLIPSIS = 0x2026 };

/* Marks that may open a word, as code points below 128; others are asked of libunistring. */
static bool mark_opens(uint32_t cp)
{
	if (cp < 0x80)
		return cp == '"' || cp == '(' || cp == '[' || cp == '{' || cp == '\'' || cp == '`';
	return uc_is_general_category_withtable(cp, UC_CATEGORY_MASK_Ps | UC_CATEGORY_MASK_Pi) ||
	       cp == 0xBF || cp == 0xA1;
}

static bool mark_closes(uint32_t cp)
{
	if (cp < 0x80)
		return cp && strchr(".,?!;:\")]}-", (int)cp);
	if (cp == APOSTROPHE)
		return false;
	return cp == ELLIPSIS || uc_is_general_category_withtable(
					 cp, UC_CATEGORY_MASK_Pe | UC_CATEGORY_MASK_Pf | UC_CATEGORY_MASK_Pd);
}

static bool cp_is_space(uint32_t cp)
{
	if (cp < 0x80)
		return cp == ' ' || (cp >= '\t' && cp <= '\r');
	return uc_is_property_white_space(cp);
}

/* The code point that ends at `end`; s is valid UTF-8 and end > start. */
static uint32_t cp_before(struct slice s, size_t start, size_t end, size_t *at)
{
	uint32_t cp = 0;
	size_t next;

	*at = end - 1;
	while (*at > start && ((unsigned char)s.p[*at] & 0xC0) == 0x80)
		(*at)--;
	next = *at;
	if (!utf8_next(s, &next, &cp))
		return 0;
	return cp;
}

static void cut_marks(struct slice raw, struct word *word)
{
	size_t at = word->raw_start, start = at, end = word->raw_end;
	bool quoted = false;
	uint32_t cp;

	while (start < end && utf8_next(raw, &at, &cp) && mark_opens(cp)) {
		quoted |= cp == '\'';
		start = at;
	}
	while (end > start) {
		cp = cp_before(raw, start, end, &at);
		if (!mark_closes(cp) && !(quoted && cp == '\''))
			break;
		end = at;
	}
	word->core_start = (uint32_t)start;
	word->core_end = (uint32_t)end;
}

static struct slice key_of_ascii(struct arena *a, struct slice s)
{
	size_t i = 0;
	char *p;

	while (i < s.n && !(s.p[i] >= 'A' && s.p[i] <= 'Z'))
		i++;
	if (i == s.n)
		return s;
	p = arena_get(a, s.n);
	for (i = 0; i < s.n; i++)
		p[i] = (char)tolower((unsigned char)s.p[i]);
	return slice_of(p, s.n);
}

struct slice text_key(struct arena *a, struct slice s)
{
	size_t at = 0, n = 0;
	uint32_t cp;
	char *p;

	while (at < s.n && !((unsigned char)s.p[at] & 0x80))
		at++;
	if (at == s.n)
		return key_of_ascii(a, s);
	p = arena_get(a, s.n * 2 + 4); /* a simple lower-case mapping at most doubles a character's bytes */
	for (at = 0; utf8_next(s, &at, &cp);)
		n += utf8_put(cp == APOSTROPHE ? '\'' : uc_tolower(cp), p + n);
	return slice_of(p, n);
}

static void cut_word(struct words *w, struct word *word, size_t start, size_t end)
{
	*word = (struct word){.raw_start = (uint32_t)start, .raw_end = (uint32_t)end};
	cut_marks(w->raw, word);
	word->lead = slice_of(w->raw.p + start, word->core_start - start);
	word->core = slice_of(w->raw.p + word->core_start, word->core_end - word->core_start);
	word->trail = slice_of(w->raw.p + word->core_end, end - word->core_end);
	word->key = text_key(w->arena, word->core);
	word->classes = lexicon_classes(w->lexicon, word->key);
}

/* The end of the run of (non-)space that starts at `at`. */
static size_t run_end(struct slice raw, size_t at, bool space)
{
	size_t next = at;
	uint32_t cp;

	while (utf8_next(raw, &next, &cp) && cp_is_space(cp) == space)
		at = next;
	return at;
}

void words_cut(struct words *w, struct arena *arena, const struct lexicon *lexicon, struct slice raw)
{
	size_t at = run_end(raw, 0, true);

	*w = (struct words){.arena = arena, .lexicon = lexicon, .raw = raw};
	w->all = arena_get(arena, (raw.n / 2 + 1) * sizeof *w->all);
	w->live = arena_get(arena, (raw.n / 2 + 1) * sizeof *w->live);
	while (at < raw.n) {
		size_t end = run_end(raw, at, false);

		cut_word(w, &w->all[w->all_count++], at, end);
		at = run_end(raw, end, true);
	}
	words_settle(w);
}

void words_settle(struct words *w)
{
	w->count = 0;
	for (size_t i = 0; i < w->all_count; i++)
		if (!w->all[i].dropped && !w->all[i].absorbed)
			w->live[w->count++] = &w->all[i];
}

void word_drop(struct word *word, const struct edit *why)
{
	word->dropped = why;
}

void word_set_core(struct words *w, struct word *word, struct slice core, const struct edit *why)
{
	word->core = core;
	word->key = text_key(w->arena, core);
	word->classes = lexicon_classes(w->lexicon, word->key);
	if (!word->core_edit || (why->kind != KIND_CASE && why->kind != KIND_PUNCTUATION))
		word->core_edit = why;
}

void word_set_trail(struct word *word, struct slice trail, const struct edit *why)
{
	word->trail = trail;
	word->trail_edit = why;
}

void words_merge(struct words *w, size_t from, size_t to, struct slice core, const struct edit *why)
{
	struct word *first = w->live[from], *last = w->live[to - 1];

	for (struct word *x = first + 1; x <= last; x++)
		x->absorbed = true;
	first->core_end = last->core_end;
	first->raw_end = last->raw_end;
	first->trail = last->trail;
	first->trail_edit = last->trail_edit;
	first->doubt = NULL;
	word_set_core(w, first, core, why);
}

char word_mark(const struct word *word)
{
	for (size_t i = word->trail.n; i-- > 0;) {
		char c = word->trail.p[i];

		if (strchr(",.?!;:", c) && c)
			return c;
	}
	return 0;
}

bool word_ends_sentence(const struct word *word)
{
	char mark = word_mark(word);

	return mark == '.' || mark == '?' || mark == '!' ||
	       (word->trail.n >= 3 && memcmp(word->trail.p, "\xE2\x80\xA6", 3) == 0);
}
