/* SPDX-License-Identifier: ISC
 *
 * script.h - what the fake model answers: one row a case of llm-api.md's list 7, for both interfaces. Pure.
 *
 * A reply is bytes and how they are to be sent; the server only sends. In the normal case each item of the
 * prompt's data is cleaned by a few fixed rules, so that full cleaning can be seen without a key.
 */
#ifndef CC_FAKE_SCRIPT_H
#define CC_FAKE_SCRIPT_H

#include "tests/fake_model/request.h"

enum { FAKE_HEADERS = 6 };

struct fake_reply {
	int status;
	const char *content_type;
	struct {
		const char *name; /* with its colon */
		char value[48];
	} headers[FAKE_HEADERS];
	size_t header_count;
	struct buf body;
	bool gzip; /* if the client takes it */
	bool chunked;
	bool stall;	     /* headers, then nothing */
	bool reset;	     /* half the body, then the connection is cut */
	unsigned trickle_ms; /* a few bytes this often; 0: all at once */
};

/* Composes the reply to a request under a case's name; an unknown name is the normal case. *out is
 * initialised here. */
void fake_script(struct fake_reply *out, const struct fake_request *request, const char *name);
void fake_reply_finish(struct fake_reply *reply);

bool fake_case_exists(const char *name);
const char *fake_case_name(size_t i); /* NULL past the last */

/* A turn as the fake model cleans it. */
void fake_clean(struct buf *out, const char *turn);

#endif
