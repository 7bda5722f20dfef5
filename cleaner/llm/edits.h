/* SPDX-License-Identifier: ISC
 *
 * edits.h - one change that a model made to a turn: what kind it is, and whether it may stand. Pure.
 *
 * The rules are asymmetric: a change that is dropped leaves what was said, a change that stands wrongly says
 * something that was not. So numbers, negations and names must come out as they went in, and a word that was
 * not said may come in only when it sounds like what it replaces.
 */
#ifndef CC_LLM_EDITS_H
#define CC_LLM_EDITS_H

#include "cleaner/engine/engine.h"
#include "cleaner/llm/words.h"

enum edit_class { /* E(NAME, stands, kind, reason) */
#define EDIT_CLASSES(E)                                                                                      \
	E(FILLER, true, KIND_FILLER, "a filler without meaning was left out")                                \
	E(REPEAT, true, KIND_REPEAT, "a repeated or broken-off word was left out")                           \
	E(RESTART, true, KIND_RESTART, "a false start was left out")                                         \
	E(SELF_CORRECTION, true, KIND_SELF_CORRECTION, "the speaker corrected this")                         \
	E(LETTERS, true, KIND_PUNCTUATION, "the same letters, written together or with their apostrophe")    \
	E(NUMBER, true, KIND_NUMBER, "the same number in digits")                                            \
	E(VOCABULARY, true, KIND_GLOSSARY, "a term of this conversation that sounds like it")                \
	E(SOUND, true, KIND_MODEL, "the context calls for this similar-sounding word")                       \
	E(AGREED, true, KIND_MODEL, "the language model and the local rules agree")                          \
	E(SMALL, true, KIND_MODEL, "a small word that the sentence needs")                                   \
	E(CHANGES_NUMBER, false, KIND_MODEL, "changes a number")                                             \
	E(CHANGES_NEGATION, false, KIND_MODEL, "changes a negation")                                         \
	E(CHANGES_NAME, false, KIND_MODEL, "changes a name")                                                 \
	E(CHANGES_MEANING, false, KIND_MODEL, "changes who, when or whether")                                \
	E(LOSES_WORDS, false, KIND_MODEL, "leaves out what was said")                                        \
	E(ADDS_WORDS, false, KIND_MODEL, "adds what was not said")                                           \
	E(REJECTED, false, KIND_MODEL, "a person took this change back before")                              \
	E(FOREIGN, false, KIND_MODEL, "comes from another conversation")
#define EDIT_ENUM(NAME, stands, kind, reason) EDIT_##NAME,
	EDIT_CLASSES(EDIT_ENUM) EDIT_CLASS_COUNT
#undef EDIT_ENUM
};

struct edit_class_row {
	const char *name;
	bool stands;
	enum correction_kind kind;
	const char *reason;
};
extern const struct edit_class_row edit_classes[EDIT_CLASS_COUNT];

struct edit_context {
	const struct words *raw, *said; /* the turn, and what the model made of it */
	const struct words *known;	/* vocabulary, shared context and window */
	const struct words *foreign;	/* of the other conversations in the same call */
	const struct clean_input *in;
	const struct clean_result *local; /* the local engine's, or NULL */
};

struct edit_verdict {
	enum edit_class is;
	double score; /* 0..1, when it stands */
};

/* Judges raw words [a, a_end) having become said words [b, b_end). */
struct edit_verdict edit_judge(const struct edit_context *c, size_t a, size_t a_end, size_t b, size_t b_end);

/* Where raw words [a, a_end) correct themselves in the middle ("forty sorry fifty"): the word after the cue,
 * with one left at least on both sides; 0 when they do not. */
size_t edit_corrects_itself(const struct edit_context *c, size_t a, size_t a_end);

/* A filler, cut-off or immediate repeat that may go whatever stands beside it. */
bool edit_removable(const struct edit_context *c, size_t i);

#endif
