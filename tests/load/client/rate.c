/* SPDX-License-Identifier: ISC
 *
 * rate.c - turns at a rate, over a pool of connections.
 *
 * Open loop: a turn is sent when it is due, on a free connection or a new one. When options->connections are
 * busy it is not sent at all and counted as unsent: the client's own bound, and a failure. A refused turn is
 * gone, or with --retry sent again after its Retry-After, while the load goes on; its time counts from when
 * it was first due.
 *
 * Ownership: a turn owns its connection until its answer; a free connection is in the pool.
 */
#include "load.h"

#include "common/base/clock.h"
#include "common/base/xalloc.h"

#include <math.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum {
	DUE_BURST = 1000, /* turns sent before the loop looks at answers again, when the client is behind */
	WAITING_MOST = 4096, /* refused turns that wait for their Retry-After; more are gone */
};

struct turn {
	struct conn *conn;
	bool lumen;
	uint32_t step;
	size_t conversation;
	uint64_t due_ns;
	ev_timer again;
};

struct rate {
	struct load *load;
	int timer_fd;
	ev_io due;
	ev_timer every;
	uint64_t begun_ns, due_ns, step_ends_ns;
	long step;
	struct conn **idle;
	size_t idle_count, open_count, under_way, waiting;
	struct figures interval; /* since the last line of --every */
	struct figures *steps;	 /* by the step in which the turn was due */
};

static struct rate rate;

static void turn_send(struct turn *t);

static void finish_if_done(void)
{
	if (rate.step < rate.load->options->step_count || rate.under_way || rate.waiting)
		return;
	while (rate.idle_count)
		conn_destroy(&rate.idle[--rate.idle_count]);
	ev_timer_stop(rate.load->loop, &rate.every);
	sockets_stop(rate.load);
	conversations_stop(rate.load);
}

static void release(struct conn *c)
{
	rate.under_way--;
	rate.idle[rate.idle_count++] = c;
}

static void count_outcome(struct turn *t, enum outcome outcome)
{
	rate.steps[t->step].outcomes[outcome]++;
	rate.interval.outcomes[outcome]++;
}

static void count_time(struct turn *t, enum operation op, uint64_t ns)
{
	hist_add(&rate.steps[t->step].times[op], ns);
	hist_add(&rate.interval.times[op], ns);
}

static enum operation kind_of(const struct turn *t, enum outcome outcome)
{
	if (outcome_is_refusal(outcome))
		return OP_REFUSED;
	if (outcome == OUT_202)
		return OP_ACCEPTED;
	return t->lumen ? OP_LUMEN_TURN : OP_USER_TURN;
}

static void on_again(struct ev_loop *loop, ev_timer *timer, int events)
{
	rate.waiting--;
	turn_send(timer->data);
	finish_if_done();
}

/* True: the turn will be sent again. */
static bool wait_and_retry(struct turn *t, const struct reply *reply)
{
	if (!rate.load->options->retry || rate.waiting == WAITING_MOST ||
		clock_mono_ns() >= rate.load->end_ns)
		return false;
	rate.waiting++;
	ev_timer_init(&t->again, on_again, reply->retry_after_s, 0);
	t->again.data = t;
	ev_timer_start(rate.load->loop, &t->again);
	return true;
}

static bool is_failure(enum outcome outcome)
{
	return outcome != OUT_201 && outcome != OUT_202 &&
	       !(outcome_is_refusal(outcome) && rate.load->options->overload);
}

static void answered(struct conn *c, const struct reply *reply, const char *broken, void *arg)
{
	struct turn *t = arg;
	enum outcome outcome = outcome_of(reply);
	enum operation op = kind_of(t, outcome);
	bool again = false;

	release(c);
	count_outcome(t, outcome);
	if (outcome_is_refusal(outcome))
		again = wait_and_retry(t, reply);
	if (reply)
		count_time(t, op, reply->ended_ns - t->due_ns);
	if (is_failure(outcome) && !again)
		figures_fail(&rate.load->figures, op, "%s %.*s", reply ? outcome_name(outcome) : broken,
			reply ? (int)(reply->body.n < 120 ? reply->body.n : 120) : 0,
			reply ? reply->body.p : "");
	if (!again)
		free(t);
	finish_if_done();
}

static struct conn *take_conn(void)
{
	if (rate.idle_count)
		return rate.idle[--rate.idle_count];
	if (rate.open_count == (size_t)rate.load->options->connections)
		return NULL;
	rate.open_count++;
	return conn_create(rate.load->loop, &rate.load->options->to);
}

static void turn_unsent(struct turn *t)
{
	count_outcome(t, OUT_UNSENT);
	figures_fail(&rate.load->figures, OP_USER_TURN, "not sent: all connections are busy");
	free(t);
}

static void turn_send(struct turn *t)
{
	struct load *l = rate.load;
	struct conn_request r = {.method = "POST",
		.token = conversation_token(l, t->conversation),
		.headers = l->options->accept ? "Prefer: respond-async\r\n" : NULL};
	char path[128];

	t->conn = take_conn();
	if (!t->conn) {
		turn_unsent(t);
		return;
	}
	rate.under_way++;
	snprintf(path, sizeof path, "/api/v1/conversations/%s/turns", conversation_id(t->conversation));
	r.path = path;
	r.body = load_turn_body(l, t->lumen);
	conn_ask(t->conn, &r, answered, t);
}

static void turn_due(void)
{
	struct load *l = rate.load;
	struct turn *t = xcalloc(1, sizeof *t);

	t->lumen = load_random(l) * 100 < (double)l->options->lumen_percent;
	t->conversation = (size_t)(load_random(l) * (double)l->options->conversations);
	t->due_ns = rate.due_ns;
	t->step = (uint32_t)rate.step;
	hist_add(&rate.steps[t->step].late, clock_mono_ns() - t->due_ns);
	turn_send(t);
}

/* Moves due_ns on by a gap of the step's rate; into the next step where this one ends. False: that was the
 * last. */
static bool next_due(void)
{
	const struct options *o = rate.load->options;

	rate.due_ns += (uint64_t)(-log(1 - load_random(rate.load)) * 1e9 / (double)o->steps[rate.step].rate);
	if (rate.due_ns < rate.step_ends_ns)
		return true;
	rate.due_ns = rate.step_ends_ns;
	if (++rate.step == o->step_count)
		return false;
	rate.step_ends_ns += (uint64_t)o->steps[rate.step].seconds * NS_PER_S;
	return true;
}

static void arm(void)
{
	struct itimerspec at = {
		.it_value = {(time_t)(rate.due_ns / NS_PER_S), (long)(rate.due_ns % NS_PER_S)}};

	if (timerfd_settime(rate.timer_fd, TFD_TIMER_ABSTIME, &at, NULL) != 0)
		perror("timerfd_settime");
}

static void on_due(struct ev_loop *loop, ev_io *io, int events)
{
	uint64_t fired;

	if (read(rate.timer_fd, &fired, sizeof fired) != sizeof fired)
		return;
	for (int n = 0; n < DUE_BURST && rate.due_ns <= clock_mono_ns(); n++) {
		turn_due();
		if (!next_due()) {
			ev_io_stop(loop, io);
			close(rate.timer_fd);
			finish_if_done();
			return;
		}
	}
	arm();
}

/* One line a period, by when the answers came. */
static void on_every(struct ev_loop *loop, ev_timer *timer, int events)
{
	const struct options *o = rate.load->options;
	double at = (double)(clock_mono_ns() - rate.begun_ns) / 1e9;
	const struct hist *times = rate.interval.times;

	if (o->json) {
		printf("{\"at\": %.3f, \"step\": %ld, ", at, rate.step);
		figures_json(&rate.interval, stdout);
		puts("}");
	} else {
		printf("%6.0f s  user %llu p99 %.1f ms, Lumen %llu p99 %.1f ms, accepted %llu p99 %.1f ms; ",
			at, (unsigned long long)times[OP_USER_TURN].count,
			(double)hist_percentile(&times[OP_USER_TURN], .99) / 1e6,
			(unsigned long long)times[OP_LUMEN_TURN].count,
			(double)hist_percentile(&times[OP_LUMEN_TURN], .99) / 1e6,
			(unsigned long long)times[OP_ACCEPTED].count,
			(double)hist_percentile(&times[OP_ACCEPTED], .99) / 1e6);
		figures_print_outcomes(&rate.interval, stdout);
	}
	figures_init(&rate.interval);
}

void rate_start(struct load *l)
{
	const struct options *o = l->options;
	uint64_t whole_ns = 0;

	for (long i = 0; i < o->step_count; i++)
		whole_ns += (uint64_t)o->steps[i].seconds * NS_PER_S;
	rate.load = l;
	rate.idle = xcalloc((size_t)o->connections, sizeof(struct conn *));
	rate.steps = xcalloc((size_t)o->step_count, sizeof *rate.steps);
	for (long i = 0; i < o->step_count; i++)
		figures_init(&rate.steps[i]);
	figures_init(&rate.interval);
	rate.begun_ns = rate.due_ns = clock_mono_ns();
	rate.step_ends_ns = rate.begun_ns + (uint64_t)o->steps[0].seconds * NS_PER_S;
	l->end_ns = rate.begun_ns + whole_ns;
	rate.timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	ev_io_init(&rate.due, on_due, rate.timer_fd, EV_READ);
	ev_io_start(l->loop, &rate.due);
	ev_timer_init(&rate.every, on_every, (double)o->every_s, (double)o->every_s);
	if (o->every_s)
		ev_timer_start(l->loop, &rate.every);
	conversations_rotate(l);
	sockets_start(l);
	arm();
}

static void report_step(const struct options *o, long i, FILE *out)
{
	const struct figures *f = &rate.steps[i];

	if (o->json) {
		fprintf(out, "{\"step\": %ld, \"rate\": %ld, \"seconds\": %ld, ", i, o->steps[i].rate,
			o->steps[i].seconds);
		figures_json(f, out);
		fputs("}\n", out);
	} else {
		fprintf(out, "%ld turns/s for %ld s, ", o->steps[i].rate, o->steps[i].seconds);
		figures_print_outcomes(f, out);
		if (o->step_count > 1)
			figures_print(f, out);
	}
}

void rate_report(struct load *l, FILE *out)
{
	for (long i = 0; rate.steps && i < l->options->step_count; i++) {
		report_step(l->options, i, out);
		figures_merge(&l->figures, &rate.steps[i]);
	}
	free(rate.steps);
	free(rate.idle);
}
