/* SPDX-License-Identifier: ISC
 *
 * turns.c - see turns.h.
 *
 * A job waits for a verdict (it still has its message, to send it again), then for the result. What comes in,
 * from wherever, is a turn's id and how it stands; turns_told gives it to every job of that id.
 *
 * A caller that wants acceptance only has its answer with the verdict. Its turn is as much work as any other's, so the job
 * stays, unheard, for admission's count, until it is done or set aside.
 */
#include "turns.h"

#include "common/base/clock.h"
#include "common/base/json_out.h"
#include "common/base/log.h"
#include "common/base/xalloc.h"
#include "admission.h"
#include "counters.h"
#include "gauges.h"
#include "turn_json.h"
#include "turn_rows.h"

#include <stdlib.h>

enum {
	BUCKETS = 1024, /* chains of eight at the bound */
	UNHEARD_LOOK_MS = 100, /* between looks whether an unheard one is to be set aside */
};

struct turn_job {
	struct turn_job *next; /* in its bucket */
	struct turns *turns;
	struct uuid turn_id, user_id;
	char *message; /* owned: MSG_TURN packed, while there is no verdict; NULL: accepted */
	size_t message_bytes;
	char *turn; /* owned: its JSON as last heard; NULL before the verdict */
	size_t turn_bytes;
	uint64_t received_ns, verdict_by_ns, ends_ns, send_ns, ask_ns,
		refused_ns; /* clock_mono_ns moments; refused_ns 0: never */
	uint64_t send_gap_ms, ask_gap_ms;
	uint64_t came_ns; /* clock_mono_ns, of turns_submit */
	bool until_accepted, asking;
	bool refused, counted; /* by admission: counted until it ends or is set aside */
	enum admission_class class;
	struct turn_answer answer; /* what the verdict said */
	ev_timer timer;
	turn_fn *accepted, *fn; /* fn NULL: unheard */
	void *arg;
};

struct turns {
	struct gateway *gw;
	struct speakers speakers;
	struct admission admission;
	size_t count;
	struct turn_job *bucket[BUCKETS];
};

/* How a turn stands, from a verdict, an event or PostgreSQL. */
struct standing {
	struct uuid turn_id;
	struct turn_answer answer;
};

struct turns *turns_open(struct gateway *gw)
{
	struct turns *t = xcalloc(1, sizeof *t);

	t->gw = gw;
	speakers_read(&t->speakers, gw->config->bypass_speakers);
	admission_init(&t->admission, clock_mono_ns());
	return t;
}

const struct speakers *turns_speakers(const struct turns *turns)
{
	return &turns->speakers;
}

static struct turn_job **bucket_of(struct turns *t, const struct uuid *id)
{
	return &t->bucket[uuid_hash(id) % BUCKETS];
}

static void job_free(struct turn_job *job)
{
	struct turn_job **at = bucket_of(job->turns, &job->turn_id);
	uint64_t now = clock_mono_ns();

	while (*at != job)
		at = &(*at)->next;
	*at = job->next;
	job->turns->count--;
	if (job->counted)
		admission_done(&job->turns->admission, job->class, now - job->came_ns, now);
	ev_timer_stop(job->turns->gw->loop, &job->timer);
	free(job->message);
	free(job->turn);
	free(job);
}

static struct turn_answer answer_of(const struct turn_job *job, const struct turn_answer *answer)
{
	struct turn_answer told = *answer;

	told.total_ns = clock_mono_ns() - job->received_ns;
	told.decide_ns = told.decide_ns ? told.decide_ns : job->answer.decide_ns;
	told.commit_ns = told.commit_ns ? told.commit_ns : job->answer.commit_ns;
	return told;
}

/* Calls back and ends the job. The strings of answer stay valid during the call. */
static void job_end(struct turn_job *job, const struct turn_answer *answer)
{
	struct turn_answer told = answer_of(job, answer);
	struct turn_job own = *job;

	job->turn = NULL; /* kept for the call */
	job_free(job);
	if (own.fn)
		own.fn(&told, own.arg);
	free(own.turn);
}

/* Calls back, and stays for the count. */
static void job_end_unheard(struct turn_job *job, const struct turn_answer *answer)
{
	struct turn_answer told = answer_of(job, answer);
	struct turn_job own = *job;

	job->turn = NULL;
	job->fn = NULL;
	job->timer.repeat = ADMISSION_ASIDE_MS / 1e3;
	ev_timer_again(job->turns->gw->loop, &job->timer);
	own.fn(&told, own.arg);
	free(own.turn);
}

void turns_close(struct turns **turns)
{
	const struct turn_answer closing = {.outcome = TURN_UNAVAILABLE};

	if (!*turns)
		return;
	for (size_t i = 0; i < BUCKETS; i++)
		while ((*turns)->bucket[i])
			job_end((*turns)->bucket[i], &closing);
	free(*turns);
	*turns = NULL;
}

static void job_send(struct turn_job *job, uint64_t now)
{
	struct msg_turn turn;
	bool sent = job->turns->gw->turns_link &&
		    msg_unpack(MSG_TURN, slice_of(job->message, job->message_bytes), &turn) &&
		    link_send(job->turns->gw->turns_link, MSG_TURN, &turn);

	if (!sent)
		log_debug("turn.unsent", "reason=no_decider");
	job->send_ns = now + job->send_gap_ms * NS_PER_MS;
	job->send_gap_ms =
		job->send_gap_ms * 2 > TURNS_SEND_MS_MAX ? TURNS_SEND_MS_MAX : job->send_gap_ms * 2;
}

/* What PostgreSQL says about a turn: told to whoever still waits. arg is the turn's id, owned. */
struct question {
	struct gateway *gw;
	struct uuid turn_id;
	bool accepted; /* when it was asked: what is not there any more was deleted with its conversation */
};

static void turns_told(struct turns *t, const struct standing *s);

static void question_answered(const struct pg_answer *answer, void *arg)
{
	struct question *q = arg;
	struct standing s = {.turn_id = q->turn_id};
	struct buf json;

	buf_init(&json, LIMIT_FIELD_BYTES);
	for (struct turn_job *j = q->gw->turns ? *bucket_of(q->gw->turns, &q->turn_id) : NULL; j; j = j->next)
		if (uuid_eq(&j->turn_id, &q->turn_id))
			j->asking = false;
	if (q->gw->turns && answer->status == PG_OK && PQntuples(answer->results[0]) == 1) {
		turn_row_write_json(answer->results[0], 0, &json);
		s.answer.turn = buf_view(&json);
		s.answer.outcome = turn_json_is_final(s.answer.turn) ? TURN_DONE : TURN_QUEUED;
		turns_told(q->gw->turns, &s);
	} else if (q->gw->turns && answer->status == PG_OK && q->accepted) {
		s.answer.outcome = TURN_NO_CONVERSATION;
		turns_told(q->gw->turns, &s);
	}
	buf_finish(&json);
	free(q);
}

static void job_ask(struct turn_job *job, uint64_t now)
{
	struct question *q;

	job->ask_ns = now + job->ask_gap_ms * NS_PER_MS;
	job->ask_gap_ms = job->ask_gap_ms * 2 > TURNS_ASK_MS_MAX ? TURNS_ASK_MS_MAX : job->ask_gap_ms * 2;
	if (job->asking)
		return;
	job->asking = true;
	q = xmalloc(sizeof *q);
	*q = (struct question){job->turns->gw, job->turn_id, !job->message};
	turn_row_ask(job->turns->gw->pg, &job->turn_id, &job->user_id, question_answered, q);
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Without a verdict a short wait does not end the job: 503 for what is about to be stored would be wrong. */
static uint64_t job_end_ns(const struct turn_job *job)
{
	return job->message ? job->verdict_by_ns : job->ends_ns;
}

static void job_sleep(struct turn_job *job, uint64_t now)
{
	uint64_t next = sooner(job_end_ns(job), job->ask_ns);

	if (job->message)
		next = sooner(next, job->send_ns);
	job->timer.repeat = next > now ? (double)(next - now) / 1e9 : 1e-6;
	ev_timer_again(job->turns->gw->loop, &job->timer);
}

/* The wait is over: 202 with the turn as it stands, or, when nobody vouched for it, 503. */
static void job_expire(struct turn_job *job)
{
	struct turn_answer answer = job->answer;

	if (!job->turn)
		answer.outcome = TURN_UNAVAILABLE;
	answer.refused = job->refused;
	answer.turn = slice_of(job->turn, job->turn_bytes);
	job_end(job, &answer);
}

static void job_tick(struct turn_job *job)
{
	uint64_t now = clock_mono_ns();

	if (now >= job_end_ns(job)) {
		job_expire(job);
		return;
	}
	if (job->counted && admission_sets_aside(&job->turns->admission, job->class, now - job->came_ns, now))
		job->counted = false;
	if (job->message && now >= job->send_ns)
		job_send(job, now);
	if (now >= job->ask_ns)
		job_ask(job, now);
	job_sleep(job, now);
}

static void job_tick_unheard(struct turn_job *job)
{
	uint64_t now = clock_mono_ns();

	job->counted = !admission_sets_aside(&job->turns->admission, job->class, now - job->came_ns, now);
	if (!job->counted) {
		job_free(job);
		return;
	}
	job->timer.repeat = UNHEARD_LOOK_MS / 1e3;
	ev_timer_again(job->turns->gw->loop, &job->timer);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct turn_job *job = timer->data;

	if (job->fn)
		job_tick(job);
	else
		job_tick_unheard(job);
}

static void pack(struct turn_job *job, struct turns *t, const struct turn_ask *ask)
{
	const struct turn_body *b = ask->body;
	struct msg_turn m = {.turn_id = ask->turn_id,
		.conversation_id = ask->conversation_id,
		.user_id = ask->user_id,
		.gateway = slice_str(t->gw->topic),
		.speaker = b->speaker,
		.bypass = b->bypass,
		.raw_text = b->raw_text,
		.forced_level = b->forced_level,
		.shared_context = b->shared_context,
		.priority = b->priority,
		.started_at = b->started_at,
		.ended_at = b->ended_at,
		.words = slice_str(b->words_json),
		.opt_set = b->options.set,
		.deadline_ms = b->options.deadline_ms,
		.verbatim = b->options.verbatim,
		.formats = b->options.formats,
		.profile = b->options.profile,
		.received_at = ask->received_at,
		.traceparent = ask->traceparent};
	struct buf packed;

	buf_init(&packed, LIMIT_FIELD_BYTES);
	msg_pack(MSG_TURN, &m, &packed);
	job->message = buf_take(&packed, &job->message_bytes);
}

/* It expires at once, but not inside turns_submit. */
static void job_refuse(struct turn_job *job, uint64_t now)
{
	job->refused = true;
	job->verdict_by_ns = now;
	counter_add(job->class == ADMISSION_AGENT ? COUNTER_REFUSED_AGENT : COUNTER_REFUSED_PERSON, 1);
}

void turns_submit(struct turns *t, const struct turn_ask *ask, turn_fn *fn, void *arg)
{
	struct turn_job *job = xcalloc(1, sizeof *job), **at = bucket_of(t, &ask->turn_id);
	uint64_t now = clock_mono_ns(),
		 wait_ms = ask->wait_ms > TURNS_WAIT_MS_MAX ? TURNS_WAIT_MS_MAX : ask->wait_ms;
	uint64_t verdict_ms = wait_ms > TURNS_WAIT_MS ? wait_ms : TURNS_WAIT_MS;

	*job = (struct turn_job){.next = *at,
		.turns = t,
		.turn_id = ask->turn_id,
		.user_id = ask->user_id,
		.received_ns = ask->received_ns,
		.came_ns = now,
		.class = ask->body->bypass ? ADMISSION_AGENT : ADMISSION_PERSON,
		.ends_ns = now + wait_ms * NS_PER_MS,
		.verdict_by_ns = now + verdict_ms * NS_PER_MS,
		.send_gap_ms = TURNS_SEND_MS,
		.ask_gap_ms = TURNS_ASK_MS,
		.ask_ns = now + TURNS_ASK_MS * NS_PER_MS,
		.until_accepted = ask->until_accepted,
		.accepted = ask->accepted,
		.fn = fn,
		.arg = arg};
	*at = job;
	t->count++;
	ev_init(&job->timer, on_timer);
	job->timer.data = job;
	pack(job, t, ask);
	gauges_turn(t->gw->gauges, &ask->conversation_id);
	job->counted = t->count <= TURNS_PENDING && admission_ask(&t->admission, job->class, now);
	if (job->counted)
		job_send(job, now);
	else
		job_refuse(job, now);
	job_sleep(job, now);
}

static void job_accepted(struct turn_job *job, const struct turn_answer *answer)
{
	job->answer.outcome = answer->outcome;
	if (answer->decide_ns || answer->commit_ns) {
		job->answer.decide_ns = answer->decide_ns;
		job->answer.commit_ns = answer->commit_ns;
	}
	if (answer->queue_position) { /* PostgreSQL's word has none: what the verdict said stands */
		job->answer.queue_position = answer->queue_position;
		job->answer.estimated_wait_ms = answer->estimated_wait_ms;
	}
	free(job->message);
	job->message = NULL;
	free(job->turn);
	job->turn = xstrndup(answer->turn.p ? answer->turn.p : "", answer->turn.n);
	job->turn_bytes = answer->turn.n;
	job->answer.turn = slice_of(job->turn, job->turn_bytes);
	if (job->until_accepted && job->counted && answer->outcome == TURN_QUEUED) {
		job_end_unheard(job, &job->answer);
	} else if (job->until_accepted || answer->outcome == TURN_PAUSED) {
		job_end(job, &job->answer);
	} else if (job->accepted) {
		turn_fn *accepted = job->accepted;

		job->accepted = NULL;
		accepted(&job->answer, job->arg);
	}
}

/* A decider that cannot commit now: asked again for a while, in case PostgreSQL is being restarted. True:
 * ended. */
static bool job_refused(struct turn_job *job, const struct turn_answer *answer)
{
	uint64_t now = clock_mono_ns();

	if (!job->message)
		return false; /* an older verdict, overtaken */
	if (!job->refused_ns)
		job->refused_ns = now;
	if (now - job->refused_ns < TURNS_REFUSED_MS * NS_PER_MS)
		return false;
	job_end(job, answer);
	return true;
}

/* True when its caller has been answered. */
static bool job_told(struct turn_job *job, const struct turn_answer *answer)
{
	switch (answer->outcome) {
	case TURN_QUEUED:
	case TURN_PAUSED: {
		bool ends = job->until_accepted || answer->outcome == TURN_PAUSED;

		if (!job->fn)
			return false;
		job_accepted(job, answer);
		return ends;
	}
	case TURN_UNAVAILABLE:
		return job_refused(job, answer);
	case TURN_DONE:
	case TURN_NO_CONVERSATION:
	case TURN_COMPLETED:
	case TURN_OUTCOME_COUNT:
		break;
	}
	job_end(job, answer);
	return true;
}

/* Tells every job of that turn. A callback may submit or forget jobs, so the chain is walked anew after each
 * that ended. */
static void turns_told(struct turns *t, const struct standing *s)
{
	struct turn_job *job = *bucket_of(t, &s->turn_id);

	while (job) {
		struct turn_job *next = job->next;

		if (uuid_eq(&job->turn_id, &s->turn_id) && job_told(job, &s->answer))
			next = *bucket_of(t, &s->turn_id);
		job = next;
	}
}

void turns_message(const struct link_in *in, void *arg)
{
	struct gateway *gw = arg;
	const struct msg_verdict *v = &in->msg->verdict;
	struct standing s;

	if (in->kind != MSG_VERDICT || v->outcome >= TURN_OUTCOME_COUNT || !gw->turns)
		return;
	s = (struct standing){.turn_id = v->turn_id,
		.answer = {.outcome = (enum turn_outcome)v->outcome,
			.turn = v->turn,
			.queue_position = v->queue_position,
			.estimated_wait_ms = v->estimated_wait_ms,
			.decide_ns = v->decide_ns,
			.commit_ns = v->commit_ns}};
	if (s.answer.outcome == TURN_QUEUED && turn_json_is_final(v->turn))
		s.answer.outcome = TURN_DONE; /* a repeat, finished meanwhile */
	turns_told(gw->turns, &s);
}

void turns_event(struct turns *t, const struct msg_event *event)
{
	const struct standing s = {
		.turn_id = event->turn_id, .answer = {.outcome = TURN_DONE, .turn = event->turn}};

	if (event->turn.n && turn_json_is_final(event->turn))
		turns_told(t, &s);
}

void turn_answer_write(const struct turn_answer *answer, struct buf *out)
{
	if (answer->outcome == TURN_DONE || answer->turn.n < 2) {
		buf_slice(out, answer->turn);
		return;
	}
	buf_append(out, answer->turn.p, answer->turn.n - 1);
	json_kv_u64(out, "queue_position", answer->queue_position);
	json_kv_u64(out, "estimated_wait_ms", answer->estimated_wait_ms);
	buf_char(out, '}');
}
