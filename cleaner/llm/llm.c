/* SPDX-License-Identifier: ISC
 *
 * llm.c - see llm.h: questions in, cache, batches, answers out.
 */
#include "cleaner/llm/llm_inside.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/uuid.h"
#include "common/base/xalloc.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	CACHE_WAIT_MS = 15, /* for the cache's reply; then the model is asked without it */
};

uint64_t llm_now_ms(void)
{
	return clock_mono_ns() / NS_PER_MS;
}

double llm_chance(struct llm *llm)
{
	llm->dice ^= llm->dice << 13;
	llm->dice ^= llm->dice >> 7;
	llm->dice ^= llm->dice << 17;
	return (double)(llm->dice >> 11) / 9007199254740992.0; /* 2^53 */
}

/* --- how long a model takes --- */

uint64_t model_typical_ms(const struct model *m)
{
	return policy_typical_ms(m->took_ms, llm_now_ms() - m->took_at_ms);
}

void model_took(struct model *m, uint64_t ms)
{
	uint64_t typical = model_typical_ms(m);

	m->took_ms = typical ? (typical * 7 + ms) / 8 : ms;
	m->took_at_ms = llm_now_ms();
}

/* --- a waiter --- */

static void waiter_free(struct llm *llm, struct llm_waiter *w)
{
	ev_timer_stop(llm->loop, &w->timer);
	free(w);
}

static bool tell(struct llm *llm, struct llm_waiter *w, const struct llm_told *told)
{
	bool (*fn)(const struct llm_told *, void *) = w->told;
	void *arg = w->arg;
	bool stood;

	waiter_free(llm, w);
	stood = fn(told, arg);
	llm->counts.outcomes[told->outcome == LLM_OK && !stood ? LLM_NOT_THE_TURN : told->outcome]++;
	return stood;
}

/* --- a job --- */

static void job_unlink(struct job *job)
{
	struct llm *llm = job->llm;

	if (job->prev)
		job->prev->next = job->next;
	else
		llm->jobs = job->next;
	if (job->next)
		job->next->prev = job->prev;
	llm->job_count--;
}

static void ungather(struct job *job)
{
	struct llm *llm = job->llm;
	size_t kept = 0;

	if (!job->gathering)
		return;
	job->gathering = false;
	for (size_t i = 0; i < llm->gathered_count; i++)
		if (llm->gathered[i] != job)
			llm->gathered[kept++] = llm->gathered[i];
	llm->gathered_count = kept;
}

/* Out of all places but the cache's; freed when that has answered too. */
static void job_end(struct job *job)
{
	if (!job->over) {
		job->over = true;
		job_unlink(job);
		ungather(job);
		ev_timer_stop(job->llm->loop, &job->timer);
		if (job->flight)
			flight_leave(job);
	}
	if (job->looking)
		return;
	free(job->item);
	free(job);
}

uint64_t job_left_ms(const struct job *job)
{
	uint64_t now = clock_mono_ns(), last = 0;

	for (const struct llm_waiter *w = job->waiters; w; w = w->next)
		if (w->deadline_ns > last)
			last = w->deadline_ns;
	return last > now ? (last - now) / NS_PER_MS : 0;
}

static void keep_answer(struct llm *llm, const char *key, struct slice text)
{
	char name[PROMPT_HASH_BYTES + 16], seconds[24];
	struct slice argv[] = {SLICE("SET"), {NULL, 0}, text, SLICE("EX"), {NULL, 0}};

	snprintf(name, sizeof name, "cc:llm:answer:%s", key);
	snprintf(seconds, sizeof seconds, "%llu", (unsigned long long)llm->cache_s);
	argv[1] = slice_str(name);
	argv[4] = slice_str(seconds);
	redis_send(llm->redis, argv, countof(argv), NULL, NULL);
}

void job_done(struct job *job, struct llm_told *told)
{
	struct llm *llm = job->llm;
	struct llm_waiter *waiters = job->waiters, *next;
	struct model *model = told->call_ns ? &llm->models[job->model] : NULL;
	bool first_choice = job->model == 0, stood = false;
	char key[PROMPT_HASH_BYTES];

	memcpy(key, job->key, sizeof key);
	told->failed_ns = told->failed_ns ? told->failed_ns : job->failed_ns;
	job->waiters = NULL;
	job_end(job); /* before the callbacks: they may ask the same again */
	for (; waiters; waiters = next) {
		next = waiters->next;
		stood |= tell(llm, waiters, told);
	}
	if (told->outcome != LLM_OK)
		return;
	if (model)
		health_heard(model, stood ? LLM_OK : LLM_NOT_THE_TURN, 0);
	if (stood && !told->cached && first_choice && llm->cache_s && llm->redis)
		keep_answer(llm, key, told->text);
}

void job_give_up(struct job *job, enum llm_outcome outcome)
{
	bool asked = job->tries || job->failed_ns;
	struct llm_told told = {
		.outcome = outcome, .model = asked ? job->llm->models[job->model].name : NULL};

	job_done(job, &told);
}

/* The first model from index `from` that may be asked; model_count when there is none. */
static size_t askable(struct llm *llm, size_t from)
{
	for (size_t i = from; i < llm->model_count; i++) {
		if (breaker_closed(&llm->models[i].breaker))
			return i;
		llm->models[i].wanted = true;
	}
	return llm->model_count;
}

static void send_gathered(struct llm *llm)
{
	struct job *jobs[LLM_BATCH_TURNS];
	size_t count = llm->gathered_count;

	ev_timer_stop(llm->loop, &llm->gather);
	memcpy(jobs, llm->gathered, sizeof jobs);
	llm->gathered_count = 0;
	for (size_t i = 0; i < count; i++)
		jobs[i]->gathering = false;
	if (count)
		flight_send(llm, &llm->models[jobs[0]->model], jobs, count);
}

void llm_on_gather(struct ev_loop *loop, ev_timer *w, int revents)
{
	send_gathered(w->data);
}

/* Waits for others to share a call with; only those for the same model may. */
static void gather(struct job *job)
{
	struct llm *llm = job->llm;

	if (llm->gathered_count && llm->gathered[0]->model != job->model)
		send_gathered(llm);
	job->gathering = true;
	llm->gathered[llm->gathered_count++] = job;
	if (llm->gathered_count == LLM_BATCH_TURNS) {
		send_gathered(llm);
	} else if (llm->gathered_count == 1) {
		ev_timer_set(&llm->gather, (double)llm->gather_ms / 1e3, 0);
		ev_timer_start(llm->loop, &llm->gather);
	}
}

void job_ask(struct job *job)
{
	struct llm *llm = job->llm;
	size_t model = askable(llm, job->model);

	if (llm->cache_only) {
		if (!job->looking) /* a late reply is the only one there can be */
			job_give_up(job, job->failed_ns ? job->last : LLM_CACHE_ONLY);
		return;
	}
	if (llm->job_count > LLM_IN_FLIGHT && !job->failed_ns) {
		job_give_up(job, LLM_FULL);
		return;
	}
	if (model == llm->model_count) {
		job_give_up(job, job->failed_ns ? job->last : LLM_BREAKER_OPEN);
		return;
	}
	if (model != job->model) {
		job->model = model;
		job->tries = 0;
	}
	if (!policy_may_begin(job_left_ms(job), model_typical_ms(&llm->models[model]))) {
		job_give_up(job, job->failed_ns ? job->last : LLM_NO_TIME);
		return;
	}
	job->tries++;
	if (llm->gather_ms && !job->alone && job->tries == 1 && !job->loose)
		gather(job);
	else
		flight_send(llm, &llm->models[model], &job, 1);
}

void job_failed(
	struct job *job, enum llm_outcome outcome, const struct llm_retry_facts *retry, uint64_t failed_ns)
{
	struct llm *llm = job->llm;
	struct model *model = &llm->models[job->model];
	struct policy_case c = {outcome, *retry, job_left_ms(job), model_typical_ms(model), job->tries,
		askable(llm, job->model + 1) < llm->model_count, !job->loose && !model->loose,
		llm_chance(llm)};
	uint64_t wait_ms;

	job->failed_ns = failed_ns;
	job->last = outcome;
	switch (policy_next(&c, &wait_ms)) {
	case STEP_GIVE_UP:
		job_give_up(job, outcome);
		return;
	case STEP_LOOSEN:
		job->loose = true;
		wait_ms = 0;
		break;
	case STEP_RETRY:
		break;
	case STEP_NEXT_MODEL:
		job->model++;
		job->tries = 0;
		wait_ms = 0;
		break;
	}
	llm->counts.retries++;
	ev_timer_set(&job->timer, (double)wait_ms / 1e3, 0);
	ev_timer_start(llm->loop, &job->timer);
}

static void on_job_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	job_ask(w->data); /* the cache did not answer in time, or a retry is due */
}

static void take_cached(struct job *job, const redisReply *reply, struct llm_told *told)
{
	struct llm *llm = job->llm;

	ev_timer_stop(llm->loop, &job->timer);
	told->model = llm->models[0].name;
	told->model_down = llm->cache_only || !breaker_closed(&llm->models[0].breaker);
	told->text = reply ? redis_str(reply) : slice_of(NULL, 0);
	if (told->text.n) {
		llm->counts.cached++;
		job_done(job, told);
	} else {
		job_ask(job);
	}
}

static void on_cache(const redisReply *reply, void *arg)
{
	struct job *job = arg;
	struct llm_told told = {.outcome = LLM_OK, .cached = true};

	job->looking = false;
	if (job->over) {
		job_end(job); /* the client may be closed by now */
		return;
	}
	if (job->flight || job->gathering)
		return; /* too late: the model is being asked */
	take_cached(job, reply, &told);
}

static void look_up(struct job *job)
{
	char name[PROMPT_HASH_BYTES + 16];
	struct slice argv[] = {SLICE("GET"), {NULL, 0}};

	snprintf(name, sizeof name, "cc:llm:answer:%s", job->key);
	argv[1] = slice_str(name);
	job->looking = true;
	ev_timer_set(&job->timer, CACHE_WAIT_MS / 1e3, 0);
	ev_timer_start(job->llm->loop, &job->timer);
	redis_send(job->llm->redis, argv, countof(argv), on_cache, job);
}

static void begin_soon(struct job *job)
{
	ev_timer_set(&job->timer, 0, 0);
	ev_timer_start(job->llm->loop, &job->timer);
}

static struct job *job_new(struct llm *llm, const struct llm_ask *ask, const char *key)
{
	struct job *job = xcalloc(1, sizeof *job);

	job->llm = llm;
	memcpy(job->key, key, sizeof job->key);
	job->item = xmemdup(ask->item.p, ask->item.n);
	job->item_bytes = ask->item.n;
	job->raw_bytes = ask->raw_bytes;
	if (ask->trace.n < sizeof job->trace)
		snprintf(job->trace, sizeof job->trace, "%.*s", (int)ask->trace.n,
			ask->trace.n ? ask->trace.p : "");
	ev_init(&job->timer, on_job_timer);
	job->timer.data = job;
	job->next = llm->jobs;
	if (llm->jobs)
		llm->jobs->prev = job;
	llm->jobs = job;
	llm->job_count++;
	return job;
}

static struct job *same_question(struct llm *llm, const char *key)
{
	for (struct job *job = llm->jobs; job; job = job->next)
		if (memcmp(job->key, key, sizeof job->key) == 0)
			return job;
	return NULL;
}

static void leave(struct llm_waiter *w)
{
	struct job *job = w->job;

	for (struct llm_waiter **at = &job->waiters; *at; at = &(*at)->next)
		if (*at == w) {
			*at = w->next;
			break;
		}
	if (!job->waiters)
		job_end(job);
}

static void on_deadline(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct llm_waiter *w = timer->data;
	struct job *job = w->job;
	struct llm *llm = job->llm;
	bool asked = job->flight != NULL;
	struct model *model = &llm->models[job->model];
	struct llm_told told = {.outcome = asked ? LLM_TIMED_OUT : LLM_NO_TIME,
		.model = asked ? model->name : NULL,
		.failed_ns = asked ? clock_mono_ns() : 0};

	if (asked && !w->overdue) /* else it was heard then */
		flight_is_slow(job->flight);
	leave(w);
	tell(llm, w, &told);
}

static void start_deadline(struct llm *llm, struct llm_waiter *w)
{
	uint64_t now = clock_mono_ns();

	ev_now_update(llm->loop); /* the loop's time may be that of the work before */
	ev_timer_init(
		&w->timer, on_deadline, w->deadline_ns > now ? (double)(w->deadline_ns - now) / 1e9 : 0, 0);
	w->timer.data = w;
	ev_timer_start(llm->loop, &w->timer);
}

struct llm_waiter *llm_ask(struct llm *llm, const struct llm_ask *ask)
{
	char key[PROMPT_HASH_BYTES];
	struct llm_waiter *w = xcalloc(1, sizeof *w);
	struct job *job;

	prompt_cache_key(key, slice_str(llm->models[0].name), ask->item);
	llm->counts.asked++;
	job = same_question(llm, key);
	llm->counts.merged += job != NULL;
	*w = (struct llm_waiter){.deadline_ns = ask->deadline_ns, .told = ask->told, .arg = ask->arg};
	start_deadline(llm, w);
	if (!job) {
		job = job_new(llm, ask, key);
		if (llm->redis && llm->cache_s && redis_is_up(llm->redis))
			look_up(job);
		else
			begin_soon(job);
	}
	w->job = job;
	w->next = job->waiters;
	job->waiters = w;
	return w;
}

void llm_cancel(struct llm_waiter *w)
{
	struct llm *llm = w->job->llm;

	leave(w);
	waiter_free(llm, w);
}

void llm_overdue(struct llm_waiter *w)
{
	struct job *job = w->job;

	w->overdue = true;
	job->llm->counts.overdue++;
	if (job->flight)
		flight_is_slow(job->flight);
}
