/* SPDX-License-Identifier: ISC
 *
 * llm_inside.h - the client's parts, for each other: llm_open.c, llm.c (questions in and out), flight.c (one
 * HTTP call with its questions), health.c (breakers, shared through Redis, and the calls that probe and
 * warm).
 *
 * A question is a struct job; those who wait for its answer are its waiters. A job is in exactly one place:
 * looked up in the cache, gathered for a batch, in a flight, or waiting to be tried again; it is freed when
 * it is in none and nobody waits.
 */
#ifndef CC_LLM_INSIDE_H
#define CC_LLM_INSIDE_H

#include "cleaner/llm/answer.h"
#include "cleaner/llm/hedge.h"
#include "cleaner/llm/llm.h"
#include "cleaner/llm/policy.h"
#include "cleaner/llm/transport.h"
#include "common/store/redis.h"

#include <ev.h>

struct service {
	const struct llm_provider *provider;
	char *url;
	char *key_header; /* "Name: key", or empty */
	uint64_t used_ms; /* when it was last called: a quiet one is pinged */
	struct http_call *ping;
};

struct model {
	struct llm *llm;
	struct service *service;
	char name[LLM_MODEL_BYTES];
	struct breaker breaker;
	struct http_call *probe;
	bool wanted;	     /* a question was turned away since the last probe */
	bool loose;	     /* it refused our schema once */
	uint64_t took_ms;    /* moving average of good answers; model_typical_ms says whether it still counts */
	uint64_t took_at_ms; /* when the last one came */
	struct hedge hedge;
	uint64_t changed;    /* llm.polls at the last change of the breaker: older polls are stale */
	char redis_key[LLM_MODEL_BYTES + 48];
};

struct llm_waiter {
	struct job *job;
	struct llm_waiter *next;
	uint64_t deadline_ns;
	bool overdue;	/* its turn does not wait any more */
	ev_timer timer; /* the deadline */
	bool (*told)(const struct llm_told *told, void *arg);
	void *arg;
};

struct flight;

struct job {
	struct llm *llm;
	struct job *next, *prev;
	char key[PROMPT_HASH_BYTES];
	char *item; /* owned */
	size_t item_bytes, raw_bytes;
	char trace[64];
	struct llm_waiter *waiters;
	size_t model;	       /* index of the one being asked */
	unsigned tries;	       /* of it */
	struct flight *flight; /* or NULL */
	bool looking;	       /* a cache reply is to come */
	bool gathering;
	bool over; /* answered: only the cache's reply may still come */
	bool loose;
	bool alone;	    /* a batch with it went wrong */
	uint64_t failed_ns; /* when the last try failed, and of what; 0: none did */
	enum llm_outcome last;
	ev_timer timer; /* the cache's guard, or the next try */
};

enum { FLIGHT_CALLS = 2 /* the call, and its hedge */ };

struct flight {
	struct llm *llm;
	struct model *model;
	struct flight_call {
		struct flight *flight;
		struct http_call *http; /* NULL: not made, or over */
	} calls[FLIGHT_CALLS];
	ev_timer hedge; /* until the second call */
	uint64_t began_ns;
	bool over; /* its jobs are being told */
	bool slow; /* that it takes too long was heard */
	struct job *jobs[LLM_BATCH_TURNS];
	size_t count;
	bool schema;
};

struct llm {
	struct ev_loop *loop;
	struct redis *redis;
	struct transport *transport;
	enum llm_thinking thinking;
	uint64_t cache_s, gather_ms;
	unsigned hedge_percent;
	struct service services[LLM_SERVICES];
	struct model models[LLM_MODELS];
	size_t model_count;
	struct job *jobs;
	size_t job_count;
	struct job *gathered[LLM_BATCH_TURNS];
	size_t gathered_count;
	ev_timer gather, tick;
	uint64_t polls, ticks;
	bool polling; /* a poll's reply is to come */
	bool closed;  /* freed when it has */
	bool cache_only;
	void (*called)(const struct llm_call *call, void *arg);
	void *called_arg;
	uint64_t dice;
	struct llm_counts counts;
	struct buf scratch, body;
};

uint64_t llm_now_ms(void);
double llm_chance(struct llm *llm);
uint64_t model_typical_ms(const struct model *m); /* of a good answer; 0: not known */
void model_took(struct model *m, uint64_t ms);
uint64_t job_left_ms(const struct job *job); /* to the last waiter's deadline */

/* llm.c */
void llm_on_gather(struct ev_loop *loop, ev_timer *w, int revents); /* the batch's time is up */
void job_give_up(struct job *job, enum llm_outcome outcome);
void job_ask(struct job *job);			       /* sends it to the model of its index or a later one */
void job_done(struct job *job, struct llm_told *told); /* answers its waiters; the job may be gone after */
void job_failed(
	struct job *job, enum llm_outcome outcome, const struct llm_retry_facts *retry, uint64_t failed_ns);

/* flight.c */
void flight_send(struct llm *llm, struct model *model, struct job *const *jobs, size_t count);
void flight_leave(struct job *job); /* takes it out; a flight without jobs is cancelled */
void flight_is_slow(struct flight *f); /* somebody's time is up: counts against the model, once a flight */

/* health.c */
void health_open(struct llm *llm);
void health_heard(struct model *model, enum llm_outcome outcome, uint64_t wait_ms);
void health_tick(struct llm *llm);

#endif
