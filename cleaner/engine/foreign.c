/* SPDX-License-Identifier: ISC
 *
 * foreign.c - see foreign.h.
 */
#include "foreign.h"
#include "common/base/attr.h"
#include "common/base/utf8.h"

#include <unicase.h>

enum {
	RUN_WORDS = 3,	  /* a longer run is speech */
	RUN_LETTERS = 24, /* likewise: "thank you for watching" has 14 in Japanese, whose words have no blanks */
	LATIN_WORDS = 3,  /* a turn with fewer does not tell which script it is in */
	LATIN_TIMES = 3	  /* so many times as many Latin words as others */
};

/* What may stand before a word of another script that is meant. */
static const char *const cues[] = {"called", "named", "name", "brand", "say", "says", "said", "saying", "mean", "means",
	"meaning", "word", "words", "spelled", "written", "write", "mr", "mrs", "ms", "miss", "dr", "met", "letter", "symbol"};

/* Who names one of these may well quote it. */
static const char *const languages[] = {"chinese", "mandarin", "cantonese", "japanese", "kanji", "korean", "hangul", "thai",
	"russian", "ukrainian", "bulgarian", "serbian", "cyrillic", "greek", "arabic", "hebrew", "persian", "farsi", "urdu",
	"hindi", "bengali", "punjabi", "tamil", "telugu", "armenian", "georgian", "translate", "translated", "translation"};

static bool is_any(const struct words *w, size_t i, const char *const *list, size_t count)
{
	for (size_t k = 0; k < count; k++)
		if (words_is(w, i, list[k]))
			return true;
	return false;
}

/* The script of a letter; NULL: no letter, or of no script. Those that Japanese mixes are one. */
static const char *letter_script(uint32_t cp)
{
	static const char *const japanese[] = {"Hiragana", "Katakana", "Bopomofo"};
	const uc_script_t *script;

	if (cp < 0x80)
		return (cp | 0x20) >= 'a' && (cp | 0x20) <= 'z' ? "Latin" : NULL;
	script = uc_is_general_category_withtable(cp, UC_CATEGORY_MASK_L) ? uc_script(cp) : NULL;
	if (!script || strcmp(script->name, "Common") == 0 || strcmp(script->name, "Inherited") == 0)
		return NULL;
	for (size_t i = 0; i < countof(japanese); i++)
		if (strcmp(script->name, japanese[i]) == 0)
			return "Han";
	return script->name;
}

struct letters {
	const char *script; /* of the first letter of another script than Latin; NULL: there is none */
	size_t latin, other;
	uint32_t first; /* that letter */
	bool digit;
};

static struct letters letters_of(struct slice s)
{
	struct letters l = {0};
	size_t at = 0;
	uint32_t cp;

	while (utf8_next(s, &at, &cp)) {
		const char *script = letter_script(cp);

		l.digit |= cp >= '0' && cp <= '9';
		if (!script)
			continue;
		if (strcmp(script, "Latin") == 0) {
			l.latin++;
			continue;
		}
		if (l.other++ == 0) {
			l.script = script;
			l.first = cp;
		}
	}
	return l;
}

static bool is_written(const struct foreign *f, const char *script)
{
	for (size_t i = 0; i < f->written_count; i++)
		if (strcmp(f->written[i], script) == 0)
			return true;
	return false;
}

/* Adds the scripts of a text that people wrote. */
static void add_written(struct foreign *f, struct slice text)
{
	size_t at = 0;
	uint32_t cp;

	while (f->possible && utf8_next(text, &at, &cp)) {
		const char *script = cp < 0x80 ? NULL : letter_script(cp);

		if (!script || strcmp(script, "Latin") == 0 || is_written(f, script))
			continue;
		f->possible = f->written_count < FOREIGN_SCRIPTS;
		if (f->possible)
			f->written[f->written_count++] = script;
	}
}

static bool is_latin_turn(const struct words *w)
{
	size_t latin = 0, other = 0, latin_letters = 0, other_letters = 0;

	for (size_t i = 0; i < w->count; i++) {
		struct letters l = letters_of(w->live[i]->core);

		latin += l.latin > 0;
		other += l.other > 0;
		latin_letters += l.latin;
		other_letters += l.other;
	}
	return other && latin >= LATIN_WORDS && latin >= LATIN_TIMES * other && latin_letters > other_letters;
}

static bool is_ascii(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] & 0x80)
			return false;
	return true;
}

void foreign_begin(struct foreign *f, const struct turn *t)
{
	const struct clean_input *in = t->in;
	const struct words *w = &t->words;

	*f = (struct foreign){.w = w};
	if (in->options.agent || is_ascii(in->raw) || !is_latin_turn(w))
		return;
	f->possible = true;
	for (size_t i = 0; i < w->count; i++)
		f->possible &= !is_any(w, i, languages, countof(languages));
	for (size_t i = 0; i < in->window_count; i++)
		add_written(f, in->window[i].text);
	add_written(f, in->shared_context);
	add_written(f, in->conversation_context);
	for (size_t i = 0; i < in->glossary_count; i++) {
		add_written(f, in->glossary[i].term);
		for (size_t k = 0; k < in->glossary[i].sounds_like_count; k++)
			add_written(f, in->glossary[i].sounds_like[k]);
	}
}

/* Is live word i all in another script that nobody here writes, and neither a symbol nor a name nor set off? */
static bool is_noise(const struct foreign *f, size_t i)
{
	const struct word *word = f->w->live[i];
	struct letters l = letters_of(word->core);
	bool cased = l.other && uc_tolower(l.first) != uc_toupper(l.first);

	return l.other && !l.latin && !l.digit && !word->lead.n && !is_written(f, l.script) &&
	       !(cased && (l.other == 1 || uc_tolower(l.first) != l.first));
}

/* The stop or comma of Chinese and Japanese, which stands apart. */
static bool is_their_mark(const struct word *word)
{
	return slice_eq(word->core, SLICE("\xE3\x80\x82")) || slice_eq(word->core, SLICE("\xE3\x80\x81"));
}

size_t foreign_length(const struct foreign *f, size_t i)
{
	const struct words *w = f->w;
	size_t n = 0, letters = 0;

	if (!f->possible || !is_noise(f, i))
		return 0;
	if (i && (letters_of(w->live[i - 1]->core).other || letters_of(w->live[i - 1]->core).digit ||
			 is_any(w, i - 1, cues, countof(cues))))
		return 0; /* part of a longer run, a unit, or meant */
	for (; i + n < w->count; n++) {
		struct letters l = letters_of(w->live[i + n]->core);

		if (!l.other && !(n && is_their_mark(w->live[i + n])))
			break;
		letters += l.other;
		if (n == RUN_WORDS || letters > RUN_LETTERS || (l.other && !is_noise(f, i + n)))
			return 0;
	}
	return n;
}
