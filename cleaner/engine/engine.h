/* SPDX-License-Identifier: ISC
 *
 * engine.h - the local cleaning engine: text in, cleaned text and its corrections out.
 *
 * Pure: no I/O after engine_open, no locks, no clock, no allocation per word (a workspace's arena is reused
 * from turn to turn), deterministic, safe on any bytes that are valid UTF-8. The engine itself is read-only
 * after engine_open and may serve any number of workspaces; a workspace serves one turn at a time.
 *
 * The gateway (/clean), the decider (the decision) and the cleaner (all of it) link this library,
 * cleanerctx-clean is the same as a Unix filter.
 */
#ifndef CC_ENGINE_H
#define CC_ENGINE_H

#include "common/base/buf.h"
#include "common/base/slice.h"

#include <stdint.h>

enum clean_level { CLEAN_NONE, CLEAN_LIGHT, CLEAN_FULL };
enum confidence { CONFIDENCE_LOW, CONFIDENCE_MEDIUM, CONFIDENCE_HIGH };

enum correction_kind { /* api.md's names, in this order: correction_kind_name */
	KIND_ARTEFACT,
	KIND_FILLER,
	KIND_REPEAT,
	KIND_RESTART,
	KIND_SELF_CORRECTION,
	KIND_PATTERN,
	KIND_GLOSSARY,
	KIND_NUMBER,
	KIND_PUNCTUATION,
	KIND_CASE,
	KIND_MODEL,
	KIND_COUNT
};

/* Where the engine is, for callers that time it: called at the start of each stage. */
enum engine_stage {
	STAGE_CONTEXT,	  /* detecting the active contexts over the window */
	STAGE_WINDOW,	  /* pattern analysis over the window */
	STAGE_LIGHT,	  /* artefacts, fillers, repeats */
	STAGE_PATTERN,	  /* known error patterns, glossary */
	STAGE_FORMAT,	  /* punctuation, case, numbers */
	STAGE_CONFIDENCE, /* scoring the corrections */
	STAGE_END,
	STAGE_COUNT = STAGE_END
};

struct window_turn {
	uint32_t seq;
	bool agent; /* a bypass speaker's: perfect text */
	struct slice speaker;
	struct slice text;     /* cleaned */
	struct slice doubtful; /* words of it that are likely misheard, one a line; may be empty */
};

struct glossary_term {
	struct slice term;
	struct slice category;		 /* may be empty */
	const struct slice *sounds_like; /* hard rules: these spellings become the term */
	size_t sounds_like_count;
};

/* A change that a person has rejected: it is not made again (suppress.h). */
struct suppressed_pair {
	struct slice original, corrected;
};

enum { /* clean_options.formats: which kinds of number are written in digits; all by default */
	FORMAT_CARDINAL = 1,
	FORMAT_ORDINAL = 2,
	FORMAT_MONEY = 4,
	FORMAT_DATE = 8,
	FORMAT_TIME = 16,
	FORMAT_PHONE = 32,
	FORMAT_ELECTRONIC = 64,
	FORMAT_MEASURE = 128,
	FORMAT_PUNCTUATION = 256,
	FORMAT_CASE = 512,
	FORMAT_ALL = 1023
};

struct clean_options {
	bool forced; /* level is the caller's; otherwise engine_decide's */
	enum clean_level level;
	bool verbatim;	      /* keep every word: no filler, repeat or self-correction is dropped */
	bool agent;	      /* a bypass speaker's turn: perfect text unless it holds artefacts */
	uint32_t formats;     /* FORMAT_* bits */
	struct slice profile; /* the recogniser, of engine_profiles; may be empty */
};

struct clean_input {
	struct slice raw; /* valid UTF-8, 1 byte to 16 KiB; invalid bytes give the text back unchanged */
	const struct window_turn *window; /* oldest first, at most ENGINE_WINDOW_TURNS */
	size_t window_count;
	const struct glossary_term *glossary; /* at most ENGINE_GLOSSARY_TERMS; the rest is ignored */
	size_t glossary_count;
	const struct suppressed_pair *suppressed;
	size_t suppressed_count;
	struct slice shared_context; /* free text the caller shared with the turn; may be empty */
	struct slice conversation_context; /* .. with the conversation */
	struct clean_options options;
};

enum {
	ENGINE_WINDOW_TURNS = 10,
	ENGINE_WINDOW_BYTES = 8 * 1024, /* of the window that are read, newest turns first */
	ENGINE_WINDOW_TOKENS = 4096, /* of a window's texts, newest first: one of the longest fits, and ten such turns do not
					fill a model's context. A token is taken for four bytes, as in English */
	ENGINE_GLOSSARY_TERMS = 1200,
	ENGINE_TEXT_BYTES = 16 * 1024,
	ENGINE_DOUBTFUL_WORDS = 64, /* told of a turn: one with more is doubtful as a whole */
};

struct correction {
	enum correction_kind kind;
	enum confidence confidence;
	double score;	 /* 0..1, what the confidence was cut from: the share of such changes that are right */
	double evidence; /* 0..1, what the score was read off */
	const char *sort; /* the sort of change that it was measured with (sorts.h), static */
	struct slice original,
		corrected;   /* original: bytes of raw; corrected: bytes of cleaned; either may be empty */
	const char *reason;  /* one sentence for people, static or arena text */
	const char *stage;   /* of the engine that made it, static; NULL: none of them */
	uint32_t start, end; /* code points in raw, half-open; equal for an insertion */
	uint32_t cleaned_start, cleaned_end; /* code points in cleaned, half-open */
};

/* What made a context active: the strongest of its words (contexts.conf) in the window and the turn, the newest
 * of those. */
struct context_evidence {
	struct slice term; /* as the file has it, the engine's text */
	uint32_t seq;	   /* the window's turn that it stands in; 0: the turn itself */
};

struct decision {
	enum clean_level level;
	const char *reason; /* a short stable code: "acknowledgement", "known_pattern", "forced" ..., static
			       text */
};

/* A word that stands though it is likely misheard: nothing better is known. */
struct doubtful_word {
	struct slice text;   /* bytes of raw */
	uint32_t start, end; /* code points in raw, half-open */
	const char *reason;  /* one sentence for people, static text */
};

/* Corrections are in text order and do not overlap; between them raw and cleaned are the same bytes, so that
 * replacing each [start, end) of raw by its `corrected` rebuilds cleaned exactly. All of it is owned by the
 * workspace and stands until its next use. */
struct clean_result {
	struct slice cleaned;
	const struct correction *corrections;
	size_t correction_count;
	const struct doubtful_word *doubtful; /* in text order, none inside a correction of words */
	size_t doubtful_count;
	enum confidence confidence;  /* of the whole turn */
	const char *const *contexts; /* names of the active contexts, static or engine text */
	const struct context_evidence *context_evidence; /* of each of them; NULL: not known */
	size_t context_count;
	struct decision decision; /* what was done and why */
};

struct engine;
struct engine_workspace;

/* Maps the tables in data_dir (NULL: the folder that was installed, or the source tree's; "": none, the
 * built-in rules alone) and reads the domain patterns. A folder without marks.table has the installed one. Never NULL; what could not be read is told in *warning
 * (may be NULL; caller frees), and the engine works without it. */
struct engine *engine_open(const char *data_dir, char **warning);
void engine_close(struct engine **engine);

/* The recognisers that profiles.conf knows (options.profile), NULL at the end. A name that is not among them
 * cleans as none does; whoever lets people name one asks first. */
const char *const *engine_profiles(const struct engine *engine);
bool engine_knows_profile(const struct engine *engine, struct slice name); /* also true of "" */

struct engine_workspace *engine_workspace_create(const struct engine *engine);
void engine_workspace_destroy(struct engine_workspace **ws);

/* What the turn needs: none, light or full, and why. Cheap: no window, no phonetics beyond a look-up. */
struct decision engine_decide(struct engine_workspace *ws, const struct clean_input *in);

/* Which of these turns, oldest first, is the first of a window of ENGINE_WINDOW_TOKENS at most; count: none
 * fits. Whoever builds a window asks. */
size_t engine_window_first(const struct window_turn *turns, size_t count);

/* Cleans one turn at options.level if forced, else at engine_decide's. on_stage may be NULL. The result is
 * the workspace's, valid until its next use. */
const struct clean_result *engine_clean(struct engine_workspace *ws, const struct clean_input *in,
	void (*on_stage)(enum engine_stage, void *arg), void *arg);

/* What a turn puts right in an earlier one of its window (takeback.h). */
struct takeback {
	uint32_t seq;		/* the earlier turn's */
	size_t at;		/* bytes of its text */
	struct slice original;	/* of the window's text */
	struct slice corrected; /* of this turn's */
	double score;
	const char *reason; /* static text */
};

/* Does the turn, whose cleaned text this is, put an earlier one of in->window right? False also when that very
 * change was rejected (in->suppressed). Uses the workspace: an engine_clean's result is gone. */
bool engine_takeback(
	struct engine_workspace *ws, const struct clean_input *in, struct slice cleaned, struct takeback *out);

const char *clean_level_name(enum clean_level level); /* "none", "light", "full" */
bool clean_level_parse(struct slice s, enum clean_level *level);
const char *confidence_name(enum confidence confidence); /* "LOW", "MEDIUM", "HIGH" */
const char *correction_kind_name(enum correction_kind kind);

/* Writes api.md's `corrections` array: [{"id":"c1","kind":..,"position":{..}..}]. A later revision's ids are its
 * own ("r2-1"), so that a verdict on what no longer stands meets nothing. */
void corrections_write_json(struct buf *out, const struct clean_result *result, unsigned revision);

/* Writes the metadata's `doubtful` array: [{"text","position":{..},"reason"}]. */
void doubtful_write_json(struct buf *out, const struct doubtful_word *words, size_t count);

/* Copies to `kept` those of the words that none of the result's corrections changes, other than in marks or
 * case (a language model's may): `kept` has room for `count`. How many they are. */
size_t doubtful_left(const struct clean_result *result, const struct doubtful_word *words, size_t count,
	struct doubtful_word *kept);

#endif
