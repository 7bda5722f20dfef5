/* SPDX-License-Identifier: ISC
 *
 * marks.c - commas, stops and question marks, by the learned table; merged with those that are there.
 *
 * Text that came without marks gets those that the table finds likely. Text with marks keeps its own unless
 * the table is nearly sure that none belongs there, and gains only clear ones. How far its marks are trusted
 * is the recogniser's profile's to say. The decisions run left to right, since how long the clause has been
 * matters. Without a table, or for other scripts, only the turn's end is closed, by rule.
 */
#include "profile.h"
#include "reasons.h"
#include "turn.h"
#include "common/base/utf8.h"

#include <ctype.h>
#include <math.h>

enum mark { MARK_NONE, MARK_COMMA, MARK_STOP };

struct judged {
	float p[3]; /* by enum mark */
};

static const char *const reasons[] = {why_mark_gone, why_comma, why_stop};

static const struct edit *mark_edit(struct turn *t, enum change_sort sort, double p, const char *reason)
{
	struct edit *edit = arena_get(t->arena, sizeof *edit);

	*edit = (struct edit){KIND_PUNCTUATION, p, reason, sort};
	return edit;
}

/* Accents, the apostrophe of typesetters and the signs of currencies are written in Latin text, too. */
static bool is_latin_sign(uint32_t cp)
{
	return (cp >= 0xA0 && cp < 0x250) || (cp >= 0x300 && cp < 0x370) || (cp >= 0x1E00 && cp < 0x1F00) ||
	       (cp >= 0x2010 && cp < 0x2020) || (cp >= 0x20A0 && cp < 0x20D0);
}

bool is_latin(struct slice s)
{
	bool letters = false;
	size_t at = 0;
	uint32_t cp;

	while (utf8_next(s, &at, &cp)) {
		if (cp >= 0x80 && !is_latin_sign(cp))
			return false;
		letters |= cp < 0x80 ? isalnum((unsigned char)cp) != 0 : cp >= 0xC0 && cp < 0x250;
	}
	return letters;
}

struct token *turn_tokens(struct turn *t)
{
	const struct words *w = &t->words;
	struct token *tokens = arena_get(t->arena, (w->count + 1) * sizeof *tokens);

	for (size_t i = 0; i < w->count; i++)
		tokens[i] = token_of(w->live[i]->key, w->live[i]->classes,
			table_frequency(&t->engine->table, w->live[i]->key),
			table_in_dictionary(&t->engine->table, w->live[i]->key));
	return tokens;
}

static struct judged judge(
	const struct table *table, const struct token *tokens, size_t count, size_t i, struct distance d)
{
	uint64_t hashes[FEATURES_MARK];
	size_t n = features_mark(tokens, count, i, d, hashes);
	float sum[TABLE_WEIGHTS] = {table->head->bias[BIAS_COMMA], table->head->bias[BIAS_STOP]};
	float comma, stop, total;

	table_add(table, hashes, n, sum);
	comma = expf(sum[0]);
	stop = expf(sum[1]);
	total = 1 + comma + stop;
	return (struct judged){{1 / total, comma / total, stop / total}};
}

static enum mark mark_there(const struct word *word)
{
	char mark = word_mark(word);

	if (word_ends_sentence(word))
		return MARK_STOP;
	return mark ? MARK_COMMA : MARK_NONE;
}

/* A plain mark that may be taken away: not an ellipsis, an abbreviation's point, a quote's end. */
static bool is_plain_mark(const struct word *word)
{
	return word->trail.n == 1 && (word->trail.p[0] == ',' || word->trail.p[0] == '.') &&
	       !(word->classes & CLASS_ABBREVIATION) && !memchr(word->core.p, '.', word->core.n);
}

static void put_mark(struct turn *t, struct word *word, enum mark mark, enum change_sort sort, double p)
{
	word_set_trail(word,
		arena_printf(t->arena, "%.*s%s", (int)word->trail.n, word->trail.p,
			mark == MARK_COMMA ? "," : "."),
		mark_edit(t, sort, p, reasons[mark]));
}

/* Marks that join others are worth less than those that are set in bare text. */
static enum change_sort mark_sort(const struct turn *t, const struct mark_bounds *b, enum mark mark)
{
	if (b == &t->profile->marked)
		return mark == MARK_COMMA ? SORT_COMMA_MORE : SORT_STOP_MORE;
	return mark == MARK_COMMA ? SORT_COMMA : SORT_STOP;
}

/* Sets, keeps or removes the mark after live word i; returns the one that stands. */
static enum mark settle_mark(struct turn *t, size_t i, struct judged p, const struct mark_bounds *b)
{
	struct word *word = t->words.live[i];
	enum mark there = mark_there(word), best = p.p[MARK_COMMA] >= p.p[MARK_STOP] ? MARK_COMMA : MARK_STOP;

	if (there != MARK_NONE) {
		if (p.p[MARK_NONE] < b->none || !is_plain_mark(word))
			return there;
		word_set_trail(word, slice_of("", 0),
			mark_edit(t, SORT_MARK_GONE, p.p[MARK_NONE], reasons[MARK_NONE]));
		return MARK_NONE;
	}
	if (word->trail.n || t->words.live[i + 1]->lead.n || !is_latin(word->core))
		return MARK_NONE;
	if (1 - p.p[MARK_NONE] < (best == MARK_COMMA ? b->comma : b->stop))
		return MARK_NONE;
	put_mark(t, word, best, mark_sort(t, b, best), p.p[best]);
	return best;
}

/* A turn counts as marked when a mark stands inside it, or it is short and closed. */
static bool is_marked(const struct words *w)
{
	for (size_t i = 0; i < w->count; i++)
		if (word_mark(w->live[i]))
			return true;
	return false;
}

/* Words that were kept though they say nothing (verbatim mode): the table never saw any. */
static bool is_passed_over(const struct words *w, size_t i)
{
	const struct word *word = w->live[i];

	if (word->core.n == 0 || (word->classes & CLASS_FILLER) || (word->trail.n && word->trail.p[0] == '-'))
		return true;
	return !(word->classes & CLASS_REPEATABLE) && slice_eq(word->key, words_key(w, i + 1)) &&
	       !word_ends_sentence(word);
}

/* The words that the table judges: their places in live, and their tokens, close together. */
static size_t judged_words(const struct turn *t, struct token *tokens, size_t *places)
{
	size_t n = 0;

	for (size_t i = 0; i < t->words.count; i++) {
		if (is_passed_over(&t->words, i))
			continue;
		places[n] = i;
		tokens[n++] = tokens[i];
	}
	return n;
}

/* A comma before "uh" has another after it. */
static void close_fillers(struct turn *t, size_t from, size_t to)
{
	for (size_t i = from + 1; i < to; i++) {
		struct word *word = t->words.live[i];

		if (word->trail.n == 0 && word->core.n && is_latin(word->core))
			put_mark(t, word, MARK_COMMA, SORT_COMMA_BESIDE, 1);
	}
}

static void set_inner_marks(struct turn *t, const struct mark_bounds *b)
{
	struct words *w = &t->words;
	struct token *tokens = turn_tokens(t);
	size_t *places = arena_get(t->arena, (w->count + 1) * sizeof *places);
	size_t count = judged_words(t, tokens, places);
	struct distance d = {0};

	for (size_t i = 0; i + 1 < count; i++) {
		enum mark mark = settle_mark(t, places[i], judge(&t->engine->table, tokens, count, i, d), b);

		if (mark == MARK_COMMA)
			close_fillers(t, places[i], places[i + 1]);
		d.mark = mark == MARK_NONE ? d.mark + 1 : 0;
		d.sentence = mark == MARK_STOP && !(w->live[places[i]]->classes & CLASS_ABBREVIATION)
				     ? 0
				     : d.sentence + 1;
	}
}

static bool asks_by_rule(const struct words *w, size_t i)
{
	uint32_t first = words_classes(w, i), second = words_classes(w, i + 1);

	if (first & CLASS_AUXILIARY)
		return (second & (CLASS_PRONOUN | CLASS_ARTICLE)) || words_is(w, i + 1, "that") ||
		       words_is(w, i + 1, "there");
	if (!(first & CLASS_QUESTION))
		return false;
	return (second & CLASS_AUXILIARY) || words_is(w, i, "what's") || words_is(w, i, "who's") ||
	       words_is(w, i, "where's") || words_is(w, i, "how's") || words_is(w, i + 1, "about") ||
	       words_is(w, i + 1, "much") || words_is(w, i + 1, "many");
}

/* How likely the sentence of live words [from, to) asks. */
static float asks(const struct turn *t, const struct token *tokens, size_t from, size_t to)
{
	const struct table *table = &t->engine->table;
	uint64_t hashes[FEATURES_ASK];
	float sum[TABLE_WEIGHTS] = {0};
	size_t n;

	if (!table->head)
		return asks_by_rule(&t->words, from) ? 0.88F : 0.1F;
	sum[0] = table->head->bias[BIAS_ASK];
	n = features_ask(tokens, from, to, hashes);
	table_add(table, hashes, n, sum);
	return 1 / (1 + expf(-sum[0]));
}

/* Turns the stops of asking sentences into question marks: those that we set, and plain ones where it is
 * clear. */
static void set_questions(struct turn *t, const struct token *tokens, const struct mark_bounds *b)
{
	struct words *w = &t->words;
	size_t from = 0;

	for (size_t i = 0; i < w->count; i++) {
		struct word *word = w->live[i];
		float p;

		if (!word_ends_sentence(word) || (word->classes & CLASS_ABBREVIATION))
			continue;
		p = slice_eq(word->trail, SLICE(".")) ? asks(t, tokens, from, i + 1) : 0;
		if (p >= (word->trail_edit ? b->ask : t->profile->marked.ask + 0.1F))
			word_set_trail(word, SLICE("?"),
				mark_edit(t, word->trail_edit ? SORT_QUESTION : SORT_QUESTION_MORE, p,
					why_question));
		from = i + 1;
	}
}

/* The turn's end gets a stop, in place of a comma that hangs there. */
static void close_turn(struct turn *t)
{
	struct words *w = &t->words;
	struct word *last = w->count ? w->live[w->count - 1] : NULL;

	if (!last || word_ends_sentence(last) || !is_latin(last->core))
		return;
	if (last->trail.n == 0 || slice_eq(last->trail, SLICE(",")))
		word_set_trail(last, SLICE("."), mark_edit(t, SORT_TURN_END, 1, reasons[MARK_STOP]));
}

void stage_marks(struct turn *t)
{
	struct token *tokens;
	const struct mark_bounds *b;

	if (!(t->in->options.formats & FORMAT_PUNCTUATION))
		return;
	tokens = turn_tokens(t);
	b = is_marked(&t->words) && !t->profile->bare_always ? &t->profile->marked : &t->profile->bare;
	if (t->engine->table.head)
		set_inner_marks(t, b);
	close_turn(t);
	set_questions(t, tokens, b);
}
