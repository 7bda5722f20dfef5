/* SPDX-License-Identifier: ISC
 *
 * reasons.h - all that the engine gives as a reason: of a decision (a code, stored), of a change and of a doubt (a
 * sentence for people). Patterns of patterns.conf may bring sentences of their own.
 *
 * All are part of the interface: openapi.yaml and cleanerctx-clean(1) list the codes, and reasons_test.c fails for one
 * that is here and has no turn there that calls for it.
 */
#ifndef CC_ENGINE_REASONS_H
#define CC_ENGINE_REASONS_H

#include <stddef.h>

#define DECISION_REASONS(R) \
	R(unreadable)		/* not UTF-8, too long, nothing */ \
	R(forced)		/* the level is the caller's */ \
	R(empty)		/* no word */ \
	R(artefact) \
	R(bypass)		/* the agent's: perfect text */ \
	R(acknowledgement) \
	R(known_pattern) \
	R(self_correction) \
	R(glossary_near_hit) \
	R(doubtful_words) \
	R(recogniser)		/* what this one is known for */ \
	R(disfluency) \
	R(number) \
	R(well_formed) \
	R(formatting)

#define CHANGE_REASONS(R) \
	R(tag, "A tag of the recogniser or the voice, not said.") \
	R(seam, "The recogniser wrote the end of the text twice.") \
	R(foreign, "A noise that the recogniser took for another language.") \
	R(pause, "A run of pause marks.") \
	R(piece, "This recogniser writes the ending apart from its word.") \
	R(heard_so, "This recogniser often writes it so.") \
	R(filler, "A filler that carries no meaning.") \
	R(filler_mark, "The mark belonged to a filler.") \
	R(phrase, "\"You know\" in passing carries no meaning here.") \
	R(like, "\"Like\" in passing compares nothing here.") \
	R(cut_off, "The word was broken off and begun again.") \
	R(restart, "The speaker began again.") \
	R(partial, "Begun again with a fuller form.") \
	R(repeat, "Said twice in a row.") \
	R(taken_back, "The speaker took this back.") \
	R(put_right, "The speaker put this right in a later turn.") \
	R(pattern, "A known error of speech recognition here.") \
	R(sounds_like, "Sounds like this term of the glossary.") \
	R(rule, "The glossary says that this stands for the term.") \
	R(term, "A term of the glossary, as it is written there.") \
	R(digits, "A number is written in digits.") \
	R(address, "An address is written out.") \
	R(mark_gone, "A mark here breaks the sentence.") \
	R(comma, "A pause between clauses.") \
	R(stop, "The sentence ends here.") \
	R(question, "This asks something.") \
	R(pronoun, "\"I\" is written with a capital.") \
	R(lower, "The sentence goes on here.") \
	R(code, "Short codes are written with capitals.") \
	R(name, "A name, as it is usually written.") \
	R(start, "A sentence begins with a capital.")

#define DOUBT_REASONS(R) \
	R(unknown, "No word that is known.") \
	R(near_term, "Sounds like a term of the glossary, but not enough.")

#define R(name) extern const char decided_##name[];
DECISION_REASONS(R)
#undef R
#define R(name, text) extern const char why_##name[];
CHANGE_REASONS(R)
DOUBT_REASONS(R)
#undef R

/* The lists, each NULL at the end. */
extern const char *const decision_reasons[], *const change_reasons[], *const doubt_reasons[];

#endif
