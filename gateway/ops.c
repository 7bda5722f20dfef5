/* SPDX-License-Identifier: ISC
 *
 * ops.c - see ops.h.
 */
#include "ops.h"

#include "common/base/json_out.h"
#include "common/service/timings.h"
#include "counters.h"
#include "http.h"
#include "relayed.h"

enum { OPS_TEXT_BYTES = 1024 * 1024 }; /* /metrics: 5 KiB of ours, 10 KiB a cleaner */

void root_get(struct request *r)
{
	static const char text[] =
		"CleanerContext: cleans live conversations.\n\n"
		"  GET  /openapi.json             the whole interface\n"
		"  POST /api/v1/auth/login        {\"email\", \"password\"} gives an access token\n"
		"  POST /api/v1/conversations     Authorization: Bearer <access token or API key>\n";

	request_answer(r, 200, "text/plain; charset=utf-8", slice_str(text));
}

/* What a problem's `type` leads to, in words. */
void problem_get(struct request *r)
{
	enum problem p = problem_by_name(r->params.name);
	struct buf text;

	if (p == PROBLEM_COUNT) {
		request_problem(r, PROBLEM_NOT_FOUND, "There is no problem of this name.");
		return;
	}
	buf_init(&text, OPS_TEXT_BYTES);
	buf_printf(&text, "%s (HTTP %d)\n\n%s\n", problems[p].title, problems[p].status, problems[p].advice);
	request_answer(r, 200, "text/plain; charset=utf-8", buf_view(&text));
	buf_finish(&text);
}

void healthz_get(struct request *r)
{
	request_answer(r, 200, "application/json", SLICE("{\"status\":\"alive\"}"));
}

static const struct {
	const char *name;
	bool (*is_up)(const struct gateway *gw);
	bool needed; /* without it a balancer had better ask another gateway */
} dependencies[] = {
	{"postgres", gateway_pg_up, true},
	{"redis", gateway_redis_up, false}, /* nobody has it then, and turns are taken all the same */
	{"decider", gateway_decider_up, true},
	{"notifier", gateway_notifier_up, true},
};

bool ops_is_ready(const struct gateway *gw)
{
	for (size_t i = 0; i < countof(dependencies); i++)
		if (dependencies[i].needed && !dependencies[i].is_up(gw))
			return false;
	return true;
}

static struct slice readiness(const struct gateway *gw)
{
	if (service_is_draining(gw->run))
		return SLICE("draining");
	if (!ops_is_ready(gw))
		return SLICE("waiting");
	for (size_t i = 0; i < countof(dependencies); i++)
		if (!dependencies[i].is_up(gw))
			return SLICE("degraded");
	return SLICE("ready");
}

void readyz_get(struct request *r)
{
	bool ready = ops_is_ready(r->gw) && !service_is_draining(r->gw->run);
	struct buf json;

	buf_init(&json, OPS_TEXT_BYTES);
	buf_char(&json, '{');
	json_kv_str(&json, "status", readiness(r->gw));
	json_key(&json, "dependencies");
	buf_char(&json, '{');
	for (size_t i = 0; i < countof(dependencies); i++)
		json_kv_str(&json, dependencies[i].name, dependencies[i].is_up(r->gw) ? SLICE("up") : SLICE("down"));
	buf_str(&json, "}}");
	if (!ready)
		request_header(r, "Retry-After", "1");
	request_json(r, ready ? 200 : 503, &json);
	buf_finish(&json);
}

static void gauge(struct buf *out, const char *name, const char *help, uint64_t value)
{
	buf_printf(out, "# HELP cleanerctx_%s %s\n# TYPE cleanerctx_%s gauge\ncleanerctx_%s %llu\n", name, help, name, name,
		(unsigned long long)value);
}

void metrics_get(struct request *r)
{
	const struct gateway *gw = r->gw;
	struct buf text;

	buf_init(&text, OPS_TEXT_BYTES);
	counters_write(&text);
	gauge(&text, "http_connections", "Client sockets open.", http_connections(gw->http));
	gauge(&text, "http_requests_open", "Requests not answered yet, streams among them.", http_open_requests(gw->http));
	gauge(&text, "postgres_up", "1 when a connection is there.", pg_is_up(gw->pg));
	gauge(&text, "postgres_requests_in_flight", "Transactions sent and not answered.", pg_in_flight(gw->pg));
	gauge(&text, "redis_up", "1 when the connection is there.", redis_is_up(gw->redis));
	gauge(&text, "timings_dropped", "Samples that could not be sent to the monitor.", timings_dropped());
	gauge(&text, "messages_undecodable", "Messages dropped because they did not decode.",
		link_dropped(gw->turns_link) + link_dropped(gw->events_link));
	relayed_write(&text);
	request_answer(r, 200, "text/plain; version=0.0.4; charset=utf-8", buf_view(&text));
	buf_finish(&text);
}

/* The WebSocket's path without an upgrade. */
void ws_get(struct request *r)
{
	request_header(r, "Upgrade", "websocket");
	request_problem(r, PROBLEM_UPGRADE, "Open a WebSocket here.");
}
