/* SPDX-License-Identifier: ISC
 *
 * spend.c - see spend.h.
 */
#include "spend.h"

#include "cleaner.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/xalloc.h"
#include "common/wire/alerts.h"
#include "day_sum.h"
#include "prices.h"
#include "spend.sql.h"
#include "spend_tidy.sql.h"
#include "spent.lua.h"
#include "spent.sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
	CALLS = 2048, /* that wait for PostgreSQL: seconds of its absence; later ones are lost and told */
	BATCH_CALLS = 256, /* in one report */
	POLL_MS = 500,	   /* between looks at what the others spent, and notices, when there is a cap */
	ARRAY_BYTES = 256 * 1024,
	SPEND_PARAMS = 16,
};

#define KEEP_S "172800" /* of a day's sum in Redis: that day and the next */

static const struct pg_stmt spend_stmt = {"spend", spend_sql, SPEND_PARAMS},
			    spent_stmt = {"spent", spent_sql, 2},
			    tidy_stmt = {"spend_tidy", spend_tidy_sql, 0};
static const struct redis_script spent_script = REDIS_SCRIPT(spent);

struct call {
	int64_t at;
	const char *provider, *model; /* the client's, which outlives them */
	char tier[24];
	bool answered, priced;
	struct llm_usage usage;
	uint64_t nano;
	struct uuid turns[LLM_ASKERS];
	size_t turn_count;
};

struct spend {
	struct cleaner *c;
	struct prices prices;
	uint64_t soft_nano, hard_nano; /* 0: no cap */
	struct call *calls;	       /* CALLS of them; the first `sending` are under way */
	size_t count, sending;
	struct uuid batch; /* the id of those under way, kept until they are in */
	uint64_t lost;
	ev_timer report, poll;
	struct day_sum today;
	bool soft_said, hard_said;
};

/* --- configuration --- */

static bool cap_parse(const char *key, const char *text, uint64_t *nano, struct buf *error)
{
	uint64_t micro = 0;

	*nano = 0;
	if (*text && !amount_parse(slice_str(text), &micro)) {
		buf_printf(error, "%s is not an amount of at most six decimals", key);
		return false;
	}
	if (*text && !micro) {
		buf_printf(error, "%s is 0: empty is no cap, and without model_provider no model is asked", key);
		return false;
	}
	*nano = micro * 1000;
	return true;
}

/* Has each of these models a price? */
static bool all_priced(const struct prices *prices, const char *models)
{
	static const struct llm_usage none;
	uint64_t nano;

	for (const char *at = models; *at;) {
		size_t n = strcspn(at, ", ");
		char model[LLM_MODEL_BYTES];

		snprintf(model, sizeof model, "%.*s", (int)n, at);
		if (n && !prices_cost(prices, model, &none, &nano))
			return false;
		at += n + (at[n] != 0);
	}
	return true;
}

static bool read_config(const struct cleaner_config *c, struct prices *prices, uint64_t *soft, uint64_t *hard,
	struct buf *error)
{
	if (!prices_parse(slice_str(c->model_prices), prices, error) ||
		!cap_parse("model_day_soft", c->model_day_soft, soft, error) ||
		!cap_parse("model_day_hard", c->model_day_hard, hard, error))
		return false;
	if ((*soft || *hard) && !(all_priced(prices, c->models) && all_priced(prices, c->backup_models))) {
		buf_str(error, "a cap needs a price of every model: a model in models or backup_models has "
			       "none in model_prices");
		return false;
	}
	return true;
}

bool spend_check(const struct cleaner_config *config, struct buf *error)
{
	struct prices prices;
	uint64_t soft, hard;

	return read_config(config, &prices, &soft, &hard, error);
}

/* --- the day's sum --- */

static void say_caps(struct spend *s)
{
	if (s->soft_nano && s->today.spent >= s->soft_nano && !s->soft_said) {
		s->soft_said = true;
		log_warning("model.budget", "cap=soft day=%s spent=%.6f currency=%s", s->today.day,
			(double)s->today.spent / 1e9, s->c->config->model_currency);
	}
	if (s->hard_nano && s->today.spent >= s->hard_nano && !s->hard_said) {
		s->hard_said = true;
		log_warning("model.budget",
			"cap=hard day=%s spent=%.6f currency=%s what=\"local engine only\"", s->today.day,
			(double)s->today.spent / 1e9, s->c->config->model_currency);
	}
}

static void notice(const struct spend *s, enum alert alert, uint64_t cap_nano)
{
	struct msg_notice m = {.source = slice_str(service_instance(s->c->run)), .alert = alert, .about = slice_str(s->today.day),
		.value = s->today.spent / 1000, .target = cap_nano / 1000, .unit = slice_str(s->c->config->model_currency)};

	if (cap_nano && s->today.spent >= cap_nano)
		service_tell_monitor(s->c->run, SLICE("a"), MSG_NOTICE, &m);
}

/* A new day begins with nothing. */
static void look_day(struct spend *s)
{
	time_t now = (time_t)(clock_wall_us() / 1000000);
	char day[sizeof s->today.day];
	struct tm utc;

	strftime(day, sizeof day, "%Y-%m-%d", gmtime_r(&now, &utc));
	if (day_sum_turn(&s->today, day))
		s->soft_said = s->hard_said = false;
}

static void on_shared(const redisReply *reply, void *arg)
{
	struct spend *s = arg;

	if (!reply || reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
		reply->element[1]->type != REDIS_REPLY_STRING)
		return;
	if (day_sum_hear(&s->today, redis_str(reply->element[0]), strtoull(reply->element[1]->str, NULL, 10)))
		say_caps(s);
}

/* Adds to what all cleaners share, and hears what it is then. */
static void share(struct spend *s, uint64_t nano)
{
	char key[48], least[24], more[24];
	struct slice keys[1], argv[4];

	if (!redis_is_up(s->c->redis))
		return;
	snprintf(key, sizeof key, "cc:llm:spent:%s", s->today.day);
	snprintf(least, sizeof least, "%llu", (unsigned long long)s->today.stored);
	snprintf(more, sizeof more, "%llu", (unsigned long long)nano);
	keys[0] = slice_str(key);
	argv[0] = slice_str(least);
	argv[1] = slice_str(more);
	argv[2] = SLICE(KEEP_S);
	argv[3] = slice_str(s->today.day);
	redis_eval(s->c->redis, &spent_script, keys, 1, argv, countof(argv), on_shared, s);
}

static void on_poll(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct spend *s = w->data;

	look_day(s);
	share(s, 0);
	notice(s, ALERT_MODEL_BUDGET_SOFT, s->soft_nano); /* what is lost is made good by the next */
	notice(s, ALERT_MODEL_BUDGET_HARD, s->hard_nano);
}

const char *spend_forbids(struct spend *s)
{
	if (!s->hard_nano)
		return NULL;
	look_day(s);
	if (!s->today.heard)
		return "budget_unknown";
	return s->today.spent >= s->hard_nano ? "budget" : NULL;
}

/* --- PostgreSQL --- */

static void take_stored(struct spend *s, const PGresult *r)
{
	if (day_sum_stored(&s->today, pg_cell(r, 0, 0), (uint64_t)pg_cell_i64(r, 0, 1)))
		say_caps(s);
}

static void on_stored(const struct pg_answer *answer, void *arg)
{
	struct spend *s = arg;

	if (answer->status == PG_OK)
		take_stored(s, answer->results[0]);
}

void spend_pg_up(struct spend *s)
{
	struct slice params[2];

	look_day(s);
	params[0] = slice_str(s->today.day);
	params[1] = slice_str(s->c->config->model_currency);
	pg_send(s->c->pg, &(struct pg_op){&spent_stmt, params}, 1, on_stored, s);
}

static void start_report(struct spend *s)
{
	if (ev_is_active(&s->report))
		return;
	ev_timer_set(&s->report, SPEND_REPORT_MS / 1e3, 0);
	ev_timer_start(service_loop(s->c->run), &s->report);
}

static void on_reported(const struct pg_answer *answer, void *arg)
{
	struct spend *s = arg;
	bool in = answer->status == PG_OK, never = answer->status == PG_REFUSED;

	if (in)
		take_stored(s, answer->results[1]);
	if (never) {
		log_error("model.spend_refused", "calls=%zu sqlstate=%s", s->sending, answer->sqlstate);
		s->lost += s->sending;
	}
	if (in || never) {
		memmove(s->calls, s->calls + s->sending, (s->count - s->sending) * sizeof *s->calls);
		s->count -= s->sending;
		s->batch = uuid_v7();
	}
	s->sending = 0;
	if (s->count)
		start_report(s);
	if ((in || never) && service_is_draining(s->c->run))
		cleaner_settled(s->c);
}

enum {
	A_AT,
	A_PROVIDER,
	A_MODEL,
	A_TIER,
	A_ANSWERED,
	A_PROMPT,
	A_CACHED,
	A_OUTPUT,
	A_THINKING,
	A_NANO,
	A_TURN,
	A_CALL,
	A_K,
	A_OF,
	ARRAYS
};

static void add_call(struct buf *a, const struct call *call, int64_t place)
{
	char id[UUID_TEXT_BYTES];

	pg_array_add_i64(&a[A_AT], call->at);
	pg_array_add(&a[A_PROVIDER], slice_str(call->provider));
	pg_array_add(&a[A_MODEL], slice_str(call->model));
	pg_array_add(&a[A_TIER], slice_str(call->tier));
	pg_array_add(&a[A_ANSWERED], call->answered ? SLICE("t") : SLICE("f"));
	pg_array_add_i64(&a[A_PROMPT], (int64_t)call->usage.prompt);
	pg_array_add_i64(&a[A_CACHED], (int64_t)call->usage.cached);
	pg_array_add_i64(&a[A_OUTPUT], (int64_t)call->usage.output);
	pg_array_add_i64(&a[A_THINKING], (int64_t)call->usage.thoughts);
	if (call->priced)
		pg_array_add_i64(&a[A_NANO], (int64_t)call->nano);
	else
		pg_array_add(&a[A_NANO], slice_of(NULL, 0));
	for (size_t i = 0; i < call->turn_count; i++) {
		uuid_text(&call->turns[i], id);
		pg_array_add(&a[A_TURN], slice_str(id));
		pg_array_add_i64(&a[A_CALL], place);
		pg_array_add_i64(&a[A_K], (int64_t)i + 1);
		pg_array_add_i64(&a[A_OF], (int64_t)call->turn_count);
	}
}

static void report(struct spend *s)
{
	struct buf a[ARRAYS];
	struct slice params[SPEND_PARAMS], sum[2];
	struct pg_op ops[] = {{&spend_stmt, params}, {&spent_stmt, sum}, {&tidy_stmt, NULL}};
	char batch[UUID_TEXT_BYTES];

	for (size_t i = 0; i < ARRAYS; i++) {
		buf_init(&a[i], ARRAY_BYTES * 4);
		pg_array_begin(&a[i]);
	}
	for (size_t i = 0; i < s->sending; i++)
		add_call(a, &s->calls[i], (int64_t)i + 1);
	for (size_t i = 0; i < ARRAYS; i++)
		pg_array_end(&a[i]);
	uuid_text(&s->batch, batch);
	params[0] = slice_str(batch);
	for (size_t i = A_AT; i <= A_NANO; i++)
		params[1 + i] = buf_view(&a[i]);
	params[11] = slice_str(s->c->config->model_currency);
	for (size_t i = A_TURN; i < ARRAYS; i++)
		params[12 + i - A_TURN] = buf_view(&a[i]);
	look_day(s);
	sum[0] = slice_str(s->today.day);
	sum[1] = params[11];
	pg_send(s->c->pg, ops, countof(ops), on_reported, s);
	for (size_t i = 0; i < ARRAYS; i++)
		buf_finish(&a[i]);
}

void spend_flush(struct spend *s)
{
	ev_timer_stop(service_loop(s->c->run), &s->report);
	if (s->sending || !s->count)
		return;
	s->sending = s->count < BATCH_CALLS ? s->count : BATCH_CALLS;
	report(s);
}

static void on_report(struct ev_loop *loop, ev_timer *w, int revents)
{
	spend_flush(w->data);
}

bool spend_is_idle(const struct spend *s)
{
	return s->count == 0;
}

/* --- calls --- */

void spend_call(struct spend *s, const struct llm_call *call)
{
	struct call *kept;

	look_day(s);
	if (s->count == CALLS) {
		if (s->lost++ == 0)
			log_error("model.spend_lost", "calls=%d", CALLS);
		return;
	}
	kept = &s->calls[s->count++];
	*kept = (struct call){.at = clock_wall_us(),
		.provider = call->provider,
		.model = call->model,
		.answered = call->answered,
		.usage = call->usage};
	snprintf(kept->tier, sizeof kept->tier, "%s", call->tier);
	kept->priced = call->answered && prices_cost(&s->prices, call->model, &call->usage, &kept->nano);
	for (size_t i = 0; i < call->asker_count; i++)
		kept->turns[kept->turn_count++] = model_asker_lease(call->askers[i])->turn;
	s->today.spent += kept->priced ? kept->nano : 0;
	say_caps(s);
	if (kept->priced && (s->soft_nano || s->hard_nano))
		share(s, kept->nano);
	start_report(s);
}

struct spend *spend_open(struct cleaner *c)
{
	struct spend *s = xcalloc(1, sizeof *s);
	struct buf error;

	s->c = c;
	buf_init(&error, 1000);
	if (!read_config(c->config, &s->prices, &s->soft_nano, &s->hard_nano, &error))
		bug("spend_check let it pass");
	buf_finish(&error);
	s->calls = xcalloc(CALLS, sizeof *s->calls);
	s->batch = uuid_v7();
	look_day(s);
	ev_timer_init(&s->report, on_report, 0, 0);
	s->report.data = s;
	ev_timer_init(&s->poll, on_poll, POLL_MS / 1e3, POLL_MS / 1e3);
	s->poll.data = s;
	if (s->soft_nano || s->hard_nano)
		ev_timer_start(service_loop(c->run), &s->poll);
	return s;
}

void spend_close(struct spend **where)
{
	struct spend *s = *where;

	if (!s)
		return;
	*where = NULL;
	ev_timer_stop(service_loop(s->c->run), &s->report);
	ev_timer_stop(service_loop(s->c->run), &s->poll);
	if (s->count || s->lost)
		log_warning("model.spend_lost", "calls=%llu", (unsigned long long)(s->count + s->lost));
	free(s->calls);
	free(s);
}
