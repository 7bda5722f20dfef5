/* SPDX-License-Identifier: ISC
 *
 * limits.h - every bound that more than one process must agree on: name, unit, reason.
 */
#ifndef CC_WIRE_LIMITS_H
#define CC_WIRE_LIMITS_H

enum {
	LIMIT_RAW_TEXT_BYTES = 16 * 1024,   /* one turn: api.md; ten minutes of speech */
	LIMIT_BODY_BYTES = 64 * 1024,       /* a request's body: api.md; a turn with its words fits */
	LIMIT_BATCH_BODY_BYTES = 1024 * 1024, /* turns:batch: api.md */
	LIMIT_GLOSSARY_BODY_BYTES = 1024 * 1024, /* 400 terms with 16 spellings each fit */
	LIMIT_BATCH_TURNS = 100,            /* turns:batch: api.md */
	LIMIT_CONTEXT_BYTES = 8 * 1024,     /* a shared context's text: api.md */
	LIMIT_WINDOW_TURNS = 10,            /* cleaned turns that a cleaner sees: the issue */
	LIMIT_TOPIC_BYTES = 64,             /* a ZeroMQ topic: "c." or "g." and an id */
	LIMIT_TRACEPARENT_BYTES = 128,      /* W3C trace context, level 1 is 55 */
	LIMIT_NAME_CHARACTERS = 200,        /* a conversation's name: api.md */
	LIMIT_TURN_JSON_BYTES = 1024 * 1024, /* a turn as JSON: 16 KiB of text may hold thousands of corrections */
	LIMIT_FIELD_BYTES = 2 * 1024 * 1024, /* any field of a message: refuses what no sender of ours makes */
	LIMIT_TIMING_SAMPLES = 512,         /* in one timings message: 5 KiB */
	LIMIT_CRASHES = 3,                  /* cleaners that died over a turn before it is given up and answered as failed */
};

#endif
