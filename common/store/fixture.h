/* SPDX-License-Identifier: ISC
 *
 * fixture.h - for tests only: a throw-away PostgreSQL and Redis (tests/harness/servers.sh) and waiting on the
 * loop.
 *
 * One of each for a test program: fixture_start as Check's unchecked set-up, so that the tests' own processes
 * share them. A test that harms a server mends it.
 */
#ifndef CC_STORE_FIXTURE_H
#define CC_STORE_FIXTURE_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

extern char fixture_dir[];	/* "/tmp/cc-test.XXXXXX" */
extern char fixture_conninfo[]; /* for libpq */
extern char fixture_redis[];	/* a URL */

/* servers: "postgres", "redis", "postgres redis". Exits with 77 (skipped) where they are not installed. */
void fixture_start(const char *servers);
void fixture_stop(void); /* and removes all */

/* Runs servers.sh with that verb. */
void fixture_servers(const char *verb, const char *servers);
pid_t fixture_redis_pid(void);

/* Runs the loop until done() says so; fails the test after 20 s. */
void fixture_until(struct ev_loop *loop, bool (*done)(void *arg), void *arg);

#endif
