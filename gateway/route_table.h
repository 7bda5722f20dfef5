/* SPDX-License-Identifier: ISC
 *
 * route_table.h - every route of api.md, once: method, pattern, need, body, limit, metric, handler.
 *
 * LATER stands where api.md's route is not built: it answers 501. Rows that share a path stand together, so that 405's
 * Allow and a reader find them; routes_test.c holds that no two rows match the same request, and that openapi.yaml has
 * every built row.
 */
#ifndef CC_GATEWAY_ROUTE_TABLE_H
#define CC_GATEWAY_ROUTE_TABLE_H

#define API "/api/v1"
#define CONV API "/conversations/{id}"

/* R(METHOD, pattern, NEED_, BODY_, limit, METRIC_ or NO_METRIC, handler) */
#define ROUTE_TABLE(R) \
	R(GET, "/", NOTHING, NONE, LIMIT_BODY_BYTES, NO_METRIC, root_get) \
	R(GET, "/openapi.json", NOTHING, NONE, LIMIT_BODY_BYTES, NO_METRIC, openapi_get) \
	R(GET, "/problems/{name}", NOTHING, NONE, LIMIT_BODY_BYTES, NO_METRIC, problem_get) \
	R(GET, "/healthz", OPS, NONE, LIMIT_BODY_BYTES, NO_METRIC, healthz_get) \
	R(GET, "/readyz", OPS, NONE, LIMIT_BODY_BYTES, NO_METRIC, readyz_get) \
	R(GET, "/metrics", OPS, NONE, LIMIT_BODY_BYTES, NO_METRIC, metrics_get) \
	\
	R(POST, API "/auth/login", NOTHING, JSON, LIMIT_BODY_BYTES, METRIC_API_LOGIN_RESPONSE, login_post) \
	R(POST, API "/auth/refresh", NOTHING, JSON, LIMIT_BODY_BYTES, METRIC_API_TOKEN_REFRESH, refresh_post) \
	R(POST, API "/auth/logout", NOTHING, JSON, LIMIT_BODY_BYTES, METRIC_API_LOGOUT_RESPONSE, logout_post) \
	R(GET, API "/auth/me", USER, NONE, LIMIT_BODY_BYTES, NO_METRIC, me_get) \
	R(POST, API "/auth/keys", USER, JSON_OPTIONAL, LIMIT_BODY_BYTES, NO_METRIC, keys_post) \
	R(GET, API "/auth/keys", USER, NONE, LIMIT_BODY_BYTES, NO_METRIC, keys_get) \
	R(DELETE, API "/auth/keys/{id}", USER, NONE, LIMIT_BODY_BYTES, NO_METRIC, key_delete) \
	\
	R(POST, API "/conversations", USER, JSON_OPTIONAL, LIMIT_BODY_BYTES, METRIC_API_CONVERSATION_CREATE, conversations_post) \
	R(GET, API "/conversations", USER, NONE, LIMIT_BODY_BYTES, METRIC_API_CONVERSATION_LIST, conversations_get) \
	R(GET, CONV, USER, NONE, LIMIT_BODY_BYTES, NO_METRIC, conversation_get) \
	R(PATCH, CONV, USER, JSON, LIMIT_BODY_BYTES, NO_METRIC, conversation_patch) \
	R(DELETE, CONV, USER, NONE, LIMIT_BODY_BYTES, NO_METRIC, conversation_delete) \
	R(POST, CONV "/pause", USER, NONE, LIMIT_BODY_BYTES, NO_METRIC, conversation_pause) \
	R(POST, CONV "/resume", USER, NONE, LIMIT_BODY_BYTES, NO_METRIC, conversation_resume) \
	R(GET, CONV "/status", USER, NONE, LIMIT_BODY_BYTES, METRIC_API_CONVERSATION_STATUS, status_get) \
	R(GET, CONV "/context", USER, NONE, LIMIT_BODY_BYTES, NO_METRIC, context_get) \
	R(POST, CONV "/context", USER, JSON, LIMIT_BODY_BYTES, NO_METRIC, context_post) \
	\
	R(POST, CONV "/turns", USER, JSON, LIMIT_BODY_BYTES, NO_METRIC, turns_post) \
	R(GET, CONV "/turns", USER, NONE, LIMIT_BODY_BYTES, NO_METRIC, turns_get) \
	R(POST, CONV "/turns:batch", USER, JSON, LIMIT_BATCH_BODY_BYTES, NO_METRIC, turns_batch) \
	R(GET, CONV "/turns/{id}", USER, NONE, LIMIT_BODY_BYTES, NO_METRIC, turn_get) \
	R(PATCH, CONV "/turns/{id}", USER, JSON, LIMIT_BODY_BYTES, NO_METRIC, turn_patch) \
	R(POST, CONV "/turns/{id}/corrections/{name}", USER, JSON, LIMIT_BODY_BYTES, NO_METRIC, verdict_post) \
	R(GET, CONV "/events", USER, NONE, LIMIT_BODY_BYTES, NO_METRIC, events_get) \
	R(POST, API "/clean", USER, JSON, LIMIT_BODY_BYTES, NO_METRIC, clean_post) \
	R(GET, API "/ws", NOTHING, NONE, LIMIT_BODY_BYTES, NO_METRIC, ws_get) \
	\
	R(POST, CONV "/import", USER, NONE, LIMIT_BODY_BYTES, NO_METRIC, LATER) \
	R(GET, CONV "/export", USER, NONE, LIMIT_BODY_BYTES, NO_METRIC, LATER) \
	R(GET, CONV "/analytics", USER, NONE, LIMIT_BODY_BYTES, NO_METRIC, analytics_get) \
	R(GET, CONV "/glossary", USER, NONE, LIMIT_BODY_BYTES, NO_METRIC, glossary_get) \
	R(PUT, CONV "/glossary", USER, JSON, LIMIT_GLOSSARY_BODY_BYTES, NO_METRIC, glossary_put) \
	R(PATCH, CONV "/glossary", USER, JSON, LIMIT_GLOSSARY_BODY_BYTES, NO_METRIC, glossary_patch) \
	R(GET, API "/glossary", USER, NONE, LIMIT_BODY_BYTES, NO_METRIC, glossary_get) \
	R(PUT, API "/glossary", USER, JSON, LIMIT_GLOSSARY_BODY_BYTES, NO_METRIC, glossary_put) \
	R(PATCH, API "/glossary", USER, JSON, LIMIT_GLOSSARY_BODY_BYTES, NO_METRIC, glossary_patch) \
	\
	R(GET, API "/performance/summary", OPERATOR, NONE, LIMIT_BODY_BYTES, NO_METRIC, LATER) \
	R(GET, API "/performance/alerts", OPERATOR, NONE, LIMIT_BODY_BYTES, NO_METRIC, alerts_get) \
	R(POST, API "/performance/alerts/{id}/ack", OPERATOR, NONE, LIMIT_BODY_BYTES, NO_METRIC, alert_ack) \
	R(GET, API "/performance/history", OPERATOR, NONE, LIMIT_BODY_BYTES, NO_METRIC, LATER) \
	R(GET, API "/performance/traces", OPERATOR, NONE, LIMIT_BODY_BYTES, NO_METRIC, LATER) \
	R(GET, API "/performance/traces/{id}", OPERATOR, NONE, LIMIT_BODY_BYTES, NO_METRIC, LATER) \
	R(GET, API "/performance/remediations", OPERATOR, NONE, LIMIT_BODY_BYTES, NO_METRIC, LATER) \
	R(GET, API "/performance/costs", OPERATOR, NONE, LIMIT_BODY_BYTES, NO_METRIC, costs_get) \
	R(GET, API "/performance/silences", OPERATOR, NONE, LIMIT_BODY_BYTES, NO_METRIC, LATER) \
	R(POST, API "/performance/silences", OPERATOR, JSON, LIMIT_BODY_BYTES, NO_METRIC, LATER) \
	R(DELETE, API "/performance/silences/{name}", OPERATOR, NONE, LIMIT_BODY_BYTES, NO_METRIC, LATER) \
	R(GET, API "/performance/modes", OPERATOR, NONE, LIMIT_BODY_BYTES, NO_METRIC, modes_get) \
	R(PUT, API "/performance/modes/{name}", OPERATOR, JSON, LIMIT_BODY_BYTES, NO_METRIC, mode_put) \
	R(GET, API "/performance/reports", OPERATOR, NONE, LIMIT_BODY_BYTES, NO_METRIC, LATER) \
	R(GET, API "/performance/reports/{name}", OPERATOR, NONE, LIMIT_BODY_BYTES, NO_METRIC, LATER) \
	R(POST, API "/telemetry", USER, JSON, LIMIT_BODY_BYTES, NO_METRIC, LATER)

#endif
