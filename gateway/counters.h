/* SPDX-License-Identifier: ISC
 *
 * counters.h - the gateway's own figures for /metrics, as one table. Only added to; gauges are asked for when they are read.
 *
 * A counter whose name ends in _seconds_total counts nanoseconds and is written in seconds.
 */
#ifndef CC_GATEWAY_COUNTERS_H
#define CC_GATEWAY_COUNTERS_H

#include <stdint.h>

/* C(UPPER, name without cleanerctx_, labels or "", help) */
#define COUNTER_TABLE(C) \
	C(HTTP_2XX, "http_requests_total", "code=\"2xx\"", "Requests answered.") \
	C(HTTP_3XX, "http_requests_total", "code=\"3xx\"", "") \
	C(HTTP_4XX, "http_requests_total", "code=\"4xx\"", "") \
	C(HTTP_5XX, "http_requests_total", "code=\"5xx\"", "") \
	C(HTTP_SECONDS, "http_request_seconds_total", "", "Time from receipt to answer, all requests together.") \
	C(HTTP_REFUSED, "http_connections_refused_total", "", "Connections over max_connections.") \
	C(ADDRESS_REFUSED, "http_address_refused_total", "", "Connections over what one network address may have.") \
	C(HTTP_GONE, "http_clients_gone_total", "", "Clients that left before their answer.") \
	C(LOGIN_OK, "logins_total", "result=\"ok\"", "Attempts to log in.") \
	C(LOGIN_WRONG, "logins_total", "result=\"wrong\"", "") \
	C(LOGIN_LIMITED, "logins_total", "result=\"limited\"", "") \
	C(RATE_LIMITED, "rate_limited_total", "of=\"user\"", "Requests over a rate.") \
	C(ADDRESS_LIMITED, "rate_limited_total", "of=\"address\"", "") \
	C(SOCKETS_LIMITED, "user_sockets_refused_total", "", "WebSockets and event streams over what a user may have.") \
	C(REFUSED_AGENT, "turns_refused_total", "speaker=\"agent\"", "Turns refused at once because too many were under way.") \
	C(REFUSED_PERSON, "turns_refused_total", "speaker=\"person\"", "") \
	C(REFRESH_REUSED, "refresh_tokens_reused_total", "", "Refresh tokens shown again after their time: families revoked.") \
	C(REPLAYED, "idempotent_replays_total", "", "Answers given again for an Idempotency-Key.")

#define COUNTER_ENUM(UPPER, name, labels, help) COUNTER_##UPPER,
enum counter { COUNTER_TABLE(COUNTER_ENUM) COUNTER_COUNT };
#undef COUNTER_ENUM

struct buf;
void counter_add(enum counter counter, uint64_t n);
void counters_write(struct buf *out); /* Prometheus text */

#endif
