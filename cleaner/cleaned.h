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

enum {
	CLEANED_CONTEXTS = 32,	   /* names kept of a turn's contexts; the engine knows as many at most */
	CLEANED_EVIDENCE_BYTES = 64 /* of a word of the contexts file that is told; a longer one is not */
};

struct cleaned {
	struct buf text, corrections, doubtful; /* the latter two as JSON */
	struct buf doubts; /* the doubtful words, one a line: for the windows of the turns after it */
	bool applied;		      /* text differs from the raw text */
	bool failed;		      /* given up: text is the raw text */
	enum confidence confidence;
	enum clean_level level;
	const char *reason;			/* static text */
	const char *fallback;			/* static text: api.md's, or NULL */
	const char *contexts[CLEANED_CONTEXTS]; /* static or the engine's text */
	struct context_evidence evidence[CLEANED_CONTEXTS]; /* of each context; no term: not known */
	size_t context_count;
	char model[128];		       /* that answered or was asked in vain; empty: none */
	const char *fallback_cause;	       /* static text: why the model's answer is not here, or NULL */
	const char *prompt;		       /* static text: the hash of what the model was told, or NULL */
	uint64_t crashes, retries;	       /* of cleaners before this one */
	unsigned revision;		       /* of a late answer: names its corrections; 0: the first */
	uint64_t model_ns, parse_ns, judge_ns; /* of the model's answer; 0: none */
	uint64_t error_ns;		       /* from the model's last failure to the local answer; 0: none */
	uint64_t queue_ns, window_ns;	       /* waited in the queue; building the window */
	uint64_t stage_ns[STAGE_COUNT];
	enum engine_stage stage; /* the one that runs, and since when */
	uint64_t stage_since_ns;
};

void cleaned_init(struct cleaned *c);
void cleaned_finish(struct cleaned *c);

/* The turn as the engine takes it. around: its window, glossary and suppressed pairs; what the job says is put
 * in here. Borrows from both. */
struct clean_input cleaned_input(const struct msg_job *job, const struct clean_input *around);

/* Cleans the turn with the local engine; around as above. `now_ns` is the clock that stages are timed by.
 * Returns the engine's own result, which stands until the workspace's next use. */
const struct clean_result *cleaned_by_engine(struct cleaned *c, struct engine_workspace *ws,
	const struct msg_job *job, const struct clean_input *around, uint64_t (*now_ns)(void));

/* Takes another result in the place of the one before. False, and nothing is changed, when it is longer than
 * an answer may be. */
must_check bool cleaned_take(struct cleaned *c, const struct clean_result *result, struct slice raw);

/* Begins revision `revision` of a turn: all that is known of it but text and corrections, for cleaned_take. */
void cleaned_begin_revision(struct cleaned *c, const struct cleaned *before, unsigned revision);

/* The answer to a turn that is given up: its raw text. cause is static text for `level_reason`. */
void cleaned_give_up(struct cleaned *c, const struct msg_job *job, const char *cause);

/* Writes what made context i active in turn seq: its word and where that stands, `marketing ("facebook" in turn 3)`.
 * A word of the contexts file, never more of the text. */
void cleaned_context_reason(const struct cleaned *c, size_t i, uint64_t seq, struct buf *out);

/* The turn's metadata object (api.md). processing_ns is from the gateway's receipt to now. */
void cleaned_metadata(const struct cleaned *c, uint64_t processing_ns, struct buf *out);

#endif
