/* SPDX-License-Identifier: ISC
 *
 * fixture.c - see fixture.h.
 */
#include "fixture.h"

#include "common/base/clock.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PATIENCE_S = 20, EXIT_SKIPPED = 77 };

char fixture_dir[] = "/tmp/cc-test.XXXXXX";
char fixture_conninfo[100], fixture_redis[100];
static char started[40];

void fixture_servers(const char *verb, const char *servers)
{
	char command[400];

	snprintf(command, sizeof command, "%s %s %s %s </dev/null >&2", SERVERS_SH, verb, fixture_dir,
		servers);
	if (system(command) != 0) {
		fprintf(stderr, "failed: %s\n", command);
		abort();
	}
}

void fixture_start(const char *servers)
{
	if (access("/usr/lib/postgresql/15/bin/postgres", X_OK) != 0 ||
		access("/usr/bin/redis-server", X_OK) != 0) {
		fprintf(stderr, "no PostgreSQL 15 or no Redis\n");
		exit(EXIT_SKIPPED);
	}
	if (!mkdtemp(fixture_dir))
		abort();
	snprintf(started, sizeof started, "%s", servers);
	snprintf(fixture_conninfo, sizeof fixture_conninfo, "host=%s user=cleanerctx dbname=postgres",
		fixture_dir);
	snprintf(fixture_redis, sizeof fixture_redis, "unix://%s/redis.sock", fixture_dir);
	fixture_servers("start", servers);
}

void fixture_stop(void)
{
	char command[100];

	fixture_servers("stop", started);
	snprintf(command, sizeof command, "rm -rf %s", fixture_dir);
	if (system(command) != 0)
		abort();
}

pid_t fixture_redis_pid(void)
{
	char path[100];
	FILE *f;
	int pid = 0;

	snprintf(path, sizeof path, "%s/redis.pid", fixture_dir);
	f = fopen(path, "r");
	ck_assert(f != NULL && fscanf(f, "%d", &pid) == 1);
	fclose(f);
	return pid;
}

static void on_tick(struct ev_loop *loop, ev_timer *w, int revents)
{
	/* wakes the loop, so that conditions from outside are seen */
}

void fixture_until(struct ev_loop *loop, bool (*done)(void *arg), void *arg)
{
	uint64_t end = clock_mono_ns() + PATIENCE_S * NS_PER_S;
	ev_timer tick;

	ev_timer_init(&tick, on_tick, 0.01, 0.01);
	ev_timer_start(loop, &tick);
	while (!done(arg)) {
		ck_assert_msg(clock_mono_ns() < end, "waited %d s in vain", PATIENCE_S);
		ev_run(loop, EVRUN_ONCE);
	}
	ev_timer_stop(loop, &tick);
}
