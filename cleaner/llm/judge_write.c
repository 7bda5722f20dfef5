/* SPDX-License-Identifier: ISC
 *
 * judge_write.c - see judge_inside.h. Positions come from the writing, never from the model.
 */
#include "cleaner/llm/judge_inside.h"

#include "common/base/utf8.h"
#include "common/base/xalloc.h"

#include <stdlib.h>

static const double HIGH_FROM = .9, MEDIUM_FROM = .7; /* of a score */

size_t judging_byte(const struct judging *j, const char *p)
{
	return (size_t)(p - j->input->in->raw.p);
}

void judging_add(struct judging *j, struct range r)
{
	if (j->n == j->cap) {
		j->cap = j->cap ? j->cap * 2 : 32;
		j->ranges = xrealloc(j->ranges, j->cap * sizeof *j->ranges);
	}
	j->ranges[j->n++] = r;
}

/* --- vocabulary last --- */

static bool touches(const struct range *r, size_t from, size_t to)
{
	return r->from < to && from < r->to;
}

static bool said_term(const struct judging *j, size_t from, size_t to, struct slice term)
{
	for (size_t i = 0; i < j->n; i++)
		if (touches(&j->ranges[i], from, to) && j->ranges[i].text.n &&
			memmem(j->ranges[i].text.p, j->ranges[i].text.n, term.p, term.n))
			return true;
	return false;
}

/* Bytes [from, to) of raw become the term; edits that touched them go, if they lie inside. */
static void force(struct judging *j, size_t from, size_t to, struct slice term)
{
	size_t kept = 0;

	for (size_t i = 0; i < j->n; i++)
		if (touches(&j->ranges[i], from, to) && (j->ranges[i].from < from || j->ranges[i].to > to))
			return; /* part of a larger change: leave it whole */
	if (said_term(j, from, to, term))
		return;
	for (size_t i = 0; i < j->n; i++)
		if (!touches(&j->ranges[i], from, to))
			j->ranges[kept++] = j->ranges[i];
	j->n = kept;
	judging_add(j, (struct range){.from = from,
			       .to = to,
			       .text = term,
			       .kind = KIND_GLOSSARY,
			       .score = .98,
			       .reason = "a spelling of this conversation's vocabulary"});
}

static bool rejected(const struct clean_input *in, struct slice spelling, struct slice term)
{
	for (size_t i = 0; i < in->suppressed_count; i++)
		if (slice_eq_nocase(in->suppressed[i].original, spelling) &&
			slice_eq_nocase(in->suppressed[i].corrected, term))
			return true;
	return false;
}

static void force_spelling(struct judging *j, struct slice spelling, struct slice term)
{
	struct words phrase = {0};
	const struct words *raw = j->c.raw;

	words_add(&phrase, spelling);
	for (size_t i = 0; phrase.n && i + phrase.n <= raw->n; i++) {
		size_t k = 0;

		while (k < phrase.n && slice_eq(raw->w[i + k].fold, phrase.w[k].fold))
			k++;
		if (k == phrase.n)
			force(j, judging_byte(j, raw->w[i].core.p),
				judging_byte(j, raw->w[i + k - 1].core.p) + raw->w[i + k - 1].core.n, term);
	}
	words_finish(&phrase);
}

void judging_force_vocabulary(struct judging *j)
{
	const struct clean_input *in = j->input->in;

	for (size_t i = 0; i < in->glossary_count && i < ENGINE_GLOSSARY_TERMS; i++)
		for (size_t k = 0; k < in->glossary[i].sounds_like_count; k++)
			if (!rejected(in, in->glossary[i].sounds_like[k], in->glossary[i].term))
				force_spelling(j, in->glossary[i].sounds_like[k], in->glossary[i].term);
}

/* --- what the local engine is sure of --- */

static bool near(const struct range *r, size_t from, size_t to)
{
	return r->from <= to + 1 && from <= r->to + 1;
}

static bool only_form(const struct range *r)
{
	return r->kind == KIND_CASE || r->kind == KIND_PUNCTUATION;
}

/* Local corrections of words, made with high confidence, where the model changed nothing: it overlooked them.
 * Repeats and restarts are not among them: which of two the model has left out is not always the engine's
 * choice. */
static bool is_sure(const struct correction *l)
{
	bool of_words = l->kind == KIND_FILLER || l->kind == KIND_PATTERN || l->kind == KIND_GLOSSARY ||
			l->kind == KIND_NUMBER;

	return of_words && l->confidence == CONFIDENCE_HIGH && l->original.n;
}

static void add_overlooked(struct judging *j, const struct correction *l)
{
	size_t from = judging_byte(j, l->original.p), to = from + l->original.n, kept = 0;

	for (size_t i = 0; i < j->n; i++)
		if (!only_form(&j->ranges[i]) && near(&j->ranges[i], from, to))
			return;
	for (size_t i = 0; i < j->n; i++)
		if (!touches(&j->ranges[i], from, to))
			j->ranges[kept++] = j->ranges[i];
	j->n = kept;
	judging_add(j, (struct range){.from = from,
			       .to = to,
			       .text = l->corrected,
			       .kind = l->kind,
			       .score = l->score,
			       .reason = l->reason});
}

void judging_take_overlooked(struct judging *j)
{
	const struct clean_result *local = j->input->local;

	for (size_t i = 0; local && i < local->correction_count; i++)
		if (is_sure(&local->corrections[i]))
			add_overlooked(j, &local->corrections[i]);
}

/* --- writing it out --- */

static int by_position(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return x->to < y->to ? -1 : x->to > y->to;
}

static enum confidence confidence_of(double score)
{
	return score >= HIGH_FROM     ? CONFIDENCE_HIGH
	       : score >= MEDIUM_FROM ? CONFIDENCE_MEDIUM
				      : CONFIDENCE_LOW;
}

struct writing {
	struct judgement *out;
	struct slice raw;
	size_t at; /* raw bytes copied or replaced so far */
	uint32_t raw_cp, cleaned_cp;
	size_t offset_count;
	size_t *offsets; /* of each correction's new text in out->text, whose bytes may move */
};

static void copy_to(struct writing *w, size_t to)
{
	struct slice same = slice_of(w->raw.p + w->at, to - w->at);
	uint32_t n = (uint32_t)utf8_count(same);

	buf_slice(&w->out->text, same);
	w->raw_cp += n;
	w->cleaned_cp += n;
	w->at = to;
}

static void write_range(struct writing *w, const struct range *r)
{
	struct correction *c = &w->out->corrections[w->offset_count];
	size_t from;

	copy_to(w, r->from);
	from = w->out->text.n;
	if (r->space_before)
		buf_char(&w->out->text, ' ');
	buf_slice(&w->out->text, r->text);
	if (r->space_after)
		buf_char(&w->out->text, ' ');
	w->offsets[w->offset_count++] = from;
	*c = (struct correction){.kind = r->kind,
		.confidence = confidence_of(r->score),
		.score = r->score,
		.original = slice_of(w->raw.p + r->from, r->to - r->from),
		.corrected = slice_of(NULL, w->out->text.n - from),
		.reason = r->reason,
		.start = w->raw_cp,
		.cleaned_start = w->cleaned_cp};
	w->raw_cp += (uint32_t)utf8_count(c->original);
	w->cleaned_cp += (uint32_t)utf8_count(slice_of(w->out->text.p + from, w->out->text.n - from));
	c->end = w->raw_cp;
	c->cleaned_end = w->cleaned_cp;
	w->at = r->to;
}

void judging_write(struct judging *j)
{
	struct writing w = {.out = j->out, .raw = j->input->in->raw};

	if (j->n) /* qsort wants an array even of none */
		qsort(j->ranges, j->n, sizeof *j->ranges, by_position);
	j->out->corrections = xcalloc(j->n + 1, sizeof *j->out->corrections);
	w.offsets = xcalloc(j->n + 1, sizeof *w.offsets);
	for (size_t i = 0; i < j->n; i++) {
		const struct range *r = &j->ranges[i];

		if (r->from < w.at || (r->from == r->to && !r->text.n))
			continue; /* touches the one before: what is written stands */
		if (r->to - r->from == r->text.n && !r->space_before && !r->space_after &&
			memcmp(w.raw.p + r->from, r->text.p, r->text.n) == 0)
			continue; /* no change after all */
		write_range(&w, r);
	}
	copy_to(&w, w.raw.n);
	for (size_t i = 0; i < w.offset_count; i++)
		j->out->corrections[i].corrected.p = j->out->text.p + w.offsets[i];
	j->out->result.corrections = j->out->corrections;
	j->out->result.correction_count = w.offset_count;
	j->out->result.cleaned = buf_view(&j->out->text);
	free(w.offsets);
}
