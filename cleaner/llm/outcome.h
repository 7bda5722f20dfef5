/* SPDX-License-Identifier: ISC
 *
 * outcome.h - everything that asking a language model can come to, by name, and what each means for the next
 * step.
 *
 * One row a case (llm-api.md, list 7, and what a network can do): the codecs, the judge and the transport
 * give one, the policy and the breaker read their columns, the counters count by it. Nothing else tells
 * failures apart.
 */
#ifndef CC_LLM_OUTCOME_H
#define CC_LLM_OUTCOME_H

/* What can help. */
enum llm_remedy {
	REMEDY_NONE,	   /* nothing: use the answer, or the local engine's */
	REMEDY_RETRY,	   /* the same call again, after what the server asked for */
	REMEDY_LOOSEN,	   /* the same call again, with no schema */
	REMEDY_NEXT_MODEL, /* another model of the list */
};

/* What it says about the model's health. */
enum llm_health {
	HEALTH_GOOD,  /* it is there: a wrong answer is still an answer */
	HEALTH_BAD,   /* it counts towards opening the breaker */
	HEALTH_DOUBT, /* an answer of no use: one turn's fault, but many in a row are the model's; counts half
		       */
	HEALTH_PAUSE, /* it named a time: closed until then, nothing counted */
	HEALTH_GONE,  /* it will not come back soon by waiting: open at once, looked at again now and then */
	HEALTH_DAY,   /* the day's quota: open until its reset */
	HEALTH_UNKNOWN, /* we did not ask, or did not wait */
};

/* O(NAME, "name", remedy, health) */
#define LLM_OUTCOMES(O)                                                                                      \
	O(OK, "ok", REMEDY_NONE, HEALTH_GOOD)                                                                \
	O(EMPTY, "empty", REMEDY_NEXT_MODEL, HEALTH_BAD)	      /* it stopped without a word */        \
	O(TRUNCATED, "truncated", REMEDY_NEXT_MODEL, HEALTH_BAD)      /* out of output tokens */             \
	O(BLOCKED_PROMPT, "blocked_prompt", REMEDY_NONE, HEALTH_GOOD) /* the words, not the model */         \
	O(BLOCKED_ANSWER, "blocked_answer", REMEDY_NONE, HEALTH_GOOD)                                        \
	O(RECITATION, "recitation", REMEDY_NONE, HEALTH_GOOD)                                                \
	O(REFUSED, "refused", REMEDY_NONE, HEALTH_DOUBT)	   /* the `refusal` member */                \
	O(ODD_STOP, "odd_stop", REMEDY_NEXT_MODEL, HEALTH_BAD)	   /* any other or unknown finish reason */  \
	O(BAD_REPLY, "bad_reply", REMEDY_NEXT_MODEL, HEALTH_BAD)   /* 200, but not the interface's JSON */   \
	O(BAD_ANSWER, "bad_answer", REMEDY_NEXT_MODEL, HEALTH_BAD) /* the text is not the JSON asked for */  \
	O(BAD_TEXT, "bad_text", REMEDY_NEXT_MODEL, HEALTH_BAD)	   /* invalid UTF-8, or NUL */              \
	O(DUPLICATE_KEY, "duplicate_key", REMEDY_NEXT_MODEL,                                                 \
		HEALTH_BAD)					 /* two answers in one: neither is taken */  \
	O(WRONG_TURNS, "wrong_turns", REMEDY_NONE, HEALTH_DOUBT) /* a batch with turns missing or twice */   \
	O(NOT_THE_TURN, "not_the_turn", REMEDY_NONE,                                                         \
		HEALTH_DOUBT) /* the judge: an answer to it, a refusal .. */                                 \
	O(QUOTA_MINUTE, "quota_minute", REMEDY_RETRY, HEALTH_PAUSE)                                          \
	O(QUOTA_DAY, "quota_day", REMEDY_NEXT_MODEL, HEALTH_DAY)                                             \
	O(QUOTA_SPENT, "quota_spent", REMEDY_NEXT_MODEL,                                                     \
		HEALTH_GONE)					  /* insufficient_quota: no money left */    \
	O(BUSY, "busy", REMEDY_RETRY, HEALTH_BAD)		  /* 429 without details: shared capacity */ \
	O(OVERLOADED, "overloaded", REMEDY_RETRY, HEALTH_BAD)	  /* 503 */                                  \
	O(SERVER_ERROR, "server_error", REMEDY_RETRY, HEALTH_BAD) /* other 5xx, 408, 409 */                  \
	O(SERVER_TIMEOUT, "server_timeout", REMEDY_RETRY, HEALTH_BAD) /* 504 */                              \
	O(BAD_KEY, "bad_key", REMEDY_NEXT_MODEL, HEALTH_GONE)                                                \
	O(FORBIDDEN, "forbidden", REMEDY_NEXT_MODEL, HEALTH_GONE) /* 403, and 400 FAILED_PRECONDITION */     \
	O(NO_MODEL, "no_model", REMEDY_NEXT_MODEL, HEALTH_GONE)	  /* unknown or retired */                   \
	O(BAD_REQUEST, "bad_request", REMEDY_NEXT_MODEL,                                                     \
		HEALTH_BAD) /* our mistake, or not a field of this server */                                 \
	O(SCHEMA_REFUSED, "schema_refused", REMEDY_LOOSEN, HEALTH_GOOD)                                      \
	O(TOO_LONG, "too_long", REMEDY_NONE, HEALTH_GOOD)	    /* the window does not fit the model */  \
	O(NO_CONNECTION, "no_connection", REMEDY_RETRY, HEALTH_BAD) /* refused, no such host, TLS */         \
	O(RESET, "reset", REMEDY_RETRY, HEALTH_BAD)		    /* cut in the middle */                  \
	O(TIMED_OUT, "timed_out", REMEDY_NONE, HEALTH_BAD)   /* the deadline: nothing left to retry in */    \
	O(TOO_BIG, "too_big", REMEDY_NEXT_MODEL, HEALTH_BAD) /* past the bound of a reply */                 \
	O(CANCELLED, "cancelled", REMEDY_NONE, HEALTH_UNKNOWN)                                               \
	O(BREAKER_OPEN, "breaker_open", REMEDY_NONE, HEALTH_UNKNOWN) /* no model may be asked now */         \
	O(NO_TIME, "no_time", REMEDY_NONE, HEALTH_UNKNOWN)	     /* the deadline is too near to try */   \
	O(FULL, "full", REMEDY_NONE, HEALTH_UNKNOWN)		     /* too many calls in flight */          \
	O(CACHE_ONLY, "cache_only", REMEDY_NONE, HEALTH_UNKNOWN)     /* kept answers only, none is kept */   \
	O(FOLLOWS, "model_follows", REMEDY_NONE, HEALTH_UNKNOWN) /* the local answer goes first: never told */

#define LLM_OUTCOME_ENUM(NAME, name, remedy, health) LLM_##NAME,
enum llm_outcome { LLM_OUTCOMES(LLM_OUTCOME_ENUM) LLM_OUTCOME_COUNT };
#undef LLM_OUTCOME_ENUM

struct llm_outcome_row {
	const char *name; /* for logs, counters and a turn's `fallback_cause` */
	enum llm_remedy remedy;
	enum llm_health health;
};

extern const struct llm_outcome_row llm_outcomes[LLM_OUTCOME_COUNT];

#endif
