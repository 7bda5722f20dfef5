/* SPDX-License-Identifier: ISC
 *
 * load.h - what the parts of the load share: who they are, where they ask, what they measured.
 */
#ifndef CC_LOAD_LOAD_H
#define CC_LOAD_LOAD_H

#include "conn.h"
#include "figures.h"
#include "options.h"

enum {
	LOAD_TOKENS = 1024,
	LOAD_TOKEN_BYTES = 1024, /* a JWT of ours is about 300 */
	LOAD_ID_BYTES = 37,
};

struct load {
	const struct options *options;
	struct ev_loop *loop;
	char *tokens[LOAD_TOKENS]; /* owned; one a user */
	size_t token_count;
	unsigned short rng[3]; /* of erand48 */
	uint64_t end_ns;       /* clock_mono_ns: nothing new after it */
	struct figures figures;
	uint64_t events; /* that sockets were told */
};

/* 0 <= x < 1 */
double load_random(struct load *l);

/* The body of a turn; its text is drawn when it is a person's. Static: good until the next call. */
const char *load_turn_body(struct load *l, bool lumen);

/* Counts an answer of one operation: its time from began_ns on when it has the status wanted, a failure when
 * not. True: as wanted. */
bool load_take(struct load *l, enum operation op, const struct reply *reply, const char *broken, int wanted,
	uint64_t began_ns);

/* Signs in with the options' address and password, and calls back with the token kept; not called when that
 * failed. */
void load_login(struct load *l, void (*done)(struct load *l));

/* users.c: the seed's mix, until end_ns. rate.c: turns at a rate. Each ends by itself. */
void users_start(struct load *l);
void rate_start(struct load *l);
void rate_report(struct load *l, FILE *out);

/* conversations.c: options->conversations of them, each of the user with its number modulo token_count.
 * Rotated, each gives way to a new one after rotate_s, is completed as long again later, and deleted as long
 * after that. */
void conversations_make(struct load *l, void (*made)(struct load *l));
const char *conversation_id(size_t i); /* of LOAD_ID_BYTES at most */
const char *conversation_token(const struct load *l, size_t i);
void conversations_rotate(struct load *l);
void conversations_stop(struct load *l);

/* sockets.c: options->sockets that watch conversations. The conversations must be made, and stopped later. */
void sockets_start(struct load *l);
void sockets_stop(struct load *l);

#endif
