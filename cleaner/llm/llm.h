/* SPDX-License-Identifier: ISC
 *
 * llm.h - asks a language model for cleaned turns: always an outcome, always within the turn's deadline.
 *
 * One struct llm is a process's client of one or two services with their models in order of preference. A
 * question goes to the first model whose breaker is closed; what fails is retried, or asked of the next, as
 * far as the deadline allows (policy.h). Answers that were accepted are kept in Redis, under the exact
 * question; the same question under way is asked once. While a breaker is open a question costs a look in
 * that cache and nothing else: the client sees by calls of its own whether the model is back. Breakers are
 * shared with other cleaners through Redis, and outlive this process there.
 *
 * Ownership: llm_ask copies the item. A waiter is gone when its callback returns or it is cancelled.
 */
#ifndef CC_LLM_LLM_H
#define CC_LLM_LLM_H

#include "cleaner/llm/breaker.h"
#include "cleaner/llm/prompt.h"
#include "cleaner/llm/provider.h"

struct ev_loop;
struct redis;
struct llm;
struct llm_waiter;

enum {
	LLM_IN_FLIGHT =
		256,	/* questions under way, a connection each over HTTP/1.1; more are answered LLM_FULL */
	LLM_MODELS = 8, /* of all services together */
	LLM_SERVICES = 2, /* the first, and the one to fall back on */
	LLM_ASKERS = 64,  /* of one call that are named to `called`: eight turns, each asked by eight */
};

struct llm_service_config {
	const char *provider; /* llm_provider_names; empty: no such service */
	const char *url;      /* "https://host" or "http://host:port/v1": what the provider's paths follow */
	const char *models;   /* names separated by commas or spaces, the preferred first */
	const char *key;      /* may be empty */
};

/* A call that is over: what it came to, and what it cost. */
struct llm_call {
	const char *provider, *model; /* as configured */
	const char *tier;	      /* that served it, as the service says; empty: it does not say */
	enum llm_outcome outcome;
	bool probe;    /* asks whether the model is back: no turn's */
	bool answered; /* usage is what the reply says; else nobody told us what the call cost */
	struct llm_usage usage;
	uint64_t took_ns;
	void *const *askers; /* llm_ask.arg of those who still wait for it */
	size_t asker_count;
};

struct llm_config {
	struct llm_service_config services[LLM_SERVICES];
	enum llm_thinking thinking;
	const char *ca_file;
	uint64_t cache_s;   /* seconds that an answer is kept in Redis; 0: no cache */
	uint64_t gather_ms; /* micro-batching: wait this long for more turns to share a call; 0: one call a
			       turn */
	unsigned hedge_percent; /* of the calls may be made again beside themselves (hedge.h); 0: none */
	void (*called)(const struct llm_call *call, void *arg); /* told of every call; may be NULL */
	void *called_arg;
};

/* What is wrong with a configuration, as a sentence for the operator; NULL: nothing. An empty first provider
 * is right. */
const char *llm_config_error(const struct llm_config *config);

struct llm_told {
	enum llm_outcome outcome;
	struct slice text; /* LLM_OK: the cleaned turn as the model has it, valid UTF-8, not yet judged */
	bool cached;
	bool model_down;	     /* cached, and no model may be asked now */
	const char *model;	     /* as configured; NULL when none was asked */
	const struct slice *foreign; /* the words of the other items of the same call */
	size_t foreign_count;
	struct llm_usage usage; /* of the call, shared by all its items */
	uint64_t call_ns;	/* the answering call: request to last byte; 0: none was made */
	uint64_t parse_ns;
	uint64_t failed_ns; /* clock_mono_ns when the last failure came; 0: none did */
};

struct llm_ask {
	struct slice item;    /* prompt_item_write's */
	size_t raw_bytes;     /* of the turn */
	uint64_t deadline_ns; /* of clock_mono_ns: the answer by then, or LLM_TIMED_OUT */
	struct slice trace;   /* traceparent, or empty */
	/* Called once, never before llm_ask returns. With LLM_OK it says whether the answer stood before the
	 * judge. */
	bool (*told)(const struct llm_told *told, void *arg);
	void *arg;
};

/* redis may be NULL: then no cache and no sharing. NULL when the first service has no provider: nothing is to
 * be asked. config's strings are copied. */
struct llm *llm_open(struct ev_loop *loop, struct redis *redis, const struct llm_config *config);
void llm_close(struct llm **llm); /* answers what waits with LLM_CANCELLED */

/* Redis has come (back): asks it at once which breakers the other cleaners have opened. What is sent on the
 * same connection afterwards is answered after this, so that no turn that is leased from now on asks a model
 * which they know to be away. */
void llm_redis_up(struct llm *llm);

struct llm_waiter *llm_ask(struct llm *llm, const struct llm_ask *ask);
void llm_cancel(struct llm_waiter *waiter); /* its callback is not called */

/* The turn has gone out without the answer, which may still come: counts against the model as a time-out
 * does. */
void llm_overdue(struct llm_waiter *waiter);

void llm_set_gather(struct llm *llm, uint64_t ms); /* micro-batching on or off while running */
void llm_set_cache_only(struct llm *llm, bool on); /* kept answers only; all else is LLM_CACHE_ONLY */

struct llm_counts {
	uint64_t asked, calls, cached, merged, batched, probes, retries, overdue;
	uint64_t hedges, hedges_won;	      /* second calls beside slow ones, not among `calls` */
	uint64_t outcomes[LLM_OUTCOME_COUNT]; /* of questions, as told */
	struct llm_usage usage;
};
const struct llm_counts *llm_counts(const struct llm *llm);

/* The i-th model's breaker, or false past the last: for status lines. */
must_check bool llm_model(const struct llm *llm, size_t i, const char **name, enum breaker_state *state);

#endif
