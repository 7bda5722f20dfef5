/* SPDX-License-Identifier: ISC
 *
 * queue.c - what an operator asks of the queue. Redis is talked to without a loop, by the scripts that the
 * services use; PostgreSQL stays the truth: requeue only takes a conversation out, and the decider's sweep
 * puts it back.
 */
#include "admin.h"

#include "common/base/attr.h"
#include "common/base/uuid.h"
#include "common/store/queue.h"
#include "common/store/redis_url.h"

#include <stdio.h>
#include <stdlib.h>

enum { CONNECT_S = 5 };

static const char *url = "";

void admin_redis_url(const char *where)
{
	url = where;
}

static bool greet(redisContext *redis, const struct redis_url *at)
{
	redisReply *r = NULL;
	bool good;

	if (at->password[0] && at->user[0])
		r = redisCommand(redis, "AUTH %s %s", at->user, at->password);
	else if (at->password[0])
		r = redisCommand(redis, "AUTH %s", at->password);
	good = !at->password[0] || (r && r->type != REDIS_REPLY_ERROR);
	freeReplyObject(r);
	if (!good || at->db == 0)
		return good;
	r = redisCommand(redis, "SELECT %d", at->db);
	good = r && r->type != REDIS_REPLY_ERROR;
	freeReplyObject(r);
	return good;
}

redisContext *admin_redis(void)
{
	const struct timeval most = {CONNECT_S, 0};
	struct redis_url at;
	const char *wrong = redis_url_parse(url, &at);
	redisContext *redis = NULL;

	if (!wrong)
		redis = at.path[0] ? redisConnectUnixWithTimeout(at.path, most)
				   : redisConnectWithTimeout(at.host, at.port, most);
	if (redis && !redis->err && redisSetTimeout(redis, most) == REDIS_OK && greet(redis, &at))
		return redis;
	fprintf(stderr, "cleanerctx-admin: Redis: %s\n",
		wrong		      ? wrong
		: redis && redis->err ? redis->errstr
				      : "it refuses us");
	if (redis)
		redisFree(redis);
	return NULL;
}

/* The value of a query of one row and column, -1 when there is none. */
static long long one_number(PGconn *db, const char *sql)
{
	PGresult *r = PQexec(db, sql);
	long long n =
		PQresultStatus(r) == PGRES_TUPLES_OK && PQntuples(r) == 1 ? atoll(PQgetvalue(r, 0, 0)) : -1;

	PQclear(r);
	return n;
}

static redisReply *ask_figures(redisContext *redis)
{
	enum { KEYS = countof(queue_stats_keys), WORDS = 3 + KEYS + 1 };
	const char *words[WORDS] = {"EVAL", queue_stats_script.source, NULL};
	size_t lengths[WORDS] = {4, strlen(queue_stats_script.source), 0};
	char keys[8];

	words[2] = keys;
	lengths[2] = (size_t)snprintf(keys, sizeof keys, "%d", (int)KEYS);
	for (size_t i = 0; i < KEYS; i++) {
		words[3 + i] = queue_stats_keys[i].p;
		lengths[3 + i] = queue_stats_keys[i].n;
	}
	words[3 + KEYS] = queue_group.p;
	lengths[3 + KEYS] = queue_group.n;
	return redisCommandArgv(redis, WORDS, words, lengths);
}

static int print_figures(redisContext *redis, PGconn *db)
{
	static const char *const names[QUEUE_FIGURES] = {
		"ready", "in_redis", "oldest_ms", "unclaimed", "finished", "crashes", "retries",
		"in_hand", "ready_high", "dead"};
	redisReply *r = ask_figures(redis);
	long long queued = one_number(db, "SELECT count(*) FROM turns WHERE state = 'queued'");
	bool good = r && r->type == REDIS_REPLY_ARRAY && r->elements == countof(names) && queued >= 0;

	for (size_t i = 0; good && i < countof(names); i++)
		printf("%s %lld\n", names[i], r->element[i]->integer);
	if (good)
		printf("in_postgres %lld\n", queued);
	else
		fputs("cleanerctx-admin: queue: no answer\n", stderr);
	freeReplyObject(r);
	return good ? ADMIN_OK : ADMIN_FAILED;
}

int admin_queue(PGconn *db, int argc, char **argv)
{
	redisContext *redis = admin_redis();
	int code = redis ? print_figures(redis, db) : ADMIN_UNAVAILABLE;

	if (redis)
		redisFree(redis);
	return code;
}

int admin_requeue(PGconn *db, int argc, char **argv)
{
	struct queue_names n;
	struct uuid conversation;
	redisContext *redis;
	redisReply *r;
	int code = ADMIN_FAILED;

	if (!uuid_parse(slice_str(argv[0]), &conversation)) {
		fprintf(stderr, "cleanerctx-admin: %s is no conversation's id\n", argv[0]);
		return ADMIN_USAGE;
	}
	redis = admin_redis();
	if (!redis)
		return ADMIN_UNAVAILABLE;
	queue_name_keys(&n, &conversation);
	r = redisCommand(redis, "EVAL %s 4 %b %s %s %s %b", queue_park_script.source, queue_jobs.p,
		queue_jobs.n, n.wait, n.busy, n.win, queue_group.p, queue_group.n);
	if (r && r->type == REDIS_REPLY_INTEGER) {
		printf("%lld\n", r->integer);
		code = ADMIN_OK;
	} else {
		fprintf(stderr, "cleanerctx-admin: requeue: %s\n",
			r && r->type == REDIS_REPLY_ERROR ? r->str : "no answer");
	}
	freeReplyObject(r);
	redisFree(redis);
	return code;
}
