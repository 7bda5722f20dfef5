/* SPDX-License-Identifier: ISC
 *
 * counts.c - see counts.h.
 */
#include "counts.h"

#include "cleaner.h"
#include "cleaner/llm/llm.h"
#include "common/base/json_out.h"
#include "common/base/xalloc.h"
#include "common/service/timings.h"

#include <ev.h>
#include <stdlib.h>

enum { TELL_MS = 1000, JSON_BYTES = 256 * 1024 /* 8 models of 45 outcomes, 120 bytes each, five times */ };

struct of_model {
	const char *provider, *model; /* the client's, which outlives this; NULL: no call yet */
	uint64_t calls[LLM_OUTCOME_COUNT];
	struct llm_usage usage;
};

struct counts {
	struct cleaner *c;
	ev_timer timer;
	struct of_model models[LLM_MODELS];
	struct buf json;
};

struct label {
	const char *name, *value;
};

static void series(struct buf *b, const char *name, uint64_t value, const struct label *labels, size_t count)
{
	if (b->p[b->n - 1] != '[')
		buf_char(b, ',');
	buf_char(b, '{');
	json_kv_str(b, "name", slice_str(name));
	json_key(b, "labels");
	buf_char(b, '{');
	for (size_t i = 0; i < count; i++)
		json_kv_str(b, labels[i].name, slice_str(labels[i].value));
	buf_char(b, '}');
	json_kv_u64(b, "value", value);
	buf_char(b, '}');
}

/* Names as OpenTelemetry's GenAI conventions have them. */
static void of_model(struct buf *b, const struct of_model *m)
{
	struct label labels[] = {
		{"gen_ai_provider_name", m->provider}, {"gen_ai_request_model", m->model}, {NULL, NULL}};
	const struct {
		const char *type;
		uint64_t tokens;
	} kinds[] = {{"input", m->usage.prompt}, {"cached", m->usage.cached}, {"output", m->usage.output},
		{"thinking", m->usage.thoughts}};

	for (size_t i = 0; i < LLM_OUTCOME_COUNT; i++) {
		labels[2] = (struct label){"outcome", llm_outcomes[i].name};
		if (m->calls[i])
			series(b, "model_calls_total", m->calls[i], labels, 3);
	}
	for (size_t i = 0; i < countof(kinds); i++) {
		labels[2] = (struct label){"gen_ai_token_type", kinds[i].type};
		series(b, "model_tokens_total", kinds[i].tokens, labels, 3);
	}
}

static void of_turns(struct buf *b, const struct cleaner *c, const struct llm_counts *n)
{
	const struct {
		const char *name;
		uint64_t value;
		struct label label;
	} rows[] = {
		{"model_calls_saved_total", c->calls_saved, {"by", "words"}},
		{"model_calls_saved_total", n->cached, {"by", "cache"}},
		{"model_calls_saved_total", n->merged, {"by", "merging"}},
		{"model_batched_turns_total", n->batched, {NULL, NULL}},
		{"model_hedges_total", n->hedges, {NULL, NULL}},
		{"model_hedges_won_total", n->hedges_won, {NULL, NULL}},
		{"model_late_turns_total", c->late.revised, {"end", "revised"}},
		{"model_late_turns_total", c->late.vain, {"end", "vain"}},
		{"model_late_turns_total", c->late.overtaken, {"end", "overtaken"}},
		{"model_late_turns_total", c->late.dropped, {"end", "dropped"}},
		{"model_late_turns_total", c->late.lost, {"end", "lost"}},
		{"model_retries_total", n->retries, {NULL, NULL}},
		{"model_probes_total", n->probes, {NULL, NULL}},
		{"process_timings_dropped", timings_dropped(), {NULL, NULL}},
	};

	for (size_t i = 0; i < LLM_OUTCOME_COUNT; i++)
		series(b, "model_turns_total", n->outcomes[i],
			&(struct label){"outcome", llm_outcomes[i].name}, 1);
	for (size_t i = 0; i < countof(rows); i++)
		series(b, rows[i].name, rows[i].value, &rows[i].label, rows[i].label.name != NULL);
}

static void tell(struct counts *counts)
{
	struct cleaner *c = counts->c;
	struct buf *b = &counts->json;
	enum breaker_state state;
	const char *model;

	buf_reset(b);
	buf_char(b, '{');
	json_kv_str(b, "source", slice_str(service_instance(c->run)));
	json_key(b, "series");
	buf_char(b, '[');
	for (size_t i = 0; i < countof(counts->models) && counts->models[i].model; i++)
		of_model(b, &counts->models[i]);
	of_turns(b, c, llm_counts(c->llm));
	for (size_t i = 0; llm_model(c->llm, i, &model, &state); i++)
		series(b, "model_breaker_open", state != BREAKER_CLOSED,
			&(struct label){"gen_ai_request_model", model}, 1);
	buf_str(b, "]}");
	if (!b->overflow)
		service_tell_monitor(c->run, SLICE("c"), MSG_ALERT, &(struct msg_alert){buf_view(b)});
}

static void on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	tell(w->data);
}

void counts_call(struct counts *counts, const struct llm_call *call)
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

struct counts *counts_open(struct cleaner *c)
{
	struct counts *counts = xcalloc(1, sizeof *counts);

	counts->c = c;
	buf_init(&counts->json, JSON_BYTES);
	ev_timer_init(&counts->timer, on_timer, TELL_MS / 1e3, TELL_MS / 1e3);
	counts->timer.data = counts;
	ev_timer_start(service_loop(c->run), &counts->timer);
	return counts;
}

void counts_close(struct counts **where)
{
	struct counts *counts = *where;

	if (!counts)
		return;
	*where = NULL;
	ev_timer_stop(service_loop(counts->c->run), &counts->timer);
	buf_finish(&counts->json);
	free(counts);
}
