/* SPDX-License-Identifier: ISC
 *
 * disfluency.c - what a listener does not hear: fillers, words broken off, words said twice, "you know" in
 * passing.
 *
 * Words that carry meaning stay: "very very", numbers, "do you know", a turn that is nothing but "mm-hmm". Of
 * a repeat the last copy stays. Never runs in verbatim mode. Linear in the words: repeats are found on a
 * stack of what stands.
 */
#include "turn.h"
#include "reasons.h"

enum { REPEAT_WORDS = 4 }; /* the longest stretch whose repeat is taken for a stutter */

static const struct edit edit_filler = {KIND_FILLER, 1, why_filler, SORT_FILLER};
static const struct edit edit_filler_mark = {KIND_FILLER, 1, why_filler_mark, SORT_FILLER};
static const struct edit edit_phrase = {KIND_FILLER, 1, why_phrase, SORT_PHRASE};
static const struct edit edit_like = {KIND_FILLER, 1, why_like, SORT_LIKE};
static const struct edit edit_cut_off = {KIND_RESTART, 1, why_cut_off, SORT_CUT_OFF};
static const struct edit edit_restart = {KIND_RESTART, 1, why_restart, SORT_RESTART};
static const struct edit edit_partial = {KIND_RESTART, 1, why_partial, SORT_PARTIAL};
static const struct edit edit_repeat = {KIND_REPEAT, 1, why_repeat, SORT_REPEAT};

static bool key_in(struct slice key, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (slice_eq(key, slice_str(list[i])))
			return true;
	return false;
}

static bool all_upper(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < 'A' || s.p[i] > 'Z')
			return false;
	return s.n > 1;
}

/* "5 mm", "ten mm": millimetres. "That one, mm, is it." */
static bool is_millimetres(const struct words *w, size_t i)
{
	const struct word *before = i ? w->live[i - 1] : NULL;

	if (!words_is(w, i, "mm") || !before || !before->key.n || before->trail.n ||
		words_is(w, i - 1, "one"))
		return false;
	return (before->classes & CLASS_NUMBER) ||
	       (before->key.p[before->key.n - 1] >= '0' && before->key.p[before->key.n - 1] <= '9');
}

/* "We took him to the er", "the er at night": the emergency room. "The er, the plan." */
static bool is_hospital(const struct words *w, size_t i)
{
	if (!words_is(w, i, "er") || i == 0 || !(words_is(w, i - 1, "the") || words_is(w, i - 1, "an")) ||
		w->live[i - 1]->trail.n)
		return false;
	return i + 1 == w->count || word_ends_sentence(w->live[i]) ||
	       (!w->live[i]->trail.n &&
		       ((words_classes(w, i + 1) & CLASS_PREPOSITION) || words_is(w, i + 1, "because") ||
			       words_is(w, i + 1, "when") || words_is(w, i + 1, "last")));
}

static bool is_filler(const struct words *w, size_t i)
{
	return (w->live[i]->classes & CLASS_FILLER) && !all_upper(w->live[i]->core) &&
	       !is_millimetres(w, i) && !is_hospital(w, i);
}

/* The sentence mark of a dropped word goes to the word before it; a pair of commas around it goes with it. */
static void hand_mark_back(struct word *before, const struct word *dropped)
{
	char mark = word_mark(dropped);

	if (!before || word_ends_sentence(before))
		return;
	if (word_ends_sentence(dropped))
		word_set_trail(before, dropped->trail, &edit_filler_mark);
	else if (mark == ',' && slice_eq(before->trail, SLICE(",")))
		word_set_trail(before, slice_of("", 0), &edit_filler_mark);
}

static void drop_fillers(struct words *w)
{
	struct word *before = NULL;

	for (size_t i = 0; i < w->count; i++) {
		struct word *word = w->live[i];

		if (!is_filler(w, i)) {
			word->after_filler = i && is_filler(w, i - 1);
			before = word;
			continue;
		}
		hand_mark_back(before, word);
		word_drop(word, &edit_filler);
	}
	words_settle(w);
}

/* "asp- aspirations": a hyphen at the end, and soon a word that begins like it. */
static bool is_cut_off(const struct words *w, size_t i)
{
	const struct word *word = w->live[i];
	struct slice key = word->key;

	if (word->trail.n == 0 || word->trail.p[0] != '-' || key.n == 0 ||
		(word->trail.n > 1 && word->trail.p[1] == '-'))
		return false;
	for (size_t k = i + 1; k < w->count && k <= i + 3; k++)
		if (slice_starts(w->live[k]->key, key) && w->live[k]->key.n > key.n)
			return true;
	return key.n <= 3 && !word->classes && i + 1 < w->count;
}

/* "I, I'm": the next word is this one and more of it. */
static bool is_partial(const struct words *w, size_t i)
{
	struct slice key = w->live[i]->key, next = words_key(w, i + 1);

	if (!(w->live[i]->classes & CLASS_FUNCTION) || word_ends_sentence(w->live[i]))
		return false;
	return next.n > key.n && slice_starts(next, key) && next.p[key.n] == '\'';
}

static void drop_broken(struct words *w)
{
	for (size_t i = 0; i + 1 < w->count; i++) {
		if (is_cut_off(w, i))
			word_drop(w->live[i], &edit_cut_off);
		else if (is_partial(w, i))
			word_drop(w->live[i], &edit_partial);
	}
	words_settle(w);
}

/* "a business that is, uh, that has": after a pause the speaker begins again where a clause began one or two
 * words ago. */
static size_t restarted(const struct words *w, size_t i)
{
	static const char *const openers[] = {
		"that", "there", "which", "to", "they're", "we're", "it's", "that's", "there's"};

	if (!w->live[i]->after_filler ||
		!(w->live[i]->classes & CLASS_PRONOUN || key_in(w->live[i]->key, openers, countof(openers))))
		return 0;
	for (size_t n = 2; n <= 2 && n <= i; n++) {
		if (word_ends_sentence(w->live[i - n]) || word_ends_sentence(w->live[i - n + 1]) ||
			word_ends_sentence(w->live[i - 1]))
			return 0;
		if (slice_eq(w->live[i - n]->key, w->live[i]->key))
			return n;
	}
	return 0;
}

static void drop_restarts(struct words *w)
{
	for (size_t i = 2; i < w->count; i++)
		for (size_t n = restarted(w, i); n > 0; n--)
			word_drop(w->live[i - n], &edit_restart);
	words_settle(w);
}

static bool mark_allows_repeat(const struct word *word)
{
	return !word_ends_sentence(word) && !(word->trail.n && strchr(")]\"", word->trail.p[0]));
}

static bool is_number(const struct word *word)
{
	return (word->classes & CLASS_NUMBER) ||
	       (word->key.n && word->key.p[0] >= '0' && word->key.p[0] <= '9');
}

/* Would dropping [at, at + n) lose meaning though the same words follow? */
static bool repeat_means(struct word *const *at, size_t n)
{
	bool numbers = true; /* or letters spelled out */

	for (size_t i = 0; i < n; i++) {
		numbers &=
			is_number(at[i]) || (at[i]->key.n == 1 && (n > 1 || !strchr("ai", at[i]->key.p[0])));
		if (at[i]->key.n == 0)
			return true;
	}
	if (numbers || (n == 1 && at[0]->classes & CLASS_REPEATABLE))
		return true;
	return n == 2 && (at[0]->classes & CLASS_REPEATABLE) &&
	       (slice_eq(at[1]->key, SLICE("and")) || (at[1]->classes & CLASS_REPEATABLE));
}

/* A letter after letters or numbers, in a postcode that is spelled: "one a a". */
static bool is_spelled(struct word *const *at, size_t before)
{
	return at[0]->key.n == 1 && before && !at[-1]->trail.n &&
	       (is_number(at[-1]) || (at[-1]->key.n == 1 && !strchr("ai", at[-1]->key.p[0])));
}

/* "What it is is a mess": the first ends what the second says something of. */
static bool ends_what(struct word *const *at, size_t before)
{
	return before >= 2 && slice_eq(at[0]->key, SLICE("is")) && slice_eq(at[-2]->key, SLICE("what"));
}

/* Do the last n words of the stack repeat the n before them? */
static bool repeats(struct word *const *stack, size_t count, size_t n)
{
	if (count < 2 * n)
		return false;
	for (size_t i = 0; i < n; i++) {
		const struct word *first = stack[count - 2 * n + i], *second = stack[count - n + i];

		if (!slice_eq(first->key, second->key) || !mark_allows_repeat(first))
			return false;
	}
	if (n == 1 && (is_spelled(stack + count - 2, count - 2) || ends_what(stack + count - 2, count - 2)))
		return false;
	return !repeat_means(stack + count - n, n);
}

static void drop_repeats(struct words *w)
{
	struct word **stack = arena_get(w->arena, (w->count + 1) * sizeof *stack);
	size_t count = 0;

	for (size_t i = 0; i < w->count; i++) {
		stack[count++] = w->live[i];
		for (size_t n = REPEAT_WORDS; n > 0; n--) {
			if (!repeats(stack, count, n))
				continue;
			for (size_t k = count - 2 * n; k < count - n; k++)
				word_drop(stack[k], &edit_repeat);
			memmove(stack + count - 2 * n, stack + count - n, n * sizeof *stack);
			count -= n;
			n = REPEAT_WORDS + 1;
		}
	}
	words_settle(w);
}

/* "You know the answer already", "you know the man who came": somebody is told what he knows. In passing,
 * what follows says something of its own: "you know the thing is". */
static bool knows_something(const struct words *w, size_t i)
{
	if (!(words_classes(w, i) & CLASS_ARTICLE) || words_is(w, i, "a"))
		return false;
	for (size_t k = i + 1; k < w->count; k++) {
		if (words_classes(w, k) & CLASS_AUXILIARY)
			return false;
		if (words_classes(w, k) & (CLASS_PRONOUN | CLASS_QUESTION))
			return true;
	}
	return true;
}

/* "you know" said in passing: not after what makes it a question or a statement, not before what is known. */
static bool is_passing_you_know(const struct words *w, size_t i, bool marked)
{
	static const char *const before[] = {"do", "did", "if", "as", "let", "would", "don't", "didn't",
		"what", "how", "when", "that's", "all", "everything", "person", "people", "one", "does",
		"will", "should", "who", "may", "might", "must", "until", "once", "long", "than", "where",
		"anything", "someone", "anyone", "not"};
	static const char *const after[] = {"what", "that", "how", "who", "why", "where", "when", "if",
		"whether", "it", "about", "him", "her", "them", "better", "anything", "something", "anyone",
		"someone", "me", "which", "of"};

	if (!words_is(w, i, "you") || !words_is(w, i + 1, "know") || word_mark(w->live[i]))
		return false;
	if (marked || word_mark(w->live[i + 1]))
		return i && word_mark(w->live[i + 1]) == ',';
	if (i == 0 && knows_something(w, 2))
		return false;
	return !(i && key_in(w->live[i - 1]->key, before, countof(before))) &&
	       !key_in(words_key(w, i + 2), after, countof(after)) && i + 2 < w->count;
}

/* "kind of like, so like": only where it compares nothing. */
static bool is_passing_like(const struct words *w, size_t i)
{
	static const char *const before[] = {"of", "so", "but"};

	if (i == 0 || !words_is(w, i, "like") || i + 1 >= w->count || word_ends_sentence(w->live[i]))
		return false;
	if (word_ends_sentence(w->live[i - 1]))
		return true;
	if (word_mark(w->live[i - 1]) == ',' && word_mark(w->live[i]) == ',')
		return true;
	return !word_mark(w->live[i - 1]) && key_in(w->live[i - 1]->key, before, countof(before));
}

/* Does the text come with marks inside? Then a phrase in passing has them around it. */
static bool has_marks(const struct words *w)
{
	for (size_t i = 0; i + 1 < w->count; i++)
		if (word_mark(w->live[i]))
			return true;
	return false;
}

static void drop_phrases(struct words *w)
{
	bool marked = has_marks(w);

	for (size_t i = 0; i + 1 < w->count; i++) {
		if (is_passing_like(w, i)) {
			hand_mark_back(w->live[i - 1], w->live[i]);
			word_drop(w->live[i], &edit_like);
			continue;
		}
		if (!is_passing_you_know(w, i, marked))
			continue;
		if (i)
			hand_mark_back(w->live[i - 1], w->live[i + 1]);
		word_drop(w->live[i], &edit_phrase);
		word_drop(w->live[i + 1], &edit_phrase);
		i++;
	}
	words_settle(w);
}

/* A turn of fillers alone is an answer ("mm-hmm") and stays. */
static bool says_anything(const struct words *w)
{
	for (size_t i = 0; i < w->count; i++)
		if (w->live[i]->key.n && !is_filler(w, i))
			return true;
	return false;
}

void stage_disfluencies(struct turn *t)
{
	struct words *w = &t->words;

	if (!says_anything(w))
		return;
	drop_fillers(w);
	drop_broken(w);
	drop_repeats(w);
	drop_phrases(w);
	drop_repeats(w);
	drop_restarts(w);
}
