/* SPDX-License-Identifier: ISC
 *
 * redis.c - see redis.h.
 *
 * hiredis keeps a list of what it waits for; so do we, since ours carries times and scripts' arguments. Both
 * are in the order of sending, so a reply belongs to the head of ours. hiredis' own teardown calls are
 * ignored: lost() answers.
 */
#include "redis.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/xalloc.h"
#include "redis_url.h"

#include <hiredis/adapters/libev.h>
#include <hiredis/async.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>

enum {
	RETRY_MS = 50,	    /* the first wait before connecting again; doubles */
	RETRY_MAX_MS = 800, /* a server that is back is found within a second */
	/* An attempt's time, to the greeting's answer: one begun while a network was cut must not outlast the
	 * cut by more. */
	CONNECT_MS = 1000,
};

enum redis_state {
	REDIS_WAITING,	  /* for the next attempt */
	REDIS_CONNECTING, /* for the socket and the greeting's last answer */
	REDIS_UP,
};

struct redis_cmd {
	STAILQ_ENTRY(redis_cmd) next;
	redis_fn *fn;
	void *arg;
	uint64_t deadline_ns;		   /* UINT64_MAX: none */
	const struct redis_script *script; /* what a NOSCRIPT answer sends whole; NULL for a plain command */
	size_t argc; /* of a script's call: count of keys, keys, arguments; the bytes follow argv */
	struct slice argv[];
};
STAILQ_HEAD(redis_cmds, redis_cmd);

struct redis {
	struct ev_loop *loop;
	struct redis_options options;
	struct redis_url url;
	redisAsyncContext *context; /* NULL while WAITING */
	enum redis_state state;
	unsigned failures; /* attempts since it was last up */
	struct redis_cmds sent, refused;
	size_t in_flight;
	const struct redis_script *loaded[REDIS_SCRIPTS]; /* on this connection */
	size_t loaded_count;
	ev_timer timer;	  /* WAITING: the next attempt; CONNECTING: giving up */
	ev_timer timeout; /* the oldest command's */
	ev_timer soon;	  /* tells the refused */
	ev_prepare flush; /* active: something was put */
};

static void set_timer(struct redis *r, double after_ms)
{
	ev_timer_stop(r->loop, &r->timer);
	ev_timer_set(&r->timer, after_ms / 1e3, 0);
	ev_timer_start(r->loop, &r->timer);
}

static void finish(struct redis_cmd *cmd, const redisReply *reply)
{
	if (cmd->fn)
		cmd->fn(reply, cmd->arg);
	free(cmd);
}

static void finish_all(struct redis_cmds *list)
{
	struct redis_cmds taken = STAILQ_HEAD_INITIALIZER(taken);
	struct redis_cmd *cmd;

	STAILQ_CONCAT(&taken, list);
	while ((cmd = STAILQ_FIRST(&taken)) != NULL) {
		STAILQ_REMOVE_HEAD(&taken, next);
		finish(cmd, NULL);
	}
}

/* --- losing a connection --- */

static void log_failure(const struct redis *r, const char *why)
{
	char quoted[200];

	if ((r->failures & (r->failures - 1)) == 0) /* the 1st, 2nd, 4th, 8th .. attempt */
		log_warning("redis.down", "attempts=%u error=%s", r->failures,
			log_quote(why, quoted, sizeof quoted));
}

static double backoff_ms(unsigned failures)
{
	double wait = failures > 4 ? RETRY_MAX_MS : RETRY_MS << failures;

	return wait * (0.5 + drand48() / 2);
}

/* The context is already hiredis' to free, or gone. */
static void lost(struct redis *r, const char *why)
{
	struct redis_cmds sent = STAILQ_HEAD_INITIALIZER(sent);
	bool was_up = r->state == REDIS_UP;

	r->failures++;
	log_failure(r, why);
	r->context = NULL;
	r->state = REDIS_WAITING;
	r->in_flight = r->loaded_count = 0;
	STAILQ_CONCAT(&sent, &r->sent);
	ev_timer_stop(r->loop, &r->timeout);
	set_timer(r, backoff_ms(r->failures - 1));
	if (was_up && r->options.state)
		r->options.state(false, r->options.arg);
	finish_all(&sent);
}

static void drop(struct redis *r, const char *why)
{
	redisAsyncContext *context = r->context;
	char copy[160];

	snprintf(copy, sizeof copy, "%s", why); /* it may be the context's own */
	r->context = NULL;
	if (context) {
		context->data = NULL; /* its callbacks have nobody to tell */
		redisAsyncFree(context);
	}
	lost(r, copy);
}

/* --- time --- */

static void arm_timeout(struct redis *r)
{
	const struct redis_cmd *head = STAILQ_FIRST(&r->sent);
	uint64_t now;

	if (!head || head->deadline_ns == UINT64_MAX || ev_is_active(&r->timeout))
		return;
	now = clock_mono_ns();
	ev_timer_set(&r->timeout, head->deadline_ns > now ? (double)(head->deadline_ns - now) / 1e9 : 0, 0);
	ev_timer_start(r->loop, &r->timeout);
}

static void on_timeout(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct redis *r = w->data;
	const struct redis_cmd *head = STAILQ_FIRST(&r->sent);

	if (head && head->deadline_ns <= clock_mono_ns())
		drop(r, "a command had no answer in time");
	else
		arm_timeout(r);
}

static void on_soon(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct redis *r = w->data;

	ev_timer_stop(loop, w);
	finish_all(&r->refused);
}

/* --- sending --- */

static void send_whole(struct redis *r, struct redis_cmd *cmd);

static void on_reply(redisAsyncContext *context, void *reply, void *privdata)
{
	struct redis *r = context->data;
	const redisReply *got = reply;
	struct redis_cmd *cmd = r ? STAILQ_FIRST(&r->sent) : NULL;

	if (!cmd || !got)
		return; /* hiredis is tearing down: lost() answers */
	STAILQ_REMOVE_HEAD(&r->sent, next);
	r->in_flight--;
	if (cmd->script && got->type == REDIS_REPLY_ERROR && strncmp(got->str, "NOSCRIPT", 8) == 0)
		send_whole(r, cmd);
	else
		finish(cmd, got);
}

/* What one turn of the loop has put goes out at its end, in one write; hiredis alone would wait for the descriptor to be
 * writable: two changes of epoll's set and a turn of the loop for each. What cannot be written now, and errors, are left to it. */
static void on_flush(struct ev_loop *loop, ev_prepare *w, int revents)
{
	struct redis *r = w->data;
	redisAsyncContext *context = r->context;
	int done = 0;

	ev_prepare_stop(loop, w);
	if (context && (context->c.flags & REDIS_CONNECTED) && redisBufferWrite(&context->c, &done) == REDIS_OK && done)
		context->ev.delWrite(context->ev.data);
}

/* Takes cmd. */
static void put(struct redis *r, struct redis_cmd *cmd, const struct slice *argv, size_t argc)
{
	const char *words[REDIS_ARGS];
	size_t lengths[REDIS_ARGS];

	for (size_t i = 0; i < argc; i++) {
		words[i] = argv[i].p ? argv[i].p : "";
		lengths[i] = argv[i].n;
	}
	if (redisAsyncCommandArgv(r->context, on_reply, NULL, (int)argc, words, lengths) != REDIS_OK) {
		STAILQ_INSERT_TAIL(&r->refused, cmd, next); /* hiredis is closing */
		ev_timer_start(r->loop, &r->soon);
		return;
	}
	STAILQ_INSERT_TAIL(&r->sent, cmd, next);
	r->in_flight++;
	ev_prepare_start(r->loop, &r->flush);
	arm_timeout(r);
}

static struct redis_cmd *make(struct redis *r, redis_fn *fn, void *arg, size_t argc, size_t bytes)
{
	struct redis_cmd *cmd = xmalloc(sizeof *cmd + argc * sizeof cmd->argv[0] + bytes);

	*cmd = (struct redis_cmd){.fn = fn, .arg = arg, .argc = argc};
	cmd->deadline_ns =
		r->options.timeout_ms ? clock_mono_ns() + r->options.timeout_ms * NS_PER_MS : UINT64_MAX;
	return cmd;
}

/* Refuses cmd, on the loop's next turn, when nothing can be sent now. */
static bool refused(struct redis *r, struct redis_cmd *cmd)
{
	if (r->state == REDIS_UP && r->in_flight < REDIS_IN_FLIGHT)
		return false;
	STAILQ_INSERT_TAIL(&r->refused, cmd, next);
	ev_timer_start(r->loop, &r->soon);
	return true;
}

void redis_send(struct redis *r, const struct slice *argv, size_t argc, redis_fn *fn, void *arg)
{
	struct redis_cmd *cmd = make(r, fn, arg, 0, 0);

	if (argc < 1 || argc > REDIS_ARGS)
		bug("a command has 1 to REDIS_ARGS words");
	if (!refused(r, cmd))
		put(r, cmd, argv, argc);
}

/* --- scripts --- */

static struct redis_cmd *make_call(struct redis *r, const struct redis_script *script,
	const struct slice *words, size_t count, redis_fn *fn, void *arg)
{
	struct redis_cmd *cmd;
	size_t bytes = 0;
	char *to;

	for (size_t i = 0; i < count; i++)
		bytes += words[i].n;
	cmd = make(r, fn, arg, count, bytes);
	cmd->script = script;
	to = (char *)(cmd->argv + count);
	for (size_t i = 0; i < count; i++) {
		if (words[i].n)
			memcpy(to, words[i].p, words[i].n);
		cmd->argv[i] = slice_of(to, words[i].n);
		to += words[i].n;
	}
	return cmd;
}

static void call(struct redis *r, struct redis_cmd *cmd, struct slice command, struct slice script)
{
	struct slice words[REDIS_ARGS];

	words[0] = command;
	words[1] = script;
	memcpy(words + 2, cmd->argv, cmd->argc * sizeof words[0]);
	put(r, cmd, words, cmd->argc + 2);
}

static void send_whole(struct redis *r, struct redis_cmd *cmd)
{
	const struct redis_script *script = cmd->script;

	cmd->script = NULL; /* no second time */
	call(r, cmd, SLICE("EVAL"), slice_str(script->source));
}

static void load(struct redis *r, const struct redis_script *script)
{
	struct slice words[] = {SLICE("SCRIPT"), SLICE("LOAD"), slice_str(script->source)};

	for (size_t i = 0; i < r->loaded_count; i++)
		if (r->loaded[i] == script)
			return;
	if (r->loaded_count == REDIS_SCRIPTS)
		bug("more scripts than REDIS_SCRIPTS");
	r->loaded[r->loaded_count++] = script;
	redis_send(
		r, words, countof(words), NULL, NULL); /* one that does not compile says so to its caller */
}

void redis_eval(struct redis *r, const struct redis_script *script, const struct slice *keys, size_t nkeys,
	const struct slice *argv, size_t argc, redis_fn *fn, void *arg)
{
	struct slice words[REDIS_ARGS];
	char count[8];
	struct redis_cmd *cmd;

	if (nkeys + argc > REDIS_ARGS - 3)
		bug("a script's call has too many words");
	words[0] = slice_of(count, (size_t)snprintf(count, sizeof count, "%zu", nkeys));
	for (size_t i = 0; i < nkeys + argc; i++)
		words[1 + i] = i < nkeys ? keys[i] : argv[i - nkeys];
	cmd = make_call(r, script, words, 1 + nkeys + argc, fn, arg);
	if (refused(r, cmd))
		return;
	load(r, script);
	call(r, cmd, SLICE("EVALSHA"), slice_str(script->sha));
}

/* --- connecting --- */

/* PING's answer is the last of the greeting: errors of AUTH and SELECT show in it or here. */
static void on_greeted(const redisReply *reply, void *arg)
{
	struct redis *r = arg;

	if (!reply)
		return;
	/* MISCONF: it cannot save to disk and refuses writes; reads work, so let callers see its errors. */
	if (reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "MISCONF", 7) != 0) {
		drop(r, reply->str);
		return;
	}
	r->state = REDIS_UP;
	r->failures = 0;
	ev_timer_stop(r->loop, &r->timer);
	log_info("redis.up", "");
	if (r->options.state)
		r->options.state(true, r->options.arg);
}

static void on_greeting_step(const redisReply *reply, void *arg)
{
	if (reply && reply->type == REDIS_REPLY_ERROR)
		drop(arg, reply->str);
}

static void greet(struct redis *r)
{
	struct slice auth[3] = {SLICE("AUTH")}, select[2] = {SLICE("SELECT")}, ping[1] = {SLICE("PING")};
	size_t words = 1;
	char db[8];

	if (r->url.user[0])
		auth[words++] = slice_str(r->url.user);
	if (r->url.password[0]) {
		auth[words++] = slice_str(r->url.password);
		put(r, make(r, on_greeting_step, r, 0, 0), auth, words);
	}
	if (r->url.db) {
		select[1] = slice_of(db, (size_t)snprintf(db, sizeof db, "%d", r->url.db));
		put(r, make(r, on_greeting_step, r, 0, 0), select, countof(select));
	}
	put(r, make(r, on_greeted, r, 0, 0), ping, countof(ping));
}

static void on_connect(const redisAsyncContext *context, int status)
{
	struct redis *r = context->data;

	if (!r || status == REDIS_OK)
		return;
	((redisAsyncContext *)context)->data = NULL; /* hiredis frees it now */
	lost(r, context->errstr ? context->errstr : "cannot connect");
}

static void on_disconnect(const redisAsyncContext *context, int status)
{
	struct redis *r = context->data;

	if (r)
		lost(r, context->errstr && context->errstr[0] ? context->errstr : "the server closed");
}

static void connect_now(struct redis *r)
{
	r->context = r->url.path[0] ? redisAsyncConnectUnix(r->url.path)
				    : redisAsyncConnect(r->url.host, r->url.port);
	if (!r->context || r->context->err) {
		drop(r, r->context ? r->context->errstr : "out of memory");
		return;
	}
	r->context->data = r;
	r->state = REDIS_CONNECTING;
	redisLibevAttach(r->loop, r->context);
	redisAsyncSetConnectCallback(r->context, on_connect);
	redisAsyncSetDisconnectCallback(r->context, on_disconnect);
	if (!r->url.path[0] && redisEnableKeepAlive(&r->context->c) != REDIS_OK)
		log_warning("redis.keepalive", "error=\"not set\"");
	set_timer(r, CONNECT_MS);
	greet(r);
}

static void on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct redis *r = w->data;

	if (r->state == REDIS_WAITING)
		connect_now(r);
	else
		drop(r, "no greeting in time");
}

/* --- the interface --- */

struct redis *redis_open(struct ev_loop *loop, const struct redis_options *options)
{
	struct redis *r = xcalloc(1, sizeof *r);
	const char *wrong = redis_url_parse(options->url, &r->url);

	if (wrong)
		fatal("event=redis.url error=\"%s\"", wrong);
	signal(SIGPIPE, SIG_IGN); /* hiredis writes with write(2) */
	srand48((long)clock_mono_ns());
	r->loop = loop;
	r->options = *options;
	r->options.url = NULL; /* parsed; not ours to keep */
	STAILQ_INIT(&r->sent);
	STAILQ_INIT(&r->refused);
	ev_timer_init(&r->timer, on_timer, 0, 0);
	ev_init(&r->timeout, on_timeout);
	ev_timer_init(&r->soon, on_soon, 0, 0);
	ev_prepare_init(&r->flush, on_flush);
	r->timer.data = r->timeout.data = r->soon.data = r->flush.data = r;
	ev_timer_start(loop, &r->timer);
	return r;
}

void redis_close(struct redis **where)
{
	struct redis *r = *where;

	*where = NULL;
	if (!r)
		return;
	if (r->context) {
		r->context->data = NULL;
		redisAsyncFree(r->context);
		r->context = NULL;
	}
	r->state = REDIS_WAITING;
	finish_all(&r->sent);
	while (!STAILQ_EMPTY(&r->refused))
		finish_all(&r->refused);
	ev_timer_stop(r->loop, &r->timer);
	ev_timer_stop(r->loop, &r->timeout);
	ev_timer_stop(r->loop, &r->soon);
	ev_prepare_stop(r->loop, &r->flush);
	explicit_bzero(&r->url, sizeof r->url); /* the password */
	free(r);
}

bool redis_is_up(const struct redis *r)
{
	return r->state == REDIS_UP;
}

bool redis_is_beginning(const struct redis *r)
{
	return r->state != REDIS_UP && r->failures == 0; /* whoever was up, and is not, has failed once */
}

struct slice redis_str(const redisReply *reply)
{
	if (!reply || (reply->type != REDIS_REPLY_STRING && reply->type != REDIS_REPLY_STATUS))
		return slice_of(NULL, 0);
	return slice_of(reply->str, (size_t)reply->len);
}
