/* SPDX-License-Identifier: ISC
 *
 * decide.c - what a turn needs, as a table of rules: the first that holds decides.
 *
 * Each rule is a look at the turn's words alone, all of them together cheaper than remembering a turn's answer
 * would be: .06 us for "yes", 4 us for 45 words. Only the glossary's sounds are dear, and they are remembered
 * (nearest.h). Reason codes are part of the interface: they are stored.
 */
#include "common/base/utf8.h"
#include "decide.h"
#include "doubt.h"
#include "gate.h"
#include "patterns.h"
#include "profile.h"
#include "reasons.h"
#include "takeback.h"

enum { ACKNOWLEDGE_WORDS = 5, FORMED_WORDS = 8 }; /* longest turn that a rule about short turns takes */

static bool is_forced(const struct turn *t)
{
	return t->in->options.forced;
}

static bool is_empty(const struct turn *t)
{
	for (size_t i = 0; i < t->words.count; i++)
		if (t->words.live[i]->key.n)
			return false;
	return true;
}

/* An agent's turn is perfect text, but for what its voice engine may have left in it. */
static bool is_agent_with_artefacts(const struct turn *t)
{
	return t->in->options.agent && artefacts_in(t);
}

static bool has_artefact(const struct turn *t)
{
	return artefacts_in(t);
}

static bool is_agent(const struct turn *t)
{
	return t->in->options.agent;
}

static bool is_acknowledgement(const struct turn *t)
{
	const struct words *w = &t->words;

	for (size_t i = 0; i < w->count; i++)
		if (!(w->live[i]->classes & CLASS_ACKNOWLEDGE))
			return false;
	return w->count <= ACKNOWLEDGE_WORDS;
}

static bool has_pattern(const struct turn *t)
{
	return patterns_maybe(t->engine->patterns, &t->words);
}

static bool has_correcting(const struct turn *t)
{
	const struct words *w = &t->words;

	if (takeback_cue(w))
		return true;
	for (size_t i = 1; i + 1 < w->count; i++)
		if ((w->live[i]->classes & CLASS_CORRECTING) &&
			(words_is(w, i - 1, "no") || words_is(w, i - 1, "i") || words_is(w, i + 1, "no") ||
				words_is(w, i, "sorry") || words_is(w, i - 1, "or")))
			return true;
	return false;
}

/* Looks for the glossary's terms on words cut anew: the turn's own stay as they were said. */
static bool has_glossary_hit(const struct turn *t)
{
	struct turn probe = *t;
	struct candidate *list = NULL;
	size_t count;

	if (t->in->glossary_count == 0)
		return false;
	words_cut(&probe.words, t->arena, t->engine->lexicon, t->in->raw);
	count = glossary_candidates(
		&probe, terms_of(t->terms, t->phones, t->engine, t->in), &list);
	for (size_t i = 0; i < count; i++)
		if (list[i].p >= GATE_FROM)
			return true;
	for (size_t i = 0; i < probe.words.count; i++)
		if (probe.words.live[i]->core_edit && probe.words.live[i]->core_edit->kind == KIND_GLOSSARY)
			return true;
	return false;
}

static bool has_doubtful(const struct turn *t)
{
	for (size_t i = 0; i < t->words.count; i++)
		if (is_unknown_word(&t->engine->table, t->words.live[i]))
			return true;
	return false;
}

static bool has_disfluency(const struct turn *t)
{
	const struct words *w = &t->words;

	for (size_t i = 0; i < w->count; i++) {
		const struct word *word = w->live[i];

		if ((word->classes & CLASS_FILLER) || (word->trail.n && word->trail.p[0] == '-'))
			return true;
		if (i && slice_eq(word->key, w->live[i - 1]->key) && !(word->classes & CLASS_REPEATABLE))
			return true;
	}
	return false;
}

static bool has_number(const struct turn *t)
{
	for (size_t i = 0; i < t->words.count; i++)
		if (t->words.live[i]->classes & CLASS_NUMBER)
			return true;
	return false;
}

static bool is_formed(const struct turn *t)
{
	const struct words *w = &t->words;
	char first = w->live[0]->core.n ? w->live[0]->core.p[0] : '\0';

	return w->count <= FORMED_WORDS && first >= 'A' && first <= 'Z' &&
	       word_ends_sentence(w->live[w->count - 1]);
}

static bool always(const struct turn *t)
{
	return true;
}

static const struct {
	bool (*holds)(const struct turn *t);
	enum clean_level level; /* not used by the first */
	const char *reason;
} rules[] = {
	{is_forced, CLEAN_NONE, decided_forced},
	{is_empty, CLEAN_NONE, decided_empty},
	{is_agent_with_artefacts, CLEAN_LIGHT, decided_artefact},
	{is_agent, CLEAN_NONE, decided_bypass},
	{is_acknowledgement, CLEAN_NONE, decided_acknowledgement},
	{has_pattern, CLEAN_FULL, decided_known_pattern},
	{has_correcting, CLEAN_FULL, decided_self_correction},
	{has_glossary_hit, CLEAN_FULL, decided_glossary_near_hit},
	{has_doubtful, CLEAN_FULL, decided_doubtful_words},
	{has_artefact, CLEAN_LIGHT, decided_artefact},
	{profile_hits, CLEAN_LIGHT, decided_recogniser},
	{has_disfluency, CLEAN_LIGHT, decided_disfluency},
	{has_number, CLEAN_LIGHT, decided_number},
	{is_formed, CLEAN_NONE, decided_well_formed},
	{always, CLEAN_LIGHT, decided_formatting},
};

struct decision decide(const struct turn *t)
{
	size_t i = 0;

	while (!rules[i].holds(t))
		i++;
	return (struct decision){i == 0 ? t->in->options.level : rules[i].level, rules[i].reason};
}
