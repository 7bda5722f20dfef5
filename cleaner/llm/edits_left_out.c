/* SPDX-License-Identifier: ISC
 *
 * edits_left_out.c - words of a turn that an answer has not: fillers, repeats, false starts, what was taken back.
 * The order of the checks is the rule, as in edits.c.
 */
#include "cleaner/llm/edits_inside.h"

enum { RESTART_WORDS = 5 }; /* a false start is short; longer is content */

static bool is_cut_off(const struct words *raw, size_t i)
{
	struct slice text = raw->w[i].text, mine = raw->w[i].fold, next = fold_at(raw, i + 1);

	return text.n > 1 && text.p[text.n - 1] == '-' && next.n > mine.n && slice_starts(next, mine);
}

/* "5 mm": millimetres. */
static bool is_filler(const struct words *raw, size_t i)
{
	char number[NUMBERS_BYTES];

	if (slice_eq(raw->w[i].fold, SLICE("mm")) && i && words_numbers(&raw->w[i - 1], 1, number) &&
		number[0])
		return false;
	return word_is(raw->w[i].fold) & WORD_FILLER;
}

static bool ends_in_comma(const struct words *raw, size_t i)
{
	return raw->w[i].text.p[raw->w[i].text.n - 1] == ',';
}

/* How many words from i on may mean nothing, as they stand here; 0: they say something ("do you know", "we
 * like it", "works well"). */
static size_t soft_at(const struct words *raw, size_t i)
{
	static const char of_sorts[] =
		" a an the this that these those what which any some all every same other ";
	struct slice word = raw->w[i].fold, next = fold_at(raw, i + 1),
		     last = i ? raw->w[i - 1].fold : SLICE("");
	unsigned before = i && ends_in_comma(raw, i - 1)
				  ? 0
				  : word_is(last); /* set off by a mark it hangs on nothing */

	if ((slice_eq(word, SLICE("you")) && slice_eq(next, SLICE("know"))) ||
		(slice_eq(word, SLICE("i")) && slice_eq(next, SLICE("mean"))))
		return before & (WORD_FIXED | WORD_LINK | WORD_NEGATION) ? 0 : 2;
	if ((slice_eq(word, SLICE("kind")) || slice_eq(word, SLICE("sort"))) && slice_eq(next, SLICE("of")))
		return listed(of_sorts, last) ? 0 : 2;
	if (slice_eq(word, SLICE("like")))
		return (before & (WORD_FIXED | WORD_NEGATION)) || (before && slice_eq(last, SLICE("to"))) ? 0
													  : 1;
	if (slice_eq(word, SLICE("well")))
		return raw->w[i].opens || ends_in_comma(raw, i - 1) ||
				       (before & (WORD_SOFT | WORD_SMALL | WORD_LINK | WORD_FILLER))
			       ? 1
			       : 0;
	return listed(" so basically actually literally anyway ", word);
}

static bool says_nothing(const struct words *raw, size_t from, size_t to)
{
	while (from < to) {
		size_t soft = is_filler(raw, from) ? 1 : soft_at(raw, from);

		if (!soft)
			return false;
		from += soft;
	}
	return from == to;
}

bool edit_removable(const struct edit_context *c, size_t i)
{
	return is_filler(c->raw, i) || is_cut_off(c->raw, i);
}

/* "five five one two": said twice because there are two. */
static bool only_numbers(struct span s)
{
	char number[NUMBERS_BYTES];

	for (size_t i = 0; i < s.n; i++)
		if (words_numbers(&s.w[i], 1, number) && !number[0])
			return false;
	return true;
}

static bool same_words(const struct words *w, size_t i, size_t k, size_t n)
{
	if (i + n > w->n || k + n > w->n)
		return false;
	while (n-- > 0)
		if (!slice_eq(w->w[i + n].fold, w->w[k + n].fold))
			return false;
	return true;
}

/* Said again, once or more often: "no no no" of which one stays. */
static bool is_repeat(const struct edit *e)
{
	for (size_t once = 1; once <= e->raw.n; once++)
		if (e->raw.n % once == 0 &&
			(same_words(e->c->raw, e->a, e->a + once, e->raw.n) ||
				(e->a >= once && same_words(e->c->raw, e->a, e->a - once, e->raw.n))))
			return true;
	return false;
}

/* "we were, we are": begins as what follows does, or ends as what stood before did, and loses nothing
 * protected. */
static bool is_restart(const struct edit *e)
{
	char numbers[NUMBERS_BYTES];
	bool begins = slice_eq(e->raw.w[0].fold, fold_at(e->c->raw, e->a_end));
	bool ends = e->a && slice_eq(e->raw.w[e->raw.n - 1].fold, fold_at(e->c->raw, e->a - 1));

	if (e->raw.n > RESTART_WORDS || !(begins || ends))
		return false;
	return words_numbers(e->raw.w, e->raw.n, numbers) && !numbers[0] &&
	       !count_of(e->raw, WORD_NEGATION) && !edit_changes_name(e);
}

/* How many words from i on are a cue; 0: none. *weak: it also stands where nothing is corrected. */
static size_t cue_at(struct span s, size_t i, bool *weak)
{
	static const struct {
		const char *first, *second;
		bool weak;
	} cues[] = {
		{"no", "wait", false},
		{"wait", "no", false},
		{"i", "mean", false},
		{"i", "meant", false},
		{"scratch", "that", false},
		{"make", "that", true},
		{"or", "rather", false},
		{"no", "actually", false},
		{"no", "sorry", false},
		{"sorry", NULL, true},
		{"actually", NULL, true},
		{"rather", NULL, true},
		{"correction", NULL, true},
	};

	for (size_t k = 0; k < countof(cues); k++)
		if (slice_eq(s.w[i].fold, slice_str(cues[k].first)) &&
			(!cues[k].second ||
				(i + 1 < s.n && slice_eq(s.w[i + 1].fold, slice_str(cues[k].second))))) {
			*weak = cues[k].weak;
			return cues[k].second ? 2 : 1;
		}
	return 0;
}

size_t edit_corrects_itself(const struct edit_context *c, size_t a, size_t a_end)
{
	struct span s = {c->raw->w + a, a_end - a};

	for (size_t i = 1; i < s.n; i++) {
		bool weak;
		size_t cue = cue_at(s, i, &weak);

		if (cue && i + cue < s.n)
			return a + i + cue;
	}
	return 0;
}

/* What a word stands for when another of its sort takes its place; 0: it is of no sort. */
static unsigned sort_of(const struct edit *e, const struct word *w)
{
	enum { SORT_NUMBER = 1, SORT_NAME = 2 }; /* no flags of word_is that are asked for here */
	char number[NUMBERS_BYTES];
	unsigned measure = word_is(w->fold) & (WORD_DAY | WORD_MONTH);

	if (!words_numbers(w, 1, number) || number[0])
		return SORT_NUMBER;
	return measure ? measure : edit_is_name(e, w) ? SORT_NAME : 0;
}

static bool comes_again(const struct edit *e, struct slice fold)
{
	for (size_t i = e->a_end; i < e->c->raw->n && i < e->a_end + RESTART_WORDS; i++)
		if (slice_eq(e->c->raw->w[i].fold, fold))
			return true;
	return false;
}

/* The n words that were taken back are of the sort of what is said instead: "five pounds sorry six pounds".
 */
static bool of_one_sort(const struct edit *e, size_t n)
{
	const struct words *raw = e->c->raw;
	unsigned sort = e->a_end < raw->n ? sort_of(e, &raw->w[e->a_end]) : 0;
	bool some = false;

	for (size_t i = 0; i < n; i++)
		if (sort && sort_of(e, &e->raw.w[i]) == sort)
			some = true;
		else if (!comes_again(e, e->raw.w[i].fold))
			return false;
	return some;
}

/* What was corrected, the cue, and perhaps words said again that stood before: "[on] Tuesday no wait on
 * [Friday]". "Actually" and the like are said without taking anything back, too: then what goes must be of
 * the sort of what comes, or be begun again and lose nothing protected. A "not" goes only when it is begun
 * again. */
static bool is_self_correction(const struct edit *e)
{
	char numbers[NUMBERS_BYTES];

	if (e->a_end == e->c->raw->n)
		return false; /* nothing follows: what would it be corrected to? */
	for (size_t i = 1; i < e->raw.n; i++) {
		bool weak, begun_again, negation;
		size_t cue = cue_at(e->raw, i, &weak), again;
		struct span before = {e->raw.w, i};

		if (!cue)
			continue;
		again = e->raw.n - i - cue;
		if (!(e->a >= again && same_words(e->c->raw, e->a - again, e->a_end - again, again)))
			continue;
		begun_again = again || slice_eq(before.w[0].fold, fold_at(e->c->raw, e->a_end));
		negation = count_of(before, WORD_NEGATION) != 0;
		if (weak ? !negation && (of_one_sort(e, i) ||
						(begun_again && words_numbers(before.w, i, numbers) &&
							!numbers[0]))
			 : !negation || begun_again)
			return true;
	}
	return false;
}

struct edit_verdict edit_judge_left_out(const struct edit *e)
{
	char numbers[NUMBERS_BYTES];

	if (all_of(e->raw, WORD_FILLER) && is_filler(e->c->raw, e->a))
		return verdict(EDIT_FILLER, .97);
	if ((is_repeat(e) && !only_numbers(e->raw)) || (e->raw.n == 1 && is_cut_off(e->c->raw, e->a)))
		return verdict(EDIT_REPEAT, .93);
	if (is_self_correction(e))
		return verdict(EDIT_SELF_CORRECTION, .8);
	if (!words_numbers(e->raw.w, e->raw.n, numbers) || numbers[0])
		return verdict(EDIT_CHANGES_NUMBER, 0);
	if (count_of(e->raw, WORD_NEGATION))
		return verdict(EDIT_CHANGES_NEGATION, 0);
	if (edit_changes_name(e))
		return verdict(EDIT_CHANGES_NAME, 0);
	if (says_nothing(e->c->raw, e->a, e->a_end))
		return verdict(EDIT_FILLER, .75);
	if (is_restart(e))
		return verdict(EDIT_RESTART, .75);
	if (e->raw.n <= 2 && all_of(e->raw, WORD_SMALL))
		return verdict(EDIT_SMALL, .55);
	return verdict(EDIT_LOSES_WORDS, 0);
}
