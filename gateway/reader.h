/* SPDX-License-Identifier: ISC
 *
 * reader.h - a stream (replay.h) with its reading of the event log: for hub.c, whose topics and watchers each have one.
 *
 * At most one page is under way; its answer finds the reader through a struct reading, or finds it gone. What the log
 * answers is given to the stream, then `answered` is called.
 */
#ifndef CC_GATEWAY_READER_H
#define CC_GATEWAY_READER_H

#include "replay.h"

struct redis;
struct reading;

struct reader {
	struct redis *redis;
	struct uuid conversation;
	struct replay stream;
	struct reading *under_way; /* owned by the callback */
	bool wanted;		   /* the log could not be read: again */
	struct cursor after;
	void (*answered)(struct reader *r); /* wanted: it was no answer */
};

void reader_aim(struct reader *r, struct cursor after); /* the place to read from; forgets what is under way */
void reader_ask(struct reader *r);
bool reader_again(struct reader *r); /* asks for what is wanted; true when there is more to try later */
void reader_finish(struct reader *r);

#endif
