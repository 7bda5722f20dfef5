/* SPDX-License-Identifier: ISC
 *
 * gateway.c - puts the gateway together: NAME gateway - speaks HTTP and WebSocket; knows who you are.
 *
 * Input: clients' requests and sockets; verdicts (turns), events (notifier). Output: turns and kicks to deciders, changes
 * of conversations to notifiers, timings. Limits: gateway_config, http.h. Loss: none that was acknowledged: a turn is
 * answered once a decider committed it; an answer that a client did not hear is given again by its Idempotency-Key.
 *
 * It listens at once, so that /healthz and /readyz tell how far it is; requests that need PostgreSQL are 503 until it is
 * up. It is ready when PostgreSQL and Redis answer, and stays so when one goes: early 503s are its way to wait.
 */
#include "gateway.h"

#include "access.h"
#include "admit.h"
#include "common/base/log.h"
#include "common/base/xalloc.h"
#include "common/service/timings.h"
#include "clean.h"
#include "common/wire/events.h"
#include "http.h"
#include "gauges.h"
#include "hub.h"
#include "idempotency.h"
#include "live.h"
#include "modes.h"
#include "passwords.h"
#include "ratelimit.h"
#include "relayed.h"
#include "turns.h"

#include <sodium.h>
#include <stdlib.h>

enum {
	PG_TIMEOUT_MS = 5000,    /* half of a turn's longest wait: a lost answer leaves time to ask again */
	REDIS_TIMEOUT_MS = 2000, /* reads of a log or a window: the client waits */
	DRAIN_LOOK_MS = 20,
};

static struct gateway gateway; /* one a process */
static ev_timer drain_timer;

struct gateway_config gateway_config;

bool gateway_pg_up(const struct gateway *gw)
{
	return pg_is_up(gw->pg);
}

bool gateway_redis_up(const struct gateway *gw)
{
	return redis_is_up(gw->redis);
}

bool gateway_decider_up(const struct gateway *gw)
{
	return link_has_peer(gw->turns_link);
}

bool gateway_notifier_up(const struct gateway *gw)
{
	return hub_heard(gw->hub);
}

static void look_ready(struct gateway *gw)
{
	if (pg_is_up(gw->pg) && redis_is_up(gw->redis))
		service_ready(gw->run, "serving");
	else if (service_is_ready(gw->run))
		service_ready(gw->run, "a store does not answer");
}

static void on_store_state(bool up, void *arg)
{
	struct gateway *gw = arg;

	if (gw->pg && gw->redis)
		look_ready(gw);
}

static void on_connected(uint64_t took_ns, void *arg)
{
	timing_ns(METRIC_SYSTEM_DATABASE_CONNECTION, took_ns);
}

static void open_stores(struct gateway *gw)
{
	const struct service_common *common = service_common(gw->run);

	gw->pg = pg_open(gw->loop, &(struct pg_options){.conninfo = common->postgres,
		.connections = (size_t)gw->config->pg_connections, .timeout_ms = PG_TIMEOUT_MS, .state = on_store_state,
		.connected = on_connected, .arg = gw});
	gw->redis = redis_open(gw->loop, &(struct redis_options){.url = common->redis, .timeout_ms = REDIS_TIMEOUT_MS,
		.state = on_store_state, .arg = gw});
}

static void open_links(struct gateway *gw)
{
	relayed_open(gw->run);
	gw->results_link = link_open(gw->run, LINK_RESULTS, LINK_CONNECTS, NULL, (struct link_handlers){0});
	gw->turns_link = link_open(gw->run, LINK_TURNS, LINK_CONNECTS, NULL,
		(struct link_handlers){.message = turns_message, .arg = gw});
	gw->events_link = link_open(gw->run, LINK_EVENTS, LINK_CONNECTS, NULL,
		(struct link_handlers){.message = hub_message, .peer = hub_peer, .arg = gw});
}

static void open_parts(struct gateway *gw)
{
	const struct gateway_config *c = gw->config;

	tokens_init(&gw->tokens, c->jwt_secret, c->jwt_secret_previous);
	gw->user_rate = ratelimit_create((uint64_t)c->rate_per_s, 1, (uint64_t)c->rate_per_s);
	gw->login_rate = ratelimit_create((uint64_t)c->login_per_min, 60, (uint64_t)c->login_per_min);
	gw->network_rate = ratelimit_create((uint64_t)c->login_per_min * 10, 60, (uint64_t)c->login_per_min * 10);
	gw->admit = admit_open(c);
	gw->access = access_open(gw);
	gw->passwords = passwords_open(gw->loop);
	gw->idempotency = idempotency_open(gw);
	gw->turns = turns_open(gw);
	gw->hub = hub_open(gw);
	gw->live = live_open(gw);
	gw->gauges = gauges_open(gw);
	gw->clean = clean_open(c->engine_data);
}

/* No table can say that a key must be given: a default secret would be everybody's. */
bool gateway_check(struct buf *error)
{
	if (strlen(gateway_config.jwt_secret) >= TOKEN_SECRET_BYTES_MIN)
		return true;
	buf_printf(error, "jwt_secret (or jwt_secret_file) must be given, %d bytes or more", TOKEN_SECRET_BYTES_MIN);
	return false;
}

void gateway_modes(struct service_run *run)
{
	modes_told(&gateway);
}

bool gateway_start(struct service_run *run)
{
	struct gateway *gw = &gateway;

	gw->run = run;
	gw->loop = service_loop(run);
	gw->config = &gateway_config;
	gw->id = uuid_v7();
	if (sodium_init() < 0)
		fatal("libsodium does not start");
	memcpy(gw->topic, "g.", 2);
	uuid_text(&gw->id, gw->topic + 2);
	open_stores(gw);
	open_links(gw);
	open_parts(gw);
	gw->http = http_open(gw);
	if (gw->http)
		look_ready(gw);
	return gw->http != NULL;
}

static void on_drain(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct gateway *gw = w->data;

	if (http_open_requests(gw->http) > 0 || live_count(gw->live) > 0)
		return;
	ev_timer_stop(loop, w);
	service_drained(gw->run);
}

void gateway_drain(struct service_run *run)
{
	http_stop_listening(gateway.http);
	live_drain(gateway.live);
	ev_timer_init(&drain_timer, on_drain, 0, DRAIN_LOOK_MS / 1e3);
	drain_timer.data = &gateway;
	ev_timer_start(gateway.loop, &drain_timer);
}

void gateway_stop(struct service_run *run)
{
	struct gateway *gw = &gateway;

	ev_timer_stop(gw->loop, &drain_timer);
	passwords_close(&gw->passwords);
	turns_close(&gw->turns);
	idempotency_close(&gw->idempotency);
	pg_close(&gw->pg);
	redis_close(&gw->redis);
	http_close(&gw->http);
	gauges_close(&gw->gauges);
	live_close(&gw->live);
	hub_close(&gw->hub);
	link_close(&gw->turns_link);
	link_close(&gw->events_link);
	relayed_close();
	link_close(&gw->results_link);
	clean_close(&gw->clean);
	access_close(&gw->access);
	admit_close(&gw->admit);
	ratelimit_destroy(&gw->user_rate);
	ratelimit_destroy(&gw->login_rate);
	ratelimit_destroy(&gw->network_rate);
	tokens_finish(&gw->tokens);
}
