/* SPDX-License-Identifier: ISC
 *
 * strange.c - words_strange of words.h: characters that a repair of what was said has no use for.
 *
 * Right are those of the turn and of what is known of its conversation, letters of a script that these have,
 * accents, marks of punctuation, and a currency before digits; nobody speaks in markup. By its bytes a
 * look-alike or an unseen character is a small change, so likeness cannot find it.
 */
#include "cleaner/llm/words.h"

#include "common/base/utf8.h"

#include <unictype.h>

enum {
	LATIN_END = 0x250,
	MORE_LATIN = 0x1E00,
	MORE_LATIN_END = 0x1F00,
	ACCENTS = 0x300,
	ACCENTS_END = 0x370
};

static bool has_char(const struct words *words, uint32_t wanted)
{
	uint32_t cp;

	for (size_t i = 0; i < words->n; i++)
		for (size_t at = 0; utf8_next(words->w[i].text, &at, &cp);)
			if (cp == wanted)
				return true;
	return false;
}

static bool has_script(const struct words *words, const uc_script_t *script)
{
	uint32_t cp;

	for (size_t i = 0; i < words->n; i++)
		for (size_t at = 0; utf8_next(words->w[i].text, &at, &cp);)
			if (uc_is_general_category(cp, UC_CATEGORY_L) && uc_script(cp) == script)
				return true;
	return false;
}

static bool is_money(const struct word *w, uint32_t cp)
{
	if (cp != 0xA2 && cp != 0xA3 && cp != 0x20AC)
		return false;
	for (size_t i = 0; i < w->fold.n; i++)
		if (w->fold.p[i] >= '0' && w->fold.p[i] <= '9')
			return true;
	return false;
}

/* A letter or accent that the turn may be written with. */
static bool is_writing(uint32_t cp, const struct words *turn, const struct words *known)
{
	bool latin = cp < LATIN_END || (cp >= MORE_LATIN && cp < MORE_LATIN_END);

	if (cp >= ACCENTS && cp < ACCENTS_END)
		return true;
	if (!uc_is_general_category(cp, UC_CATEGORY_L) && !uc_is_general_category(cp, UC_CATEGORY_M))
		return false;
	if (latin || uc_is_script(cp, uc_script_byname("Latin"))) /* the others are wide, small caps .. */
		return latin;
	return has_script(turn, uc_script(cp)) || has_script(known, uc_script(cp));
}

bool words_strange(const struct word *w, const struct words *turn, const struct words *known)
{
	static const char markup[] = "*`<>|~^\\[]{}"; /* "**We sell boats.**" */
	uint32_t cp;

	for (size_t at = 0; utf8_next(w->text, &at, &cp);) {
		if (cp >= 0x20 && cp < 0x7F && !(strchr(markup, (int)cp) && !has_char(turn, cp)))
			continue;
		if (cp < 0xA0)
			return true;
		if (!uc_is_general_category(cp, UC_CATEGORY_P) && !is_money(w, cp) &&
			!is_writing(cp, turn, known) && !has_char(turn, cp) && !has_char(known, cp))
			return true;
	}
	return false;
}
