/* SPDX-License-Identifier: ISC
 *
 * context.c - see context.h.
 */
#include "context.h"
#include "common/base/xalloc.h"
#include "conf_lines.h"
#include "phrase_index.h"

#include <stdlib.h>

struct context {
	char *name;	    /* owned */
	unsigned at;	    /* points that make it active */
	struct slice terms; /* the categories of terms that belong here, comma-separated; the file's text */
};

struct context_phrase {
	struct phrase phrase;
	struct slice text; /* the file's */
	unsigned context, points;
};

struct contexts {
	struct context list[ENGINE_CONTEXTS];
	size_t count;
	struct context_phrase *phrases; /* owned */
	size_t phrase_count;
	struct phrase_index index;
};

struct contexts *contexts_create(void)
{
	struct contexts *contexts = xcalloc(1, sizeof *contexts);

	phrase_index_init(&contexts->index);
	return contexts;
}

void contexts_destroy(struct contexts **contexts)
{
	struct contexts *c = *contexts;

	if (!c)
		return;
	for (size_t i = 0; i < c->count; i++)
		free(c->list[i].name);
	for (size_t i = 0; i < c->phrase_count; i++)
		phrase_finish(&c->phrases[i].phrase);
	free(c->phrases);
	phrase_index_finish(&c->index);
	free(c);
	*contexts = NULL;
}

/* The context of this name, made when new; -1 when there are too many. */
static int contexts_open(struct contexts *c, struct slice name)
{
	for (size_t i = 0; i < c->count; i++)
		if (slice_eq(slice_str(c->list[i].name), name))
			return (int)i;
	if (c->count == ENGINE_CONTEXTS || name.n == 0)
		return -1;
	c->list[c->count] = (struct context){.name = xstrndup(name.p, name.n), .at = 1};
	return (int)c->count++;
}

static void contexts_add(struct contexts *c, unsigned context, struct slice text, unsigned points)
{
	struct slice one;

	while (slice_cut(&text, ',', &one)) {
		struct context_phrase *p;

		c->phrases = xrealloc(c->phrases, (c->phrase_count + 1) * sizeof *c->phrases);
		p = &c->phrases[c->phrase_count];
		*p = (struct context_phrase){.text = one, .context = context, .points = points};
		phrase_read(&p->phrase, one);
		phrase_index_add(&c->index, &p->phrase, (uint32_t)c->phrase_count++);
	}
}

bool contexts_read(struct contexts *c, struct slice text, unsigned *bad_line)
{
	struct conf_lines lines = {.rest = text};
	struct conf_line line;
	int now = -1;

	while (conf_lines_next(&lines, &line)) {
		*bad_line = lines.line;
		if (line.head)
			now = contexts_open(c, line.key);
		if (now < 0)
			return false;
		if (line.head)
			continue;
		if (slice_eq(line.key, SLICE("words")))
			contexts_add(c, (unsigned)now, line.value, 1);
		else if (slice_eq(line.key, SLICE("strong")))
			contexts_add(c, (unsigned)now, line.value, 2);
		else if (slice_eq(line.key, SLICE("terms")))
			c->list[now].terms = line.value;
		else if (slice_eq(line.key, SLICE("at")) && line.value.n)
			c->list[now].at = (unsigned)strtoul(line.value.p, NULL, 10);
		else
			return false;
	}
	return true;
}

/* What was found of a context. */
struct found {
	unsigned points, best; /* best: the most that one phrase gave */
	struct context_evidence evidence;
};

/* Counts in one turn's words; seq is that turn's in the evidence. Turns come newest first. */
static void contexts_count(
	const struct contexts *c, const struct words *w, uint32_t seq, struct found found[ENGINE_CONTEXTS])
{
	for (size_t i = 0; i < w->count; i++) {
		const struct phrase_entry *e = phrase_index_first(&c->index, w->live[i]->key);

		for (; e; e = phrase_index_next(&c->index, e)) {
			const struct context_phrase *p = &c->phrases[e->row];
			struct found *f = &found[p->context];

			if (!phrase_at(&p->phrase, w, i))
				continue;
			f->points += p->points;
			if (p->points > f->best) {
				f->best = p->points;
				f->evidence = (struct context_evidence){p->text, seq};
			}
		}
	}
}

uint32_t contexts_find(
	const struct contexts *c, const struct turn *t, struct context_evidence evidence[ENGINE_CONTEXTS])
{
	struct found found[ENGINE_CONTEXTS] = {0};
	const struct clean_input *in = t->in;
	uint32_t bits = 0;

	contexts_count(c, &t->words, 0, found);
	for (size_t i = t->window_count; i-- > 0;)
		contexts_count(c, &t->window[i], in->window[in->window_count - t->window_count + i].seq, found);
	for (size_t i = 0; i < c->count; i++) {
		evidence[i] = found[i].evidence;
		if (found[i].points && found[i].points >= c->list[i].at)
			bits |= UINT32_C(1) << i;
	}
	return bits;
}

uint32_t contexts_bit(const struct contexts *c, struct slice name)
{
	for (size_t i = 0; i < c->count; i++)
		if (slice_eq(slice_str(c->list[i].name), name))
			return UINT32_C(1) << i;
	return 0;
}

static bool context_takes(const struct context *context, struct slice category)
{
	struct slice rest = context->terms, one;

	if (slice_eq_nocase(slice_str(context->name), category))
		return true;
	while (slice_cut(&rest, ',', &one))
		if (slice_eq_nocase(one, category))
			return true;
	return false;
}

uint32_t contexts_of_category(const struct contexts *c, struct slice category)
{
	uint32_t bits = 0;

	for (size_t i = 0; category.n && i < c->count; i++)
		if (context_takes(&c->list[i], category))
			bits |= UINT32_C(1) << i;
	return bits;
}

const char *const *contexts_names(const struct contexts *c, uint32_t bits,
	struct context_evidence evidence[ENGINE_CONTEXTS], struct arena *a, size_t *count)
{
	const char **names = arena_get(a, ENGINE_CONTEXTS * sizeof *names);

	*count = 0;
	for (size_t i = 0; i < c->count; i++) {
		if (!(bits & UINT32_C(1) << i))
			continue;
		evidence[*count] = evidence[i];
		names[(*count)++] = c->list[i].name;
	}
	return names;
}
