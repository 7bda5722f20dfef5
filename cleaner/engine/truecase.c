/* SPDX-License-Identifier: ISC
 *
 * truecase.c - capitals: at sentence starts, "I", and names, by the learned table.
 *
 * A text whose recogniser writes capitals keeps them; one in lower case throughout gets names' capitals and
 * the usual spelling of acronyms. Words whose spelling an earlier stage decided stay.
 */
#include "profile.h"
#include "reasons.h"
#include "turn.h"

#include <ctype.h>
#include <math.h>

#define CAPITAL_FROM 0.6F /* in text without capitals; with its own, the profile says */
#define LOWER_BELOW 0.2F  /* a capital after a stop that went */

static const struct edit edit_pronoun = {KIND_CASE, 1, why_pronoun, SORT_PRONOUN};
static const struct edit edit_lower = {KIND_CASE, 1, why_lower, SORT_LOWER};
static const struct edit edit_code = {KIND_CASE, 1, why_code, SORT_CODE};

static void set_form(struct turn *t, struct word *word, struct slice form, const struct edit *why)
{
	struct slice core = arena_copy(t->arena, word->core);

	if (form.n != core.n)
		return;
	memcpy((char *)core.p, form.p, form.n);
	if (!slice_eq(core, word->core))
		word_set_core(&t->words, word, core, why);
}

static void set_first(struct turn *t, struct word *word, bool upper, const struct edit *why)
{
	struct slice core = arena_copy(t->arena, word->core);
	char *p = (char *)core.p;

	if (core.n == 0 || (upper ? !islower((unsigned char)p[0]) : !isupper((unsigned char)p[0])))
		return;
	p[0] = (char)(upper ? toupper((unsigned char)p[0]) : tolower((unsigned char)p[0]));
	word_set_core(&t->words, word, core, why);
}

static bool has_upper(struct slice s, size_t from)
{
	for (size_t i = from; i < s.n; i++)
		if (isupper((unsigned char)s.p[i]))
			return true;
	return false;
}

/* A numeral is several words in one: "the 1st of May". */
static struct slice first_part(const struct word *word)
{
	const char *space = word->core.n ? memchr(word->core.p, ' ', word->core.n) : NULL;

	return space ? slice_of(word->core.p, (size_t)(space - word->core.p)) : word->core;
}

/* Written with a capital further in (iPhone), an address, or decided earlier: the first letter stays. */
static bool keeps_case(const struct word *word)
{
	for (size_t i = 1; i < word->core.n; i++)
		if (strchr("@/:", word->core.p[i]) && word->core.p[i])
			return true;
	return word->fixed || has_upper(first_part(word), 1);
}

static bool is_pronoun_i(struct slice key)
{
	return key.n && key.p[0] == 'i' && (key.n == 1 || key.p[1] == '\'');
}

/* Do names have capitals here? One inside a sentence, other than I's, says so. */
static bool is_cased(const struct words *w)
{
	bool start = true;

	for (size_t i = 0; i < w->count; i++) {
		const struct word *word = w->live[i];

		if (!start && !word->core_edit && !is_pronoun_i(word->key) && has_upper(word->core, 0))
			return true;
		start = word_ends_sentence(word);
	}
	return false;
}

static float capital(const struct turn *t, const struct token *tokens, size_t i, bool before)
{
	const struct table *table = &t->engine->table;
	uint64_t hashes[FEATURES_CAPITAL];
	float sum[TABLE_WEIGHTS] = {table->head->bias[BIAS_CAPITAL]};
	size_t n = features_capital(tokens, t->words.count, i, before, hashes);

	table_add(table, hashes, n, sum);
	return 1 / (1 + expf(-sum[0]));
}

static const struct edit *name_edit(struct turn *t, bool cased, double p)
{
	struct edit *edit = arena_get(t->arena, sizeof *edit);

	*edit = (struct edit){KIND_CASE, p, why_name, cased ? SORT_NAME_MORE : SORT_NAME};
	return edit;
}

/* Letters that no one can speak as a word (DTC, WGN's): initials. */
static bool is_initials(struct slice key)
{
	size_t n = key.n > 2 && memcmp(key.p + key.n - 2, "'s", 2) == 0 ? key.n - 2 : key.n;

	for (size_t i = 0; i < n; i++)
		if (!islower((unsigned char)key.p[i]) || strchr("aeiouy", key.p[i]))
			return false;
	return n >= 2 && n <= 5;
}

/* q3, 5g, b2b: letters and digits in short. */
static bool is_short_code(struct slice key)
{
	size_t letters = 0, digits = 0;

	for (size_t i = 0; i < key.n; i++) {
		letters += islower((unsigned char)key.p[i]) != 0;
		digits += isdigit((unsigned char)key.p[i]) != 0;
	}
	if (key.n > 4 || letters + digits != key.n || letters == 0 || digits == 0)
		return false;
	if (key.n == 3 && letters == 2)
		return key.p[1] == '2'; /* b2b, not 1st or mp3 */
	return letters == 1 && (isalpha((unsigned char)key.p[0]) || key.p[key.n - 1] == 'g');
}

static void set_upper(struct turn *t, struct word *word, const struct edit *why)
{
	struct slice core = arena_copy(t->arena, word->core);
	size_t n = core.n > 2 && memcmp(core.p + core.n - 2, "'s", 2) == 0 ? core.n - 2 : core.n;

	for (size_t i = 0; i < n; i++)
		((char *)core.p)[i] = (char)toupper((unsigned char)core.p[i]);
	if (!slice_eq(core, word->core))
		word_set_core(&t->words, word, core, why);
}

/* Written in capitals throughout, SEO or SEOs: it says nothing of how the word after it is written. */
static bool is_acronym(struct slice core)
{
	size_t n = core.n > 2 && core.p[core.n - 1] == 's' ? core.n - 1 : core.n;

	for (size_t i = 0; i < n; i++)
		if (!isupper((unsigned char)core.p[i]))
			return false;
	return n >= 2;
}

/* How likely live word i is a name. The table takes a capital before it for a name's first part; after an
 * acronym the word must be one of its own right too. */
static float name_likely(const struct turn *t, const struct token *tokens, size_t i)
{
	struct slice before = i ? t->words.live[i - 1]->core : slice_of(NULL, 0);
	float alone = is_acronym(before) ? capital(t, tokens, i, false) : 1;

	return alone < CAPITAL_FROM ? alone : capital(t, tokens, i, has_upper(before, 0));
}

/* Days and months have capitals wherever they stand; "may", "march" and "august" are words, too, and are left
 * to the table. */
static bool is_calendar_name(struct slice key)
{
	static const char *const names[] = {"monday", "tuesday", "wednesday", "thursday", "friday",
		"saturday", "sunday", "january", "february", "april", "june", "july", "september", "october",
		"november", "december"};
	struct slice plain = key;

	if (plain.n > 2 && memcmp(plain.p + plain.n - 2, "'s", 2) == 0)
		plain.n -= 2;
	else if (plain.n > 4 && memcmp(plain.p + plain.n - 4, "days", 4) == 0)
		plain.n--;
	for (size_t k = 0; k < countof(names); k++)
		if (slice_eq(plain, slice_str(names[k])))
			return true;
	return false;
}

static void set_name(struct turn *t, const struct token *tokens, size_t i, bool cased)
{
	struct word *word = t->words.live[i];
	struct slice form = table_form(&t->engine->table, word->key);
	float p;

	if (has_upper(word->core, 0) || !is_latin(word->core))
		return;
	p = name_likely(t, tokens, i);
	if (p < (cased ? t->profile->capital : CAPITAL_FROM))
		return;
	if (is_initials(word->key))
		set_upper(t, word, name_edit(t, cased, p));
	else if (form.n)
		set_form(t, word, form, name_edit(t, cased, p));
	else
		set_first(t, word, true, name_edit(t, cased, p));
}

/* The stop before word i went: a capital that only it called for goes too. */
static void set_continued(struct turn *t, const struct token *tokens, size_t i)
{
	if (i > 0 && t->words.live[i - 1]->trail_edit && t->words.live[i - 1]->trail.n == 0 &&
		capital(t, tokens, i, false) < LOWER_BELOW)
		set_first(t, t->words.live[i], false, &edit_lower);
}

/* The capital is as sure as the stop that it follows, when that was ours. */
static const struct edit *start_edit(struct turn *t, size_t i)
{
	const struct edit *stop = i ? t->words.live[i - 1]->trail_edit : NULL;
	struct edit *edit = arena_get(t->arena, sizeof *edit);

	*edit = (struct edit){KIND_CASE, stop ? stop->score : 1, why_start,
		stop ? SORT_START_OURS
		: i  ? SORT_START_THERE
		     : SORT_START_TURN};
	return edit;
}

static bool starts_sentence(const struct words *w, size_t i)
{
	const struct word *before = i ? w->live[i - 1] : NULL;

	if (!before)
		return true;
	if (before->core.n == 0)
		return i == 1;
	return word_ends_sentence(before) && !(before->classes & CLASS_ABBREVIATION) && before->trail.n <= 2;
}

void stage_case(struct turn *t)
{
	const struct words *w = &t->words;
	struct token *tokens;
	bool cased = is_cased(w);

	if (!(t->in->options.formats & FORMAT_CASE))
		return;
	tokens = turn_tokens(t);
	for (size_t i = 0; i < w->count; i++) {
		struct word *word = w->live[i];

		if (is_pronoun_i(word->key))
			set_first(t, word, true, &edit_pronoun);
		if (is_short_code(word->key) && !word->fixed)
			set_upper(t, word, &edit_code);
		if (is_calendar_name(word->key) && !word->fixed && !has_upper(word->core, 0))
			set_first(t, word, true, name_edit(t, cased, 1));
		if (is_pronoun_i(word->key) || keeps_case(word) || is_short_code(word->key))
			continue;
		if (t->engine->table.head && !starts_sentence(w, i))
			set_continued(t, tokens, i);
		if (t->engine->table.head &&
			(!starts_sentence(w, i) || table_form(&t->engine->table, word->key).n))
			set_name(t, tokens, i, cased);
		if (starts_sentence(w, i) && !has_upper(first_part(word), 0))
			set_first(t, word, true, start_edit(t, i));
	}
}
