/* SPDX-License-Identifier: ISC
 *
 * redis.c - see redis.h.
 *
 * hiredis calls back in the order of the commands, and calls every pending callback with a NULL reply when the context
 * ends; that is where outcomes of a lost connection come from. Commands given while it is down are answered by a timer
 * of no delay, never inside the call.
 */
#include "redis.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/xalloc.h"

#include <hiredis/adapters/libev.h>
#include <hiredis/async.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	CONNECT_MS = 2000,     /* an attempt that hangs longer is given up */
	BACKOFF_FIRST_MS = 50, /* doubles to the most */
	BACKOFF_MOST_MS = 800,
	LOOK_MS = 50,          /* how late a time-out may be noticed */
	HOST_BYTES = 256,
};

/* A command under way; a list in the order of sending, so that the head is the oldest. */
struct command {
	struct redis *redis;
	struct command *next, *previous;
	redis_fn *fn;
	void *arg;
	uint64_t sent_ns;
	/* a script is kept until its answer: sent again, whole, when the server has lost it */
	const struct redis_script *script;
	char **argv;
	size_t *lengths;
	size_t argc;
};

struct redis {
	struct ev_loop *loop;
	struct redis_options options;
	char host[HOST_BYTES], password[HOST_BYTES]; /* host is a path when port is 0 */
	int port, db;
	redisAsyncContext *context;
	bool up, closing;
	unsigned attempts;
	uint64_t connecting_ns;
	struct command *first, *last;   /* under way */
	struct command *failed, **failed_tail;
	size_t in_flight;
	ev_timer retry, look, fail;
};

static void connect_now(struct redis *r);

bool redis_is_up(const struct redis *redis)
{
	return redis->up;
}

struct slice redis_str(const redisReply *reply)
{
	if (!reply || (reply->type != REDIS_REPLY_STRING && reply->type != REDIS_REPLY_STATUS))
		return slice_of(NULL, 0);
	return slice_of(reply->str, (size_t)reply->len);
}

static void free_command(struct command *c)
{
	for (size_t i = 0; c->argv && i < c->argc; i++)
		free(c->argv[i]);
	free(c->argv);
	free(c->lengths);
	free(c);
}

static void list_add(struct redis *r, struct command *c)
{
	c->previous = r->last;
	if (r->last)
		r->last->next = c;
	else
		r->first = c;
	r->last = c;
	r->in_flight++;
	if (r->options.timeout_ms && !ev_is_active(&r->look))
		ev_timer_again(r->loop, &r->look);
}

static void list_remove(struct redis *r, struct command *c)
{
	if (c->previous)
		c->previous->next = c->next;
	else
		r->first = c->next;
	if (c->next)
		c->next->previous = c->previous;
	else
		r->last = c->previous;
	c->next = c->previous = NULL;
	r->in_flight--;
}

static void answer(struct command *c, const redisReply *reply)
{
	if (c->fn)
		c->fn(reply, c->arg);
	free_command(c);
}

static void on_fail(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct redis *r = w->data;
	struct command *list = r->failed;

	r->failed = NULL;
	r->failed_tail = &r->failed;
	while (list) {
		struct command *c = list;

		list = c->next;
		answer(c, NULL);
	}
}

static void fail_soon(struct redis *r, struct command *c)
{
	c->next = NULL;
	*r->failed_tail = c;
	r->failed_tail = &c->next;
	if (!ev_is_active(&r->fail)) {
		ev_timer_set(&r->fail, 0, 0);
		ev_timer_start(r->loop, &r->fail);
	}
}

static void on_reply(redisAsyncContext *context, void *reply, void *privdata);

static bool put(struct redis *r, struct command *c, const char *const *argv, const size_t *lengths, size_t argc)
{
	c->sent_ns = clock_mono_ns();
	if (!r->up || r->in_flight >= REDIS_IN_FLIGHT ||
		redisAsyncCommandArgv(r->context, on_reply, c, (int)argc, (const char **)argv, lengths) != REDIS_OK)
		return false;
	list_add(r, c);
	return true;
}

/* EVAL with the whole source, in the place of an EVALSHA that the server did not know. */
static bool put_whole(struct redis *r, struct command *c)
{
	c->argv[0] = xrealloc(c->argv[0], sizeof "EVAL");
	memcpy(c->argv[0], "EVAL", sizeof "EVAL");
	c->lengths[0] = 4;
	free(c->argv[1]);
	c->argv[1] = xstrdup(c->script->source);
	c->lengths[1] = strlen(c->script->source);
	c->script = NULL; /* once is enough */
	return put(r, c, (const char *const *)c->argv, c->lengths, c->argc);
}

static bool lost_script(const struct command *c, const redisReply *reply)
{
	return c->script && reply && reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "NOSCRIPT", 8) == 0;
}

static void on_reply(redisAsyncContext *context, void *reply, void *privdata)
{
	struct command *c = privdata;
	struct redis *r = c->redis;

	list_remove(r, c);
	if (lost_script(c, reply)) {
		if (!put_whole(r, c))
			fail_soon(r, c);
		return;
	}
	answer(c, reply);
}

static void retry_soon(struct redis *r)
{
	unsigned most = BACKOFF_FIRST_MS << (r->attempts < 5 ? r->attempts : 5);

	if (most > BACKOFF_MOST_MS)
		most = BACKOFF_MOST_MS;
	r->attempts++;
	ev_timer_stop(r->loop, &r->retry);
	ev_timer_set(&r->retry, (most / 2 + (unsigned)random() % (most / 2 + 1)) / 1e3, 0);
	ev_timer_start(r->loop, &r->retry);
}

static void went_down(struct redis *r, const char *why)
{
	bool was_up = r->up;
	char quoted[160];

	r->context = NULL;
	r->up = false;
	if (r->closing)
		return;
	if (was_up || r->attempts == 0)
		log_warning("redis.lost", "in_flight=%zu error=%s", r->in_flight, log_quote(why, quoted, sizeof quoted));
	if (was_up && r->options.state)
		r->options.state(false, r->options.arg);
	retry_soon(r);
}

/* hiredis frees the context after this and has answered what was under way. */
static void on_disconnect(const redisAsyncContext *context, int status)
{
	went_down(context->data, status == REDIS_OK ? "closed" : context->errstr);
}

static void on_selected(redisAsyncContext *context, void *reply, void *privdata)
{
	struct redis *r = context->data;
	redisReply *said = reply;

	if (!said || r->context != context)
		return;
	if (said->type == REDIS_REPLY_ERROR) {
		log_error("redis.refused", "error=\"%.120s\"", said->str);
		redisAsyncDisconnect(context);
		return;
	}
	r->up = true;
	r->attempts = 0;
	ev_timer_stop(r->loop, &r->retry);
	if (r->options.state)
		r->options.state(true, r->options.arg);
}

static void on_connect(const redisAsyncContext *context, int status)
{
	struct redis *r = context->data;

	if (status != REDIS_OK) { /* no disconnect callback follows; hiredis frees the context */
		went_down(r, context->errstr);
		return;
	}
	if (r->port)
		redisEnableKeepAlive(&r->context->c); /* a blocked read must notice that its host is gone */
	if (r->password[0])
		redisAsyncCommand(r->context, NULL, NULL, "AUTH %s", r->password);
	/* Also without a database: its answer shows that the server serves (not LOADING, not NOAUTH). */
	redisAsyncCommand(r->context, on_selected, NULL, "SELECT %d", r->db);
}

static void connect_now(struct redis *r)
{
	redisAsyncContext *context =
		r->port ? redisAsyncConnect(r->host, r->port) : redisAsyncConnectUnix(r->host);

	r->connecting_ns = clock_mono_ns();
	if (!context || context->err) {
		went_down(r, context ? context->errstr : "out of memory");
		if (context)
			redisAsyncFree(context);
		return;
	}
	context->data = r;
	r->context = context;
	redisLibevAttach(r->loop, context);
	redisAsyncSetConnectCallback(context, on_connect);
	redisAsyncSetDisconnectCallback(context, on_disconnect);
	ev_timer_stop(r->loop, &r->retry);
	ev_timer_set(&r->retry, CONNECT_MS / 1e3, 0);
	ev_timer_start(r->loop, &r->retry);
}

/* Ends the connection now; what is under way is answered with NULL by hiredis, then on_disconnect runs. */
static void cut(struct redis *r, const char *why)
{
	redisAsyncContext *context = r->context;

	log_warning("redis.cut", "in_flight=%zu reason=\"%s\"", r->in_flight, why);
	if (!context)
		return;
	redisAsyncFree(context);
	if (r->context == context)
		went_down(r, why); /* hiredis tells only of connections that were established */
}

static void on_retry(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct redis *r = w->data;

	if (r->context && !r->up)
		cut(r, "no answer to the connection");
	else if (!r->context)
		connect_now(r);
}

static void on_look(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct redis *r = w->data;

	if (r->first && clock_mono_ns() - r->first->sent_ns > r->options.timeout_ms * NS_PER_MS)
		cut(r, "no answer to a command in time");
	if (!r->first)
		ev_timer_stop(loop, w);
}

static bool parse_unix(struct redis *r, const char *at)
{
	size_t n = strcspn(at, "?");

	if (n == 0 || n >= HOST_BYTES || *at != '/')
		return false;
	memcpy(r->host, at, n);
	if (!at[n])
		return true;
	return sscanf(at + n, "?db=%d", &r->db) == 1 && r->db >= 0;
}

static bool parse_tcp(struct redis *r, const char *at)
{
	const char *sign = strrchr(at, '@'), *slash;
	char port[8] = "6379";
	size_t n;

	if (sign) {
		const char *colon = memchr(at, ':', (size_t)(sign - at));
		const char *from = colon ? colon + 1 : at;

		if ((size_t)(sign - from) >= HOST_BYTES)
			return false;
		memcpy(r->password, from, (size_t)(sign - from));
		at = sign + 1;
	}
	slash = strchr(at, '/');
	n = strcspn(at, ":/");
	if (n == 0 || n >= HOST_BYTES)
		return false;
	memcpy(r->host, at, n);
	if (at[n] == ':' && sscanf(at + n + 1, "%7[0-9]", port) != 1)
		return false;
	r->port = atoi(port);
	if (slash && slash[1])
		r->db = atoi(slash + 1);
	return r->port > 0 && r->port < 65536;
}

struct redis *redis_open(struct ev_loop *loop, const struct redis_options *options)
{
	struct redis *r = xcalloc(1, sizeof *r);
	bool unix_socket = strncmp(options->url, "unix://", 7) == 0, tcp = strncmp(options->url, "redis://", 8) == 0;

	if (!(unix_socket && parse_unix(r, options->url + 7)) && !(tcp && parse_tcp(r, options->url + 8)))
		fatal("event=config.redis error=\"redis must be unix:///path[?db=N] or redis://[:password@]host[:port][/db]\"");
	r->loop = loop;
	r->options = *options;
	r->failed_tail = &r->failed;
	ev_timer_init(&r->retry, on_retry, 0, 0);
	ev_timer_init(&r->look, on_look, LOOK_MS / 1e3, LOOK_MS / 1e3);
	ev_timer_init(&r->fail, on_fail, 0, 0);
	r->retry.data = r->look.data = r->fail.data = r;
	connect_now(r);
	return r;
}

void redis_close(struct redis **where)
{
	struct redis *r = *where;

	*where = NULL;
	if (!r)
		return;
	r->closing = true;
	if (r->context)
		redisAsyncFree(r->context);
	r->up = false;
	ev_timer_stop(r->loop, &r->retry);
	ev_timer_stop(r->loop, &r->look);
	ev_timer_stop(r->loop, &r->fail);
	on_fail(r->loop, &r->fail, 0);
	explicit_bzero(r->password, sizeof r->password);
	free(r);
}

static struct command *new_command(struct redis *r, redis_fn *fn, void *arg)
{
	struct command *c = xcalloc(1, sizeof *c);

	c->redis = r;
	c->fn = fn;
	c->arg = arg;
	return c;
}

void redis_send(struct redis *r, const struct slice *argv, size_t argc, redis_fn *fn, void *arg)
{
	struct command *c = new_command(r, fn, arg);
	const char *words[REDIS_ARGS];
	size_t lengths[REDIS_ARGS];

	if (argc > REDIS_ARGS)
		bug("more arguments than REDIS_ARGS");
	for (size_t i = 0; i < argc; i++) {
		words[i] = argv[i].p ? argv[i].p : "";
		lengths[i] = argv[i].n;
	}
	if (!put(r, c, words, lengths, argc))
		fail_soon(r, c);
}

/* EVALSHA name nkeys keys.. args.., all copied: kept until the answer, in case the server has lost the script. */
static void copy_eval(struct command *c, const struct slice *keys, size_t nkeys, const struct slice *argv, size_t argc)
{
	char count[24];
	size_t n = 0;

	snprintf(count, sizeof count, "%zu", nkeys);
	c->argc = 3 + nkeys + argc;
	c->argv = xcalloc(c->argc, sizeof *c->argv);
	c->lengths = xcalloc(c->argc, sizeof *c->lengths);
	for (const char *const *word = (const char *const[]){"EVALSHA", c->script->sha, count, NULL}; *word; word++) {
		c->lengths[n] = strlen(*word);
		c->argv[n++] = xstrdup(*word);
	}
	for (size_t i = 0; i < nkeys + argc; i++) {
		struct slice s = i < nkeys ? keys[i] : argv[i - nkeys];

		c->lengths[n] = s.n;
		c->argv[n++] = xstrndup(s.p ? s.p : "", s.n);
	}
}

void redis_eval(struct redis *r, const struct redis_script *script, const struct slice *keys, size_t nkeys,
	const struct slice *argv, size_t argc, redis_fn *fn, void *arg)
{
	struct command *c = new_command(r, fn, arg);

	c->script = script;
	copy_eval(c, keys, nkeys, argv, argc);
	if (!put(r, c, (const char *const *)c->argv, c->lengths, c->argc))
		fail_soon(r, c);
}
