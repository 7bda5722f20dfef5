/* SPDX-License-Identifier: ISC
 *
 * health.c - the breakers' side that touches the world: told to and heard from the other cleaners through
 * Redis, probes of models that are away, pings that keep the connections of those that are there.
 *
 * A breaker that opens sets its model's key for as long as it stays open and KEY_GRACE_MS more, in which
 * somebody's probe decides; one that closes deletes it. All cleaners look every other tick: a key that is
 * gone means closed.
 */
#include "cleaner/llm/llm_inside.h"

#include "breaker_poll.lua.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/xalloc.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	KEY_GRACE_MS = 15000, /* a probe's time, and that of the next cleaner's if the first died */
	PING_MS = 20000, /* quiet for this long: services and balancers drop idle connections after a minute
			    or more */
	PING_TIMEOUT_MS = 5000,
};

static const struct redis_script poll_script = REDIS_SCRIPT(breaker_poll);

/* --- telling the others --- */

static void tell_open(struct model *m, uint64_t open_ms)
{
	char ms[24];
	struct slice argv[] = {SLICE("SET"), slice_str(m->redis_key), SLICE("1"), SLICE("PX"), {NULL, 0}};

	snprintf(ms, sizeof ms, "%llu", (unsigned long long)(open_ms + KEY_GRACE_MS));
	argv[4] = slice_str(ms);
	redis_send(m->llm->redis, argv, countof(argv), NULL, NULL);
}

static void tell_closed(struct model *m)
{
	struct slice argv[] = {SLICE("DEL"), slice_str(m->redis_key)};

	redis_send(m->llm->redis, argv, countof(argv), NULL, NULL);
}

static void changed(struct model *m, enum breaker_state before)
{
	log_info("model.breaker", "model=%s from=%s to=%s cause=%s", m->name, breaker_state_name(before),
		breaker_state_name(m->breaker.state), llm_outcomes[m->breaker.cause].name);
	m->changed = m->llm->polls;
	m->wanted = before == BREAKER_CLOSED; /* a question is at hand; after a failed probe only the next one
						 makes it so */
}

static void tell_change(struct model *m, enum breaker_state before, uint64_t now)
{
	changed(m, before);
	if (!m->llm->redis)
		return;
	if (m->breaker.state == BREAKER_OPEN)
		tell_open(m, m->breaker.until_ms - now);
	else if (m->breaker.state == BREAKER_CLOSED)
		tell_closed(m);
}

void health_heard(struct model *m, enum llm_outcome outcome, uint64_t wait_ms)
{
	enum breaker_state before = m->breaker.state;
	uint64_t now = llm_now_ms();

	if (breaker_heard(&m->breaker, outcome, wait_ms, now, llm_chance(m->llm)))
		tell_change(m, before, now);
}

static void heard_probe(struct model *m, enum llm_outcome outcome, uint64_t wait_ms)
{
	enum breaker_state before = m->breaker.state;
	uint64_t now = llm_now_ms();

	if (breaker_probed(&m->breaker, outcome, wait_ms, now, llm_chance(m->llm)))
		tell_change(m, before, now);
}

/* --- hearing from them --- */

struct poll {
	struct llm *llm;
	uint64_t number;
};

static void take_poll(struct model *m, long long left, uint64_t number)
{
	enum breaker_state before = m->breaker.state;
	uint64_t open_ms = left > KEY_GRACE_MS ? (uint64_t)left - KEY_GRACE_MS : 0;

	if (m->changed >= number)
		return; /* asked before our own last word */
	if (left > 0 && !open_ms)
		return; /* somebody is about to see */
	if (breaker_told(&m->breaker, open_ms, llm_now_ms()))
		changed(m, before);
}

static void on_poll(const redisReply *reply, void *arg)
{
	struct poll *poll = arg;
	struct llm *llm = poll->llm;

	if (reply && reply->type == REDIS_REPLY_ARRAY)
		for (size_t i = 0; i < reply->elements && i < llm->model_count; i++)
			if (reply->element[i]->type == REDIS_REPLY_INTEGER)
				take_poll(&llm->models[i], reply->element[i]->integer, poll->number);
	llm->polling = false;
	free(poll);
	if (llm->closed)
		free(llm);
}

static void poll_others(struct llm *llm)
{
	struct slice keys[LLM_MODELS];
	struct poll *poll;

	if (!llm->redis || llm->polling || !redis_is_up(llm->redis))
		return;
	poll = xcalloc(1, sizeof *poll);
	*poll = (struct poll){llm, ++llm->polls};
	llm->polling = true;
	for (size_t i = 0; i < llm->model_count; i++)
		keys[i] = slice_str(llm->models[i].redis_key);
	redis_eval(llm->redis, &poll_script, keys, llm->model_count, NULL, 0, on_poll, poll);
}

/* --- probes: a turn of our own, so that nobody's waits --- */

static const char probe_turn[] = "um hello there";

static void tell_probed(const struct model *m, const struct http_done *done, enum llm_outcome outcome,
	const struct llm_reply *reply)
{
	struct llm_call call = {.provider = m->service->provider->name,
		.model = m->name,
		.tier = reply ? reply->tier : "",
		.outcome = outcome,
		.probe = true,
		.answered = reply != NULL,
		.took_ns = done->took_ns};

	if (reply)
		call.usage = reply->usage;
	if (m->llm->called)
		m->llm->called(&call, m->llm->called_arg);
}

static bool probe_answered(
	struct model *m, const struct http_done *done, uint64_t *wait_ms, enum llm_outcome *outcome)
{
	struct llm_reply reply;
	struct llm_answer answer = {{NULL}};

	llm_reply_read(m->service->provider, &reply, &done->reply);
	*outcome = reply.outcome;
	*wait_ms = reply.retry.asked ? reply.retry.wait_ms : 0;
	if (*outcome == LLM_QUOTA_DAY)
		*wait_ms = policy_day_reset_ms(done->reply.wall_s);
	if (*outcome == LLM_OK)
		*outcome = llm_answer_read(buf_view(&reply.text), 1, &answer);
	if (*outcome == LLM_OK && !strcasestr(answer.texts[0], "hello there"))
		*outcome = LLM_NOT_THE_TURN;
	if (*outcome == LLM_SCHEMA_REFUSED)
		m->loose = true;
	tell_probed(m, done, *outcome, &reply);
	llm_answer_finish(&answer);
	llm_reply_finish(&reply);
	return *outcome == LLM_OK;
}

static void on_probe(const struct http_done *done, void *arg)
{
	struct model *m = arg;
	enum llm_outcome outcome = done->outcome;
	uint64_t wait_ms = 0;

	m->probe = NULL;
	if (outcome != LLM_OK)
		tell_probed(m, done, outcome, NULL);
	if (outcome == LLM_OK && probe_answered(m, done, &wait_ms, &outcome))
		model_took(m, done->took_ns / NS_PER_MS);
	heard_probe(m, outcome, wait_ms);
}

static void probe(struct model *m)
{
	struct clean_input in = {.raw = slice_str(probe_turn)};
	struct prompt_item item = {.in = &in};
	struct llm_request request = {.model = slice_str(m->name),
		.system = prompt_fixed(),
		.schema = !m->loose,
		.thinking = m->llm->thinking,
		.max_tokens = prompt_output_tokens(sizeof probe_turn, 1)};
	struct buf url, text, data;
	struct slice one;

	buf_init(&url, 2048);
	buf_init(&text, PROMPT_ITEM_BYTES);
	buf_init(&data, LLM_REQUEST_BYTES);
	if (!prompt_item_write(&text, &item))
		bug("the probe does not fit");
	one = buf_view(&text);
	prompt_data_write(&data, &one, 1);
	request.data = buf_view(&data);
	buf_reset(&m->llm->body);
	m->service->provider->request(&m->llm->body, &request);
	m->service->provider->url(&url, slice_str(m->service->url), request.model);
	m->wanted = false;
	m->llm->counts.probes++;
	m->probe = transport_send(m->llm->transport, &(struct http_request){.url = buf_view(&url),
							     .key_header = slice_str(m->service->key_header),
							     .body = buf_view(&m->llm->body),
							     .timeout_ms = BREAKER_PROBE_MS,
							     .fn = on_probe,
							     .arg = m});
	buf_finish(&url);
	buf_finish(&text);
	buf_finish(&data);
}

/* --- pings: a list of models costs nothing and keeps a connection --- */

static void on_ping(const struct http_done *done, void *arg)
{
	struct service *s = arg;

	s->ping = NULL;
	log_debug("model.ping", "provider=%s outcome=%s status=%ld", s->provider->name,
		llm_outcomes[done->outcome].name, done->reply.status);
}

static void ping(struct llm *llm, struct service *s)
{
	struct buf url;

	buf_init(&url, 2048);
	s->provider->models_url(&url, slice_str(s->url));
	s->used_ms = llm_now_ms();
	s->ping = transport_send(llm->transport, &(struct http_request){.url = buf_view(&url),
							 .key_header = slice_str(s->key_header),
							 .timeout_ms = PING_TIMEOUT_MS,
							 .fn = on_ping,
							 .arg = s});
	buf_finish(&url);
}

void health_tick(struct llm *llm)
{
	uint64_t now = llm_now_ms();

	if (llm->ticks++ % 2 == 0)
		poll_others(llm);
	for (size_t i = 0; i < llm->model_count; i++)
		if (llm->models[i].wanted && breaker_probe(&llm->models[i].breaker, now))
			probe(&llm->models[i]);
	for (size_t i = 0; i < LLM_SERVICES; i++)
		if (llm->services[i].provider && !llm->services[i].ping &&
			now - llm->services[i].used_ms >= PING_MS)
			ping(llm, &llm->services[i]);
}

void health_open(struct llm *llm)
{
	for (size_t i = 0; i < LLM_SERVICES; i++)
		if (llm->services[i].provider)
			ping(llm, &llm->services[i]); /* connected before the first turn */
	poll_others(llm);
}

void llm_redis_up(struct llm *llm)
{
	poll_others(llm);
}
