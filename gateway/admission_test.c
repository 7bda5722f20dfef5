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

enum { STEP_US = 100, QUEUE = 100000, SECOND = 1000000 / STEP_US, LOOK = SECOND / 5, UNSTEADY = SECOND / 10 };

#define STALL_MS 30 /* a slow disk's flush */
#define SETTLED_S 3 /* a phase's load has been noticed by then */

struct turn {
	enum admission_class c;
	uint64_t came_ns, served_ns;
	bool aside;   /* not counted any more */
	bool settled; /* came after the first seconds of a judged phase */
};

struct phase {
	double rate, seconds; /* turns a second that come */
	bool stands_still;    /* nothing is served */
	bool redis_away;      /* every other person's turn waits until it is back */
	double model_ms;      /* a person's turn takes longer by that */
	double share;	      /* of what the pipeline can do; 0: all */
	bool judged;	      /* its turns are those of outcome.settled */
};

struct pipeline {
	double served_s;			/* turns a second that it can do */
	uint64_t besides_ns[ADMISSION_CLASSES]; /* what a turn takes without any queue */
	double unsteady; /* in each tenth of a second it can do that share more or less, drawn evenly */
	double stalls;	 /* the share of turns that take STALL_MS longer, whatever is under way */
};

struct outcome {
	struct hist took[ADMISSION_CLASSES], settled[ADMISSION_CLASSES]; /* all; after the first seconds of judged phases */
	uint32_t refused[8], accepted[8]; /* by phase */
	double last_refused_s;		  /* after the last phase's begin */
};

static struct turn queue[QUEUE], ending[QUEUE], waiting[QUEUE];
static struct outcome got;
static unsigned short seed[3];

static struct sim {
	struct admission a;
	const struct pipeline *line;
	const struct phase *phase;
	double since_s; /* the phase's begin */
	size_t head, tail, ending, waiting;
	double credit, share; /* of what it can do on average, in this tenth of a second */
	uint64_t now_ns;
} sim;

static void arrive(size_t phase)
{
	enum admission_class c = erand48(seed) < .4 ? ADMISSION_AGENT : ADMISSION_PERSON;
	struct turn t = {c, sim.now_ns, .settled = sim.phase->judged && sim.since_s >= SETTLED_S};

	if (!admission_ask(&sim.a, c, sim.now_ns)) {
		got.refused[phase]++;
		got.last_refused_s = sim.since_s;
		return;
	}
	got.accepted[phase]++;
	if (sim.phase->redis_away && c == ADMISSION_PERSON && erand48(seed) < .5) {
		ck_assert_uint_lt(sim.waiting, QUEUE);
		waiting[sim.waiting++] = t;
		return;
	}
	queue[sim.tail++ % QUEUE] = t;
	ck_assert_uint_lt(sim.tail - sim.head, QUEUE);
}

/* What needs no Redis is not behind what waited for it. */
static bool next_turn(struct turn *t)
{
	if (sim.head < sim.tail)
		*t = queue[sim.head++ % QUEUE];
	else if (sim.waiting && !sim.phase->redis_away)
		*t = waiting[--sim.waiting];
	else
		return false;
	return true;
}

static void serve(void)
{
	struct turn t;

	sim.credit += sim.share * (sim.phase->share > 0 ? sim.phase->share : 1) * sim.line->served_s * STEP_US / 1e6;
	for (; sim.credit >= 1 && next_turn(&t); sim.credit--) {
		t.served_ns = sim.now_ns + sim.line->besides_ns[t.c];
		if (t.c == ADMISSION_PERSON)
			t.served_ns += (uint64_t)(sim.phase->model_ms * 1e6);
		if (sim.line->stalls > 0 && erand48(seed) < sim.line->stalls)
			t.served_ns += STALL_MS * NS_PER_MS;
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
		if (t.settled)
			hist_add(&got.settled[t.c], sim.now_ns - t.came_ns);
		if (!t.aside)
			admission_done(&sim.a, t.c, sim.now_ns - t.came_ns, sim.now_ns);
		ending[i] = ending[--sim.ending];
	}
}

static void look_at(struct turn *t)
{
	t->aside = t->aside || admission_sets_aside(&sim.a, t->c, sim.now_ns - t->came_ns, sim.now_ns);
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
	for (size_t c = 0; c < ADMISSION_CLASSES; c++) {
		hist_init(&got.took[c]);
		hist_init(&got.settled[c]);
	}
	seed[0] = seed[1] = seed[2] = 7;
	sim.line = line;
	sim.now_ns = 1000 * NS_PER_S;
	admission_init(&sim.a, sim.now_ns);
	for (size_t p = 0; p < count; p++)
		for (long step = 0; step < (long)(phases[p].seconds * SECOND); step++) {
			sim.now_ns += STEP_US * 1000;
			sim.phase = &phases[p];
			sim.since_s = (double)step / SECOND;
			if (step % UNSTEADY == 0)
				sim.share = 1 + line->unsteady * (2 * erand48(seed) - 1);
			for (double n = phases[p].rate * STEP_US / 1e6; n > 0; n--)
				if (erand48(seed) < n)
					arrive(p);
			if (step % LOOK == 0)
				look();
			if (!phases[p].stands_still)
				serve();
			end_turns();
		}
}

static double p99_ms(const struct hist took[ADMISSION_CLASSES], enum admission_class c)
{
	ck_assert_uint_gt(took[c].count, 0);
	return (double)hist_percentile(&took[c], .99) / 1e6;
}

static const struct pipeline quick = {800, {2 * NS_PER_MS, 8 * NS_PER_MS}},
			     half = {800, {6 * NS_PER_MS, 8 * NS_PER_MS}}, /* of an agent's target is gone without a queue */
			     slow = {400, {25 * NS_PER_MS, 60 * NS_PER_MS}},
			     unsteady = {800, {2 * NS_PER_MS, 8 * NS_PER_MS}, .3},
			     unsteady_large = {1800, {2 * NS_PER_MS, 8 * NS_PER_MS}, .3},
			     stalling = {800, {2 * NS_PER_MS, 8 * NS_PER_MS}, .stalls = .05},
			     with_model = {800, {2 * NS_PER_MS, 350 * NS_PER_MS}},
			     stalling_with_model = {800, {2 * NS_PER_MS, 350 * NS_PER_MS}, .stalls = .2};

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
		{&quick, {{100, 5}, {1000, .4}, {100, 5}}, 3},	       /* a longer, weaker burst */
		{&unsteady, {{100, 5}, {600, 60}}, 2},
		{&quick, {{300, 30}, {300, 30, .model_ms = 300}, {300, 10}}, 3}, /* what takes longer is no queue */
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
	ck_assert_msg(p99_ms(got.took, ADMISSION_AGENT) < rows[_i].agent_ms, "agent %f", p99_ms(got.took, ADMISSION_AGENT));
	ck_assert_msg(p99_ms(got.took, ADMISSION_PERSON) < 300, "person %f", p99_ms(got.took, ADMISSION_PERSON));
	ck_assert_msg(got.accepted[1] > .6 * 800 * 60, "accepted %u", got.accepted[1]);
	ck_assert_msg(got.refused[2] == 0 || got.last_refused_s < 1, "refused until %f", got.last_refused_s);
}
END_TEST

/* Little more comes than can be done: the queue grows slowly, and nothing but the first of it is late. */
START_TEST(just_beyond_capacity)
{
	static const struct {
		const struct pipeline *line;
		double times;
	} rows[] = {{&quick, 1.05}, {&quick, 1.1}, {&quick, 1.2}, {&unsteady, 1.1}, {&unsteady, 1.2}, {&unsteady_large, 1.1}};
	const struct pipeline *line = rows[_i].line;
	const struct phase phases[] = {{line->served_s / 2, 10}, {rows[_i].times * line->served_s, 60, .judged = true},
		{line->served_s / 2, 10}};

	play(line, phases, 3);
	ck_assert_uint_eq(got.refused[0], 0);
	ck_assert_msg(p99_ms(got.settled, ADMISSION_AGENT) < 10, "agent %f", p99_ms(got.settled, ADMISSION_AGENT));
	ck_assert_msg(p99_ms(got.settled, ADMISSION_PERSON) < 300, "person %f", p99_ms(got.settled, ADMISSION_PERSON));
	ck_assert_msg(got.accepted[1] > .6 * line->served_s * 60, "accepted %u", got.accepted[1]);
	ck_assert_msg(got.refused[2] == 0 || got.last_refused_s < 1, "refused until %f", got.last_refused_s);
}
END_TEST

/* It is no queue that makes turns late there, and to let in fewer would not help them: as many are done as elsewhere. */
START_TEST(a_disk_that_stalls)
{
	const struct phase phases[] = {{stalling.served_s / 2, 10}, {1.1 * stalling.served_s, 60, .judged = true},
		{stalling.served_s / 2, 10}};
	double agent_p90;

	play(&stalling, phases, 3);
	agent_p90 = (double)hist_percentile(&got.settled[ADMISSION_AGENT], .9) / 1e6;
	ck_assert_uint_eq(got.refused[0], 0);
	ck_assert_msg(agent_p90 < 10, "agent %f", agent_p90);
	ck_assert_msg(p99_ms(got.settled, ADMISSION_PERSON) < 300, "person %f", p99_ms(got.settled, ADMISSION_PERSON));
	ck_assert_msg(got.accepted[1] > .6 * stalling.served_s * 60, "accepted %u", got.accepted[1]);
	ck_assert_msg(got.refused[2] == 0 || got.last_refused_s < 1, "refused until %f", got.last_refused_s);
}
END_TEST

/* So many wait for it that it looks like a queue; it is found out, and what comes is taken again. */
START_TEST(a_model_that_becomes_slow)
{
	static const struct {
		const struct pipeline *line;
		double rate, more_ms;
	} rows[] = {{&with_model, 400, 400}, {&with_model, 400, 700}, {&with_model, 600, 400}, {&with_model, 600, 700},
		{&stalling_with_model, 400, 700}, {&stalling_with_model, 600, 700}};
	double rate = rows[_i].rate, more_ms = rows[_i].more_ms;
	const struct phase phases[] = {{rate, 30}, {rate, 30, .model_ms = more_ms}, {rate, 30, .model_ms = more_ms}, {rate, 10}};

	play(rows[_i].line, phases, 4);
	ck_assert_uint_eq(got.refused[0], 0);
	ck_assert_msg(got.refused[1] < .2 * rate * 30, "refused %u", got.refused[1]);
	ck_assert_msg(got.refused[2] < .05 * rate * 30, "still refused %u", got.refused[2]);
	ck_assert_uint_eq(got.refused[3], 0);
}
END_TEST

/* Its queue is soon so long that each turn waits longer than one that is set aside; but it waits in the queue. And what is let in
 * alone takes long; but so do the agent's turns, which no model makes slow. */
START_TEST(a_machine_that_becomes_slow)
{
	static const double rows[][2] = {{400, .1}, {600, .15}, {600, .1}, {700, .12}, {400, .05}, {700, .05}}; /* rate, share */
	const struct phase phases[] = {{rows[_i][0], 20}, {rows[_i][0], 60, .share = rows[_i][1], .judged = true}, {300, 20}};

	play(&quick, phases, 3);
	ck_assert_uint_eq(got.refused[0], 0);
	ck_assert_msg(p99_ms(got.settled, ADMISSION_AGENT) < 300, "agent %f", p99_ms(got.settled, ADMISSION_AGENT));
	ck_assert_msg(p99_ms(got.settled, ADMISSION_PERSON) < 300, "person %f", p99_ms(got.settled, ADMISSION_PERSON));
	ck_assert_msg(got.accepted[1] > .9 * rows[_i][1] * quick.served_s * 60, "accepted %u", got.accepted[1]);
	ck_assert_msg(got.refused[2] == 0 || got.last_refused_s < 1, "refused until %f", got.last_refused_s);
}
END_TEST

/* While nothing is done no turn is late; that is no reason to let in more and more of a storm. */
START_TEST(an_outage_in_a_storm)
{
	static const double rows[][2] = {{1000, 20}, {2500, 20}, {4000, 40}}; /* rate, seconds */
	const struct phase phases[] = {{400, 10}, {rows[_i][0], 5}, {rows[_i][0], rows[_i][1], .stands_still = true},
		{rows[_i][0], 20, .judged = true}, {300, 10}};

	play(&quick, phases, 5);
	ck_assert_uint_eq(got.refused[0], 0);
	ck_assert_msg(p99_ms(got.settled, ADMISSION_AGENT) < 10, "agent %f", p99_ms(got.settled, ADMISSION_AGENT));
	ck_assert_msg(p99_ms(got.settled, ADMISSION_PERSON) < 300, "person %f", p99_ms(got.settled, ADMISSION_PERSON));
	ck_assert_msg(got.accepted[3] > .6 * quick.served_s * 20, "accepted %u", got.accepted[3]);
	ck_assert_msg(got.refused[4] == 0 || got.last_refused_s < 1, "refused until %f", got.last_refused_s);
}
END_TEST

START_TEST(the_first_turns_of_a_gateway)
{
	const struct phase phases[] = {{4000, 30}, {400, 10}};

	play(&quick, phases, 2);
	ck_assert_msg(p99_ms(got.took, ADMISSION_PERSON) < 300, "person %f", p99_ms(got.took, ADMISSION_PERSON));
	ck_assert_msg(got.refused[1] == 0 || got.last_refused_s < 2, "refused until %f", got.last_refused_s);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("admission");
	TCase *tc = tcase_create("admission");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, nothing_is_refused_without_need, 0, 11);
	tcase_add_loop_test(tc, accepted_turns_are_in_time, 0, 8);
	tcase_add_loop_test(tc, just_beyond_capacity, 0, 6);
	tcase_add_test(tc, a_disk_that_stalls);
	tcase_add_loop_test(tc, a_model_that_becomes_slow, 0, 6);
	tcase_add_loop_test(tc, a_machine_that_becomes_slow, 0, 6);
	tcase_add_loop_test(tc, an_outage_in_a_storm, 0, 3);
	tcase_add_test(tc, the_first_turns_of_a_gateway);
	suite_add_tcase(suite, tc);
	return check_run(suite, CK_FORK_GETENV);
}
