/* SPDX-License-Identifier: ISC
 *
 * turn.h - a turn as JSON (api.md, "Turns"), composed in one place so that an answer, an event and a list agree.
 */
#ifndef CC_WIRE_TURN_H
#define CC_WIRE_TURN_H

#include "common/base/buf.h"
#include "common/base/uuid.h"

struct turn {
	struct uuid turn_id, conversation_id;
	uint32_t seq;
	struct slice speaker, raw_text;
	struct slice cleaned_text; /* NULL pointer while queued */
	struct slice state;        /* "queued", "done", "failed" */
	uint32_t revision;
	int64_t created_at;        /* wall us */
	int64_t started_at, ended_at; /* wall us, as the caller gave them; 0: not given, left out */
	struct slice metadata;     /* the JSON object that turn_metadata_write made; empty gives null */
};

void turn_write_json(struct buf *out, const struct turn *turn);

struct turn_metadata {
	struct slice confidence;      /* "HIGH", "MEDIUM", "LOW" */
	bool applied;                 /* cleaned differs from raw */
	struct slice level;           /* "none", "light", "full" */
	struct slice reason;          /* the decision's code */
	uint64_t processing_ns;       /* the gateway's receipt to the final commit's start */
	const char *const *contexts;
	size_t context_count;
	struct slice model;           /* NULL pointer: none */
	struct slice prompt;          /* NULL pointer: none, left out; else the hash of what the model was told */
	struct slice fallback;        /* NULL pointer: none; else local cached deadline raw .. */
	struct slice fallback_cause;  /* NULL pointer: none, left out; else what happened to the model's answer */
	uint64_t crashes, retries;    /* cleaners that died over it, that gave it back; both left out when both are 0 */
	struct slice source;          /* NULL pointer: the first revision, left out; else who made this one */
	struct slice timings;         /* JSON object {stage: ms}; empty gives {} */
	struct slice corrections;     /* JSON array; empty gives [] */
	struct slice doubtful;        /* likewise: words that are likely misheard */
};

void turn_metadata_write(struct buf *out, const struct turn_metadata *m);

#endif
