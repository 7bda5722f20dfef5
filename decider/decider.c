/* SPDX-License-Identifier: ISC
 *
 * NAME      decider - makes an accepted turn durable, decides what it needs, routes it
 * INPUT     turns (ROUTER): turn, kick
 * OUTPUT    turns: verdict; results (PUSH); the queue in Redis; the first commit in PostgreSQL
 * LIMITS    batch_turns a commit, backlog_turns waiting for one, queue_turns in the queue; past that a turn is refused (503)
 * LOSS      none once a verdict says DONE, QUEUED or PAUSED. What dies between the commit and the queue, or the notifier,
 *           is made good by the sweep of any decider.
 *
 * Group commit: while one batch is being committed the next gathers, so the batch grows with the load and alone is one
 * row. A batch whose outcome is unknown (connection lost) is sent again: turns are inserted once by their id. One that waits
 * for a conversation that somebody has locked does not wait long: that one's turns wait by themselves, the others go on.
 */
#include "decider.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/service/timings.h"
#include "common/wire/limits.h"
#include "decider_service.h"

#include <stdlib.h>

enum {
	TRY_AGAIN_MS = 50,  /* between tries of one batch */
	TRIES_MOST = 200,   /* ten seconds: the gateway's longest default wait; then TURN_UNAVAILABLE */
	LOCK_MS = 1000,     /* for a conversation that somebody has locked: commits of cleaners are over long before */
	WARY_MS = 10000,    /* after that: each batch asks first whom it would wait for. Longer than clients wait to ask again */
	JSON_BYTES = 2 * LIMIT_TURN_JSON_BYTES,
};

static struct decider decider;

static void on_batch(const struct pg_answer *answer, void *arg);
static void on_locked(const struct pg_answer *answer, void *arg);

static void drain_if_done(struct decider *d)
{
	if (service_is_draining(d->run) && !d->committing.count && !d->gathering.count && !d->held.count && !d->enqueues)
		service_drained(d->run);
}

static void commit_next(struct decider *d)
{
	struct batch *b = d->one_by_one ? &d->alone : &d->committing;

	if (d->one_by_one && !d->alone.count)
		batch_move(&d->alone, &d->committing, 1);
	if (clock_mono_ns() < d->wary_ns)
		accept_ask_locked(d, b, on_locked);
	else
		accept_commit(d, b, on_batch);
}

void decider_progress(struct decider *d)
{
	if (d->committing.count || d->alone.count)
		return;
	d->one_by_one = false;
	if (d->gathering.count) {
		batch_move(&d->committing, &d->gathering, (size_t)d->config->batch_turns);
		d->tries = 0;
		commit_next(d);
		return;
	}
	drain_if_done(d);
}

static void on_again(struct ev_loop *loop, ev_timer *w, int revents)
{
	commit_next(w->data);
}

static void finish_part(struct decider *d, struct batch *b)
{
	batch_clear(b);
	d->tries = 0;
	if (d->one_by_one && d->committing.count)
		commit_next(d);
	else
		decider_progress(d);
}

/* They go first again: turns of theirs may have come meanwhile. */
static void on_look(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct decider *d = w->data;

	batch_move(&d->held, &d->gathering, d->gathering.count);
	batch_move(&d->gathering, &d->held, d->held.count);
	decider_progress(d);
}

/* What a failed commit means: outcomes that may pass are tried again; a batch that the server refuses is taken apart, so
 * that one bad turn does not fail the others. */
static void on_failed(struct decider *d, struct batch *b, const struct pg_answer *answer)
{
	enum pg_status status = answer->status;
	bool may_pass = status == PG_LOST || status == PG_TIMEOUT || status == PG_RETRY || (status == PG_DOWN && d->tries > 0);

	if (may_pass && d->tries++ < TRIES_MOST) {
		d->did.pg_retries++;
		if ((d->tries & (d->tries - 1)) == 0) /* at 1, 2, 4, 8 ..: all turns wait behind this batch */
			log_warning("batch.again", "turns=%zu status=%d sqlstate=%s tries=%u", b->count, (int)status,
				answer->sqlstate, d->tries);
		if (strcmp(answer->sqlstate, "55P03") == 0)
			d->wary_ns = clock_mono_ns() + WARY_MS * NS_PER_MS;
		ev_timer_set(&d->again, TRY_AGAIN_MS / 1e3, 0);
		ev_timer_start(service_loop(d->run), &d->again);
		return;
	}
	if (!d->one_by_one && b->count > 1 && (status == PG_REFUSED || status == PG_CONFLICT)) {
		d->one_by_one = true;
		d->tries = 0;
		commit_next(d);
		return;
	}
	log_warning("batch.failed", "turns=%zu status=%d tries=%u", b->count, (int)status, d->tries);
	accept_failed(d, b);
	finish_part(d, b);
}

/* Those that would wait do so by themselves, as long as a batch would, and are refused then. */
static void on_locked(const struct pg_answer *answer, void *arg)
{
	struct decider *d = arg;
	struct batch *b = d->one_by_one ? &d->alone : &d->committing;
	size_t refused;

	if (answer->status != PG_OK) { /* as of a commit; also when the pool is being closed, which takes no more */
		on_failed(d, b, answer);
		return;
	}
	refused = accept_locked(d, b, answer->results[0], LOCK_MS * NS_PER_MS);
	if (refused) {
		d->wary_ns = clock_mono_ns() + WARY_MS * NS_PER_MS;
		d->locked++;
		if ((d->locked & (d->locked - 1)) == 0) /* at 1, 2, 4, 8 .. */
			log_warning("batch.locked", "refused=%zu times=%llu reason=\"somebody else has their conversations locked\"",
				refused, (unsigned long long)d->locked);
	}
	if (d->held.count && !ev_is_active(&d->look)) {
		ev_timer_set(&d->look, TRY_AGAIN_MS / 1e3, 0);
		ev_timer_start(service_loop(d->run), &d->look);
	}
	if (b->count)
		accept_commit(d, b, on_batch);
	else
		finish_part(d, b);
}

static void on_batch(const struct pg_answer *answer, void *arg)
{
	struct decider *d = arg;
	struct batch *b = d->one_by_one ? &d->alone : &d->committing;

	if (answer->status != PG_OK) {
		on_failed(d, b, answer);
		return;
	}
	d->did.batches++;
	accept_committed(d, b, answer->results[answer->count - 1], answer->took_ns);
	log_debug("batch.committed", "turns=%zu took_us=%llu", b->count, (unsigned long long)(answer->took_ns / 1000));
	finish_part(d, b);
}

static void decide(struct decider *d, struct pending *p)
{
	uint64_t start = clock_mono_ns();
	struct clean_input in = {.raw = p->turn.raw_text, .options = {.forced = p->turn.forced_level != FORCED_NOT,
		.level = (enum clean_level)(p->turn.forced_level ? (p->turn.forced_level - 1) % 3 : 0),
		.verbatim = p->turn.verbatim, .formats = FORMAT_ALL, .profile = p->turn.profile}};

	if (!p->turn.bypass) {
		p->decision = engine_decide(d->workspace, &in);
		timing_turn_ns(METRIC_AI_ERROR_PATTERN_DETECTION, clock_mono_ns() - start, &p->turn.turn_id);
	}
	p->decide_ns = clock_mono_ns() - start;
	timing_turn_ns(METRIC_API_CLEANING_DECISION, p->decide_ns, &p->turn.turn_id);
}

static void refuse(struct decider *d, const struct link_in *in)
{
	struct msg_verdict v = {.turn_id = in->msg->turn.turn_id, .outcome = TURN_UNAVAILABLE};

	if (!link_send_to(d->turns, &in->peer, MSG_VERDICT, &v))
		log_debug("verdict.undelivered", "");
}

/* The agent's turns are not queued: they pass while the cleaners cannot keep up. */
static bool is_full(const struct decider *d, const struct msg_turn *turn)
{
	return d->gathering.count + d->held.count >= (size_t)d->config->backlog_turns ||
		(!turn->bypass && d->figures.known && /* not known: PostgreSQL has room */
			d->figures.now[QUEUE_TURNS] >= (uint64_t)d->config->queue_turns);
}

static void on_turn(struct decider *d, const struct link_in *in)
{
	struct pending *p;

	if (service_is_draining(d->run))
		return; /* asked again by the gateway: of another decider, or of the next process */
	if (!pg_is_up(d->pg) || is_full(d, &in->msg->turn)) {
		(*(pg_is_up(d->pg) ? &d->did.full : &d->did.no_postgres))++;
		refuse(d, in);
		return;
	}
	p = batch_add(&d->gathering, &in->peer, &in->msg->turn);
	if (!p) {
		d->did.repeated++;
		return;
	}
	decide(d, p);
	decider_progress(d);
}

static void on_message(const struct link_in *in, void *arg)
{
	struct decider *d = arg;

	if (in->kind == MSG_TURN)
		on_turn(d, in);
	else if (in->kind == MSG_KICK)
		sweep_conversation(d, &in->msg->kick.conversation_id);
}

void decider_verdict(struct decider *d, const struct pending *p, const struct msg_verdict *verdict)
{
	if (!link_send_to(d->turns, &p->peer, MSG_VERDICT, verdict))
		log_info("verdict.undelivered", ""); /* the gateway asks again, or is gone */
}

void decider_result(struct decider *d, const struct msg_result *result)
{
	size_t lane = uuid_hash(&result->conversation_id) % link_lanes(d->results);

	if (!link_send_lane(d->results, lane, MSG_RESULT, result))
		log_debug("result.undelivered", ""); /* durable ones: the sweep sends them again */
}

static void on_pg(bool up, void *arg)
{
	struct decider *d = arg;

	if (up) {
		service_ready(d->run, "taking turns");
		accept_warm(d);
		sweep_now(d);
	}
}

static void on_redis(bool up, void *arg)
{
	if (up)
		sweep_now(arg);
}

static void on_connected(uint64_t took_ns, void *arg)
{
	timing_ns(METRIC_SYSTEM_DATABASE_CONNECTION, took_ns);
}

static bool start(struct service_run *run)
{
	struct decider *d = &decider;
	const struct service_common *common = service_common(run);
	char *warning = NULL;

	d->run = run;
	d->config = &decider_config;
	batch_init(&d->gathering);
	batch_init(&d->committing);
	batch_init(&d->alone);
	batch_init(&d->held);
	buf_init(&d->json, JSON_BYTES);
	ev_timer_init(&d->again, on_again, 0, 0);
	ev_timer_init(&d->look, on_look, 0, 0);
	d->again.data = d->look.data = d;
	d->engine = engine_open(d->config->engine_data[0] ? d->config->engine_data : NULL, &warning);
	if (warning)
		log_warning("engine.tables", "said=\"%s\"", warning);
	free(warning);
	d->workspace = engine_workspace_create(d->engine);
	d->turns = link_open(run, LINK_TURNS, LINK_BINDS, d->config->turns_bind,
		(struct link_handlers){.message = on_message, .arg = d});
	d->results = link_open(run, LINK_RESULTS, LINK_CONNECTS, NULL, (struct link_handlers){0});
	d->redis = redis_open(service_loop(run), &(struct redis_options){.url = common->redis, .timeout_ms = 2000,
		.state = on_redis, .arg = d});
	d->pg = pg_open(service_loop(run), &(struct pg_options){.conninfo = common->postgres,
		.connections = (size_t)d->config->pg_connections, .timeout_ms = (uint64_t)d->config->pg_timeout_ms, .lock_ms = LOCK_MS,
		.state = on_pg, .connected = on_connected, .arg = d});
	sweep_start(d);
	figures_start(d);
	retain_start(d);
	d->counts = decider_counts_open(d);
	return true;
}

static void drain(struct service_run *run)
{
	sweep_stop(&decider);
	decider_progress(&decider);
}

static void stop(struct service_run *run)
{
	struct decider *d = &decider;

	sweep_stop(d);
	counts_close(&d->counts);
	figures_stop(d);
	retain_stop(d);
	ev_timer_stop(service_loop(run), &d->again);
	ev_timer_stop(service_loop(run), &d->look);
	pg_close(&d->pg);
	redis_close(&d->redis);
	link_close(&d->turns);
	link_close(&d->results);
	batch_clear(&d->gathering);
	batch_clear(&d->committing);
	batch_clear(&d->alone);
	batch_clear(&d->held);
	buf_finish(&d->json);
	engine_workspace_destroy(&d->workspace);
	engine_close(&d->engine);
}

const struct service decider_service = {
	.name = "decider",
	.summary = "makes an accepted turn durable, decides what it needs, routes it",
	.keys = decider_keys,
	.config = &decider_config,
	.start = start,
	.drain = drain,
	.stop = stop,
};
