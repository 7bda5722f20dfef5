/* SPDX-License-Identifier: ISC
 *
 * NAME      cleaner - cleans one queued turn after another, with context
 * INPUT     the ready streams in Redis (consumer group "cleaners"), windows from Redis or PostgreSQL;
 * without Redis the light turns from PostgreSQL
 * OUTPUT    the second commit in PostgreSQL; the turn's completion in Redis; results (PUSH)
 * LIMITS    max_in_flight turns at a time, each of another conversation; what has no room waits in the
 * streams LOSS      none: a turn that dies with its cleaner is taken over after lease_ms; a result that does
 * is sent again by whoever takes over, or by the decider's sweep BUGS      a cleaner that stands still for
 * longer than lease_ms does work twice; it has its effect once.
 */
#include "cleaner.h"

#include "cleaner/llm/llm.h"
#include "cleaner_service.h"
#include "counts.h"
#include "common/base/log.h"
#include "common/service/timings.h"
#include "common/wire/limits.h"
#include "spend.h"

#include <stdlib.h>

enum {
	REDIS_MS = 2000,	 /* a script's time to its answer */
	RENEWALS = 4,		 /* in a lease's time: three may be late or lost */
	READER_MS = 5000 + 2000, /* a blocked read's: take.c's BLOCK_MS and the same */
	JSON_BYTES = 2 * LIMIT_TURN_JSON_BYTES,
};

static struct cleaner cleaner;

/* What its calls cost is reported before it goes. */
static bool is_reported(struct cleaner *c)
{
	if (!c->spend || !c->pg || spend_is_idle(c->spend)) /* no pg: stop() has closed it */
		return true;
	spend_flush(c->spend);
	return false;
}

void cleaner_settled(struct cleaner *c)
{
	if (!service_is_draining(c->run))
		take_more(c);
	else if (c->in_flight == 0 && c->late.committing == 0 && !c->take.reading && is_reported(c))
		service_drained(c->run);
}

static void ready_if_all_answer(struct cleaner *c)
{
	if (pg_is_up(c->pg) && redis_is_up(c->redis) && redis_is_up(c->reader))
		service_ready(c->run, "cleaning");
	take_more(c);
}

static void on_pg(bool up, void *arg)
{
	struct cleaner *c = arg;

	if (!up)
		return;
	commit_warm(c);
	if (c->spend)
		spend_pg_up(c->spend);
	ready_if_all_answer(c);
}

static void on_redis(bool up, void *arg)
{
	struct cleaner *c = arg;

	standin_probe(c); /* it does not serve before it has taken something */
	if (!up)
		return;
	if (c->llm)
		llm_redis_up(c->llm); /* before the first lease */
	take_redis_up(c);
	ready_if_all_answer(c);
}

static void on_reader(bool up, void *arg)
{
	if (!up)
		return;
	take_reader_up(arg);
	ready_if_all_answer(arg);
}

static void on_tick(struct ev_loop *loop, ev_timer *w, int revents)
{
	standin_probe(w->data);
	take_renew(w->data);
	take_look(w->data);
}

static void on_connected(uint64_t took_ns, void *arg)
{
	timing_ns(METRIC_SYSTEM_DATABASE_CONNECTION, took_ns);
}

static void open_engine(struct cleaner *c)
{
	char *warning = NULL;

	c->engine = engine_open(c->config->engine_data[0] ? c->config->engine_data : NULL, &warning);
	if (warning)
		log_warning("engine.tables", "said=\"%s\"", warning);
	free(warning);
	c->workspace = engine_workspace_create(c->engine);
}

static void start_tick(struct cleaner *c)
{
	double every = (double)c->config->lease_ms / (RENEWALS * 1e3);

	ev_timer_init(&c->tick, on_tick, every, every);
	c->tick.data = c;
	ev_timer_start(service_loop(c->run), &c->tick);
}

static bool start(struct service_run *run)
{
	struct cleaner *c = &cleaner;
	const struct service_common *common = service_common(run);
	struct ev_loop *loop = service_loop(run);

	c->run = run;
	c->config = &cleaner_config;
	buf_init(&c->json, JSON_BYTES);
	open_engine(c);
	take_open(c);
	commit_open(c);
	standin_open(c);
	c->results = link_open(run, LINK_RESULTS, LINK_CONNECTS, NULL, (struct link_handlers){0});
	c->redis = redis_open(
		loop, &(struct redis_options){
			      .url = common->redis, .timeout_ms = REDIS_MS, .state = on_redis, .arg = c});
	c->reader = redis_open(
		loop, &(struct redis_options){
			      .url = common->redis, .timeout_ms = READER_MS, .state = on_reader, .arg = c});
	c->pg = pg_open(loop, &(struct pg_options){.conninfo = common->postgres,
				      .connections = (size_t)c->config->pg_connections,
				      .timeout_ms = (uint64_t)c->config->pg_timeout_ms,
				      .state = on_pg,
				      .connected = on_connected,
				      .arg = c});
	c->counts = cleaner_counts_open(c); /* the model's calls are counted there */
	model_open(c);
	start_tick(c);
	return true;
}

static void drain(struct service_run *run)
{
	take_wake(&cleaner);
	late_drain(&cleaner);
	cleaner_settled(&cleaner);
}

static void stop(struct service_run *run)
{
	struct cleaner *c = &cleaner;

	ev_timer_stop(service_loop(run), &c->tick);
	take_close(c);
	standin_close(c);
	model_close(c);
	cleaner_counts_close(&c->counts);
	redis_close(&c->reader);
	pg_close(&c->pg);
	commit_close(c);
	redis_close(&c->redis);
	spend_close(&c->spend);
	for (size_t i = 0; i < countof(c->leases); i++)
		if (c->leases[i].state != LEASE_FREE)
			lease_end(&c->leases[i]); /* waited for its timer */
	link_close(&c->results);
	buf_finish(&c->json);
	known_clear(&c->known);
	engine_workspace_destroy(&c->workspace);
	engine_close(&c->engine);
}

static void modes(struct service_run *run)
{
	model_modes(&cleaner);
}

const struct service cleaner_service = {
	.name = "cleaner",
	.summary = "cleans one queued turn after another, with context",
	.keys = cleaner_keys,
	.config = &cleaner_config,
	.gives_way = 10, /* a person's turn has thirty times as long as an agent's, which needs no cleaner */
	.check = model_check,
	.start = start,
	.drain = drain,
	.stop = stop,
	.modes = modes,
};
