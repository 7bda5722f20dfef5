/* SPDX-License-Identifier: ISC
 *
 * gateway.h - the running gateway: what its modules share. One per process, one thread.
 *
 * Each part belongs to the module named beside it, which opens it in gateway.c's order of start and closes it in the
 * reverse order; all others only borrow. Nothing here is touched off the loop's thread: passwords.c hands its workers
 * copies, and takes results back through an ev_async.
 */
#ifndef CC_GATEWAY_GATEWAY_H
#define CC_GATEWAY_GATEWAY_H

#include "common/base/uuid.h"
#include "common/service/link.h"
#include "common/store/pg.h"
#include "common/store/redis.h"
#include "common/wire/limits.h"
#include "tokens.h"

struct gateway_config {
	char *listen;              /* host:port of the public address */
	char *ops_listen;          /* host:port of /healthz, /readyz, /metrics; empty: on the public address */
	char *jwt_secret;          /* signs access tokens and derives refresh tokens */
	char *jwt_secret_previous; /* still verifies, after a rotation; may be empty */
	char *cors_origins;        /* origins of other sites' pages that may call us, comma-separated; "*" for any */
	char *bypass_speakers;     /* comma-separated, as they are written back */
	char *engine_data;         /* folder of the cleaning engine's tables for /clean; empty: the built-in rules */
	int64_t rate_per_s;        /* requests a user may make a second */
	int64_t login_per_min;     /* failed attempts for an address of mail; ten times that from a network address */
	int64_t pg_connections;
	int64_t max_connections;   /* client sockets */
	int64_t address_connections, address_connects_per_s, address_rate_per_s; /* admit.h; 0: not bounded */
	int64_t user_sockets;      /* WebSockets and event streams of a user */
	int64_t body_timeout_s;    /* a request's headers and body must be here by then */
	int64_t idle_timeout_s;    /* a keep-alive connection may wait this long for its next request */
};

struct gateway {
	struct service_run *run;              /* service.h's */
	struct ev_loop *loop;
	const struct gateway_config *config;
	struct uuid id;                       /* made at start: names this gateway */
	char topic[LIMIT_TOPIC_BYTES];        /* "g.<id>", for msg_turn.gateway */

	struct http *http;                    /* http.c: listener, connections, requests */
	struct pg *pg;                        /* gateway.c: reads and the gateway's own small writes */
	struct redis *redis;                  /* gateway.c: windows and event logs are only read here */
	struct link *turns_link;              /* gateway.c: DEALER to deciders; kicks too */
	struct link *results_link;            /* gateway.c: PUSH to notifiers */
	struct link *events_link;             /* gateway.c: SUB to notifiers */
	struct tokens tokens;                 /* tokens.c */
	struct access *access;                /* access.c: who a credential is; API keys lately seen */
	struct admit *admit;                  /* admit.c: what one network address may take */
	struct ratelimit *user_rate;          /* ratelimit.c: requests, by user */
	struct ratelimit *login_rate, *network_rate; /* failed logins, by address of mail and by network address */
	struct passwords *passwords;          /* passwords.c: the Argon2id pool */
	struct idempotency *idempotency;      /* idempotency.c: keys at work here, and who waits */

	/* Turns and what is live: opened in gateway.c by these modules' own functions. */
	struct turns *turns;                  /* turns.c: turns on their way, by turn id */
	struct hub *hub;                      /* hub.c: subscriptions of sockets and streams, by conversation */
	struct gauges *gauges;                /* gauges.c: how much is going on, for the monitor */
	struct live *live;                    /* live.c: who listens; operators' channels */
	struct clean *clean;                  /* clean.c: /clean's engine state */
	struct mode_wait *mode_waits;         /* modes.c: operators' words that the monitor has not confirmed yet */
};

extern const struct config_key gateway_keys[]; /* config.c */
extern struct gateway_config gateway_config;

/* Which of what we depend on answers: for /readyz. */
bool gateway_pg_up(const struct gateway *gw);
bool gateway_redis_up(const struct gateway *gw);
bool gateway_decider_up(const struct gateway *gw);
bool gateway_notifier_up(const struct gateway *gw);

/* service.h's hooks. */
bool gateway_check(struct buf *error);
bool gateway_start(struct service_run *run);
void gateway_drain(struct service_run *run);
void gateway_stop(struct service_run *run);
void gateway_modes(struct service_run *run);

#endif
