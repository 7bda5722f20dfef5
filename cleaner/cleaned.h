/* SPDX-License-Identifier: ISC
 *
 * cleaned.h - what cleaning made of one turn, kept from the engine's answer until the commit: text,
 * corrections, contexts, how long each stage took.
 *
 * Pure. An engine's result stands only until the workspace's next use, so all of it is copied or already JSON
 * here. A model's answer, which takes its time, ends in the same struct: the commit does not know who
 * cleaned.
 */
#ifndef CC_CLEANER_CLEANED_H
#define CC_CLEANER_CLEANED_H

#include "cleaner/engine/engine.h"
#include "common/wire/message.h"

enum { CLEANED_CONTEXTS = 32 /* names kept of a turn's contexts; the engine knows as many at most */ };

struct cleaned {
	struct buf text, corrections; /* the corrections as JSON */
	bool applied;		      /* text differs from the raw text */
	bool failed;		      /* given up: text is the raw text */
	enum confidence confidence;
	enum clean_level level;
	const char *reason;			/* static text */
	const char *fallback;			/* static text: api.md's, or NULL */
	const char *contexts[CLEANED_CONTEXTS]; /* static or the engine's text */
	size_t context_count;
	uint64_t queue_ns, window_ns; /* waited in the queue; building the window */
	uint64_t stage_ns[STAGE_COUNT];
	enum engine_stage stage; /* the one that runs, and since when */
	uint64_t stage_since_ns;
};

void cleaned_init(struct cleaned *c);
void cleaned_finish(struct cleaned *c);

/* Cleans the turn with the local engine. around: its window, glossary and suppressed pairs; what the job says
 * is put in here. `now_ns` is the clock that stages are timed by. */
void cleaned_by_engine(struct cleaned *c, struct engine_workspace *ws, const struct msg_job *job,
	const struct clean_input *around, uint64_t (*now_ns)(void));

/* The answer to a turn that is given up: its raw text. cause is static text for `level_reason`. */
void cleaned_give_up(struct cleaned *c, const struct msg_job *job, const char *cause);

/* The turn's metadata object (api.md). processing_ns is from the gateway's receipt to now. */
void cleaned_metadata(const struct cleaned *c, uint64_t processing_ns, struct buf *out);

#endif
