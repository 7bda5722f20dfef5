/* SPDX-License-Identifier: ISC
 *
 * format.c - marks and capitals by hand-made rules: a capital at the start of each sentence, "I", a final stop or
 * question mark. Runs on Latin text only; other scripts pass unharmed.
 */
#include "turn.h"

#include <ctype.h>

static const struct edit edit_capital = {KIND_CASE, 0.98, "A sentence begins with a capital."};
static const struct edit edit_pronoun = {KIND_CASE, 0.99, "\"I\" is written with a capital."};
static const struct edit edit_stop = {KIND_PUNCTUATION, 0.9, "The sentence ends here."};
static const struct edit edit_question = {KIND_PUNCTUATION, 0.88, "This asks something."};

static bool is_latin(struct slice s)
{
	bool letters = false;

	for (size_t i = 0; i < s.n; i++) {
		if ((unsigned char)s.p[i] >= 0x80)
			return false;
		letters |= isalnum((unsigned char)s.p[i]) != 0;
	}
	return letters;
}

static void capitalise(struct turn *t, struct word *word, const struct edit *why)
{
	struct slice core = arena_copy(t->arena, word->core);
	char *p = (char *)core.p;

	if (core.n == 0 || !islower((unsigned char)p[0]))
		return;
	p[0] = (char)toupper((unsigned char)p[0]);
	word_set_core(&t->words, word, core, why);
}

/* Written with a capital of its own further in (iPhone, eBay), or an address: the first letter stays. */
static bool keeps_case(const struct word *word)
{
	for (size_t i = 1; i < word->core.n; i++)
		if (isupper((unsigned char)word->core.p[i]) || strchr("@/:", word->core.p[i]))
			return true;
	return word->fixed;
}

static bool is_pronoun_i(struct slice key)
{
	return key.n && key.p[0] == 'i' && (key.n == 1 || key.p[1] == '\'');
}

static void set_case(struct turn *t)
{
	struct words *w = &t->words;
	bool start = true;

	for (size_t i = 0; i < w->count; i++) {
		struct word *word = w->live[i];

		if (is_pronoun_i(word->key))
			capitalise(t, word, &edit_pronoun);
		else if (start && !keeps_case(word))
			capitalise(t, word, &edit_capital);
		start = word_ends_sentence(word) && !(word->classes & CLASS_ABBREVIATION) && word->trail.n == 1;
		start |= word->core.n == 0 && i == 0;
	}
}

/* Does the sentence that begins at live word i ask? */
static bool asks(const struct words *w, size_t i)
{
	uint32_t first = words_classes(w, i), second = words_classes(w, i + 1);

	if (first & CLASS_AUXILIARY)
		return (second & (CLASS_PRONOUN | CLASS_ARTICLE)) || words_is(w, i + 1, "that") || words_is(w, i + 1, "there");
	if (!(first & CLASS_QUESTION))
		return false;
	return (second & CLASS_AUXILIARY) || words_is(w, i, "what's") || words_is(w, i, "who's") ||
	       words_is(w, i, "where's") || words_is(w, i, "how's") || words_is(w, i + 1, "about") ||
	       words_is(w, i + 1, "much") || words_is(w, i + 1, "many");
}

static size_t last_sentence(const struct words *w)
{
	size_t at = 0;

	for (size_t i = 0; i + 1 < w->count; i++)
		if (word_ends_sentence(w->live[i]))
			at = i + 1;
	return at;
}

static void close_turn(struct turn *t)
{
	struct words *w = &t->words;
	struct word *last = w->count ? w->live[w->count - 1] : NULL;
	bool question;

	if (!last || word_ends_sentence(last) || !is_latin(last->core))
		return;
	if (last->trail.n && !slice_eq(last->trail, SLICE(",")))
		return;
	question = asks(w, last_sentence(w));
	word_set_trail(last, question ? SLICE("?") : SLICE("."), question ? &edit_question : &edit_stop);
}

void stage_format(struct turn *t)
{
	if (t->in->options.formats & FORMAT_PUNCTUATION)
		close_turn(t);
	if (t->in->options.formats & FORMAT_CASE)
		set_case(t);
}
