/* SPDX-License-Identifier: ISC
 *
 * notifier_fixture.h - for notifier_test.c only: the real notifier as a process, its sockets, and its
 * servers.
 *
 * One conversation, one turn, one process a test; what `hear` gives is borrowed until the next call.
 */
#ifndef CC_NOTIFIER_FIXTURE_H
#define CC_NOTIFIER_FIXTURE_H

#include "common/store/event_log.h"
#include "common/store/fixture.h"
#include "common/wire/limits.h"
#include "common/wire/message.h"

#include <czmq.h>
#include <hiredis/hiredis.h>

extern struct uuid conversation, turn;
extern char topic[LIMIT_TOPIC_BYTES], log_key[EVENT_LOG_KEY_BYTES]; /* of the conversation */
extern pid_t pid;						    /* the notifier; 0: none runs */
extern zsock_t *results, *events;

struct heard {
	bool any;
	char topic[LIMIT_TOPIC_BYTES];
	enum msg_kind kind;
	union msg_any msg;
	struct cursor at; /* of an event or an answer; zero when it has no id */
};

/* Before and after each test. The last notifier must end well: with sanitizers that is, without a leak. */
void prepare(void);
void clean_up(void);

void start_notifier(const char *backlog); /* that many results may wait */
pid_t spawn_notifier(const char *results_bind, const char *events_bind, const char *const *more);
int end_notifier(int number); /* by that signal; the status that it ended with */

/* A result for the turn, as a cleaner sends it. */
void say(uint64_t revision, bool durable, const char *gateway);
void say_event(uint64_t event, int64_t at, uint64_t revision, bool durable, const char *gateway);

struct heard hear_within(int ms); /* whatever comes next */
/* The next message of that kind under that topic. */
struct heard hear(enum msg_kind kind, const char *under);
/* Subscribes and waits for the answer, which says that results are taken, too. */
struct cursor listen_to(const char *under);

redisReply *redis_run(const char *format, ...);
long long log_length(void);
void await_log_length(long long entries);
void store_turn(void); /* in PostgreSQL, done, the first of the conversation, with the outbox row of revision 1 */
void await_empty_outbox(void);

#endif
