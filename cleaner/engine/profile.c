/* SPDX-License-Identifier: ISC
 *
 * profile.c - see profile.h: reading profiles.conf, and the stage that mends what a recogniser is known for.
 *
 * Nothing here looks at what the words mean: a piece is put back on its word, words that the recogniser
 * writes for others are replaced. Nothing that was said is dropped, so this runs in verbatim mode too.
 */
#include "profile.h"
#include "common/base/xalloc.h"
#include "conf_lines.h"
#include "confidence.h"
#include "reasons.h"
#include "turn.h"

#include <ctype.h>
#include <stdlib.h>

struct profile_word {
	struct phrase heard;
	struct slice meant;
	struct edit edit;
};

struct profiles {
	struct profile list[PROFILE_COUNT]; /* the first is the default */
	size_t count;
	const char *names[PROFILE_COUNT + 1]; /* NULL at the end */
};

static const struct profile profile_default = {
	.marked = {0.6F, 0.9F, 2.0F, 2.0F},
	.bare = {0.55F, 0.7F, 0.5F, 2.0F},
	.capital = 0.9F,
	.score = CONFIDENCE_MEDIUM_FROM,
};

static const struct edit edit_piece = {KIND_ARTEFACT, 0.97, why_piece, .stage = "profile"};

struct profiles *profiles_create(void)
{
	struct profiles *profiles = xcalloc(1, sizeof *profiles);

	profiles->list[0] = profile_default;
	profiles->list[0].name = xstrdup("default");
	profiles->names[0] = profiles->list[0].name;
	phrase_index_init(&profiles->list[0].index);
	profiles->count = 1;
	return profiles;
}

void profiles_destroy(struct profiles **profiles)
{
	struct profiles *all = *profiles;

	if (!all)
		return;
	for (size_t i = 0; i < all->count; i++) {
		struct profile *p = &all->list[i];

		for (size_t k = 0; k < p->heard_count; k++)
			phrase_finish(&p->heard[k].heard);
		free(p->heard);
		free(p->name);
		phrase_index_finish(&p->index);
	}
	free(all);
	*profiles = NULL;
}

const struct profile *profiles_find(const struct profiles *profiles, struct slice name)
{
	if (name.n == 0)
		return &profiles->list[0];
	for (size_t i = 0; i < profiles->count; i++)
		if (slice_eq_nocase(slice_str(profiles->list[i].name), name))
			return &profiles->list[i];
	return NULL;
}

const char *const *profiles_names(const struct profiles *profiles)
{
	return profiles->names;
}

/* --- reading --- */

/* The profile of this name, made when new; NULL when it cannot be. A name is one word: it is told in
 * messages, separated by blanks. */
static struct profile *profiles_open(struct profiles *all, struct slice name)
{
	struct profile *p = (struct profile *)profiles_find(all, name);

	if (name.n == 0 || name.n > PROFILE_NAME_BYTES || memchr(name.p, ' ', name.n))
		return NULL;
	if (p || all->count == PROFILE_COUNT)
		return p;
	p = &all->list[all->count];
	*p = profile_default;
	p->name = xstrndup(name.p, name.n);
	phrase_index_init(&p->index);
	all->names[all->count++] = p->name;
	return p;
}

static bool heard_add(struct profile *p, struct slice heard, struct slice meant)
{
	struct profile_word *w;

	p->heard = xrealloc(p->heard, (p->heard_count + 1) * sizeof *p->heard);
	w = &p->heard[p->heard_count];
	w->meant = meant;
	w->edit = (struct edit){KIND_PATTERN, p->score, why_heard_so, .stage = "profile"};
	phrase_read(&w->heard, heard);
	if (w->heard.count == 0 || meant.n == 0) {
		phrase_finish(&w->heard);
		return false;
	}
	phrase_index_add(&p->index, &w->heard, (uint32_t)p->heard_count++);
	return true;
}

static bool read_heard(struct profile *p, struct slice list)
{
	struct slice one, heard;

	while (slice_cut(&list, ',', &one))
		if (!slice_cut(&one, '>', &heard) || !heard_add(p, heard, slice_trim(one)))
			return false;
	return true;
}

/* All that another profile says so far. */
static bool read_like(struct profile *p, const struct profiles *all, struct slice name)
{
	const struct profile *of = profiles_find(all, name);

	if (!of || of == p)
		return false;
	p->marked = of->marked;
	p->bare = of->bare;
	p->bare_always = of->bare_always;
	p->capital = of->capital;
	p->pieces = of->pieces;
	for (size_t i = 0; i < of->heard_count; i++) {
		struct slice first = of->heard[i].heard.words[0],
			     last = of->heard[i].heard.words[of->heard[i].heard.count - 1];

		heard_add(p, slice_of(first.p, (size_t)(last.p + last.n - first.p)), of->heard[i].meant);
		p->heard[p->heard_count - 1].edit = of->heard[i].edit;
	}
	return true;
}

static bool read_bound(struct slice value, float *bound)
{
	char text[16], *end;

	if (value.n == 0 || value.n >= sizeof text)
		return false;
	memcpy(text, value.p, value.n);
	text[value.n] = '\0';
	*bound = strtof(text, &end);
	return *end == '\0' && *bound >= 0 && *bound <= 2;
}

static bool read_line(struct profile *p, const struct profiles *all, const struct conf_line *line)
{
	const struct {
		const char *key;
		float *bound;
	} bounds[] = {
		{"comma", &p->marked.comma}, {"stop", &p->marked.stop}, {"question", &p->marked.ask},
		{"remove", &p->marked.none}, {"bare-comma", &p->bare.comma}, {"bare-stop", &p->bare.stop},
		{"bare-question", &p->bare.ask}, {"capital", &p->capital},
	};

	for (size_t i = 0; i < countof(bounds); i++)
		if (slice_eq(line->key, slice_str(bounds[i].key)))
			return read_bound(line->value, bounds[i].bound);
	if (slice_eq(line->key, SLICE("like")))
		return read_like(p, all, line->value);
	if (slice_eq(line->key, SLICE("heard")))
		return read_heard(p, line->value);
	if (slice_eq(line->key, SLICE("score")))
		return read_bound(line->value, &p->score) && p->score >= (float)CONFIDENCE_LOW_FROM && p->score <= 1;
	if (slice_eq(line->key, SLICE("pieces")))
		return (p->pieces = line->value).n > 0;
	p->bare_always = slice_eq(line->key, SLICE("marks")) && slice_eq(line->value, SLICE("none"));
	return p->bare_always;
}

bool profiles_read(struct profiles *profiles, struct slice text, unsigned *bad_line)
{
	struct conf_lines lines = {.rest = text};
	struct conf_line line;
	struct profile *now = NULL;

	while (conf_lines_next(&lines, &line)) {
		*bad_line = lines.line;
		if (line.head)
			now = profiles_open(profiles, line.key);
		if (!now || (!line.head && !read_line(now, profiles, &line)))
			return false;
	}
	return true;
}

/* --- the stage --- */

/* Live word i is an ending that belongs to the word before it. */
static bool is_piece(const struct turn *t, size_t i)
{
	const struct words *w = &t->words;
	const struct word *word = w->live[i];
	struct slice list = t->profile->pieces, one,
		     ending = slice_of(w->raw.p + word->raw_start, word->core_end - word->raw_start);

	if (i == 0 || w->live[i - 1]->trail.n || w->live[i - 1]->core.n == 0 || w->live[i - 1]->absorbed)
		return false;
	while (slice_cut(&list, ' ', &one))
		if (slice_eq_nocase(one, ending))
			return true;
	return false;
}

static const struct profile_word *heard_at(const struct turn *t, size_t i)
{
	const struct words *w = &t->words;
	const struct profile *p = t->profile;
	const struct phrase_entry *e = phrase_index_first(&p->index, w->live[i]->key);

	for (; e; e = phrase_index_next(&p->index, e)) {
		const struct profile_word *row = &p->heard[e->row];
		bool broken = !phrase_at(&row->heard, w, i);

		for (size_t k = 0; !broken && k + 1 < row->heard.count; k++)
			broken = word_mark(w->live[i + k]) || w->live[i + k + 1]->lead.n;
		if (!broken)
			return row;
	}
	return NULL;
}

bool profile_hits(const struct turn *t)
{
	for (size_t i = 0; i < t->words.count; i++)
		if (is_piece(t, i) || heard_at(t, i))
			return true;
	return false;
}

/* The words that were meant, with the capital that the first one had. */
static void put_meant(struct turn *t, size_t i, const struct profile_word *row)
{
	struct word *word = t->words.live[i];
	struct slice core = arena_copy(t->arena, row->meant);
	bool capital = false;

	for (size_t k = 0; k < core.n; k++)
		capital |= isupper((unsigned char)core.p[k]) != 0;
	if (!capital && word->core.n && isupper((unsigned char)word->core.p[0]))
		((char *)core.p)[0] = (char)toupper((unsigned char)core.p[0]);
	words_merge(&t->words, i, i + row->heard.count, core, &row->edit);
	word->fixed |= capital;
}

static void put_piece(struct turn *t, size_t i)
{
	struct words *w = &t->words;
	const struct word *before = w->live[i - 1], *piece = w->live[i];
	size_t n = piece->core_end - piece->raw_start;
	char *core = arena_get(t->arena, before->core.n + n);

	memcpy(core, before->core.p, before->core.n);
	memcpy(core + before->core.n, w->raw.p + piece->raw_start, n);
	words_merge(w, i - 1, i + 1, slice_of(core, before->core.n + n), &edit_piece);
}

void stage_profile(struct turn *t)
{
	struct words *w = &t->words;

	for (size_t i = 0; i < w->count; i++) {
		const struct profile_word *row = heard_at(t, i);

		if (is_piece(t, i)) {
			put_piece(t, i);
		} else if (row) {
			put_meant(t, i, row);
			i += row->heard.count - 1;
		}
	}
	words_settle(w);
}
