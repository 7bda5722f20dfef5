/* SPDX-License-Identifier: ISC
 *
 * llm_open.c - the client's configuration, its opening and closing, and what it tells of itself.
 */
#include "cleaner/llm/llm_inside.h"

#include "common/base/log.h"
#include "common/base/uuid.h"
#include "common/base/xalloc.h"

#include <stdio.h>
#include <stdlib.h>

enum { TICK_MS = 250 };

/* --- configuration --- */

static bool has(const char *s)
{
	return s && *s;
}

/* The next name of a list, and what is left of it; empty at its end. */
static struct slice next_model(const char **list)
{
	struct slice name;

	*list += strspn(*list, ", ");
	name = slice_of(*list, strcspn(*list, ", "));
	*list += name.n;
	return name;
}

static const char *models_error(const char *list, size_t *count)
{
	size_t before = *count;
	struct slice name;

	while ((name = next_model(&list)).n) {
		if (name.n >= LLM_MODEL_BYTES)
			return "a model's name is longer than 127 bytes";
		if (++*count > LLM_MODELS)
			return "more than 8 models are named, of both services together";
	}
	return *count == before ? "a model provider is set, but no models are named" : NULL;
}

const char *llm_config_error(const struct llm_config *config)
{
	size_t models = 0;

	for (size_t i = 0; i < LLM_SERVICES; i++) {
		const struct llm_service_config *s = &config->services[i];
		const char *wrong;

		if (!has(s->provider)) {
			if (i == 0 && (has(config->services[1].provider) || has(s->models)))
				return "model_provider is empty, so no model is asked: name one, or clear "
				       "the other model keys";
			continue;
		}
		if (!llm_provider_by_name(slice_str(s->provider)))
			return "the model's provider is not one of: gemini openai";
		wrong = models_error(s->models ? s->models : "", &models);
		if (wrong)
			return wrong;
		if (!has(s->url) ||
			(strncmp(s->url, "https://", 8) != 0 && strncmp(s->url, "http://", 7) != 0))
			return "the model's URL must begin with https:// or http://";
	}
	return NULL;
}

static void open_service(struct llm *llm, size_t i, const struct llm_service_config *c)
{
	struct service *s = &llm->services[i];
	const char *list = c->models;
	size_t n = strlen(c->url);
	struct slice name;

	s->provider = llm_provider_by_name(slice_str(c->provider));
	while (n && c->url[n - 1] == '/')
		n--;
	s->url = xstrndup(c->url, n);
	s->key_header = NULL;
	if (has(c->key) && asprintf(&s->key_header, "%s%s", s->provider->key_header, c->key) < 0)
		bug("no memory");
	if (!s->key_header)
		s->key_header = xstrdup("");
	while ((name = next_model(&list)).n) {
		struct model *m = &llm->models[llm->model_count++];

		m->llm = llm;
		m->service = s;
		snprintf(m->name, sizeof m->name, "%.*s", (int)name.n, name.p);
		snprintf(m->redis_key, sizeof m->redis_key, "cc:llm:breaker:%s:%.*s", s->provider->name,
			(int)name.n, name.p);
	}
}

/* --- opening and closing --- */

static void on_tick(struct ev_loop *loop, ev_timer *w, int revents)
{
	health_tick(w->data);
}

struct llm *llm_open(struct ev_loop *loop, struct redis *redis, const struct llm_config *config)
{
	struct llm *llm;
	struct uuid seed = uuid_v7();

	if (!has(config->services[0].provider))
		return NULL;
	llm = xcalloc(1, sizeof *llm);
	llm->loop = loop;
	llm->redis = redis;
	llm->thinking = config->thinking;
	llm->cache_s = config->cache_s;
	llm->gather_ms = config->gather_ms;
	llm->hedge_percent = config->hedge_percent;
	llm->called = config->called;
	llm->called_arg = config->called_arg;
	memcpy(&llm->dice, seed.b + 8, sizeof llm->dice);
	llm->dice |= 1;
	for (size_t i = 0; i < LLM_SERVICES; i++)
		if (has(config->services[i].provider))
			open_service(llm, i, &config->services[i]);
	llm->transport = transport_open(loop, config->ca_file);
	buf_init(&llm->scratch, LLM_REQUEST_BYTES);
	buf_init(&llm->body, 2 * LLM_REQUEST_BYTES);
	ev_init(&llm->gather, llm_on_gather);
	llm->gather.data = llm;
	ev_timer_init(&llm->tick, on_tick, TICK_MS / 1e3, TICK_MS / 1e3);
	llm->tick.data = llm;
	ev_timer_start(loop, &llm->tick);
	health_open(llm);
	return llm;
}

void llm_close(struct llm **where)
{
	struct llm *llm = *where;

	if (!llm)
		return;
	*where = NULL;
	while (llm->jobs)
		job_give_up(llm->jobs, LLM_CANCELLED);
	ev_timer_stop(llm->loop, &llm->tick);
	ev_timer_stop(llm->loop, &llm->gather);
	transport_close(&llm->transport);
	for (size_t i = 0; i < LLM_SERVICES; i++) {
		free(llm->services[i].url);
		free(llm->services[i].key_header);
	}
	buf_finish(&llm->scratch);
	buf_finish(&llm->body);
	llm->closed = true;
	if (!llm->polling)
		free(llm); /* else when Redis has answered */
}

void llm_set_gather(struct llm *llm, uint64_t ms)
{
	llm->gather_ms = ms;
}

void llm_set_cache_only(struct llm *llm, bool on)
{
	llm->cache_only = on;
}

const struct llm_counts *llm_counts(const struct llm *llm)
{
	return &llm->counts;
}

bool llm_model(const struct llm *llm, size_t i, const char **name, enum breaker_state *state)
{
	if (i >= llm->model_count)
		return false;
	*name = llm->models[i].name;
	*state = llm->models[i].breaker.state;
	return true;
}
