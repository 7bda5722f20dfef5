/* SPDX-License-Identifier: ISC
 *
 * model.c - the full level's second opinion: a language model is asked, its answer judged, and what stands
 * committed.
 *
 * The local engine has cleaned the turn before; its answer goes out whenever the model's does not come, in
 * time or at all, and `fallback` says so. With model_late_ms or model_local_first it goes out while the model
 * may still answer: what comes then is late.c's to commit. The answer is judged against the raw turn (llm/judge.h), never
 * taken as it is. Without a configured model nothing here is reached.
 */
#include "cleaner.h"

#include "cleaner/llm/judge.h"
#include "cleaner/llm/llm.h"
#include "cleaner/llm/policy.h"
#include "cleaner/llm/words.h"
#include "cleaner_service.h"
#include "counts.h"
#include "spend.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/xalloc.h"
#include "common/service/timings.h"
#include "common/wire/modes.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	COMMIT_RESERVE_MS = 40, /* of a turn's deadline: for the judge, the commit and the way back */
	CACHE_MS = 4,		/* that a local answer waits for one that Redis may have */
	BATCH_GATHER_MS = 20,	/* the least that a turn waits for others in the batch mode: a twentieth of its
				   deadline */
};

/* What must outlive the engine's workspace until the answer is there. */
struct asking {
	struct lease *lease;
	struct llm_waiter *waiter; /* NULL: answered */
	struct doubtful_word *doubtful; /* its own copy */
	struct clean_result local; /* its text, corrections and reasons are copies in `bytes` */
	struct correction *corrections;
	char *bytes;
	ev_timer due;	       /* then the turn goes out without it; not active: it waits for llm's own deadline */
	enum llm_outcome cause; /* what will be said of that */
	bool overdue;	       /* it went */
	bool revises;	       /* the answer came after, stands, and differs: */
	struct cleaned revised;
};

/* --- configuration --- */

static bool take_thinking(const char *name, enum llm_thinking *thinking)
{
	static const char *const names[] = {
		[THINKING_UNSAID] = "unsaid", [THINKING_BUDGET_0] = "off", [THINKING_MINIMAL] = "minimal"};

	for (size_t i = 0; i < countof(names); i++)
		if (strcmp(name, names[i]) == 0) {
			*thinking = (enum llm_thinking)i;
			return true;
		}
	return false;
}

static struct llm_config llm_config_of(const struct cleaner_config *c)
{
	return (struct llm_config){
		.services = {{c->model_provider, c->model_url, c->models, c->model_key},
			{c->backup_provider, c->backup_url, c->backup_models, c->backup_key}},
		.ca_file = c->model_ca_file,
		.cache_s = (uint64_t)c->model_cache_s,
		.hedge_percent = (unsigned)c->model_hedge_percent,
		.gather_ms = (uint64_t)c->model_gather_ms};
}

struct lease *model_asker_lease(const void *asker)
{
	return ((const struct asking *)asker)->lease;
}

static void on_called(const struct llm_call *call, void *arg)
{
	struct cleaner *c = arg;

	if (c->spend)
		spend_call(c->spend, call);
	cleaner_counts_call(c->counts, call);
}

bool model_check(struct buf *error)
{
	struct llm_config config = llm_config_of(&cleaner_config);
	const char *wrong = llm_config_error(&config);

	if (!wrong && !take_thinking(cleaner_config.model_thinking, &config.thinking))
		wrong = "model_thinking is not one of: unsaid off minimal";
	if (wrong)
		buf_str(error, wrong);
	return !wrong && spend_check(&cleaner_config, error);
}

void model_open(struct cleaner *c)
{
	struct llm_config config = llm_config_of(c->config);

	if (!take_thinking(c->config->model_thinking, &config.thinking))
		bug("model_check let it pass");
	config.called = on_called;
	config.called_arg = c;
	c->llm = llm_open(service_loop(c->run), c->redis, &config);
	if (c->llm) {
		c->spend = spend_open(c);
		log_info("model.open", "provider=%s models=\"%s\" prompt=%.12s", c->config->model_provider,
			c->config->models, prompt_hash());
	}
}

void model_modes(struct cleaner *c)
{
	uint64_t gather_ms = (uint64_t)c->config->model_gather_ms;

	if (!c->llm)
		return;
	if (service_mode(c->run, mode_names[MODE_BATCH_MODEL_CALLS]) && gather_ms < BATCH_GATHER_MS)
		gather_ms = BATCH_GATHER_MS;
	llm_set_gather(c->llm, gather_ms);
	llm_set_cache_only(c->llm, service_mode(c->run, mode_names[MODE_CACHED_MODEL_ANSWERS]));
	c->local_only = service_mode(c->run, mode_names[MODE_LIGHT_CLEANING]);
}

void model_close(struct cleaner *c)
{
	const struct llm_counts *n;

	if (!c->llm)
		return;
	n = llm_counts(c->llm);
	log_info("model.counts",
		"asked=%llu saved=%llu calls=%llu cached=%llu merged=%llu retries=%llu hedges=%llu ok=%llu tokens_in=%llu "
		"tokens_out=%llu",
		(unsigned long long)n->asked, (unsigned long long)c->calls_saved, (unsigned long long)n->calls, (unsigned long long)n->cached,
		(unsigned long long)n->merged, (unsigned long long)n->retries,
		(unsigned long long)n->hedges,
		(unsigned long long)n->outcomes[LLM_OK], (unsigned long long)n->usage.prompt,
		(unsigned long long)(n->usage.output + n->usage.thoughts));
	for (size_t i = 0; i < LLM_OUTCOME_COUNT; i++)
		if (n->outcomes[i] && i != LLM_OK)
			log_info("model.outcome", "name=%s turns=%llu", llm_outcomes[i].name,
				(unsigned long long)n->outcomes[i]);
	for (size_t i = 0; i < countof(c->leases); i++)
		model_forget(&c->leases[i]);
	late_close(c);
	llm_close(&c->llm);
	/* spend is cleaner.c's to close: PostgreSQL still answers it */
}

/* --- what the engine said, kept --- */

static struct slice keep(char **to, struct slice s)
{
	char *at = *to;

	if (s.n)
		memcpy(at, s.p, s.n);
	at[s.n] = 0;
	*to += s.n + 1;
	return slice_of(at, s.n);
}

static void keep_local(struct asking *a, const struct clean_result *r)
{
	size_t bytes = r->cleaned.n + 1;
	char *to;

	for (size_t i = 0; i < r->correction_count; i++)
		bytes += r->corrections[i].corrected.n + strlen(r->corrections[i].reason) + 2;
	a->local = *r;
	a->bytes = to = xmalloc(bytes);
	a->corrections = xcalloc(r->correction_count + 1, sizeof *a->corrections);
	a->local.cleaned = keep(&to, r->cleaned);
	for (size_t i = 0; i < r->correction_count; i++) {
		a->corrections[i] = r->corrections[i];
		a->corrections[i].corrected = keep(&to, r->corrections[i].corrected);
		a->corrections[i].reason = keep(&to, slice_str(r->corrections[i].reason)).p;
	}
	a->local.corrections = a->corrections;
	a->doubtful = xcalloc(r->doubtful_count + 1, sizeof *a->doubtful); /* of the raw text, which the lease has */
	if (r->doubtful_count)
		memcpy(a->doubtful, r->doubtful, r->doubtful_count * sizeof *a->doubtful);
	a->local.doubtful = a->doubtful;
	a->local.contexts = a->lease->cleaned.contexts; /* its own copies of the names */
	a->local.context_evidence = a->lease->cleaned.evidence;
	a->local.context_count = a->lease->cleaned.context_count;
}

void model_forget(struct lease *l)
{
	struct asking *a = l->asking;

	if (!a)
		return;
	l->asking = NULL;
	if (a->waiter)
		llm_cancel(a->waiter);
	ev_timer_stop(service_loop(l->cleaner->run), &a->due);
	cleaned_finish(&a->revised);
	free(a->corrections);
	free(a->doubtful);
	free(a->bytes);
	free(a);
}

/* --- the words that came with a confidence --- */

struct doubt {
	cJSON *words; /* owns what the slices point into */
	struct slice doubtful[PROMPT_DOUBTFUL_WORDS];
	size_t count;
	bool sure; /* there were words, and all of them were sure */
};

static void read_words(struct doubt *d, const struct cleaner_config *config, struct slice json)
{
	const cJSON *word;
	double lowest = 1;

	*d = (struct doubt){.words = json.n ? cJSON_ParseWithLength(json.p, json.n) : NULL};
	cJSON_ArrayForEach(word, d->words)
	{
		const cJSON *confidence = cJSON_GetObjectItemCaseSensitive(word, "confidence");
		const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(word, "text"));
		double c = cJSON_IsNumber(confidence) ? confidence->valuedouble : 0;

		lowest = c < lowest ? c : lowest;
		if (text && cJSON_IsNumber(confidence) && c * 100 < (double)config->model_doubt_confidence &&
			d->count < PROMPT_DOUBTFUL_WORDS)
			d->doubtful[d->count++] = slice_str(text);
	}
	d->sure = cJSON_GetArraySize(d->words) > 0 && config->model_skip_confidence &&
		  lowest * 100 >= (double)config->model_skip_confidence;
}

/* What the engine doubts is named after what the recogniser was not sure of. */
static void add_doubtful(struct doubt *d, const struct clean_result *local)
{
	for (size_t i = 0; i < local->doubtful_count && d->count < PROMPT_DOUBTFUL_WORDS; i++)
		d->doubtful[d->count++] = local->doubtful[i].text;
}

/* --- asking --- */

/* Full cleaning of an ordinary turn: a verbatim one keeps every word, and switched-off formats are the
 * engine's to obey. */
static bool is_for_model(const struct lease *l)
{
	const struct msg_job *job = &l->job;

	return l->cleaner->llm && !l->cleaner->local_only && l->cleaned.level == CLEAN_FULL && !l->cleaned.failed && !job->verbatim &&
	       (job->formats & FORMAT_ALL) == FORMAT_ALL && job->raw_text.n <= PROMPT_TURN_WORDS * 16;
}

static uint64_t left_ms(const struct lease *l)
{
	int64_t left = (int64_t)l->job.deadline_ms - (clock_wall_us() - l->job.received_at) / 1000 -
		       COMMIT_RESERVE_MS;
	int64_t most = l->cleaner->config->model_deadline_ms;

	if (left < 0)
		return 0;
	return (uint64_t)(left < most ? left : most);
}

static bool told(const struct llm_told *t, void *arg);
static void on_due(struct ev_loop *loop, ev_timer *w, int revents);

static bool may_be_late(const struct cleaner_config *config)
{
	return config->model_late_ms || config->model_local_first;
}

/* How long the turn waits, when it need not wait as long as the question may take. */
static void start_due(struct asking *a)
{
	const struct cleaner_config *config = a->lease->cleaner->config;
	uint64_t ms = left_ms(a->lease);

	a->cause = LLM_TIMED_OUT;
	if (config->model_local_first)
		a->cause = LLM_FOLLOWS;
	else if (ms < POLICY_LEAST_MS)
		a->cause = LLM_NO_TIME;
	if (a->cause != LLM_TIMED_OUT && ms > CACHE_MS)
		ms = CACHE_MS;
	ev_now_update(service_loop(a->lease->cleaner->run)); /* the loop's time may be that of the work before */
	ev_timer_set(&a->due, (double)ms / 1e3, 0);
	ev_timer_start(service_loop(a->lease->cleaner->run), &a->due);
}

/* How long the question may take: the model's time from now on when the turn does not wait for it. */
static uint64_t question_ms(const struct lease *l)
{
	const struct cleaner_config *config = l->cleaner->config;

	return (config->model_local_first ? (uint64_t)config->model_deadline_ms : left_ms(l)) +
	       (uint64_t)config->model_late_ms;
}

static bool send_question(struct lease *l, const struct doubt *doubt)
{
	struct clean_input around = lease_around(l), in = cleaned_input(&l->job, &around);
	struct prompt_item item = {
		&in, l->cleaned.contexts, l->cleaned.context_count, doubt->doubtful, doubt->count};
	struct buf text;
	bool fits;

	buf_init(&text, PROMPT_ITEM_BYTES);
	fits = prompt_item_write(&text, &item);
	if (fits)
		l->asking->waiter = llm_ask(
			l->cleaner->llm, &(struct llm_ask){.item = buf_view(&text),
						 .raw_bytes = in.raw.n,
						 .deadline_ns = clock_mono_ns() + question_ms(l) * NS_PER_MS,
						 .trace = l->job.traceparent,
						 .told = told,
						 .arg = l->asking});
	if (fits && may_be_late(l->cleaner->config))
		start_due(l->asking);
	buf_finish(&text);
	return fits;
}

bool model_ask(struct lease *l, const struct clean_result *local)
{
	struct doubt doubt;
	bool asked;

	model_forget(l); /* it may be cleaned anew */
	if (!is_for_model(l))
		return false;
	l->cleaned.fallback_cause = spend_forbids(l->cleaner->spend);
	if (l->cleaned.fallback_cause) {
		l->cleaned.fallback = "budget";
		return false;
	}
	read_words(&doubt, l->cleaner->config, l->job.words);
	if (doubt.sure) {
		cJSON_Delete(doubt.words);
		l->cleaner->calls_saved++;
		return false;
	}
	l->asking = xcalloc(1, sizeof *l->asking);
	l->asking->lease = l;
	cleaned_init(&l->asking->revised);
	ev_timer_init(&l->asking->due, on_due, 0, 0);
	l->asking->due.data = l->asking;
	keep_local(l->asking, local);
	add_doubtful(&doubt, local);
	asked = send_question(l, &doubt);
	cJSON_Delete(doubt.words);
	if (asked)
		l->state = LEASE_ASKING;
	return asked;
}

/* --- the answer --- */

static bool take_answer(struct lease *l, struct cleaned *c, const struct llm_told *t)
{
	struct clean_input around = lease_around(l), in = cleaned_input(&l->job, &around);
	struct judge_input input = {.in = &in,
		.answer = t->text,
		.local = &l->asking->local,
		.foreign = t->foreign,
		.foreign_count = t->foreign_count};
	uint64_t start = clock_mono_ns();
	struct judgement j;
	bool stood;

	judge(&j, &input);
	j.result.doubtful = input.local->doubtful;
	j.result.doubtful_count = doubtful_left(&j.result, l->asking->doubtful, input.local->doubtful_count,
		l->asking->doubtful);
	stood = j.accepted && cleaned_take(c, &j.result, l->job.raw_text);
	c->judge_ns = clock_mono_ns() - start;
	judgement_finish(&j);
	return stood;
}

/* What the answer is in the turn's metadata, once it is taken. */
static void name_answer(struct cleaned *c, const struct llm_told *t)
{
	snprintf(c->model, sizeof c->model, "%s", t->model);
	c->prompt = prompt_hash();
	c->fallback = t->cached && t->model_down ? "cached" : NULL;
	c->fallback_cause = NULL;
}

static void fall_back(struct lease *l, enum llm_outcome outcome)
{
	bool late = outcome == LLM_TIMED_OUT || outcome == LLM_NO_TIME;

	l->cleaned.fallback = late ? "deadline" : "local";
	l->cleaned.fallback_cause = llm_outcomes[outcome].name;
	l->cleaned.model[0] = 0; /* none was used */
}

static void time_answer(const struct lease *l, const struct cleaned *c, const struct llm_told *t)
{
	if (t->call_ns)
		timing_turn_ns(METRIC_AI_GEMINI_API_CALL, t->call_ns, &l->turn);
	if (t->parse_ns)
		timing_turn_ns(METRIC_AI_GEMINI_RESPONSE_PARSE, t->parse_ns + c->judge_ns, &l->turn);
	if (c->error_ns)
		timing_turn_ns(METRIC_AI_GEMINI_ERROR_HANDLING, c->error_ns, &l->turn);
}

/* Into c, in the place of the local answer that is there. False: it stands. */
static bool hear(struct lease *l, struct cleaned *c, const struct llm_told *t)
{
	bool stood;

	c->model_ns = t->call_ns;
	c->parse_ns = t->parse_ns;
	stood = t->outcome == LLM_OK && take_answer(l, c, t);
	if (stood)
		name_answer(c, t);
	else if (t->failed_ns)
		c->error_ns = clock_mono_ns() - t->failed_ns;
	time_answer(l, c, t);
	return stood;
}

/* The turn went out already, or is being committed. */
static bool told_late(struct asking *a, const struct llm_told *t)
{
	struct lease *l = a->lease;
	bool stood;

	cleaned_begin_revision(&a->revised, &l->cleaned, (unsigned)l->revision + 1);
	a->revised.error_ns = 0;
	stood = hear(l, &a->revised, t);
	a->revises = stood && !slice_eq(buf_view(&a->revised.text), buf_view(&l->cleaned.text));
	if (l->state == LEASE_LATE)
		late_told(l);
	return stood;
}

static bool told(const struct llm_told *t, void *arg)
{
	struct asking *a = arg;
	struct lease *l = a->lease;
	bool stood;

	a->waiter = NULL;
	if (a->overdue)
		return told_late(a, t);
	ev_timer_stop(service_loop(l->cleaner->run), &a->due);
	stood = hear(l, &l->cleaned, t);
	if (!stood)
		fall_back(l, t->outcome == LLM_OK ? LLM_NOT_THE_TURN : t->outcome);
	putright_and_commit(l);
	return stood;
}

/* --- the turn does not wait any longer --- */

static void on_due(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct asking *a = w->data;
	struct lease *l = a->lease;
	uint64_t start = clock_mono_ns();

	a->overdue = true;
	if (a->cause == LLM_TIMED_OUT)
		llm_overdue(a->waiter);
	fall_back(l, a->cause);
	if (a->cause == LLM_TIMED_OUT) {
		l->cleaned.error_ns = clock_mono_ns() - start;
		timing_turn_ns(METRIC_AI_GEMINI_ERROR_HANDLING, l->cleaned.error_ns, &l->turn);
	}
	putright_and_commit(l);
}

bool model_is_asked(const struct lease *l)
{
	return l->asking && l->asking->waiter;
}

bool model_is_late(const struct lease *l)
{
	return l->asking && l->asking->overdue && (l->asking->waiter || l->asking->revises);
}

bool model_take_revised(struct lease *l)
{
	struct asking *a = l->asking;

	if (!a->revises)
		return false;
	cleaned_finish(&l->cleaned);
	l->cleaned = a->revised;
	cleaned_init(&a->revised);
	return true;
}

void model_moved(struct lease *to)
{
	to->asking->lease = to;
	to->asking->local.contexts = to->cleaned.contexts;
	to->asking->local.context_evidence = to->cleaned.evidence;
}
