/* SPDX-License-Identifier: ISC
 *
 * edits.c - see edits.h. The order of the checks is the rule: what protects comes before what permits.
 */
#include "cleaner/llm/edits_inside.h"

#include "cleaner/engine/reasons.h"

#define EDIT_ROW(NAME, stands, kind, reason) [EDIT_##NAME] = {#NAME, stands, kind, reason},
const struct edit_class_row edit_classes[EDIT_CLASS_COUNT] = {EDIT_CLASSES(EDIT_ROW)};

static const double ALIKE_ENOUGH = .55; /* "book" for "Facebook", "vector" for "director" */
static const double ALIKE_SHORT = .7;	/* of three letters or fewer nearly everything is alike */
static const double ALIKE_TO_TERM = .5; /* a term of the conversation needs less */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool has_digits(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		for (size_t k = 0; k < s.w[i].fold.n; k++)
			if (is_digit(s.w[i].fold.p[k]))
				return true;
	return false;
}

/* --- names --- */

/* Written with a capital elsewhere in the conversation, not only because a sentence begins there. */
static bool known_name(const struct words *known, struct slice fold)
{
	for (size_t i = 0; i < known->n; i++)
		if (known->w[i].capital && !known->w[i].opens && slice_eq(known->w[i].fold, fold))
			return true;
	return false;
}

/* The local engine gave it its capital because it is one. */
static bool local_name(const struct edit *e, const struct word *w)
{
	const struct clean_result *local = e->c->local;

	for (size_t i = 0; local && i < local->correction_count; i++) {
		const struct correction *l = &local->corrections[i];

		if (l->kind == KIND_CASE && l->start == w->core_at && l->end == w->core_end &&
			strcmp(l->reason, why_name) == 0)
			return true;
	}
	return false;
}

/* An address: every letter of it counts. "C.E.O." is none. */
static bool is_address(struct slice fold)
{
	for (size_t i = 1; i + 1 < fold.n; i++)
		if (fold.p[i] == '@' || (fold.p[i] == '.' && i > 1 && i + 2 < fold.n &&
						is_letter(fold.p[i - 1]) && is_letter(fold.p[i - 2]) &&
						is_letter(fold.p[i + 1]) && is_letter(fold.p[i + 2])))
			return true;
	return false;
}

bool edit_is_name(const struct edit *e, const struct word *w)
{
	unsigned is = word_is(w->fold);

	if (is_address(w->fold))
		return true;
	if (is & (WORD_FIXED | WORD_SMALL | WORD_LINK | WORD_FILLER | WORD_SOFT | WORD_NEGATION))
		return false;
	return w->capital || known_name(e->c->known, w->fold) || local_name(e, w);
}

/* After "my name is" and the like a word is a name, whatever its case. */
static bool named_here(const struct edit *e)
{
	static const char *const cues[] = {"named", "called", "mr", "mrs", "ms", "dr", "miss"};
	struct slice last = e->a ? fold_at(e->c->raw, e->a - 1) : SLICE("");
	struct slice before = e->a > 1 ? fold_at(e->c->raw, e->a - 2) : SLICE("");

	for (size_t i = 0; i < countof(cues); i++)
		if (slice_eq(last, slice_str(cues[i])))
			return true;
	if (slice_eq(last, SLICE("is")) &&
		(slice_eq(before, SLICE("name")) || slice_eq(before, SLICE("this"))))
		return true;
	if (slice_eq(before, SLICE("name")) && slice_eq(last, SLICE("was")))
		return true;
	return e->a > 2 && slice_eq(fold_at(e->c->raw, e->a - 3), SLICE("name")) &&
	       (slice_eq(before, SLICE("is")) || slice_eq(before, SLICE("was"))); /* a family name */
}

bool edit_changes_name(const struct edit *e)
{
	for (size_t i = 0; i < e->raw.n; i++)
		if (edit_is_name(e, &e->raw.w[i]) && !in_span(e->said, e->raw.w[i].fold))
			return true;
	return named_here(e) && e->raw.n;
}

/* --- the vocabulary, and what the local engine says --- */

static bool matches(struct span s, struct slice phrase)
{
	struct words words = {0};
	bool same;

	words_add(&words, phrase);
	same = words_same_letters(s.w, s.n, words.w, words.n);
	words_finish(&words);
	return same;
}

/* Already a term or a name of this conversation, so nothing misheard. */
static bool right_as_it_is(const struct edit *e)
{
	for (size_t i = 0; i < e->c->in->glossary_count && i < ENGINE_GLOSSARY_TERMS; i++)
		if (matches(e->raw, e->c->in->glossary[i].term))
			return true;
	return e->raw.n == 1 && known_name(e->c->known, e->raw.w[0].fold);
}

static bool is_term(const struct edit *e, double *score)
{
	*score = 0;
	for (size_t i = 0; i < e->c->in->glossary_count && i < ENGINE_GLOSSARY_TERMS; i++) {
		const struct glossary_term *t = &e->c->in->glossary[i];
		double alike;

		if (!matches(e->said, t->term))
			continue;
		for (size_t k = 0; k < t->sounds_like_count; k++)
			if (matches(e->raw, t->sounds_like[k])) {
				*score = .98;
				return true;
			}
		alike = words_alike(e->raw.w, e->raw.n, e->said.w, e->said.n);
		*score = .65 + .35 * alike;
		return alike >= ALIKE_TO_TERM && !right_as_it_is(e);
	}
	return false;
}

/* The local engine changed these words to the same: two opinions that did not hear of each other. */
static bool agreed(const struct edit *e)
{
	const struct clean_result *local = e->c->local;

	for (size_t i = 0; local && e->raw.n && i < local->correction_count; i++) {
		const struct correction *l = &local->corrections[i];

		if (l->start <= e->raw.w[0].core_at && l->end >= e->raw.w[e->raw.n - 1].core_end &&
			l->end <= e->raw.w[e->raw.n - 1].end && l->start >= e->raw.w[0].at &&
			matches(e->said, l->corrected))
			return true;
	}
	return false;
}

static struct edit_verdict judge_put_in(const struct edit *e)
{
	if (e->said.n == 1 && (e->said.w[0].bare || all_of(e->said, WORD_SMALL)))
		return verdict(EDIT_SMALL, .55);
	return verdict(EDIT_ADDS_WORDS, 0);
}

/* --- what became something else --- */

static bool is_foreign(const struct edit *e)
{
	for (size_t i = 0; i < e->said.n; i++)
		if (words_have(e->c->foreign, e->said.w[i].fold) &&
			!(word_is(e->said.w[i].fold) & (WORD_SMALL | WORD_LINK)) &&
			!words_have(e->c->known, e->said.w[i].fold) &&
			!words_have(e->c->raw, e->said.w[i].fold))
			return true;
	return false;
}

/* A tense: the same word with another ending ("work" and "worked"). */
static bool another_tense(const struct edit *e)
{
	static const char *const endings[] = {"ed", "d", "ing", "ied"};
	struct slice x, y;

	if (e->raw.n != 1 || e->said.n != 1)
		return false;
	x = e->raw.w[0].fold;
	y = e->said.w[0].fold;
	if (x.n > y.n) {
		struct slice longer = x;

		x = y;
		y = longer;
	}
	for (size_t i = 0; i < countof(endings); i++)
		if (slice_starts(y, x) && slice_eq(slice_of(y.p + x.n, y.n - x.n), slice_str(endings[i])))
			return true;
	return false;
}

static struct slice singular(struct slice fold)
{
	return fold.n > 2 && fold.p[fold.n - 1] == 's' ? slice_of(fold.p, fold.n - 1) : fold;
}

static bool lacks(struct span s, struct slice measure)
{
	for (size_t i = 0; i < s.n; i++)
		if (slice_eq(singular(s.w[i].fold), singular(measure)))
			return false;
	return true;
}

/* "minutes" that become "months", "june" that becomes "july"; "weak" may become "week". */
static bool another_measure(const struct edit *e)
{
	for (size_t i = 0; i < e->raw.n; i++)
		for (size_t k = 0; k < e->said.n; k++)
			if ((word_is(e->raw.w[i].fold) & WORD_MEASURES) &&
				(word_is(e->said.w[k].fold) & WORD_MEASURES) &&
				lacks(e->said, e->raw.w[i].fold) && lacks(e->raw, e->said.w[k].fold))
				return true;
	return false;
}

/* "he's", "you've": a pronoun and its verb, where another letter is another one. */
static bool is_contraction(struct slice fold)
{
	const char *mark = fold.n ? memchr(fold.p, '\'', fold.n) : NULL;
	size_t head = mark ? (size_t)(mark - fold.p) : 0;

	return head && (word_is(slice_of(fold.p, head)) & WORD_FIXED) &&
	       listed(" s m re ve ll d ", slice_of(mark + 1, fold.n - head - 1));
}

static bool loses_contraction(const struct edit *e)
{
	for (size_t i = 0; i < e->raw.n; i++)
		if (is_contraction(e->raw.w[i].fold) && !in_span(e->said, e->raw.w[i].fold))
			return true;
	return false;
}

static bool changes_meaning(const struct edit *e)
{
	if (another_tense(e) || another_measure(e) || loses_contraction(e))
		return true;
	for (size_t i = 0; i < e->raw.n; i++)
		if ((word_is(e->raw.w[i].fold) & WORD_FIXED) && !in_span(e->said, e->raw.w[i].fold))
			return true;
	return count_of(e->raw, WORD_FIXED) != count_of(e->said, WORD_FIXED);
}

static size_t letter_bytes(struct span s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += s.w[i].fold.n;
	return n;
}

static bool sounds_alike(const struct edit *e, double *score)
{
	double alike = words_alike(e->raw.w, e->raw.n, e->said.w, e->said.n), known = 0;
	bool brief = letter_bytes(e->raw) <= 3 || letter_bytes(e->said) <= 3;

	for (size_t i = 0; i < e->said.n; i++)
		known += words_have(e->c->known, e->said.w[i].fold) ? .1 / (double)e->said.n : 0;
	*score = .45 + .4 * alike + known;
	return alike >= (brief ? ALIKE_SHORT : ALIKE_ENOUGH);
}

static const struct unit {
	const char *symbol;
	const char *words; /* with a space before and after each */
} units[] = {
	{"%", " percent "},
	{"$", " dollar dollars "},
	{"\xC2\xA3", " pound pounds "},
	{"\xE2\x82\xAC", " euro euros "},
	{"\xC2\xA2", " cent cents "},
};

/* Of that unit: "percent" is said or "%" written. */
static bool has_unit(struct span s, const struct unit *unit)
{
	for (size_t i = 0; i < s.n; i++)
		if (listed(unit->words, s.w[i].fold) ||
			memmem(s.w[i].text.p, s.w[i].text.n, unit->symbol, strlen(unit->symbol)))
			return true;
	return false;
}

static bool is_unit(struct slice fold)
{
	for (size_t i = 0; i < countof(units); i++)
		if (listed(units[i].words, fold) || slice_eq(fold, slice_str(units[i].symbol)))
			return true;
	return false;
}

/* The next piece of a word between digits and the marks of numbers, without its points ("q4": q; "10a.m.":
 * am); at its end empty. */
static struct slice next_piece(struct slice fold, size_t *at, bool *after_digit, char piece[32])
{
	size_t n = 0;

	while (*at < fold.n && strchr("0123456789,:-/", fold.p[*at]) && fold.p[*at]) {
		*after_digit = fold.p[*at] >= '0' && fold.p[*at] <= '9';
		++*at;
	}
	for (; *at < fold.n && !(strchr("0123456789,:-/", fold.p[*at]) && fold.p[*at]); ++*at)
		if (fold.p[*at] != '.' && n < 31)
			piece[n++] = fold.p[*at];
	return slice_of(piece, n);
}

static bool has_piece(struct span s, struct slice wanted)
{
	char text[32];

	for (size_t i = 0; i < s.n; i++)
		for (size_t at = 0; at < s.w[i].fold.n;) {
			bool after_digit = false;

			if (slice_eq(next_piece(s.w[i].fold, &at, &after_digit, text), wanted))
				return true;
		}
	return false;
}

static bool says_number(struct slice piece)
{
	struct word w = {.fold = piece};
	char numbers[NUMBERS_BYTES];

	return listed(" hundred thousand million billion trillion k m bn minus negative ", piece) ||
	       (words_numbers(&w, 1, numbers) && numbers[0]);
}

/* Each piece of a that is no number's, no unit's and nothing that numbers are said with is in b too. */
static bool only_numbers_more(struct span a, struct span b)
{
	static const char said_with[] = " oclock o'clock a an and of point the dot to ",
			  ordinal[] = " st nd rd th ";
	char text[32];

	for (size_t i = 0; i < a.n; i++)
		for (size_t at = 0; at < a.w[i].fold.n;) {
			bool after_digit = false;
			struct slice f = next_piece(a.w[i].fold, &at, &after_digit, text);

			if (f.n && !says_number(f) && !listed(said_with, f) && !is_unit(f) &&
				!(after_digit && listed(ordinal, f)) && !(word_is(f) & WORD_FILLER) &&
				!has_piece(b, f))
				return false;
		}
	return true;
}

/* "thirty percent" and "30%": the same units, and nothing else is said. */
static bool number_stands_alone(const struct edit *e)
{
	for (size_t i = 0; i < countof(units); i++)
		if (has_unit(e->raw, &units[i]) != has_unit(e->said, &units[i]))
			return false;
	return only_numbers_more(e->raw, e->said) && only_numbers_more(e->said, e->raw);
}

/* Marks between digits that are more than a way to write one number: "5-6", "1/2", "10:30". */
static size_t marks_in_numbers(struct span s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		for (size_t k = 1; k + 1 < s.w[i].fold.n; k++) {
			const char *p = s.w[i].fold.p + k;

			n += p[0] && strchr("-/:", p[0]) && is_digit(p[-1]) && is_digit(p[1]);
		}
	return n;
}

static bool same_numbers(const struct edit *e, bool *some)
{
	char before[NUMBERS_BYTES], after[NUMBERS_BYTES];

	if (!words_numbers(e->raw.w, e->raw.n, before) || !words_numbers(e->said.w, e->said.n, after))
		return false;
	*some = before[0] != 0;
	return strcmp(before, after) == 0 && marks_in_numbers(e->raw) <= marks_in_numbers(e->said);
}

/* word is what with a beginning or an end that denies it: "unlimited", "useless". Short ones are other words:
 * "invest". */
static bool denies(struct slice word, struct slice what)
{
	static const struct {
		const char *prefix;
		size_t least; /* letters after it */
	} rows[] = {
		{"un", 4}, {"non", 3}, {"non-", 3}, {"dis", 5}, {"in", 5}, {"im", 6}, {"il", 5}, {"ir", 5}};

	if (word.n == what.n + 4 && slice_starts(word, what) && memcmp(word.p + what.n, "less", 4) == 0)
		return true;
	for (size_t i = 0; i < countof(rows); i++) {
		size_t n = strlen(rows[i].prefix);

		if (what.n >= rows[i].least && word.n == n + what.n &&
			slice_starts(word, slice_str(rows[i].prefix)) &&
			memcmp(word.p + n, what.p, what.n) == 0)
			return true;
	}
	return false;
}

/* "don t" and "with out" are negations in two words. */
static bool is_split_negation(const struct edit *e)
{
	const struct word *last = &e->raw.w[e->raw.n - 1];

	return slice_eq(last->fold, SLICE("t")) || slice_eq(last->fold, SLICE("nt")) ||
	       slice_eq(last->fold, SLICE("out"));
}

static bool changes_negation(const struct edit *e)
{
	if (count_of(e->raw, WORD_NEGATION) != count_of(e->said, WORD_NEGATION))
		return true;
	for (size_t i = 0; i < e->raw.n; i++)
		for (size_t k = 0; k < e->said.n; k++)
			if (denies(e->raw.w[i].fold, e->said.w[k].fold) ||
				denies(e->said.w[k].fold, e->raw.w[i].fold))
				return true;
	return false;
}

static struct edit_verdict judge_changed(const struct edit *e)
{
	bool numbers = false, same = same_numbers(e, &numbers);
	double score;

	if (words_same_letters(e->raw.w, e->raw.n, e->said.w, e->said.n) && !has_digits(e->raw) &&
		!(e->raw.n == 1 && e->said.n == 1 && is_address(e->raw.w[0].fold))) {
		if (changes_negation(e) && !is_split_negation(e))
			return verdict(EDIT_CHANGES_NEGATION, 0); /* "not able" is not "notable" */
		return verdict(EDIT_LETTERS, .93);
	}
	if (is_term(e, &score) && score >= .98)
		return verdict(EDIT_VOCABULARY, score);
	if (!same)
		return verdict(EDIT_CHANGES_NUMBER, 0);
	if (numbers)
		return number_stands_alone(e) ? verdict(EDIT_NUMBER, .95) : verdict(EDIT_ADDS_WORDS, 0);
	if (agreed(e))
		return verdict(EDIT_AGREED, .93);
	if (changes_negation(e))
		return verdict(EDIT_CHANGES_NEGATION, 0);
	if (is_foreign(e))
		return verdict(EDIT_FOREIGN, 0);
	if (is_term(e, &score))
		return verdict(EDIT_VOCABULARY, score);
	if (edit_changes_name(e))
		return verdict(EDIT_CHANGES_NAME, 0);
	if (changes_meaning(e))
		return verdict(EDIT_CHANGES_MEANING, 0);
	if (sounds_alike(e, &score))
		return verdict(EDIT_SOUND, score);
	return verdict(EDIT_ADDS_WORDS, 0);
}

/* A change that a person has rejected in this conversation does not come back. */
static bool was_rejected(const struct edit *e)
{
	for (size_t i = 0; e->raw.n && i < e->c->in->suppressed_count; i++) {
		const struct suppressed_pair *pair = &e->c->in->suppressed[i];

		if (matches(e->raw, pair->original) &&
			(e->said.n ? matches(e->said, pair->corrected) : !pair->corrected.n))
			return true;
	}
	return false;
}

struct edit_verdict edit_judge(const struct edit_context *c, size_t a, size_t a_end, size_t b, size_t b_end)
{
	struct edit e = {c, a, a_end, {c->raw->w + a, a_end - a}, {c->said->w + b, b_end - b}};

	if (was_rejected(&e))
		return verdict(EDIT_REJECTED, 0);
	if (!e.said.n)
		return edit_judge_left_out(&e);
	for (size_t i = b; i < b_end; i++)
		if (words_strange(&c->said->w[i], c->raw, c->known))
			return verdict(EDIT_ADDS_WORDS, 0);
	return e.raw.n ? judge_changed(&e) : judge_put_in(&e);
}
