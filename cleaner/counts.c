/* SPDX-License-Identifier: ISC
 *
 * counts.c - see counts.h.
 */
#include "counts.h"

#include "cleaner.h"
#include "cleaner/llm/llm.h"
#include "common/base/xalloc.h"
#include "common/service/counts.h"

#include <stdlib.h>

struct of_model {
	const char *provider, *model; /* the client's, which outlives this; NULL: no call yet */
	uint64_t calls[LLM_OUTCOME_COUNT];
	struct llm_usage usage;
};

struct cleaner_counts {
	struct cleaner *c;
	struct counts *told;
	struct of_model models[LLM_MODELS];
};

struct row {
	enum count count;
	uint64_t value;
	const char *label, *label_value; /* NULL: none */
};

static void write_rows(struct buf *out, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (rows[i].label)
			count_of(out, rows[i].count, rows[i].value, rows[i].label, rows[i].label_value);
		else
			count_add(out, rows[i].count, rows[i].value);
}

/* Names as OpenTelemetry's GenAI conventions have them. */
static void of_model(struct buf *out, const struct of_model *m)
{
	struct count_label labels[] = {
		{"gen_ai_provider_name", m->provider}, {"gen_ai_request_model", m->model}, {NULL, NULL}};
	const struct {
		const char *type;
		uint64_t tokens;
	} kinds[] = {{"input", m->usage.prompt}, {"cached", m->usage.cached}, {"output", m->usage.output},
		{"thinking", m->usage.thoughts}};

	for (size_t i = 0; i < LLM_OUTCOME_COUNT; i++) {
		labels[2] = (struct count_label){"outcome", llm_outcomes[i].name};
		if (m->calls[i])
			count_series(out, COUNT_MODEL_CALLS, (double)m->calls[i], labels, 3);
	}
	for (size_t i = 0; i < countof(kinds); i++) {
		labels[2] = (struct count_label){"gen_ai_token_type", kinds[i].type};
		count_series(out, COUNT_MODEL_TOKENS, (double)kinds[i].tokens, labels, 3);
	}
}

static void of_questions(struct buf *out, const struct cleaner *c, const struct llm_counts *n)
{
	const struct row rows[] = {
		{COUNT_MODEL_SAVED, c->calls_saved, "by", "words"},
		{COUNT_MODEL_SAVED, n->cached, "by", "cache"},
		{COUNT_MODEL_SAVED, n->merged, "by", "merging"},
		{COUNT_MODEL_BATCHED, n->batched},
		{COUNT_MODEL_HEDGES, n->hedges},
		{COUNT_MODEL_HEDGES_WON, n->hedges_won},
		{COUNT_MODEL_LATE, c->late.revised, "end", "revised"},
		{COUNT_MODEL_LATE, c->late.vain, "end", "vain"},
		{COUNT_MODEL_LATE, c->late.overtaken, "end", "overtaken"},
		{COUNT_MODEL_LATE, c->late.dropped, "end", "dropped"},
		{COUNT_MODEL_LATE, c->late.lost, "end", "lost"},
		{COUNT_MODEL_RETRIES, n->retries},
		{COUNT_MODEL_PROBES, n->probes},
	};

	for (size_t i = 0; i < LLM_OUTCOME_COUNT; i++)
		count_of(out, COUNT_MODEL_TURNS, n->outcomes[i], "outcome", llm_outcomes[i].name);
	write_rows(out, rows, countof(rows));
}

static void of_turns(struct buf *out, const struct cleaner *c)
{
	const struct row rows[] = {
		{COUNT_CLEANER_TURNS, c->did.done, "state", "done"},
		{COUNT_CLEANER_TURNS, c->did.failed, "state", "failed"},
		{COUNT_CLEANER_TAKEOVERS, c->did.taken_over},
		{COUNT_CLEANER_CRASHES, c->did.expired},
		{COUNT_CLEANER_RETRIES, c->did.given_back},
		{COUNT_CLEANER_DEAD, c->did.dead_crashes, "cause", "too_many_crashes"},
		{COUNT_CLEANER_DEAD, c->did.dead_refused, "cause", "commit_refused"},
		{COUNT_CLEANER_FENCED, c->did.fenced_off},
		{COUNT_CLEANER_PG_RETRIES, c->did.pg_retries},
	};

	write_rows(out, rows, countof(rows));
}

static void write_all(struct buf *out, void *arg)
{
	const struct cleaner_counts *counts = arg;
	const struct cleaner *c = counts->c;
	enum breaker_state state;
	const char *model;

	of_turns(out, c);
	if (!c->llm)
		return;
	for (size_t i = 0; i < countof(counts->models) && counts->models[i].model; i++)
		of_model(out, &counts->models[i]);
	of_questions(out, c, llm_counts(c->llm));
	for (size_t i = 0; llm_model(c->llm, i, &model, &state); i++)
		count_of(out, COUNT_MODEL_BREAKER, state != BREAKER_CLOSED, "gen_ai_request_model", model);
}

void cleaner_counts_call(struct cleaner_counts *counts, const struct llm_call *call)
{
	for (size_t i = 0; i < countof(counts->models); i++) {
		struct of_model *m = &counts->models[i];

		if (m->model && (m->model != call->model || m->provider != call->provider))
			continue;
		m->provider = call->provider;
		m->model = call->model;
		m->calls[call->outcome]++;
		m->usage.prompt += call->usage.prompt;
		m->usage.cached += call->usage.cached;
		m->usage.output += call->usage.output;
		m->usage.thoughts += call->usage.thoughts;
		return;
	}
}

struct cleaner_counts *cleaner_counts_open(struct cleaner *c)
{
	struct cleaner_counts *counts = xcalloc(1, sizeof *counts);

	counts->c = c;
	counts->told = counts_open(c->run, write_all, counts);
	return counts;
}

void cleaner_counts_close(struct cleaner_counts **where)
{
	struct cleaner_counts *counts = *where;

	if (!counts)
		return;
	*where = NULL;
	counts_close(&counts->told);
	free(counts);
}
