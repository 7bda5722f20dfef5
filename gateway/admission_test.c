/* SPDX-License-Identifier: ISC
 *
 * admission_test.c - admission in front of a simulated pipeline: one queue, so many turns a second, and what
 * each takes besides.
 *
 * Time is simulated in steps of 100 us; arrivals are drawn, the same at each run.
 */
#include "gateway/admission.h"

#include "common/base/check_run.h"
#include "common/base/clock.h"
#include "common/base/hist.h"

#include <stdlib.h>

enum { STEP_US = 100, QUEUE = 100000, SECOND = 1000000 / STEP_US, LOOK = SECOND / 5 };

struct turn {
	enum admission_class c;
	uint64_t came_ns, served_ns;
	bool aside; /* not counted any more */
};

struct phase {
	double rate, seconds; /* turns a second that come */
	bool stands_still;    /* nothing is served */
	bool redis_away;      /* every other person's turn waits until it is back */
};

struct pipeline {
	double served_s;			/* turns a second that it can do */
	uint64_t besides_ns[ADMISSION_CLASSES]; /* what a turn takes without any queue */
};

struct outcome {
	struct hist took[ADMISSION_CLASSES];
	uint32_t refused[8], accepted[8]; /* by phase */
	double last_refused_s;		  /* after the last phase's begin */
};

static struct turn queue[QUEUE], ending[QUEUE], waiting[QUEUE];
static struct outcome got;
static unsigned short seed[3];

static struct sim {
	struct admission a;
	const struct pipeline *line;
	size_t head, tail, ending, waiting;
	double credit;
	uint64_t now_ns;
} sim;

static void arrive(size_t phase, double since_s, bool redis_away)
{
	enum admission_class c = erand48(seed) < .4 ? ADMISSION_AGENT : ADMISSION_PERSON;

	if (!admission_ask(&sim.a, c, sim.now_ns)) {
		got.refused[phase]++;
		got.last_refused_s = since_s;
		return;
	}
	got.accepted[phase]++;
	if (redis_away && c == ADMISSION_PERSON && erand48(seed) < .5) {
		ck_assert_uint_lt(sim.waiting, QUEUE);
		waiting[sim.waiting++] = (struct turn){c, sim.now_ns, 0, false};
		return;
	}
	queue[sim.tail++ % QUEUE] = (struct turn){c, sim.now_ns, 0, false};
	ck_assert_uint_lt(sim.tail - sim.head, QUEUE);
}

/* What needs no Redis is not behind what waited for it. */
static bool next_turn(struct turn *t, bool redis_away)
{
	if (sim.head < sim.tail)
		*t = queue[sim.head++ % QUEUE];
	else if (sim.waiting && !redis_away)
		*t = waiting[--sim.waiting];
	else
		return false;
	return true;
}

static void serve(bool redis_away)
{
	struct turn t;

	sim.credit += sim.line->served_s * STEP_US / 1e6;
	for (; sim.credit >= 1 && next_turn(&t, redis_away); sim.credit--) {
		t.served_ns = sim.now_ns + sim.line->besides_ns[t.c];
		ending[sim.ending++] = t;
	}
	if (sim.credit > 1)
		sim.credit = 1;
}

static void end_turns(void)
{
	for (size_t i = 0; i < sim.ending;) {
		struct turn t = ending[i];

		if (t.served_ns > sim.now_ns) {
			i++;
			continue;
		}
		hist_add(&got.took[t.c], sim.now_ns - t.came_ns);
		if (!t.aside)
			admission_done(&sim.a, t.c, sim.now_ns - t.came_ns, sim.now_ns);
		ending[i] = ending[--sim.ending];
	}
}

static void look_at(struct turn *t)
{
	t->aside = t->aside || admission_sets_aside(&sim.a, t->c, sim.now_ns - t->came_ns);
}

static void look(void)
{
	for (size_t i = sim.head; i < sim.tail; i++)
		look_at(&queue[i % QUEUE]);
	for (size_t i = 0; i < sim.ending; i++)
		look_at(&ending[i]);
	for (size_t i = 0; i < sim.waiting; i++)
		look_at(&waiting[i]);
}

static void play(const struct pipeline *line, const struct phase *phases, size_t count)
{
	memset(&got, 0, sizeof got);
	memset(&sim, 0, sizeof sim);
	hist_init(&got.took[ADMISSION_AGENT]);
	hist_init(&got.took[ADMISSION_PERSON]);
	seed[0] = seed[1] = seed[2] = 7;
	sim.line = line;
	sim.now_ns = 1000 * NS_PER_S;
	admission_init(&sim.a, sim.now_ns);
	for (size_t p = 0; p < count; p++)
		for (long step = 0; step < (long)(phases[p].seconds * SECOND); step++) {
			sim.now_ns += STEP_US * 1000;
			for (double n = phases[p].rate * STEP_US / 1e6; n > 0; n--)
				if (erand48(seed) < n)
					arrive(p, (double)step / SECOND, phases[p].redis_away);
			if (step % LOOK == 0)
				look();
			if (!phases[p].stands_still)
				serve(phases[p].redis_away);
			end_turns();
		}
}

static double p99_ms(enum admission_class c)
{
	return (double)hist_percentile(&got.took[c], .99) / 1e6;
}

static const struct pipeline quick = {800, {2 * NS_PER_MS, 8 * NS_PER_MS}},
			     half = {800, {6 * NS_PER_MS, 8 * NS_PER_MS}}, /* of an agent's target is gone without a queue */
			     slow = {400, {25 * NS_PER_MS, 60 * NS_PER_MS}},
			     with_model = {800, {2 * NS_PER_MS, 350 * NS_PER_MS}};

/* What comes and can be done is never refused. */
START_TEST(nothing_is_refused_without_need)
{
	static const struct {
		const struct pipeline *line;
		struct phase phases[4];
		size_t count;
	} rows[] = {
		{&quick, {{20, 5}, {600, 30}}, 2},
		{&quick, {{300, 5}, {300, 1.5, true}, {300, 10}}, 3}, /* a process is started again */
		{&quick, {{0, 30}, {300, .5, true}, {300, 10}}, 3},   /* at once after a long silence */
		{&slow, {{300, 60}}, 1}, {&with_model, {{600, 60}}, 1},
		{&quick, {{100, 5}, {2000, .1}, {100, 5}}, 3}, /* a burst */
		{&quick, {{300, 5}, {300, 20, .redis_away = true}, {300, 10}}, 3},
		{&quick, {{300, 5}, {300, 10, true}, {10, 10}}, 3}, /* a long outage, whose callers wait */
	};

	play(rows[_i].line, rows[_i].phases, rows[_i].count);
	for (size_t p = 0; p < rows[_i].count; p++)
		ck_assert_msg(got.refused[p] == 0, "row %d, phase %zu: %u refused", _i, p, got.refused[p]);
}
END_TEST

/* Beyond capacity what is accepted is in time, much is accepted, and it is over when the load is. */
START_TEST(accepted_turns_are_in_time)
{
	static const struct {
		const struct pipeline *line;
		double times, agent_ms; /* near capacity it takes longer until the queue shows */
	} rows[] = {{&quick, 1.5, 12}, {&quick, 2, 10}, {&quick, 5, 10}, {&quick, 20, 10}, {&half, 1.5, 25}, {&half, 2, 15},
		{&half, 5, 10}, {&half, 20, 10}};
	const struct phase phases[] = {{400, 10}, {rows[_i].times * 800, 60}, {400, 10}};

	play(rows[_i].line, phases, 3);
	ck_assert_uint_eq(got.refused[0], 0);
	ck_assert_uint_gt(got.refused[1], 0);
	ck_assert_msg(p99_ms(ADMISSION_AGENT) < rows[_i].agent_ms, "agent %f", p99_ms(ADMISSION_AGENT));
	ck_assert_msg(p99_ms(ADMISSION_PERSON) < 300, "person %f", p99_ms(ADMISSION_PERSON));
	ck_assert_msg(got.accepted[1] > .6 * 800 * 60, "accepted %u", got.accepted[1]);
	ck_assert_msg(got.refused[2] == 0 || got.last_refused_s < 1, "refused until %f", got.last_refused_s);
}
END_TEST

START_TEST(the_first_turns_of_a_gateway)
{
	const struct phase phases[] = {{4000, 30}, {400, 10}};

	play(&quick, phases, 2);
	ck_assert_msg(p99_ms(ADMISSION_PERSON) < 300, "person %f", p99_ms(ADMISSION_PERSON));
	ck_assert_msg(got.refused[1] == 0 || got.last_refused_s < 2, "refused until %f", got.last_refused_s);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("admission");
	TCase *tc = tcase_create("admission");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, nothing_is_refused_without_need, 0, 8);
	tcase_add_loop_test(tc, accepted_turns_are_in_time, 0, 8);
	tcase_add_test(tc, the_first_turns_of_a_gateway);
	suite_add_tcase(suite, tc);
	return check_run(suite, CK_FORK_GETENV);
}
