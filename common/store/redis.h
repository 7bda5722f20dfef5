/* SPDX-License-Identifier: ISC
 *
 * redis.h - Redis on the loop: hiredis' async interface on its libev adapter, reconnecting by itself.
 *
 * One struct redis is one connection; commands are pipelined and answered in order. While it is down commands
 * fail with a NULL reply on the loop's next turn. A command with no answer within its time fails and the
 * connection is dropped, so a stalled server looks like a dead one. At most REDIS_IN_FLIGHT commands are
 * under way; more fail like those of a connection that is down. Which of the two a NULL was, and whether the
 * command had its effect, is not known: every command that we send may be repeated.
 */
#ifndef CC_STORE_REDIS_H
#define CC_STORE_REDIS_H

#include "common/base/attr.h"
#include "common/base/slice.h"

#include <ev.h>
#include <hiredis/hiredis.h>

struct redis;

/* reply is NULL when the connection was down or lost (outcome unknown); a REDIS_REPLY_ERROR is given as it
 * is. Borrowed. Called from the loop or from redis_close, never from inside redis_send or redis_eval. */
typedef void redis_fn(const redisReply *reply, void *arg);

/* A Lua script, static storage: text and SHA-1 embedded from a .lua file (embed.sh). Loaded ahead of its
 * first use on each connection and run by EVALSHA; when the server has lost it since (SCRIPT FLUSH) it is
 * sent whole, and only then may commands sent after it overtake it. `static const struct redis_script claim =
 * REDIS_SCRIPT(claim);` after including "claim.lua.h". */
struct redis_script {
	const char *name;
	const char *source;
	const char *sha;
};
#define REDIS_SCRIPT(name)                                                                                   \
	{                                                                                                    \
#name, name##_lua, name##_lua_sha                                                            \
	}

struct redis_options {
	const char *url;     /* unix:///path[?db=N] or redis://[[user]:password@]host[:port][/db] */
	uint64_t timeout_ms; /* a command's time to its answer; 0: none, for a connection that blocks
				(XREADGROUP BLOCK) */
	void (*state)(bool up, void *arg); /* may be NULL; down is told before what was under way fails */
	void *arg;
};

/* Starts connecting at once; never NULL. A URL of another form is fatal(). */
struct redis *redis_open(struct ev_loop *loop, const struct redis_options *options);
void redis_close(
	struct redis **redis); /* what is under way is answered with NULL first. Not from inside a callback */

bool redis_is_up(const struct redis *redis);
bool redis_is_beginning(const struct redis *redis); /* its first attempt to connect is under way: nobody knows yet */

/* fn (may be NULL) is always called, exactly once, never before the call returns; with NULL when the
 * connection is down. */
void redis_send(struct redis *redis, const struct slice *argv, size_t argc, redis_fn *fn, void *arg);
void redis_eval(struct redis *redis, const struct redis_script *script, const struct slice *keys,
	size_t nkeys, const struct slice *argv, size_t argc, redis_fn *fn, void *arg);

struct slice redis_str(const redisReply *reply); /* a string reply's bytes; NULL pointer for anything else */

enum {
	REDIS_IN_FLIGHT =
		16384,	    /* commands: at 1 KiB each 16 MiB of ours, well under Redis' own client limits */
	REDIS_ARGS = 512,   /* words of one command: the sweep asks about hundreds of turns at once */
	REDIS_SCRIPTS = 32, /* different scripts of one process */
};

#endif
