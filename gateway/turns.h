/* SPDX-License-Identifier: ISC
 *
 * turns.h - turns on their way: sent to a decider until there is a verdict, then waited for until they are
 * final.
 *
 * A job is one such turn. It is sent again with the same id after 250 ms, 500, 1000 .. until a decider says
 * what became of it, and a job that has heard nothing for 100 ms, 200, 400 .. asks PostgreSQL: it needs
 * neither the answer to its first message nor the notifier. Nothing is told as accepted that is not
 * committed: a job whose wait ends without a verdict ends TURN_UNAVAILABLE (it may be stored all the same;
 * the same idempotency key finds it).
 *
 * Ownership: turns_submit copies what it is given. The callback is called exactly once, never inside
 * turns_submit; what it is given is borrowed for the call. A job outlives its client: it ends by itself. At
 * most TURNS_PENDING jobs at a time, and fewer when more could not be done in time (admission.h).
 */
#ifndef CC_GATEWAY_TURNS_H
#define CC_GATEWAY_TURNS_H

#include "gateway.h"
#include "turn_body.h"

struct turns;
struct turn_job;

enum {
	TURNS_PENDING =
		8192, /* jobs: several times the connections that are busy at once, 16 KiB each at most */
	TURNS_WAIT_MS = 10 * 1000, /* api.md: the default of Prefer: wait */
	TURNS_WAIT_MS_MAX = 60 * 1000,
	TURNS_SEND_MS = 250,	  /* the first repeat to a decider; doubles .. */
	TURNS_SEND_MS_MAX = 2000, /* .. up to this */
	TURNS_ASK_MS = 100,	  /* the first question to PostgreSQL; doubles .. */
	TURNS_ASK_MS_MAX = 3200,  /* .. up to this */
	TURNS_REFUSED_MS = 2000,  /* a decider that cannot commit is asked for so long, then it is 503: a
				     restart's time */
};

struct turn_answer {
	enum turn_outcome outcome; /* QUEUED and PAUSED: committed, not final yet */
	bool refused;		   /* with UNAVAILABLE: at once, because too much is under way (admission.h) */
	struct slice turn;	   /* its JSON object when it is stored */
	uint64_t queue_position, estimated_wait_ms;
	uint64_t total_ns, decide_ns, commit_ns;
};
typedef void turn_fn(const struct turn_answer *answer, void *arg);

struct turn_ask {
	struct uuid turn_id, conversation_id, user_id;
	const struct turn_body *body;
	struct slice traceparent;
	int64_t received_at;  /* wall us */
	uint64_t received_ns; /* clock_mono_ns */
	uint64_t wait_ms;     /* for the result; a verdict is waited for TURNS_WAIT_MS in any case */
	bool until_accepted;  /* done as soon as it is committed */
	turn_fn *accepted;    /* committed, and fn is still to come; may be NULL. Same arg */
};

struct turns *turns_open(struct gateway *gw);
void turns_close(struct turns **turns); /* ends every job as TURN_UNAVAILABLE */

/* Who may speak here, borrowed. */
const struct speakers *turns_speakers(const struct turns *turns);

void turns_submit(struct turns *turns, const struct turn_ask *ask, turn_fn *fn, void *arg);

/* The turns link's handler: a verdict. arg is the struct gateway. */
void turns_message(const struct link_in *in, void *arg);
/* An event under this gateway's own topic. */
void turns_event(struct turns *turns, const struct msg_event *event);

/* The answer of api.md for a stored turn: with queue_position and estimated_wait_ms while it is not final. */
void turn_answer_write(const struct turn_answer *answer, struct buf *out);

#endif
