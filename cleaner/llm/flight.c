/* SPDX-License-Identifier: ISC
 *
 * flight.c - one HTTP call to a model with the questions that it carries: composed, sent, its answer split
 * among them.
 *
 * A job that leaves (its waiters' deadlines passed) leaves a hole, so that the others' numbers stand; with
 * the last one the call is cancelled. A slow call may be made again beside itself (hedge.h): the first good
 * answer is taken and the other call cancelled; a failure counts only when the other has failed as well.
 */
#include "cleaner/llm/llm_inside.h"

#include "common/base/clock.h"
#include "common/base/xalloc.h"

#include <stdlib.h>

static size_t present(const struct flight *f)
{
	size_t n = 0;

	for (size_t i = 0; i < f->count; i++)
		n += f->jobs[i] != NULL;
	return n;
}

/* Says that the call is over, while those who wait for it still do. reply is NULL when none came. */
static void tell_called(
	const struct flight *f, enum llm_outcome outcome, const struct llm_reply *reply, uint64_t took_ns)
{
	void *askers[LLM_ASKERS];
	struct llm_call call = {.provider = f->model->service->provider->name,
		.model = f->model->name,
		.tier = reply ? reply->tier : "",
		.outcome = outcome,
		.answered = reply != NULL,
		.took_ns = took_ns,
		.askers = askers};

	if (!f->llm->called)
		return;
	if (reply)
		call.usage = reply->usage;
	for (size_t i = 0; i < f->count; i++)
		for (const struct llm_waiter *w = f->jobs[i] ? f->jobs[i]->waiters : NULL;
			w && call.asker_count < countof(askers); w = w->next)
			askers[call.asker_count++] = w->arg;
	f->llm->called(&call, f->llm->called_arg);
}

static void cancel_calls(struct flight *f, enum llm_outcome outcome)
{
	for (size_t i = 0; i < FLIGHT_CALLS; i++) {
		if (!f->calls[i].http)
			continue;
		tell_called(f, outcome, NULL, 0);
		transport_cancel(f->calls[i].http);
		f->calls[i].http = NULL;
	}
}

static bool is_under_way(const struct flight *f)
{
	return f->calls[0].http || f->calls[1].http;
}

static void flight_free(struct flight *f)
{
	ev_timer_stop(f->llm->loop, &f->hedge);
	free(f);
}

void flight_leave(struct job *job)
{
	struct flight *f = job->flight;

	job->flight = NULL;
	for (size_t i = 0; i < f->count; i++)
		if (f->jobs[i] == job)
			f->jobs[i] = NULL;
	if (present(f) || f->over)
		return;
	cancel_calls(f, LLM_TIMED_OUT); /* nobody waits any more */
	flight_free(f);
}

void flight_is_slow(struct flight *f)
{
	if (f->slow)
		return; /* eight turns that share a call are one failure of the model's */
	f->slow = true;
	health_heard(f->model, LLM_TIMED_OUT, 0);
}

/* Every job still there is taken out, in order: what happens to one may not touch the flight any more. */
static void fail_all(struct flight *f, enum llm_outcome outcome, const struct llm_retry_facts *retry)
{
	uint64_t now = clock_mono_ns();

	for (size_t i = 0; i < f->count; i++) {
		struct job *job = f->jobs[i];

		if (!job)
			continue;
		f->jobs[i] = NULL;
		job->flight = NULL;
		job_failed(job, outcome, retry, now);
	}
}

/* Together they did not come back right: each is asked alone. */
static void ask_alone(struct flight *f)
{
	for (size_t i = 0; i < f->count; i++) {
		struct job *job = f->jobs[i];

		if (!job)
			continue;
		f->jobs[i] = NULL;
		job->flight = NULL;
		job->alone = true;
		job_ask(job);
	}
}

/* A hedge that won hides how long the first call would have taken: at least since it began. */
static void learn(struct flight *f)
{
	uint64_t ms = (clock_mono_ns() - f->began_ns) / NS_PER_MS;

	hedge_heard(&f->model->hedge, ms);
	model_took(f->model, ms);
}

static void add_usage(struct llm_usage *sum, const struct llm_usage *u)
{
	sum->prompt += u->prompt;
	sum->cached += u->cached;
	sum->output += u->output;
	sum->thoughts += u->thoughts;
}

/* An item's words without its JSON: what the judge may not find in another's answer. */
static char *plain_words(const struct job *job)
{
	char *text = xstrndup(job->item, job->item_bytes);

	for (char *p = text; *p; p++)
		if (strchr("\"{}[]:,\\", *p))
			*p = ' ';
	return text;
}

static void tell_all(struct flight *f, const struct llm_answer *answer, struct llm_told told)
{
	char *items[LLM_BATCH_TURNS] = {NULL};
	struct slice foreign[LLM_BATCH_TURNS];

	for (size_t i = 0; f->count > 1 && i < f->count; i++)
		if (f->jobs[i])
			items[i] = plain_words(f->jobs[i]);
	for (size_t i = 0; i < f->count; i++) {
		struct job *job = f->jobs[i];

		if (!job)
			continue;
		told.foreign_count = 0;
		for (size_t k = 0; k < f->count; k++)
			if (k != i && items[k])
				foreign[told.foreign_count++] = slice_str(items[k]);
		told.foreign = foreign;
		told.text = slice_str(answer->texts[i]);
		f->jobs[i] = NULL;
		job->flight = NULL;
		job_done(job, &told);
	}
	for (size_t i = 0; i < f->count; i++)
		free(items[i]);
}

/* The last word of the flight, good or bad. */
static void conclude(struct flight *f, struct llm_reply *reply, const struct llm_answer *answer, struct llm_told told)
{
	f->over = true;
	if (told.outcome == LLM_OK) {
		learn(f);
		cancel_calls(f, LLM_CANCELLED);
		tell_all(f, answer, told);
	} else if (f->count > 1 && llm_outcomes[told.outcome].health != HEALTH_PAUSE && reply->outcome == LLM_OK) {
		ask_alone(f);
	} else {
		fail_all(f, told.outcome, &reply->retry);
	}
	f->model->loose |= told.outcome == LLM_SCHEMA_REFUSED; /* for the next ones; these know it */
	flight_free(f);
}

static void settle(struct flight *f, const struct http_done *done, bool hedge)
{
	struct llm *llm = f->llm;
	uint64_t start = clock_mono_ns();
	struct llm_reply reply;
	struct llm_answer answer = {{NULL}};
	struct llm_told told = {.call_ns = done->took_ns, .model = f->model->name};

	llm_reply_read(f->model->service->provider, &reply, &done->reply);
	told.outcome = reply.outcome;
	if (told.outcome == LLM_OK)
		told.outcome = llm_answer_read(buf_view(&reply.text), f->count, &answer);
	told.parse_ns = clock_mono_ns() - start;
	told.usage = reply.usage;
	add_usage(&llm->counts.usage, &reply.usage);
	tell_called(f, told.outcome, &reply, done->took_ns);
	if (told.outcome == LLM_QUOTA_DAY)
		reply.retry.wait_ms = policy_day_reset_ms(done->reply.wall_s);
	if (told.outcome != LLM_OK)
		health_heard(f->model, told.outcome,
			reply.retry.asked || told.outcome == LLM_QUOTA_DAY ? reply.retry.wait_ms : 0);
	llm->counts.hedges_won += hedge && told.outcome == LLM_OK;
	if (told.outcome == LLM_OK || !is_under_way(f))
		conclude(f, &reply, &answer, told);
	llm_answer_finish(&answer);
	llm_reply_finish(&reply);
}

static void on_done(const struct http_done *done, void *arg)
{
	static const struct llm_retry_facts nothing_said;
	struct flight_call *call = arg;
	struct flight *f = call->flight;

	call->http = NULL; /* the transport's to free */
	f->model->service->used_ms = llm_now_ms();
	if (done->outcome == LLM_OK) {
		settle(f, done, call == &f->calls[1]);
		return;
	}
	tell_called(f, done->outcome, NULL, done->took_ns);
	if (done->outcome == LLM_TIMED_OUT)
		flight_is_slow(f);
	else
		health_heard(f->model, done->outcome, 0);
	if (is_under_way(f))
		return;
	f->over = true;
	fail_all(f, done->outcome, &nothing_said);
	flight_free(f);
}

static void compose(struct llm *llm, const struct flight *f, struct buf *url)
{
	struct slice items[LLM_BATCH_TURNS];
	struct llm_request request = {.model = slice_str(f->model->name),
		.system = prompt_fixed(),
		.schema = f->schema,
		.thinking = llm->thinking};
	size_t raw = 0;

	for (size_t i = 0; i < f->count; i++) {
		items[i] = slice_of(f->jobs[i]->item, f->jobs[i]->item_bytes);
		raw += f->jobs[i]->raw_bytes;
	}
	buf_reset(&llm->scratch);
	buf_reset(&llm->body);
	prompt_data_write(&llm->scratch, items, f->count);
	request.data = buf_view(&llm->scratch);
	request.max_tokens = prompt_output_tokens(raw, f->count);
	f->model->service->provider->request(&llm->body, &request);
	f->model->service->provider->url(url, slice_str(f->model->service->url), request.model);
}

static uint64_t longest_left(const struct flight *f)
{
	uint64_t most = 1;

	for (size_t i = 0; i < f->count; i++) {
		uint64_t left = job_left_ms(f->jobs[i]);

		most = left > most ? left : most;
	}
	return most;
}

static void send_call(struct flight *f, struct flight_call *call)
{
	struct llm *llm = f->llm;
	struct buf url;

	buf_init(&url, 2048);
	compose(llm, f, &url);
	call->flight = f;
	call->http = transport_send(
		llm->transport, &(struct http_request){.url = buf_view(&url),
					.key_header = slice_str(f->model->service->key_header),
					.trace = slice_str(f->jobs[0]->trace),
					.body = buf_view(&llm->body),
					.timeout_ms = longest_left(f),
					.fn = on_done,
					.arg = call});
	f->model->service->used_ms = llm_now_ms();
	buf_finish(&url);
}

/* It takes longer than nearly all do. */
static void on_hedge(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct flight *f = w->data;
	struct model *m = f->model;

	if (present(f) < f->count || !breaker_closed(&m->breaker) ||
		!policy_may_begin(longest_left(f), model_typical_ms(m)) || !hedge_take(&m->hedge))
		return;
	f->llm->counts.hedges++;
	send_call(f, &f->calls[1]);
}

static void start_hedge(struct flight *f)
{
	struct hedge *h = &f->model->hedge;

	ev_init(&f->hedge, on_hedge);
	f->hedge.data = f;
	hedge_called(h, f->llm->hedge_percent);
	if (!f->llm->hedge_percent || !h->p95_ms)
		return;
	ev_timer_set(&f->hedge, (double)h->p95_ms / 1e3, 0);
	ev_timer_start(f->llm->loop, &f->hedge);
}

void flight_send(struct llm *llm, struct model *model, struct job *const *jobs, size_t count)
{
	struct flight *f = xcalloc(1, sizeof *f);

	*f = (struct flight){.llm = llm,
		.model = model,
		.count = count,
		.schema = !model->loose && !jobs[0]->loose,
		.began_ns = clock_mono_ns()};
	for (size_t i = 0; i < count; i++) {
		f->jobs[i] = jobs[i];
		jobs[i]->flight = f;
	}
	llm->counts.calls++;
	llm->counts.batched += count > 1 ? count : 0;
	send_call(f, &f->calls[0]);
	start_hedge(f);
}
