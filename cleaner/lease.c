/* SPDX-License-Identifier: ISC
 *
 * lease.c - the life of one taken turn: claim -> window -> clean -> [model] -> commit -> complete.
 *
 * What can go wrong has three ends. Redis does not answer: the lease is dropped; whoever takes the entry over
 * finds how far it came (complete what is committed, clean what is not). PostgreSQL cannot: the lease is kept
 * and the step tried again until it can, or handed back when the process drains. PostgreSQL will not: the
 * turn is given up with its raw text.
 */
#include "cleaner.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/xalloc.h"
#include "common/service/timings.h"
#include "common/store/job_row.h"

#include <stdlib.h>

enum {
	TRY_FIRST_MS =
		25, /* between tries of what PostgreSQL could not do; doubles to the most, with jitter */
	TRY_MOST_MS = 500,
	FREED_MOST = 8,	   /* commits at once, one after the other: a pause that came and went each time */
	REFUSED_MS = 2000, /* between tries of a turn that PostgreSQL does not even take as failed */
	STALE_MOST = 3, /* then what it was cleaned with is good enough: somebody changes it all the time */
};

static void on_timer(struct ev_loop *loop, ev_timer *w, int revents);
static void ask_around(struct lease *l);
static void clean_again(struct lease *l);
static void put_back(struct lease *l);

struct slice lease_stream(const struct lease *l)
{
	return l->high ? queue_stream_high : queue_stream_normal;
}

bool lease_held(const struct cleaner *c, bool high, struct slice entry)
{
	for (int64_t i = 0; i < c->config->max_in_flight; i++) {
		const struct lease *l = &c->leases[i];

		if (l->state != LEASE_FREE && l->high == high && slice_eq(slice_str(l->entry), entry))
			return true;
	}
	return false;
}

bool lease_has(const struct cleaner *c, const struct uuid *turn)
{
	for (int64_t i = 0; i < c->config->max_in_flight; i++)
		if (c->leases[i].state != LEASE_FREE && uuid_eq(&c->leases[i].turn, turn))
			return true;
	return false;
}

struct lease *lease_new(struct cleaner *c, enum lease_state state, bool high, struct slice entry)
{
	struct lease *l = c->leases;

	if (entry.n >= ENTRY_BYTES || c->in_flight >= (size_t)c->config->max_in_flight)
		return NULL;
	while (l->state != LEASE_FREE)
		l++;
	*l = (struct lease){.cleaner = c, .state = state, .high = high, .revision = 1};
	if (entry.n)
		memcpy(l->entry, entry.p, entry.n);
	cleaned_init(&l->cleaned);
	ev_timer_init(&l->timer, on_timer, 0, 0);
	l->timer.data = l;
	c->in_flight++;
	return l;
}

void lease_finish(struct lease *l)
{
	model_forget(l);
	putright_forget(l);
	free(l->blob);
	window_finish(&l->window);
	cleaned_finish(&l->cleaned);
	known_release(&l->known);
}

void lease_end(struct lease *l)
{
	struct cleaner *c = l->cleaner;

	ev_timer_stop(service_loop(c->run), &l->timer);
	lease_finish(l);
	l->state = LEASE_FREE;
	c->in_flight--;
	cleaner_settled(c);
}

static bool is_without_redis(const struct lease *l)
{
	return !l->entry[0];
}

/* The last word to Redis: whatever it answers, the lease is over. */
static void on_gone(const redisReply *reply, void *arg)
{
	if (reply && reply->type == REDIS_REPLY_ERROR)
		log_warning("queue.refused", "error=\"%.100s\"", reply->str);
	lease_end(arg);
}

/* After complete and release, which check the fence. */
static void on_ended(const redisReply *reply, void *arg)
{
	struct lease *l = arg;

	if (reply && reply->type == REDIS_REPLY_INTEGER && reply->integer == 0) {
		l->cleaner->did.fenced_off++;
		log_info("lease.overtaken", "fence=%llu", (unsigned long long)l->fence);
	}
	on_gone(reply, l);
}

static void complete(struct lease *l)
{
	struct msg_window turn = {
		.seq = l->job.seq, .speaker = l->job.speaker, .text = buf_view(&l->cleaned.text),
		.doubtful = buf_view(&l->cleaned.doubts)};

	l->state = LEASE_ENDING;
	queue_complete(l->cleaner->redis, &l->conversation, &l->turn, l->fence, &turn, on_ended, l);
}

static void park(struct lease *l)
{
	l->state = LEASE_ENDING;
	queue_park(l->cleaner->redis, &l->conversation, on_gone, l);
}

static void release(struct lease *l)
{
	if (is_without_redis(l)) {
		lease_end(l);
		return;
	}
	l->state = LEASE_ENDING;
	l->cleaner->did.given_back++;
	queue_release(l->cleaner->redis, &l->conversation, &l->turn, l->fence, on_ended, l);
}

static void bury(struct lease *l)
{
	const struct cleaned *c = &l->cleaned;

	log_error("turn.given_up", "crashes=%llu retries=%llu cause=%s", (unsigned long long)c->crashes,
		(unsigned long long)c->retries, c->reason);
	(*(l->refused ? &l->cleaner->did.dead_refused : &l->cleaner->did.dead_crashes))++;
	queue_bury(l->cleaner->redis, &l->conversation, &l->turn, slice_str(c->reason), c->crashes, c->retries,
		NULL, NULL);
}

/* The same without Redis: there is nobody to tell. */
static void committed_without_redis(struct lease *l, enum outcome outcome)
{
	if (outcome == OUTCOME_STALE) {
		clean_again(l);
		return;
	}
	if (outcome == OUTCOME_FREE) {
		commit_send(l);
		return;
	}
	if (outcome == OUTCOME_FINISHED)
		teach(l);
	if (outcome == OUTCOME_FINISHED && l->cleaned.failed)
		bury(l);
	lease_end(l);
}

void lease_committed(struct lease *l, enum outcome outcome)
{
	struct cleaner *c = l->cleaner;

	if (outcome == OUTCOME_FREE && ++l->freed > FREED_MOST)
		outcome = OUTCOME_OVERTAKEN; /* as that one is: left to the next delivery */
	if (outcome == OUTCOME_FINISHED)
		(*(l->cleaned.failed ? &c->did.failed : &c->did.done))++;
	if (outcome == OUTCOME_OVERTAKEN)
		c->did.fenced_off++;
	if (is_without_redis(l)) {
		committed_without_redis(l, outcome);
		return;
	}
	switch (outcome) {
	case OUTCOME_FINISHED:
		teach(l);
		if (l->cleaned.failed)
			bury(l);
		complete(l);
		late_begin(l);
		return;
	case OUTCOME_ALREADY:
		complete(l);
		return;
	case OUTCOME_PAUSED:
	case OUTCOME_GONE:
		park(l);
		return;
	case OUTCOME_EARLIER:
		put_back(l);
		return;
	case OUTCOME_STALE:
		clean_again(l);
		return;
	case OUTCOME_OVERTAKEN:
		lease_end(l);
		return;
	case OUTCOME_FREE:
		commit_send(l);
		return;
	}
}

static void on_earlier(const struct pg_answer *answer, void *arg)
{
	struct lease *l = arg;

	if (answer->status != PG_OK) {
		lease_pg_failed(l, answer->status);
		return;
	}
	for (int row = 0; row < PQntuples(answer->results[0]); row++) {
		struct msg_job job = job_of_row(answer->results[0], row);

		queue_enqueue(l->cleaner->redis, &job, NULL, NULL);
	}
	log_info("lease.earlier_first", "turns=%d", PQntuples(answer->results[0]));
	release(l); /* behind the others: commands of one connection are done in order */
}

static void put_back(struct lease *l)
{
	if (is_without_redis(l)) {
		lease_end(l);
		return;
	}
	l->state = LEASE_EARLIER;
	commit_read_earlier(l, on_earlier);
}

static void time_stages(const struct lease *l)
{
	static const struct {
		enum engine_stage stage;
		enum metric metric;
	} rows[] = {
		{STAGE_CONTEXT, METRIC_AI_BUSINESS_CONTEXT_DETECT},
		{STAGE_WINDOW, METRIC_AI_CONTEXT_PATTERN_ANALYSIS},
		{STAGE_CONFIDENCE, METRIC_AI_CONFIDENCE_SCORING},
	};

	timing_turn_ns(METRIC_AI_SLIDING_WINDOW_BUILD, l->cleaned.window_ns, &l->turn);
	for (size_t i = 0; i < countof(rows); i++)
		timing_turn_ns(rows[i].metric, l->cleaned.stage_ns[rows[i].stage], &l->turn);
}

struct clean_input lease_around(const struct lease *l)
{
	size_t first = engine_window_first(l->window.turns, l->window.count);
	struct clean_input around = {.window = l->window.turns + first, .window_count = l->window.count - first};

	knowledge_give(&l->known->knowledge, &around);
	return around;
}

static void clean(struct lease *l)
{
	const struct clean_result *local;

	l->cleaned.window_ns = clock_mono_ns() - l->claim_ns;
	if (l->cleaned.crashes >= LIMIT_CRASHES) { /* raw: the engine may be what it kills them with */
		cleaned_give_up(&l->cleaned, &l->job, "too_many_crashes");
	} else {
		struct clean_input around = lease_around(l);

		local = cleaned_by_engine(
			&l->cleaned, l->cleaner->workspace, &l->job, &around, clock_mono_ns);
		time_stages(l);
		if (model_ask(l, local))
			return; /* it commits when there is an answer, or the deadline */
	}
	putright_and_commit(l);
}

/* False when one of the turns is queued: it must come first. */
static bool fill_window(struct lease *l, const PGresult *r)
{
	size_t bytes = 0;

	for (int row = 0; row < PQntuples(r); row++) {
		if (pg_cell_bool(r, row, 4))
			return false;
		bytes += pg_cell(r, row, 2).n + pg_cell(r, row, 3).n + pg_cell(r, row, 5).n;
	}
	window_begin(&l->window, bytes);
	for (int row = 0; row < PQntuples(r); row++) {
		struct msg_window turn = {.seq = (uint64_t)pg_cell_i64(r, row, 0),
			.agent = pg_cell_bool(r, row, 1),
			.speaker = pg_cell(r, row, 2),
			.text = pg_cell(r, row, 3),
			.doubtful = pg_cell(r, row, 5)};

		window_add(&l->window, &turn);
	}
	return true;
}

static void on_around(const struct pg_answer *answer, void *arg)
{
	struct lease *l = arg;

	if (answer->status != PG_OK) {
		lease_pg_failed(l, answer->status);
		return;
	}
	known_release(&l->known);
	l->known = known_put(&l->cleaner->known, &l->conversation, answer->results[0]);
	if (!l->window_ready)
		l->window_ready = fill_window(l, answer->results[1]);
	if (l->window_ready)
		clean(l);
	else
		put_back(l);
}

/* What is known, and the window unless Redis had it. */
static void ask_around(struct lease *l)
{
	l->state = LEASE_WINDOW;
	commit_read_around(l, on_around);
}

bool lease_is_checked(const struct lease *l)
{
	return l->known && !l->cleaned.failed && l->stale_times < STALE_MOST;
}

/* What it was cleaned with was changed meanwhile: read that and clean it anew, a few times. */
static void clean_again(struct lease *l)
{
	const struct cleaned was = l->cleaned;

	l->stale_times++;
	putright_forget(l);
	cleaned_finish(&l->cleaned);
	cleaned_init(&l->cleaned);
	l->cleaned.queue_ns = was.queue_ns;
	l->cleaned.crashes = was.crashes;
	l->cleaned.retries = was.retries;
	window_finish(&l->window); /* one of its texts may be what was changed */
	l->window_ready = false;
	queue_window_drop(l->cleaner->redis, &l->conversation, NULL, NULL);
	ask_around(l);
}

static void on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct lease *l = w->data;

	if (service_is_draining(l->cleaner->run) || l->again == LEASE_ENDING)
		release(l); /* to a cleaner that stays */
	else if (l->again == LEASE_COMMITTING)
		commit_send(l);
	else if (l->again == LEASE_EARLIER)
		put_back(l);
	else
		ask_around(l);
}

static void wait_for(struct lease *l, enum lease_state again, unsigned ms)
{
	l->again = again;
	l->state = LEASE_WAITING;
	ev_timer_set(&l->timer, (ms / 2 + (unsigned)random() % (ms / 2 + 1)) / 1e3, 0);
	ev_timer_start(service_loop(l->cleaner->run), &l->timer);
}

void lease_pg_failed(struct lease *l, enum pg_status status)
{
	unsigned ms = TRY_FIRST_MS << (l->tries < 5 ? l->tries : 5);

	if (ms > TRY_MOST_MS)
		ms = TRY_MOST_MS;
	l->cleaner->did.pg_retries++;
	if (l->tries++ == 0)
		log_info("lease.waits", "status=%d", (int)status);
	if (status == PG_REFUSED ||
		status == PG_CONFLICT) /* a read: nothing of the turn can be wrong with it */
		log_error("lease.read_refused", "state=%d", (int)l->state);
	wait_for(l, l->state, ms);
}

void lease_refused(struct lease *l)
{
	if (l->refused) {
		log_error("turn.refused_twice", "retries=%llu", (unsigned long long)l->cleaned.retries);
		wait_for(l, LEASE_ENDING, REFUSED_MS); /* then given back: a retry, and seen in the log each time */
		return;
	}
	l->refused = true;
	cleaned_give_up(&l->cleaned, &l->job, "commit_refused");
	commit_send(l);
}

/* The job and the window out of a claim's reply. */
static bool take_reply(struct lease *l, const redisReply *reply, bool *window_complete)
{
	struct slice packed[QUEUE_WINDOW_KEEP];
	struct slice job = redis_str(reply->element[1]);
	size_t count = 0;

	l->cleaned.crashes = (uint64_t)reply->element[2]->integer;
	l->cleaned.retries = (uint64_t)reply->element[3]->integer;
	l->fence = strtoull(redis_str(reply->element[0]).p, NULL, 10);
	l->blob = xmemdup(job.p, job.n);
	for (size_t i = 4; i < reply->elements && count < countof(packed); i++)
		packed[count++] = redis_str(reply->element[i]);
	if (!msg_unpack(MSG_JOB, slice_of(l->blob, job.n), &l->job) || !uuid_eq(&l->job.turn_id, &l->turn))
		return false;
	*window_complete = window_take(&l->window, l->job.seq, packed, count);
	return true;
}

static void begin(struct lease *l, bool window_complete)
{
	int64_t waited_us = clock_wall_us() - l->job.created_at;

	l->cleaned.queue_ns = waited_us > 0 ? (uint64_t)waited_us * 1000 : 0;
	announce_processing(l);
	l->window_ready = window_complete;
	l->known = known_find(&l->cleaner->known, &l->conversation);
	if (!window_complete)
		window_finish(&l->window);
	if (window_complete && l->known)
		clean(l);
	else
		ask_around(l);
}

/* Its fence is of the same clock as Redis' fences. */
void lease_begin_without_redis(struct lease *l, const struct msg_job *job)
{
	struct buf packed;
	size_t n;

	buf_init(&packed, LIMIT_FIELD_BYTES);
	msg_pack(MSG_JOB, job, &packed);
	l->blob = buf_take(&packed, &n);
	if (!msg_unpack(MSG_JOB, slice_of(l->blob, n), &l->job))
		bug("a packed message does not unpack");
	l->conversation = l->job.conversation_id;
	l->turn = l->job.turn_id;
	l->claim_ns = clock_mono_ns();
	l->fence = (uint64_t)clock_wall_us();
	begin(l, false);
}

static void on_claim(const redisReply *reply, void *arg)
{
	struct lease *l = arg;
	bool window_complete;

	if (!reply || reply->type == REDIS_REPLY_ERROR) {
		if (reply)
			log_warning("queue.refused", "error=\"%.100s\"", reply->str);
		lease_end(l);
	} else if (reply->type == REDIS_REPLY_NIL) { /* stale: it was completed or parked meanwhile */
		l->state = LEASE_ENDING;
		queue_drop(l->cleaner->redis, lease_stream(l), slice_str(l->entry), on_gone, l);
	} else if (reply->type != REDIS_REPLY_ARRAY || reply->elements < 4 ||
		   !take_reply(l, reply, &window_complete)) {
		log_error("job.unreadable",
			""); /* another version's: PostgreSQL has it too, and the sweep brings it back */
		park(l);
	} else {
		begin(l, window_complete);
	}
}

void lease_claim(struct lease *l, const struct uuid *conversation, const struct uuid *turn)
{
	l->state = LEASE_CLAIMING;
	l->conversation = *conversation;
	l->turn = *turn;
	l->claim_ns = clock_mono_ns();
	queue_claim(l->cleaner->redis, lease_stream(l), slice_str(l->entry), conversation, turn, l->expired,
		on_claim, l);
}
