/* SPDX-License-Identifier: ISC
 *
 * judge.c - see judge.h. Edits are gathered as ranges of raw with their new text, put in order, and written
 * out; positions come from the writing, never from the model.
 */
#include "cleaner/llm/judge.h"

#include "cleaner/llm/align.h"
#include "common/base/utf8.h"
#include "common/base/xalloc.h"

#include <stdlib.h>

static const double HIGH_FROM = .9, MEDIUM_FROM = .7; /* of a score */

struct range { /* raw bytes [from, to) become text */
	size_t from, to;
	struct slice text;
	bool space_before, space_after; /* one is written beside the text */
	enum correction_kind kind;
	double score;
	const char *reason;
};

struct judging {
	const struct judge_input *input;
	struct judgement *out;
	struct edit_context c;
	struct alignment alignment;
	struct range *ranges; /* owned */
	size_t n, cap;
	size_t bad;	      /* words in dropped edits */
	size_t after_dropped; /* the raw word after the last dropped edit; 0: none */
};

static size_t byte_of(const struct judging *j, const char *p)
{
	return (size_t)(p - j->input->in->raw.p);
}

static size_t word_from(const struct judging *j, size_t i)
{
	return byte_of(j, j->c.raw->w[i].text.p);
}

static size_t word_to(const struct judging *j, size_t i)
{
	return word_from(j, i) + j->c.raw->w[i].text.n;
}

static void add(struct judging *j, struct range r)
{
	if (j->n == j->cap) {
		j->cap = j->cap ? j->cap * 2 : 32;
		j->ranges = xrealloc(j->ranges, j->cap * sizeof *j->ranges);
	}
	j->ranges[j->n++] = r;
}

/* --- one edit --- */

/* Raw words [a, a_end) go, with the space after them, or before them when they are the last. */
static struct range leaving(const struct judging *j, size_t a, size_t a_end)
{
	struct range r = {.from = word_from(j, a), .to = word_to(j, a_end - 1)};

	if (a_end < j->c.raw->n)
		r.to = word_from(j, a_end);
	else if (a)
		r.from = word_to(j, a - 1);
	return r;
}

/* Where words are put in before raw word a; at the end with the space before them. */
static struct range coming(const struct judging *j, size_t a)
{
	struct range r = {.from = j->input->in->raw.n, .to = j->input->in->raw.n, .space_before = true};

	if (a < j->c.raw->n) {
		r.from = r.to = word_from(j, a);
		r.space_before = false;
		r.space_after = true;
	} else if (a) {
		r.from = r.to = word_to(j, a - 1);
	}
	return r;
}

static struct slice said_text(const struct judging *j, size_t b, size_t b_end)
{
	const struct word *first = &j->c.said->w[b], *last = &j->c.said->w[b_end - 1];

	return slice_of(first->text.p, (size_t)(last->text.p + last->text.n - first->text.p));
}

static void keep(struct judging *j, struct stretch s, struct edit_verdict v)
{
	struct range r;

	if (s.b == s.b_end)
		r = leaving(j, s.a, s.a_end);
	else if (s.a == s.a_end)
		r = coming(j, s.a);
	else
		r = (struct range){.from = word_from(j, s.a), .to = word_to(j, s.a_end - 1)};
	if (s.b != s.b_end)
		r.text = said_text(j, s.b, s.b_end);
	r.kind = edit_classes[v.is].kind;
	r.score = v.score;
	r.reason = edit_classes[v.is].reason;
	add(j, r);
	j->out->kept++;
}

static void around_end(struct judging *j, const struct word *raw, const struct word *said);

/* A stop that the model set where it left words out does not stand when they stay. */
static void take_back_stop(struct judging *j, size_t a)
{
	const struct range *last = j->n ? &j->ranges[j->n - 1] : NULL;
	const struct word *before = a ? &j->c.raw->w[a - 1] : NULL;

	if (last && before && last->kind == KIND_PUNCTUATION &&
		last->from >= byte_of(j, before->core.p + before->core.n))
		j->n--;
}

/* Words, a number of several words being one. */
static size_t things(const struct words *w, size_t from, size_t to)
{
	char number[NUMBERS_BYTES];
	size_t n = 0;
	bool in_number = false, is;

	for (size_t i = from; i < to; i++) {
		is = words_numbers(&w->w[i], 1, number) && number[0];
		n += !(is && in_number);
		in_number = is;
	}
	return n;
}

/* What was said stands, as the local engine would have it. */
static void drop(struct judging *j, struct stretch s, enum edit_class is)
{
	const struct clean_result *local = j->input->local;
	size_t n = things(j->c.raw, s.a, s.a_end), m = things(j->c.said, s.b, s.b_end);

	j->out->dropped++;
	if (is != EDIT_REJECTED) /* a person's choice, no fault of the model's */
		j->bad += n > m ? n : m;
	j->after_dropped = s.a_end;
	if (n && !m)
		take_back_stop(j, s.a);
	if (n && m && s.a_end == j->c.raw->n && !j->c.raw->w[s.a_end - 1].bare &&
		!j->c.said->w[s.b_end - 1].bare)
		around_end(j, &j->c.raw->w[s.a_end - 1], &j->c.said->w[s.b_end - 1]);
	for (size_t i = 0; local && n && i < local->correction_count; i++) {
		const struct correction *l = &local->corrections[i];
		size_t from = byte_of(j, l->original.p);

		if (l->start < j->c.raw->w[s.a].at || l->end > j->c.raw->w[s.a_end - 1].end || !l->original.n)
			continue;
		add(j, (struct range){.from = from,
			       .to = from + l->original.n,
			       .text = l->corrected,
			       .kind = l->kind,
			       .score = l->score,
			       .reason = l->reason});
	}
}

static void settle(struct judging *j, struct stretch s)
{
	struct edit_verdict v = edit_judge(&j->c, s.a, s.a_end, s.b, s.b_end);

	j->out->classes[v.is]++;
	if (edit_classes[v.is].stands)
		keep(j, s, v);
	else
		drop(j, s, v.is);
}

static bool pair_alike(const struct judging *j, size_t a, size_t b)
{
	return words_alike(&j->c.raw->w[a], 1, &j->c.said->w[b], 1) >= .6;
}

/* "forty sorry fifty" that became "50": what was corrected goes, if the rest is what the model said. */
static void split_correction(struct judging *j, struct stretch *s)
{
	size_t after = s->b == s->b_end ? 0 : edit_corrects_itself(&j->c, s->a, s->a_end);

	if (!after || !edit_classes[edit_judge(&j->c, after, s->a_end, s->b, s->b_end).is].stands)
		return;
	settle(j, (struct stretch){s->a, after, s->b, s->b});
	s->a = after;
}

/* Takes fillers and plainly alike pairs off both ends of a stretch, so that each is judged for itself. */
static void settle_stretch(struct judging *j, struct stretch s)
{
	while (s.a_end - s.a > (s.b != s.b_end) && edit_removable(&j->c, s.a)) {
		settle(j, (struct stretch){s.a, s.a + 1, s.b, s.b});
		s.a++;
	}
	while (s.a_end - s.a > (s.b != s.b_end) && edit_removable(&j->c, s.a_end - 1)) {
		settle(j, (struct stretch){s.a_end - 1, s.a_end, s.b_end, s.b_end});
		s.a_end--;
	}
	while (s.a_end - s.a > 1 && s.a_end - s.a == s.b_end - s.b && pair_alike(j, s.a, s.b)) {
		settle(j, (struct stretch){s.a, s.a + 1, s.b, s.b + 1});
		s.a++;
		s.b++;
	}
	split_correction(j, &s);
	if (s.a != s.a_end || s.b != s.b_end)
		settle(j, s);
}

/* --- words that are the same but for case and punctuation --- */

static void around(struct judging *j, const char *raw, size_t n, const char *said, size_t m)
{
	if (n == m && (n == 0 || memcmp(raw, said, n) == 0))
		return;
	add(j, (struct range){.from = byte_of(j, raw),
		       .to = byte_of(j, raw) + n,
		       .text = slice_of(said, m),
		       .kind = KIND_PUNCTUATION,
		       .score = .9,
		       .reason = "punctuation that the sentence needs"});
}

static void around_end(struct judging *j, const struct word *raw, const struct word *said)
{
	const char *raw_end = raw->core.p + raw->core.n, *said_end = said->core.p + said->core.n;

	around(j, raw_end, (size_t)(raw->text.p + raw->text.n - raw_end), said_end,
		(size_t)(said->text.p + said->text.n - said_end));
}

/* The case of a core; two spellings of an apostrophe are left as they are. */
static void recase(struct judging *j, const struct word *raw, const struct word *said)
{
	bool shouts = said->core.n > 1 && said->core.p[1] >= 'A' && said->core.p[1] <= 'Z';

	if (slice_eq(raw->core, said->core) || raw->core.n != said->core.n)
		return;
	if (shouts && (word_is(raw->fold) & WORD_SHORT_CAPS))
		return;
	add(j, (struct range){.from = byte_of(j, raw->core.p),
		       .to = byte_of(j, raw->core.p) + raw->core.n,
		       .text = said->core,
		       .kind = KIND_CASE,
		       .score = .93,
		       .reason = "written with this case"});
}

static void settle_same(struct judging *j, size_t a, size_t b)
{
	const struct word *raw = &j->c.raw->w[a], *said = &j->c.said->w[b];

	if (raw->bare)
		return;
	around(j, raw->text.p, (size_t)(raw->core.p - raw->text.p), said->text.p,
		(size_t)(said->core.p - said->text.p));
	if (!(said->opens && a &&
		    j->after_dropped == a)) /* no sentence begins where words stayed before it */
		recase(j, raw, said);
	around_end(j, raw, said);
}

/* "one point five [million] dollars" and "$1.5 [million]": one number, though a word of it is the same in
 * both. */
static void join_numbers(struct judging *j)
{
	struct alignment *al = &j->alignment;
	size_t n = al->n ? 1 : 0;
	char number[NUMBERS_BYTES];

	for (size_t i = 1; i < al->n; i++) {
		struct stretch *last = &al->rows[n - 1],
			       both = {last->a, al->rows[i].a_end, last->b, al->rows[i].b_end};

		if (al->rows[i].a - last->a_end == 1 && words_numbers(&j->c.raw->w[last->a_end], 1, number) &&
			number[0] &&
			edit_judge(&j->c, both.a, both.a_end, both.b, both.b_end).is == EDIT_NUMBER)
			*last = both;
		else
			al->rows[n++] = al->rows[i];
	}
	al->n = n;
}

static void settle_all(struct judging *j)
{
	const struct alignment *al = &j->alignment;
	size_t a = 0, b = 0;

	for (size_t i = 0; i <= al->n; i++) {
		struct stretch s =
			i < al->n ? al->rows[i] : (struct stretch){j->c.raw->n, 0, j->c.said->n, 0};

		for (; a < s.a; a++, b++)
			settle_same(j, a, b);
		if (i == al->n)
			return;
		settle_stretch(j, s);
		a = s.a_end;
		b = s.b_end;
	}
}

/* --- is it the turn at all? --- */

static bool begins_as_reply(const struct words *said)
{
	static const char *const starts[][3] = {
		{"as", "an", "ai"},
		{"i'm", "sorry", "but"},
		{"i", "cannot", NULL},
		{"i", "can't", "help"},
		{"here", "is", "the"},
		{"here's", "the", NULL},
		{"sure", "here", NULL},
		{"sure", "i", NULL},
		{"certainly", NULL, NULL},
		{"i'm", "unable", NULL},
		{"cleaned", "text", NULL},
		{"i", "am", "unable"},
	};

	for (size_t i = 0; i < countof(starts); i++) {
		size_t k = 0;

		while (k < 3 && starts[i][k] && k < said->n &&
			slice_eq(said->w[k].fold, slice_str(starts[i][k])))
			k++;
		if (k == 3 || !starts[i][k])
			return true;
	}
	return false;
}

/* A third of it dropped, or little left and nothing good: the model did something else than repair. */
static bool is_the_turn(const struct judging *j)
{
	size_t longer = j->c.raw->n > j->c.said->n ? j->c.raw->n : j->c.said->n;

	if (!j->c.said->n || (begins_as_reply(j->c.said) && !begins_as_reply(j->c.raw)))
		return false;
	if (!j->alignment.same && !j->out->kept)
		return false;
	return j->bad * 3 <= longer || (j->bad == 1 && j->alignment.same >= 1);
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
	add(j, (struct range){.from = from,
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
			force(j, byte_of(j, raw->w[i].core.p),
				byte_of(j, raw->w[i + k - 1].core.p) + raw->w[i + k - 1].core.n, term);
	}
	words_finish(&phrase);
}

static void force_vocabulary(struct judging *j)
{
	const struct clean_input *in = j->input->in;

	for (size_t i = 0; i < in->glossary_count && i < ENGINE_GLOSSARY_TERMS; i++)
		for (size_t k = 0; k < in->glossary[i].sounds_like_count; k++)
			if (!rejected(in, in->glossary[i].sounds_like[k], in->glossary[i].term))
				force_spelling(j, in->glossary[i].sounds_like[k], in->glossary[i].term);
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

static void write_out(struct judging *j)
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

/* The weakest part's, and not HIGH when something had to be dropped. */
static enum confidence whole(const struct judgement *out)
{
	enum confidence least = out->dropped ? CONFIDENCE_MEDIUM : CONFIDENCE_HIGH;

	for (size_t i = 0; i < out->result.correction_count; i++)
		if (out->corrections[i].confidence < least)
			least = out->corrections[i].confidence;
	return least;
}

static void describe(struct judgement *out, const struct clean_result *local)
{
	if (local) {
		out->result.contexts = local->contexts;
		out->result.context_count = local->context_count;
		out->result.decision = local->decision;
	} else {
		out->result.decision = (struct decision){CLEAN_FULL, "model"};
	}
	out->result.confidence = whole(out);
}

static void gather_known(struct words *known, const struct clean_input *in)
{
	for (size_t i = 0; i < in->glossary_count && i < ENGINE_GLOSSARY_TERMS; i++)
		words_add(known, in->glossary[i].term);
	words_add(known, in->shared_context);
	for (size_t i = 0; i < in->window_count; i++)
		words_add(known, in->window[i].text);
}

void judge(struct judgement *out, const struct judge_input *input)
{
	struct words raw = {0}, said = {0}, known = {0}, foreign = {0};
	struct judging j = {
		.input = input, .out = out, .c = {&raw, &said, &known, &foreign, input->in, input->local}};

	*out = (struct judgement){0};
	buf_init(&out->text, 4 * ENGINE_TEXT_BYTES); /* an answer is at most twice the words of a turn, or it
							is rejected */
	words_add(&raw, input->in->raw);
	words_add(&said, input->answer);
	gather_known(&known, input->in);
	for (size_t i = 0; i < input->foreign_count; i++)
		words_add(&foreign, input->foreign[i]);
	if (said.n <= 2 * raw.n + 8 && input->answer.n <= 2 * input->in->raw.n + 64 &&
		align_words(&raw, &said, &j.alignment)) {
		join_numbers(&j);
		settle_all(&j);
		out->accepted = is_the_turn(&j);
	}
	if (out->accepted) {
		force_vocabulary(&j);
		write_out(&j);
		out->accepted = !out->text.overflow && out->text.n > 0;
		describe(out, input->local);
	}
	align_finish(&j.alignment);
	free(j.ranges);
	words_finish(&raw);
	words_finish(&said);
	words_finish(&known);
	words_finish(&foreign);
}

void judgement_finish(struct judgement *judgement)
{
	buf_finish(&judgement->text);
	free(judgement->corrections);
	*judgement = (struct judgement){0};
}
