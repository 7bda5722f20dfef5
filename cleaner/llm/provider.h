/* SPDX-License-Identifier: ISC
 *
 * provider.h - the one interface that every model service is behind: a request composed, a reply read. Pure.
 *
 * A provider is a row of functions. It is given bytes and gives bytes: it opens no socket, knows no key and
 * no clock. A reply of any bytes, hostile ones too, gives exactly one outcome; LLM_OK comes with a non-empty
 * text of valid UTF-8, which is what the model wrote (JSON, if it obeyed; answer.h reads it).
 *
 * Ownership: what llm_reply_finish frees is the reply's; all else is borrowed.
 */
#ifndef CC_LLM_PROVIDER_H
#define CC_LLM_PROVIDER_H

#include "cleaner/llm/outcome.h"
#include "common/base/buf.h"
#include "common/base/slice.h"

#include <stdint.h>

enum {
	LLM_REPLY_BYTES =
		1024 * 1024, /* a reply's body: sixty times the longest answer; more is no answer of ours */
	LLM_REQUEST_BYTES = 1024 * 1024, /* a request's: eight turns with full windows and vocabularies */
	LLM_MODEL_BYTES = 128,		 /* a model's name, with the NUL */
	LLM_COUNT_MOST = 100000000, /* of tokens in a reply, ten times the largest window: more would close
				       the day's budget, and the sums of costs would run over */
};

/* How to ask a model not to think: it costs more time than a turn has. */
enum llm_thinking { THINKING_UNSAID, THINKING_BUDGET_0, THINKING_MINIMAL };

struct llm_request {
	struct slice model;
	struct slice system; /* the fixed part */
	struct slice data;   /* the part of this call */
	bool schema;	     /* hold the model to the answer's schema; else only to JSON */
	enum llm_thinking thinking;
	uint32_t max_tokens; /* of output */
};

/* What a reply's headers say, each as it stands; empty when absent. */
struct llm_headers {
	char content_type[64];
	char retry_after[64];
	char retry_after_ms[24];
	char should_retry[8];
	char server_timing[96];
	char processing_ms[24];
	char tier[24];
	char date[40];
};

struct llm_http_reply {
	long status;
	struct slice body;
	const struct llm_headers *headers;
	int64_t wall_s; /* now, for a Retry-After that is a date */
};

struct llm_usage { /* tokens */
	uint64_t prompt, cached, output, thoughts;
};

struct llm_retry_facts {
	bool asked;	  /* the server named a time */
	uint64_t wait_ms; /* that time */
	bool never;	  /* the server said not to */
};

struct llm_reply {
	enum llm_outcome outcome;
	struct buf text; /* the model's words when outcome is LLM_OK */
	struct llm_usage usage;
	struct llm_retry_facts retry;
	double server_ms;	     /* what the service says it took; 0 when it does not */
	char tier[24];		     /* the tier that served, which may not be the one asked for */
	char model[LLM_MODEL_BYTES]; /* the model that answered, as it calls itself */
	bool retired;		     /* with LLM_NO_MODEL: it was there once */
};

struct llm_provider {
	const char *name;
	const char *key_header; /* "x-goog-api-key: " - the key follows */
	void (*url)(struct buf *out, struct slice base, struct slice model);
	void (*models_url)(
		struct buf *out, struct slice base); /* a GET that costs nothing: keeps the connection warm */
	void (*request)(struct buf *out, const struct llm_request *request);
	void (*reply)(
		struct llm_reply *out, const struct llm_http_reply *http); /* out is zeroed but for text */
};

extern const struct llm_provider llm_gemini, llm_openai;

/* The provider of that name, or NULL. llm_provider_names is what may be said, for messages to the operator.
 */
const struct llm_provider *llm_provider_by_name(struct slice name);
extern const char llm_provider_names[];

/* Reads a whole reply with the provider's function; *out is initialised here. */
void llm_reply_read(
	const struct llm_provider *provider, struct llm_reply *out, const struct llm_http_reply *http);
void llm_reply_finish(struct llm_reply *reply);

/* Takes one header line ("Name: value\r\n") over if it is one of those we read. */
void llm_headers_take(struct llm_headers *headers, struct slice line);

/* Shared by the codecs. */

struct cJSON;

/* The schema of an answer, a JSON object; see answer.h. strict_schema: OpenAI's strict mode takes it as it
 * is. */
extern const char llm_answer_schema[];

/* Parses all of s as JSON, nothing after it but white space; NULL when it is not. The caller deletes it. */
must_check struct cJSON *llm_json_parse(struct slice s);
const char *llm_json_str(const struct cJSON *object, const char *key); /* "" when there is none */
uint64_t llm_json_u64(
	const struct cJSON *object, const char *key); /* 0 when there is none or it is no count */

/* A number of seconds with an optional fraction and unit ("38s", "38.8", "800ms", "6m0s") in milliseconds. */
must_check bool llm_duration_ms(struct slice s, uint64_t *ms);
/* "Please retry in 12.5s." or "800ms" anywhere in a message. */
must_check bool llm_retry_in_message(struct slice message, uint64_t *ms);
/* retry-after-ms, retry-after (seconds or a date) and x-should-retry, into facts. */
void llm_retry_from_headers(const struct llm_headers *headers, int64_t wall_s, struct llm_retry_facts *facts);

/* Sends each `data:` payload of a text/event-stream body to each(); false from it ends the walk. */
void llm_sse_each(struct slice body, bool (*each)(struct slice data, void *arg), void *arg);
bool llm_is_sse(const struct llm_http_reply *http);

/* What a status without a readable body means. */
enum llm_outcome llm_outcome_of_status(long status);

#endif
