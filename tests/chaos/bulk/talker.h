/* SPDX-License-Identifier: ISC
 *
 * talker.h - clients that speak over HTTP: each has a conversation and sends its next turn when the last was
 * acknowledged and the time has come.
 *
 * Until it is acknowledged a turn is sent again with the same key, as api.md tells clients to: after a broken
 * connection or a silence, or after a 503's or 429's Retry-After. What becomes of each try is a line on
 * standard output; cleanerctx-talkers.1 has them.
 */
#ifndef CC_CHAOS_TALKER_H
#define CC_CHAOS_TALKER_H

#include <ev.h>
#include <stdbool.h>

enum {
	TALKERS = 1024,
	TALKER_TEXTS = 16,
	TALKER_TEXT_BYTES = 128,
	TALKER_TOKEN_BYTES = 512,
	TALKER_GIVE_UP_S = 60, /* for what is unacknowledged when the load ends */
};

struct talker;

/* What all of them share. */
struct talking {
	struct ev_loop *loop;
	double period_s; /* between a talker's turns, on average */
	char speakers[TALKER_TEXTS][8], texts[TALKER_TEXTS][TALKER_TEXT_BYTES];
	unsigned text_count;
	struct talker *talkers[TALKERS];
	unsigned count, silent; /* silent: have stopped */
	bool stopping;
};

/* False: there are too many, or a word is too long. */
bool talker_add(
	struct talking *talking, unsigned number, unsigned port, const char *conversation, const char *token);

/* Each begins within the period, by chance of the seed. */
void talking_start(struct talking *talking, long seed);

/* Each ends after its present turn's acknowledgement, or TALKER_GIVE_UP_S. The loop is broken when all have.
 */
void talking_stop(struct talking *talking);

#endif
