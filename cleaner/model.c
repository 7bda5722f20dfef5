/* SPDX-License-Identifier: ISC
 *
 * model.c - the full level's second opinion: a language model is asked, its answer judged, and what stands
 * committed.
 *
 * The local engine has cleaned the turn before; its answer goes out whenever the model's does not come, in
 * time or at all, and `fallback` says so. The answer is judged against the raw turn (llm/judge.h), never
 * taken as it is. Without a configured model nothing here is reached.
 */
#include "cleaner.h"

#include "cleaner/llm/judge.h"
#include "cleaner/llm/llm.h"
#include "cleaner/llm/words.h"
#include "cleaner_service.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/xalloc.h"
#include "common/service/timings.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	COMMIT_RESERVE_MS = 40, /* of a turn's deadline: for the judge, the commit and the way back */
};

/* What must outlive the engine's workspace until the answer is there. */
struct asking {
	struct lease *lease;
	struct llm_waiter *waiter; /* NULL: answered */
	struct clean_result local; /* its text, corrections and reasons are copies in `bytes` */
	struct correction *corrections;
	char *bytes;
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
		.gather_ms = (uint64_t)c->model_gather_ms};
}

bool model_check(struct buf *error)
{
	struct llm_config config = llm_config_of(&cleaner_config);
	const char *wrong = llm_config_error(&config);

	if (!wrong && !take_thinking(cleaner_config.model_thinking, &config.thinking))
		wrong = "model_thinking is not one of: unsaid off minimal";
	if (wrong)
		buf_str(error, wrong);
	return !wrong;
}

void model_open(struct cleaner *c)
{
	struct llm_config config = llm_config_of(c->config);

	if (!take_thinking(c->config->model_thinking, &config.thinking))
		bug("model_check let it pass");
	c->llm = llm_open(service_loop(c->run), c->redis, &config);
	if (c->llm)
		log_info("model.open", "provider=%s models=\"%s\" prompt=%.12s", c->config->model_provider,
			c->config->models, prompt_hash());
}

void model_close(struct cleaner *c)
{
	const struct llm_counts *n;

	if (!c->llm)
		return;
	n = llm_counts(c->llm);
	log_info("model.counts",
		"asked=%llu calls=%llu cached=%llu merged=%llu retries=%llu ok=%llu tokens_in=%llu "
		"tokens_out=%llu",
		(unsigned long long)n->asked, (unsigned long long)n->calls, (unsigned long long)n->cached,
		(unsigned long long)n->merged, (unsigned long long)n->retries,
		(unsigned long long)n->outcomes[LLM_OK], (unsigned long long)n->usage.prompt,
		(unsigned long long)(n->usage.output + n->usage.thoughts));
	for (size_t i = 0; i < LLM_OUTCOME_COUNT; i++)
		if (n->outcomes[i] && i != LLM_OK)
			log_info("model.outcome", "name=%s turns=%llu", llm_outcomes[i].name,
				(unsigned long long)n->outcomes[i]);
	for (size_t i = 0; i < countof(c->leases); i++)
		model_forget(&c->leases[i]);
	llm_close(&c->llm);
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
	a->local.contexts = a->lease->cleaned.contexts; /* its own copies of the names */
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
	free(a->corrections);
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

/* --- asking --- */

/* Full cleaning of an ordinary turn: a verbatim one keeps every word, and switched-off formats are the
 * engine's to obey. */
static bool is_for_model(const struct lease *l)
{
	const struct msg_job *job = &l->job;

	return l->cleaner->llm && l->cleaned.level == CLEAN_FULL && !l->cleaned.failed && !job->verbatim &&
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
						 .deadline_ns = clock_mono_ns() + left_ms(l) * NS_PER_MS,
						 .trace = l->job.traceparent,
						 .told = told,
						 .arg = l});
	buf_finish(&text);
	return fits;
}

bool model_ask(struct lease *l, const struct clean_result *local)
{
	struct doubt doubt;
	bool asked;

	if (!is_for_model(l))
		return false;
	read_words(&doubt, l->cleaner->config, l->job.words);
	if (doubt.sure) {
		cJSON_Delete(doubt.words);
		return false; /* a call saved */
	}
	model_forget(l);
	l->asking = xcalloc(1, sizeof *l->asking);
	l->asking->lease = l;
	keep_local(l->asking, local);
	asked = send_question(l, &doubt);
	cJSON_Delete(doubt.words);
	if (asked)
		l->state = LEASE_ASKING;
	return asked;
}

/* --- the answer --- */

static bool take_answer(struct lease *l, const struct llm_told *t)
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
	stood = j.accepted && cleaned_take(&l->cleaned, &j.result, l->job.raw_text);
	l->cleaned.judge_ns = clock_mono_ns() - start;
	judgement_finish(&j);
	return stood;
}

static void fall_back(struct lease *l, enum llm_outcome outcome)
{
	bool late = outcome == LLM_TIMED_OUT || outcome == LLM_NO_TIME;

	l->cleaned.fallback = late ? "deadline" : "local";
	l->cleaned.fallback_cause = llm_outcomes[outcome].name;
	l->cleaned.model[0] = 0; /* none was used */
}

static void time_answer(const struct lease *l, const struct llm_told *t, bool stood)
{
	if (t->call_ns)
		timing_turn_ns(METRIC_AI_GEMINI_API_CALL, t->call_ns, &l->turn);
	if (t->parse_ns)
		timing_turn_ns(METRIC_AI_GEMINI_RESPONSE_PARSE, t->parse_ns + l->cleaned.judge_ns, &l->turn);
	if (!stood && t->failed_ns)
		timing_turn_ns(METRIC_AI_GEMINI_ERROR_HANDLING, clock_mono_ns() - t->failed_ns, &l->turn);
}

static bool told(const struct llm_told *t, void *arg)
{
	struct lease *l = arg;
	struct cleaned *c = &l->cleaned;
	bool stood;

	l->asking->waiter = NULL;
	c->model_ns = t->call_ns;
	c->parse_ns = t->parse_ns;
	stood = t->outcome == LLM_OK && take_answer(l, t);
	if (stood) {
		snprintf(c->model, sizeof c->model, "%s", t->model);
		c->prompt = prompt_hash();
		c->fallback = t->cached && t->model_down ? "cached" : NULL;
	} else {
		fall_back(l, t->outcome == LLM_OK ? LLM_NOT_THE_TURN : t->outcome);
	}
	time_answer(l, t, stood);
	commit_send(l);
	return stood;
}
