/* SPDX-License-Identifier: ISC
 *
 * emit.c - see emit.h.
 *
 * White space around a dropped word: the gap before it goes with it, so that one gap stays between its
 * neighbours; at the start of the text the gap after it goes instead.
 */
#include "emit.h"
#include "common/base/utf8.h"
#include "confidence.h"

struct emitter {
	const struct words *w;
	struct clean_result *result;
	struct correction *corrections; /* room for 4 a word and 1 */
	const struct edit *last_edit;	/* of the last correction, to join what belongs together */
	char *out;
	size_t n;
	uint32_t raw_points, out_points; /* code points so far */
	uint32_t raw_at;		 /* bytes of raw so far */
};

static const char *const stages[KIND_COUNT] = {
	[KIND_ARTEFACT] = "artefacts",
	[KIND_FILLER] = "disfluencies",
	[KIND_REPEAT] = "disfluencies",
	[KIND_RESTART] = "disfluencies",
	[KIND_SELF_CORRECTION] = "selfcorrect",
	[KIND_PATTERN] = "patterns",
	[KIND_GLOSSARY] = "glossary",
	[KIND_NUMBER] = "numbers",
	[KIND_PUNCTUATION] = "marks",
	[KIND_CASE] = "case",
};

static void emit_copy(struct emitter *e, uint32_t raw_end)
{
	struct slice same = slice_of(e->w->raw.p + e->raw_at, raw_end - e->raw_at);
	uint32_t points = (uint32_t)utf8_count(same);

	if (same.n == 0)
		return;
	memcpy(e->out + e->n, same.p, same.n);
	e->n += same.n;
	e->raw_points += points;
	e->out_points += points;
	e->raw_at = raw_end;
	e->last_edit = NULL;
}

/* The correction to write into: the last one if this change continues it, else a new one. */
static struct correction *emit_open(struct emitter *e, const struct edit *why)
{
	struct correction *c;

	if (e->last_edit && e->last_edit->kind == why->kind && e->result->correction_count)
		return &e->corrections[e->result->correction_count - 1];
	c = &e->corrections[e->result->correction_count++];
	*c = (struct correction){
		.kind = why->kind,
		.score = 1,
		.reason = why->reason,
		.stage = why->stage ? why->stage : stages[why->kind],
		.original = slice_of(e->w->raw.p + e->raw_at, 0),
		.corrected = slice_of(e->out + e->n, 0),
		.start = e->raw_points,
		.end = e->raw_points,
		.cleaned_start = e->out_points,
		.cleaned_end = e->out_points,
	};
	return c;
}

static void emit_change(struct emitter *e, uint32_t raw_end, struct slice text, const struct edit *why)
{
	struct correction *c = emit_open(e, why);
	double score = change_worth(why->sort, why->score);

	if (score <= c->score) {
		c->score = score;
		c->evidence = why->score;
		c->sort = change_sort_name(why->sort);
		c->confidence = confidence_of(score);
	}
	if (text.n)
		memcpy(e->out + e->n, text.p, text.n);
	c->original.n += raw_end - e->raw_at;
	c->corrected.n += text.n;
	e->raw_points += (uint32_t)utf8_count(slice_of(e->w->raw.p + e->raw_at, raw_end - e->raw_at));
	e->out_points += (uint32_t)utf8_count(text);
	c->end = e->raw_points;
	c->cleaned_end = e->out_points;
	e->n += text.n;
	e->raw_at = raw_end;
	e->last_edit = why;
}

/* One piece of a word: raw up to raw_end became text. */
static void emit_piece(struct emitter *e, uint32_t raw_end, struct slice text, const struct edit *why)
{
	if (slice_eq(slice_of(e->w->raw.p + e->raw_at, raw_end - e->raw_at), text) || !why)
		emit_copy(e, raw_end);
	else
		emit_change(e, raw_end, text, why);
}

/* The gap before `word` and the word itself; `gap_edit`: the gap goes, for this reason. */
static void emit_word(struct emitter *e, const struct word *word, const struct edit *gap_edit)
{
	emit_piece(e, word->raw_start,
		gap_edit ? slice_of(NULL, 0) : slice_of(e->w->raw.p + e->raw_at, word->raw_start - e->raw_at),
		gap_edit);
	if (word->dropped) {
		emit_piece(e, word->raw_end, slice_of(NULL, 0), word->dropped);
		return;
	}
	emit_piece(e, word->core_start, word->lead, word->lead_edit);
	emit_piece(e, word->core_end, word->core, word->core_edit);
	emit_piece(e, word->raw_end, word->trail, word->trail_edit);
}

static size_t cleaned_bound(const struct words *w)
{
	size_t n = w->raw.n;

	for (size_t i = 0; i < w->count; i++)
		n += w->live[i]->lead.n + w->live[i]->core.n + w->live[i]->trail.n;
	return n;
}

void emit(const struct words *w, struct clean_result *result)
{
	struct emitter e = {.w = w, .result = result};
	const struct edit *start_gap = NULL; /* the word before was dropped and nothing stands yet */
	bool stands = false;

	result->correction_count = 0;
	e.corrections = arena_get(w->arena, (w->all_count * 4 + 1) * sizeof *e.corrections);
	e.out = arena_get(w->arena, cleaned_bound(w) + 1);
	for (size_t i = 0; i < w->all_count; i++) {
		const struct word *word = &w->all[i];

		if (word->absorbed)
			continue;
		emit_word(&e, word, stands && word->dropped ? word->dropped : start_gap);
		stands |= !word->dropped;
		start_gap = stands ? NULL : word->dropped;
	}
	emit_copy(&e, (uint32_t)w->raw.n);
	e.out[e.n] = '\0';
	result->cleaned = slice_of(e.out, e.n);
	result->corrections = e.corrections;
}

void emit_unchanged(struct slice raw, struct clean_result *result)
{
	result->cleaned = raw;
	result->corrections = NULL;
	result->correction_count = 0;
}
