/* SPDX-License-Identifier: ISC
 *
 * dead.c - the dead letters: turns that were given up after too many crashes or a refused commit. The list
 * is a stream in Redis (queue.h), written by the cleaner; that a turn failed is PostgreSQL's, and stays when
 * Redis loses the list: so show and retry go by PostgreSQL and work without it. Text is shown only by show,
 * to whoever asks for that turn.
 */
#include "admin.h"

#include "common/base/uuid.h"
#include "common/store/queue.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ENTRY_FIELDS = 10 }; /* c, t, cause, crashes, retries and their values */

static const char show_sql[] =
	"SELECT 'turn ' || t.id || E'\\nconversation ' || t.conversation_id || E'\\nseq ' || t.seq || "
	"E'\\nspeaker ' || t.speaker "
	"|| E'\\naccepted ' || t.created_at || E'\\nfinished ' || t.finished_at || E'\\ncause ' "
	"|| t.reason || E'\\ncrashes ' || coalesce(t.metadata::json->>'crashes', '0') || E'\\nretries ' "
	"|| coalesce(t.metadata::json->>'retries', '0') || E'\\nfallback ' "
	"|| coalesce(t.metadata::json->>'fallback', '') || E'\\nrevision ' || t.revision || E'\\ntext "
	"' || t.raw_text "
	"FROM turns t WHERE t.id::text = $1 AND t.state = 'failed'";

/* The conversation first: the order of locks everywhere. Its counters are as if the turn had never been
 * finished. */
static const char retry_sql[] =
	"WITH c AS (SELECT c.id FROM conversations c JOIN turns t ON t.conversation_id = c.id WHERE "
	"t.id::text = $1 "
	"    FOR NO KEY UPDATE OF c), "
	"was AS (SELECT t.id, t.metadata::json->>'confidence_score' AS confidence FROM turns t JOIN c ON "
	"c.id = t.conversation_id "
	"    WHERE t.id::text = $1 AND t.state = 'failed'), "
	"again AS (UPDATE turns t SET state = 'queued', cleaned_text = NULL, metadata = NULL, finished_at = "
	"NULL FROM was "
	"    WHERE t.id = was.id AND t.state = 'failed' RETURNING t.conversation_id, was.confidence) "
	"UPDATE conversations c SET queued_count = c.queued_count + 1, failed_count = c.failed_count - 1, "
	"    high_count = c.high_count - coalesce(a.confidence = 'HIGH', false)::integer, "
	"    medium_count = c.medium_count - coalesce(a.confidence = 'MEDIUM', false)::integer, "
	"    low_count = c.low_count - coalesce(a.confidence = 'LOW', false)::integer "
	"FROM again a WHERE c.id = a.conversation_id";

/* The list may have it all the same: an edit has mended the turn since, or its conversation is gone. */
static int not_failed(void)
{
	fputs("cleanerctx-admin: there is no such failed turn, or not any more; what is on the list, dead drop takes off it\n", stderr);
	return ADMIN_FAILED;
}

static redisReply *read_all(redisContext *redis)
{
	redisReply *r = redisCommand(redis, "XRANGE %b - +", queue_dead.p, queue_dead.n);

	if (r && r->type == REDIS_REPLY_ARRAY)
		return r;
	fprintf(stderr, "cleanerctx-admin: Redis: %s\n",
		r && r->type == REDIS_REPLY_ERROR ? r->str : redis->errstr);
	freeReplyObject(r);
	return NULL;
}

/* An entry's field, "" where it has none. */
static const char *field(const redisReply *entry, const char *name)
{
	const redisReply *fields = entry->elements == 2 ? entry->element[1] : NULL;

	for (size_t i = 0; fields && i + 1 < fields->elements && i < ENTRY_FIELDS; i += 2)
		if (strcmp(fields->element[i]->str, name) == 0)
			return fields->element[i + 1]->str;
	return "";
}

static void print_entry(const redisReply *entry)
{
	time_t at = (time_t)(strtoull(entry->element[0]->str, NULL, 10) / 1000);
	char when[32];
	struct tm tm;

	gmtime_r(&at, &tm);
	strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &tm);
	printf("%s\t%s\t%s\t%s\t%s\t%s\n", field(entry, "t"), field(entry, "c"), when, field(entry, "crashes"),
		field(entry, "retries"), field(entry, "cause"));
}

int admin_dead_list(PGconn *db, int argc, char **argv)
{
	redisContext *redis = admin_redis();
	redisReply *all = redis ? read_all(redis) : NULL;

	for (size_t i = 0; all && i < all->elements; i++)
		print_entry(all->element[i]);
	freeReplyObject(all);
	if (redis)
		redisFree(redis);
	return all ? ADMIN_OK : ADMIN_UNAVAILABLE;
}

/* Deletes what the list has of a turn; the number, or -1. */
static int strike(const char *turn)
{
	redisContext *redis = admin_redis();
	redisReply *all = redis ? read_all(redis) : NULL;
	int struck = all ? 0 : -1;

	for (size_t i = 0; all && i < all->elements; i++) {
		if (strcmp(field(all->element[i], "t"), turn) != 0)
			continue;
		freeReplyObject(redisCommand(
			redis, "XDEL %b %s", queue_dead.p, queue_dead.n, all->element[i]->element[0]->str));
		struck++;
	}
	freeReplyObject(all);
	if (redis)
		redisFree(redis);
	return struck;
}

int admin_dead_show(PGconn *db, int argc, char **argv)
{
	const char *params[] = {argv[0]};
	PGresult *r = PQexecParams(db, show_sql, 1, NULL, params, NULL, NULL, 0);
	int code = ADMIN_FAILED;

	if (PQresultStatus(r) != PGRES_TUPLES_OK) {
		admin_failed(db, "dead show");
	} else if (PQntuples(r) == 0) {
		code = not_failed();
	} else {
		printf("%s\n", PQgetvalue(r, 0, 0));
		code = ADMIN_OK;
	}
	PQclear(r);
	return code;
}

int admin_dead_retry(PGconn *db, int argc, char **argv)
{
	const char *params[] = {argv[0]};
	PGresult *r = PQexecParams(db, retry_sql, 1, NULL, params, NULL, NULL, 0);
	int code = ADMIN_FAILED;

	if (PQresultStatus(r) != PGRES_COMMAND_OK)
		admin_failed(db, "dead retry");
	else if (strcmp(PQcmdTuples(r), "1") != 0)
		code = not_failed();
	else {
		code = ADMIN_OK;
		if (strike(argv[0]) < 0)
			fputs("cleanerctx-admin: the turn is queued again, but stands on the list still\n", stderr);
	}
	PQclear(r);
	return code;
}

int admin_dead_drop(PGconn *db, int argc, char **argv)
{
	int struck = strike(argv[0]);

	if (struck == 0)
		fputs("cleanerctx-admin: there is no such turn on the list; see dead list\n", stderr);
	return struck < 0 ? ADMIN_UNAVAILABLE : struck == 0 ? ADMIN_FAILED : ADMIN_OK;
}
