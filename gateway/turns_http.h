/* SPDX-License-Identifier: ISC
 *
 * turns_http.h - the handlers of turns and /clean, and what they share: how a turn's outcome is told over
 * HTTP.
 */
#ifndef CC_GATEWAY_TURNS_HTTP_H
#define CC_GATEWAY_TURNS_HTTP_H

#include "request.h"
#include "turns.h"

route_fn turns_post;  /* turn_post.c: POST .../turns */
route_fn turns_batch; /* turn_batch.c: POST .../turns:batch */
route_fn turns_get;   /* turn_read.c: GET .../turns */
route_fn turn_get;    /* turn_read.c: GET .../turns/{id} */
route_fn clean_post;  /* clean.c: POST /clean */
route_fn events_get;  /* sse.c: GET .../events */

/* 201, 202, or 0 for what is a problem. */
int turn_outcome_status(enum turn_outcome outcome);
/* The problem of an outcome that has no status; *detail is static. */
enum problem turn_answer_problem(const struct turn_answer *answer, const char **detail);

/* The API metric of a turn that is final: receipt to durable answer. */
void turn_answer_measure(const struct turn_answer *answer, const struct uuid *turn_id, bool bypass);

#endif
