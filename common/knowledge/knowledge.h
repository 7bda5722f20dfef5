/* SPDX-License-Identifier: ISC
 *
 * knowledge.h - what is known for a turn beside its words: the conversation's and the user's glossary, what
 * was learned, what was rejected, what was shared with the conversation. One statement reads it, at one
 * moment; it becomes what engine_clean takes.
 *
 * Versions only grow. Knowledge whose versions are those of the rows that a commit has locked is what stands
 * at that commit. A struct knowledge owns all its text; a reader borrows it until knowledge_finish.
 */
#ifndef CC_KNOWLEDGE_H
#define CC_KNOWLEDGE_H

#include "cleaner/engine/engine.h"
#include "common/base/uuid.h"
#include "common/store/pg.h"

extern const struct pg_stmt knowledge_stmt;

enum {
	KNOWLEDGE_ACCEPTED = 2,
	KNOWLEDGE_USES = 3,
	KNOWLEDGE_SHARE = 5, /* places of learn.h's bounds among the parameters */
	KNOWLEDGE_PARAMS = 8
};
enum {
	KNOWLEDGE_KIND,
	KNOWLEDGE_A,
	KNOWLEDGE_B,
	KNOWLEDGE_C
}; /* the columns: knowledge.sql says what they hold */

/* The statement's parameters, and what they point into. */
struct knowledge_ask {
	char conversation[UUID_TEXT_BYTES], user[UUID_TEXT_BYTES], bounds[KNOWLEDGE_PARAMS - 2][12];
	struct slice params[KNOWLEDGE_PARAMS];
};

/* conversation may be NULL. */
void knowledge_ask(struct knowledge_ask *ask, const struct uuid *conversation, const struct uuid *user);

struct knowledge {
	int64_t user_version;
	int64_t conversation_version; /* its glossary's, and its rejections' and texts', together; 0 without a
				       * conversation
				       */
	struct glossary_term
		*terms; /* the conversation's first, then the user's, then what was learned; each name once */
	size_t term_count;
	struct suppressed_pair *suppressed;
	size_t suppressed_count;
	struct slice shared;	 /* what was shared with the conversation, a line a text */
	struct slice *spellings; /* what the terms' sounds_like point into */
	char *held;		 /* all text */
	size_t bytes;		 /* of all that, for a cache's bound */
};

/* From the statement's rows. */
void knowledge_read(struct knowledge *k, const PGresult *rows);
void knowledge_finish(struct knowledge *k); /* frees; empty then */

/* Is the conversation there, and the user's? */
bool knowledge_has_conversation(const PGresult *rows);

/* Points an engine's input to it. */
static inline void knowledge_give(const struct knowledge *k, struct clean_input *in)
{
	in->glossary = k->terms;
	in->glossary_count = k->term_count;
	in->suppressed = k->suppressed;
	in->suppressed_count = k->suppressed_count;
	in->conversation_context = k->shared;
}

#endif
