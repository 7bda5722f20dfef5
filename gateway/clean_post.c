/* SPDX-License-Identifier: ISC
 *
 * clean_post.c - POST /clean over HTTP: clean.h does the work.
 */
#include "clean.h"
#include "turns_http.h"

static void cleaned(const struct clean_answer *answer, void *arg)
{
	struct request *r = arg;
	struct buf json;

	if (answer->problem != PROBLEM_COUNT) {
		request_problem(r, answer->problem, "%s", answer->detail);
	} else {
		buf_init(&json, LIMIT_FIELD_BYTES);
		buf_char(&json, '{');
		buf_slice(&json, answer->members);
		buf_char(&json, '}');
		request_json(r, 200, &json);
		buf_finish(&json);
	}
	request_release(r);
}

void clean_post(struct request *r)
{
	struct invalid errors = {.count = 0};
	struct clean_body body;

	if (!clean_body_read(r->json, turns_speakers(r->gw->turns), &body, &errors)) {
		request_invalid(r, &errors);
		return;
	}
	request_hold(r);
	clean_start(r->gw, &r->who.user_id, &body, r->received_ns, cleaned, r);
}
