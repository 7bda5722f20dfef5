/* SPDX-License-Identifier: ISC
 *
 * turn.h - what the stages of one turn share: its words, the window's words, the input, what was found so
 * far. And the stages' entry points, one each, in the order in which engine.c calls them.
 */
#ifndef CC_ENGINE_TURN_H
#define CC_ENGINE_TURN_H

#include "mark_features.h"
#include "table.h"
#include "words.h"

struct contexts;
struct patterns;
struct profile;
struct profiles;
struct phones_cache;
struct terms_cache;

enum { ENGINE_CONTEXTS = 32 }; /* at most; bits of turn.contexts */

/* What is read-only and shared by all workspaces. */
struct engine {
	struct lexicon *lexicon;
	struct contexts *contexts;
	struct patterns *patterns;
	struct profiles *profiles;
	struct table table;    /* marks and capitals; empty when there is no file */
	struct slice files[4]; /* owned texts that patterns, contexts and profiles borrow from */
	size_t file_count;
};

struct turn {
	const struct engine *engine;
	const struct clean_input *in;
	struct arena *arena;
	const struct profile *profile; /* never NULL */
	struct words words;
	struct words *window; /* the window's turns, oldest first */
	size_t window_count;
	uint32_t contexts;	     /* bits, in the order of contexts.conf */
	struct phones_cache *phones; /* the workspace's */
	struct terms_cache *terms;   /* likewise */
};

void stage_artefacts(struct turn *t);	 /* artefact.c: tags, noise, pause runs, other scripts */
void stage_disfluencies(struct turn *t); /* disfluency.c: fillers, cut-offs, repeats */
void stage_selfcorrect(struct turn *t);	 /* selfcorrect.c: "Tuesday, no wait, Friday" */
void stage_profile(struct turn *t);	 /* profile.c: what the recogniser is known for */
void stage_patterns(struct turn *t);	 /* patterns.c: known errors of the domain */
void stage_glossary(struct turn *t);	 /* glossary.c: terms that were misheard */
void stage_numbers(struct turn *t);	 /* number.c: numbers in words to digits */
void stage_doubt(struct turn *t);	 /* doubt.c: words that no one knows */
void stage_marks(struct turn *t);	 /* marks.c: commas, stops, question marks */
void stage_case(struct turn *t);	 /* truecase.c: capitals */

/* The live words as the learned table sees them (marks.c). */
struct token *turn_tokens(struct turn *t);
bool is_latin(struct slice s); /* Latin script, with a letter or digit: what English rules may touch */

/* Is there anything for stage_artefacts? */
bool artefacts_in(const struct turn *t);

#endif
