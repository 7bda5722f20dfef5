/* SPDX-License-Identifier: ISC
 *
 * judge.c - see judge.h: which edits of an answer stand, and whether it is the turn at all.
 */
#include "cleaner/llm/judge_inside.h"

#include <stdlib.h>

static size_t word_from(const struct judging *j, size_t i)
{
	return judging_byte(j, j->c.raw->w[i].text.p);
}

static size_t word_to(const struct judging *j, size_t i)
{
	return word_from(j, i) + j->c.raw->w[i].text.n;
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
	judging_add(j, r);
	j->out->kept++;
}

static void around_end(struct judging *j, const struct word *raw, const struct word *said);

/* A stop that the model set where it left words out does not stand when they stay. */
static void take_back_stop(struct judging *j, size_t a)
{
	const struct range *last = j->n ? &j->ranges[j->n - 1] : NULL;
	const struct word *before = a ? &j->c.raw->w[a - 1] : NULL;

	if (last && before && last->kind == KIND_PUNCTUATION &&
		last->from >= judging_byte(j, before->core.p + before->core.n))
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
		size_t from = judging_byte(j, l->original.p);

		if (l->start < j->c.raw->w[s.a].at || l->end > j->c.raw->w[s.a_end - 1].end || !l->original.n)
			continue;
		judging_add(j, (struct range){.from = from,
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
	for (size_t i = 0; i < m; i++)
		if (strchr("[]{}", said[i]) && !memchr(raw, said[i], n))
			return; /* nobody speaks in them */
	judging_add(j, (struct range){.from = judging_byte(j, raw),
			       .to = judging_byte(j, raw) + n,
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
	judging_add(j, (struct range){.from = judging_byte(j, raw->core.p),
			       .to = judging_byte(j, raw->core.p) + raw->core.n,
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

/* --- the whole --- */

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
		out->result.context_evidence = local->context_evidence;
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
	words_add(known, in->conversation_context);
	for (size_t i = 0; i < in->window_count; i++)
		words_add(known, in->window[i].text);
}

/* The answer without the quotation marks that a model may put around all of it. */
static struct slice unquoted(struct slice answer, struct slice raw)
{
	static const struct {
		struct slice open, close;
	} pairs[] = {{{"\"", 1}, {"\"", 1}}, {{"\xE2\x80\x9C", 3}, {"\xE2\x80\x9D", 3}}};

	for (size_t i = 0; i < countof(pairs); i++) {
		size_t n = pairs[i].open.n;
		struct slice inner;

		if (answer.n <= 2 * n || !slice_starts(answer, pairs[i].open) ||
			slice_starts(raw, pairs[i].open) ||
			!slice_eq(slice_of(answer.p + answer.n - n, n), pairs[i].close))
			continue;
		inner = slice_of(answer.p + n, answer.n - 2 * n);
		if (!memmem(inner.p, inner.n, pairs[i].open.p, n) &&
			!memmem(inner.p, inner.n, pairs[i].close.p, n))
			return inner;
	}
	return answer;
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
	words_add(&said, unquoted(input->answer, input->in->raw));
	gather_known(&known, input->in);
	for (size_t i = 0; i < input->foreign_count; i++)
		words_add(&foreign, input->foreign[i]);
	if (raw.n && said.n && said.n <= 2 * raw.n + 8 && input->answer.n <= 2 * input->in->raw.n + 64 &&
		align_words(&raw, &said, &j.alignment)) {
		join_numbers(&j);
		settle_all(&j);
		out->accepted = is_the_turn(&j);
	}
	if (out->accepted) {
		judging_take_overlooked(&j);
		judging_force_vocabulary(&j);
		judging_write(&j);
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
