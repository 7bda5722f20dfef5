/* SPDX-License-Identifier: ISC
 *
 * train_text.c - see train_text.h.
 */
#include "train_text.h"

enum { TRAIN_REPEAT_WORDS = 3 };

static enum train_mark mark_of(const struct word *word)
{
	char mark = word_mark(word);

	if (word->trail.n >= 2 &&
		(memcmp(word->trail.p, "..", 2) == 0 || memcmp(word->trail.p, "\xE2\x80", 2) == 0))
		return TRAIN_NONE;
	if (mark == ',' || mark == ';' || mark == ':')
		return TRAIN_COMMA;
	return mark ? TRAIN_STOP : TRAIN_NONE;
}

static bool keeps(const struct word *word)
{
	return word->key.n && !(word->classes & CLASS_FILLER) &&
	       !(word->trail.n && word->trail.p[0] == '-') && word->core.p[0] != '<';
}

/* Takes immediate repeats off the end of the list; the last copy stays, with its mark. */
static size_t collapse(struct train_word *list, size_t count)
{
	for (size_t n = TRAIN_REPEAT_WORDS; n > 0; n--) {
		size_t same = 0;

		if (count < 2 * n)
			continue;
		while (same < n && slice_eq(list[count - 2 * n + same].key, list[count - n + same].key) &&
			!list[count - 2 * n + same].ends)
			same++;
		if (same == n) {
			memmove(list + count - 2 * n, list + count - n, n * sizeof *list);
			return count - n;
		}
	}
	return count;
}

/* "$5 million" is one word to the engine by the time it sets marks. */
static bool continues_number(const struct train_word *before, const struct word *word)
{
	return before->mark == TRAIN_NONE && before->key.n && before->key.p[before->key.n - 1] >= '0' &&
	       before->key.p[before->key.n - 1] <= '9' && word->key.n > 6 &&
	       memcmp(word->key.p + word->key.n - 5, "llion", 5) == 0;
}

size_t train_text_read(
	struct arena *a, const struct lexicon *lexicon, struct slice text, struct train_word **words)
{
	struct words w;
	struct train_word *list;
	size_t count = 0;

	words_cut(&w, a, lexicon, text);
	list = arena_get(a, (w.count + 1) * sizeof *list);
	for (size_t i = 0; i < w.count; i++) {
		const struct word *word = w.live[i];
		enum train_mark mark = mark_of(word);

		if (!keeps(word))
			continue;
		if (count && continues_number(&list[count - 1], word)) {
			list[count - 1].mark = mark;
			list[count - 1].ends = mark == TRAIN_STOP;
			continue;
		}
		list[count++] = (struct train_word){.key = word->key,
			.core = word->core,
			.classes = word->classes,
			.mark = mark,
			.asks = mark == TRAIN_STOP && word_mark(word) == '?',
			.ends = mark == TRAIN_STOP && !(word->classes & CLASS_ABBREVIATION)};
		count = collapse(list, count);
	}
	*words = list;
	return count;
}
