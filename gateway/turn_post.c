/* SPDX-License-Identifier: ISC
 *
 * turn_post.c - POST /conversations/{id}/turns: waiting, respond-async, wait=SECONDS (api.md).
 *
 * The request is held until its job ends, also when the client has gone: a repeat with the same idempotency
 * key finds the answer then.
 */
#include "idempotency.h"
#include "turn_json.h"
#include "turns_http.h"

#include "common/base/xalloc.h"
#include "common/service/timings.h"

#include <stdlib.h>

struct post {
	struct request *request; /* held */
	struct uuid turn_id;
	struct turn_body body;
	bool async, wait_given;
	uint64_t wait_ms;
};

/* The metric of a final turn, by who spoke and how it was cleaned; METRIC_COUNT for what needed no cleaning.
 */
static enum metric metric_of(bool bypass, struct slice level)
{
	if (bypass)
		return METRIC_API_LUMEN_TURN_PROCESS;
	if (slice_eq(level, SLICE("light")))
		return METRIC_API_USER_TURN_LIGHT_CLEAN;
	if (slice_eq(level, SLICE("full")))
		return METRIC_API_USER_TURN_FULL_CLEAN;
	return METRIC_COUNT;
}

void turn_answer_measure(const struct turn_answer *answer, const struct uuid *turn_id, bool bypass)
{
	enum metric metric;

	if (answer->outcome != TURN_DONE)
		return;
	metric = metric_of(bypass, turn_json_level(answer->turn));
	if (metric != METRIC_COUNT)
		timing_turn_ns(metric, answer->total_ns, turn_id);
}

/* Server-Timing: where the time went. The cleaner's stages are told as one. */
static void stages(struct request *r, const struct turn_answer *answer)
{
	static const char *const cleaning[] = {
		"contexts", "analysis", "light", "patterns", "format", "confidence"};
	uint64_t queue_ns = turn_json_stage(answer->turn, "queue"), clean_ns = 0;

	for (size_t i = 0; i < countof(cleaning); i++)
		clean_ns += turn_json_stage(answer->turn, cleaning[i]);
	request_stage(r, "total", answer->total_ns);
	if (answer->decide_ns)
		request_stage(r, "decide", answer->decide_ns);
	if (answer->commit_ns)
		request_stage(r, "commit", answer->commit_ns);
	if (queue_ns)
		request_stage(r, "queue", queue_ns);
	if (clean_ns)
		request_stage(r, "clean", clean_ns);
}

static void location(struct request *r, const struct uuid *turn_id)
{
	char conversation[UUID_TEXT_BYTES], turn[UUID_TEXT_BYTES];

	uuid_text(&r->params.ids[0], conversation);
	uuid_text(turn_id, turn);
	request_header(r, "Location", "/api/v1/conversations/%s/turns/%s", conversation, turn);
}

enum problem turn_answer_problem(const struct turn_answer *answer, const char **detail)
{
	switch (answer->outcome) {
	case TURN_NO_CONVERSATION:
		*detail = "there is no such conversation";
		return PROBLEM_NOT_FOUND;
	case TURN_COMPLETED:
		*detail = "the conversation is completed and takes no more turns";
		return PROBLEM_CONFLICT;
	default:
		*detail = answer->refused ? "more turns come than can be cleaned in time"
					  : "the turn could not be stored in time";
		return PROBLEM_UNAVAILABLE;
	}
}

int turn_outcome_status(enum turn_outcome outcome)
{
	switch (outcome) {
	case TURN_DONE:
		return 201;
	case TURN_QUEUED:
	case TURN_PAUSED:
		return 202;
	default:
		return 0;
	}
}

static void answer_stored(struct post *p, const struct turn_answer *answer, int status)
{
	struct request *r = p->request;
	struct buf json;

	turn_answer_measure(answer, &p->turn_id, p->body.bypass);
	location(r, &p->turn_id);
	if (p->async)
		request_header(r, "Preference-Applied", "respond-async");
	else if (p->wait_given)
		request_header(r, "Preference-Applied", "wait=%llu", (unsigned long long)(p->wait_ms / 1000));
	buf_init(&json, LIMIT_FIELD_BYTES);
	turn_answer_write(answer, &json);
	request_json(r, status, &json);
	buf_finish(&json);
}

static void finished(const struct turn_answer *answer, void *arg)
{
	struct post *p = arg;
	int status = turn_outcome_status(answer->outcome);
	const char *detail;

	stages(p->request, answer);
	if (status) {
		answer_stored(p, answer, status);
	} else {
		enum problem problem = turn_answer_problem(answer, &detail);

		request_problem(p->request, problem, "%s", detail);
	}
	turn_body_finish(&p->body);
	request_release(p->request);
	free(p);
}

/* Prefer: wait=N that was given shows by moving the preset. */
static void preferences(struct request *r, struct post *p)
{
	p->wait_ms = UINT64_MAX;
	request_prefer(r, &p->async, &p->wait_ms);
	p->wait_given = p->wait_ms != UINT64_MAX;
	if (!p->wait_given)
		p->wait_ms = TURNS_WAIT_MS;
	else if (p->wait_ms > TURNS_WAIT_MS_MAX)
		p->wait_ms = TURNS_WAIT_MS_MAX;
}

/* A wait shorter than a commit can take would answer 503 for what is about to be stored: acceptance itself is
 * always waited for as long as it would be without the preference. */
static void submit(struct request *r, const struct uuid *turn_id)
{
	struct post *p = xcalloc(1, sizeof *p);
	struct invalid errors = {.count = 0};
	struct turn_ask ask;

	if (!turn_body_read(r->json, "", turns_speakers(r->gw->turns), &p->body, &errors)) {
		turn_body_finish(&p->body);
		free(p);
		request_invalid(r, &errors);
		return;
	}
	p->request = r;
	p->turn_id = *turn_id;
	preferences(r, p);
	ask = (struct turn_ask){.turn_id = *turn_id,
		.conversation_id = r->params.ids[0],
		.user_id = r->who.user_id,
		.body = &p->body,
		.traceparent = r->headers.traceparent,
		.received_at = r->received_at,
		.received_ns = r->received_ns,
		.wait_ms = p->wait_ms,
		.until_accepted = p->async};
	request_hold(r);
	turns_submit(r->gw->turns, &ask, finished, p);
}

/* Shape first: a body that is wrong reserves no key. Without a key submit() looks. */
void turns_post(struct request *r)
{
	struct turn_body body;
	struct invalid errors = {.count = 0};
	bool good = true;

	if (r->headers.idempotency_key.p) {
		good = turn_body_read(r->json, "", turns_speakers(r->gw->turns), &body, &errors);
		turn_body_finish(&body);
	}
	if (good)
		idempotency_begin(r, submit);
	else
		request_invalid(r, &errors);
}
