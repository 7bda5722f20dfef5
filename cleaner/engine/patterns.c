/* SPDX-License-Identifier: ISC
 *
 * patterns.c - see patterns.h.
 */
#include "patterns.h"
#include "common/base/xalloc.h"
#include "conf_lines.h"
#include "confidence.h"
#include "phrase_index.h"
#include "reasons.h"

#include <stdlib.h>

enum pattern_guard {
	GUARD_NEXT,
	GUARD_PREV,
	GUARD_NEAR,
	GUARD_NOT_NEXT,
	GUARD_NOT_PREV,
	GUARD_NOT_NEAR,
	GUARD_COUNT
};

static const char *const guard_names[GUARD_COUNT] = {
	"next", "prev", "near", "not-next", "not-prev", "not-near"};

struct pattern {
	struct phrase heard;
	struct slice meant;
	size_t kept_front, kept_back; /* words that heard and meant share at their ends: left as they are */
	struct slice change;	      /* what the words between become */
	struct phrases guards[GUARD_COUNT];
	uint32_t contexts; /* any of these; 0: no matter */
	struct edit edit;
	char *reason; /* owned; NULL: the default */
};

struct patterns {
	struct pattern *list; /* owned */
	size_t count;
	struct phrase_index index;
};

static void pattern_finish(struct pattern *p)
{
	phrase_finish(&p->heard);
	for (size_t g = 0; g < GUARD_COUNT; g++)
		phrases_finish(&p->guards[g]);
	free(p->reason);
}

struct patterns *patterns_create(void)
{
	struct patterns *patterns = xcalloc(1, sizeof *patterns);

	phrase_index_init(&patterns->index);
	return patterns;
}

void patterns_destroy(struct patterns **patterns)
{
	if (!*patterns)
		return;
	for (size_t i = 0; i < (*patterns)->count; i++)
		pattern_finish(&(*patterns)->list[i]);
	free((*patterns)->list);
	phrase_index_finish(&(*patterns)->index);
	free(*patterns);
	*patterns = NULL;
}

/* The word before `end` in s, and the length of what stands before it. */
static struct slice last_word(struct slice s)
{
	size_t start = s.n;

	while (start && s.p[start - 1] != ' ')
		start--;
	return slice_of(s.p + start, s.n - start);
}

/* "vector of" to "director of" changes one word only: find what both ends share, so that a correction says no
 * more. */
static void pattern_narrow(struct pattern *p)
{
	struct slice rest = p->meant, word, try_rest;

	while (p->kept_front + 1 < p->heard.count) {
		try_rest = rest;
		if (!slice_cut(&try_rest, ' ', &word) || try_rest.n == 0 ||
			!slice_eq(word, p->heard.words[p->kept_front]))
			break;
		rest = try_rest;
		p->kept_front++;
	}
	while (p->kept_front + p->kept_back + 1 < p->heard.count) {
		word = last_word(rest);
		if (word.n == rest.n || !slice_eq(word, p->heard.words[p->heard.count - 1 - p->kept_back]))
			break;
		rest = slice_trim(slice_of(rest.p, rest.n - word.n));
		p->kept_back++;
	}
	p->change = rest;
}

static struct pattern *patterns_open(struct patterns *patterns, const struct conf_line *head)
{
	struct pattern *p;

	if (head->key.n == 0 || head->value.n == 0)
		return NULL;
	patterns->list = xrealloc(patterns->list, (patterns->count + 1) * sizeof *patterns->list);
	p = &patterns->list[patterns->count];
	*p = (struct pattern){.meant = head->value};
	p->edit = (struct edit){KIND_PATTERN, CONFIDENCE_MEDIUM_FROM, why_pattern};
	phrase_read(&p->heard, head->key);
	pattern_narrow(p);
	phrase_index_add(&patterns->index, &p->heard, (uint32_t)patterns->count++);
	return p;
}

static bool pattern_contexts(struct pattern *p, struct slice names, const struct contexts *contexts)
{
	struct slice name;

	while (slice_cut(&names, ',', &name)) {
		uint32_t bit = contexts_bit(contexts, name);

		if (!bit)
			return false;
		p->contexts |= bit;
	}
	return true;
}

static bool pattern_line(struct pattern *p, const struct conf_line *line, const struct contexts *contexts)
{
	for (size_t g = 0; g < GUARD_COUNT; g++)
		if (slice_eq(line->key, slice_str(guard_names[g]))) {
			phrases_add(&p->guards[g], line->value);
			return true;
		}
	if (slice_eq(line->key, SLICE("context")))
		return pattern_contexts(p, line->value, contexts);
	if (slice_eq(line->key, SLICE("score")) && line->value.n) {
		p->edit.score = strtod(line->value.p, NULL);
		return p->edit.score >= CONFIDENCE_LOW_FROM && p->edit.score <= 1;
	}
	if (!slice_eq(line->key, SLICE("why")))
		return false;
	free(p->reason);
	p->reason = xstrndup(line->value.p, line->value.n);
	p->edit.reason = p->reason;
	return true;
}

bool patterns_read(
	struct patterns *patterns, struct slice text, const struct contexts *contexts, unsigned *bad_line)
{
	struct conf_lines lines = {.rest = text};
	struct conf_line line;
	struct pattern *now = NULL;

	while (conf_lines_next(&lines, &line)) {
		*bad_line = lines.line;
		if (line.head)
			now = patterns_open(patterns, &line);
		if (!now || (!line.head && !pattern_line(now, &line, contexts)))
			return false;
	}
	return true;
}

/* A sentence's end inside the heard words, or a mark between: then they are not one phrase. */
static bool pattern_broken(const struct pattern *p, const struct words *w, size_t i)
{
	for (size_t k = 0; k + 1 < p->heard.count; k++)
		if (word_mark(w->live[i + k]) || w->live[i + k + 1]->lead.n)
			return true;
	for (size_t k = 0; k < p->heard.count; k++)
		if (w->live[i + k]->fixed)
			return true;
	return false;
}

static bool near_holds(const struct phrases *near, const struct turn *t)
{
	if (phrases_in(near, &t->words))
		return true;
	for (size_t i = 0; i < t->window_count; i++)
		if (phrases_in(near, &t->window[i]))
			return true;
	return false;
}

static bool pattern_holds(const struct pattern *p, const struct turn *t, size_t i)
{
	const struct phrases *g = p->guards;
	const struct words *w = &t->words;
	size_t end = i + p->heard.count;

	if (p->contexts && !(p->contexts & t->contexts))
		return false;
	if (g[GUARD_NEXT].count && !phrases_at(&g[GUARD_NEXT], w, end))
		return false;
	if (g[GUARD_PREV].count && !phrases_before(&g[GUARD_PREV], w, i))
		return false;
	if (phrases_at(&g[GUARD_NOT_NEXT], w, end) || phrases_before(&g[GUARD_NOT_PREV], w, i))
		return false;
	if (g[GUARD_NEAR].count && !near_holds(&g[GUARD_NEAR], t))
		return false;
	return !phrases_in(&g[GUARD_NOT_NEAR], w);
}

const struct pattern *patterns_at(const struct patterns *patterns, const struct turn *t, size_t i)
{
	const struct words *w = &t->words;
	const struct phrase_entry *e = phrase_index_first(&patterns->index, w->live[i]->key);

	for (; e; e = phrase_index_next(&patterns->index, e)) {
		const struct pattern *p = &patterns->list[e->row];

		if (phrase_at(&p->heard, w, i) && !pattern_broken(p, w, i) && pattern_holds(p, t, i))
			return p;
	}
	return NULL;
}

bool patterns_maybe(const struct patterns *patterns, const struct words *w)
{
	for (size_t i = 0; i < w->count; i++) {
		const struct phrase_entry *e = phrase_index_first(&patterns->index, w->live[i]->key);

		for (; e; e = phrase_index_next(&patterns->index, e))
			if (phrase_at(&patterns->list[e->row].heard, w, i))
				return true;
	}
	return false;
}

static void pattern_apply(struct turn *t, const struct pattern *p, size_t i)
{
	size_t from = i + p->kept_front, to = i + p->heard.count - p->kept_back;
	struct word *word = t->words.live[from];

	words_merge(&t->words, from, to, p->change, &p->edit);
	for (size_t k = 0; k < p->change.n; k++)
		word->fixed |= p->change.p[k] >= 'A' && p->change.p[k] <= 'Z';
}

void stage_patterns(struct turn *t)
{
	for (size_t i = 0; i < t->words.count; i++) {
		const struct pattern *p = patterns_at(t->engine->patterns, t, i);

		if (!p)
			continue;
		pattern_apply(t, p, i);
		words_settle(&t->words);
	}
}
