/* SPDX-License-Identifier: ISC
 *
 * admission.c - see admission.h.
 *
 * The limits in overload are found as TCP finds its window: up by a little while all goes well, down by a
 * fifth where more than one in a hundred is late, and more than usually are. They begin at what can be done in
 * the usual time and a tenth of the target.
 */
#include "admission.h"

#include "common/base/clock.h"

#include <string.h>

static const struct {
	size_t always;	 /* under way without question: a burst that is soon over .. */
	size_t standing; /* .. and for longer: drawn distances bring so many together */
	double wait_ns;	 /* that a turn may wait longer than usual: half of an agent's target, most of a person's */
	double least;	 /* limit in overload: something must be tried, or nothing is learned */
	double late_ns;	 /* beyond the usual a turn counts as late: well within the target, 10 and 300 ms .. */
	double soon_ns;	 /* .. but where the usual is much of the target, no later than this .. */
	double least_late_ns; /* .. or this beyond the usual: a slow machine's turns are not all late */
	double usual_ns; /* before anything is known */
	double begin_ns; /* that one waits longer than usual when overload begins: a tenth of the target, about */
} sides[ADMISSION_CLASSES] = {
	[ADMISSION_AGENT] = {64, 16, 5e6, 2, 4e6, 8e6, 2e6, 2e6, 3e6},
	[ADMISSION_PERSON] = {192, 192, ADMISSION_WAIT_MS * 1e6, 2, 200e6, 300e6, 200e6, 10e6, 20e6},
};

#define LATE_SHARE .01	/* targets are held at p99: more are late than that .. */
#define LATE_USUAL 2	/* .. and than so many times the usual share: a slow disk's are late without any queue */
#define FEWER .8	/* of the limit, after a window with late ones */
#define MORE 1.03	/* of the limit, after one without, if it was reached */
#define FORGET .99	/* of the best rate, a window: a tenth is gone in a second, half in seven */
#define STORM 1.5	/* of the best rate: more than that come than we have ever done */
#define USUAL_STEP 1.01 /* doubled or halved in 70 turns that are all on one side */
#define APART_TURNS 8	/* the least of so many: few are done of what takes long, when few are let in */
#define USUAL_TURNS 400 /* in which the median has moved fifty-fold if it had to */
#define DEMAND_OVER .75 /* of the best rate, which is a lucky half second's: fewer come, so it is over */

void admission_init(struct admission *a, uint64_t now_ns)
{
	memset(a, 0, sizeof *a);
	a->window_ns = a->heard_ns = now_ns;
	for (size_t c = 0; c < ADMISSION_CLASSES; c++)
		a->side[c].usual_ns = a->side[c].lately_ns = sides[c].usual_ns;
}

static double rate_of(const uint32_t was[ADMISSION_WINDOWS])
{
	double sum = 0;

	for (size_t i = 0; i < ADMISSION_WINDOWS; i++)
		sum += was[i];
	return sum * 1000 / (ADMISSION_WINDOWS * ADMISSION_WINDOW_MS);
}

static double larger(double a, double b)
{
	return a > b ? a : b;
}

static double best_of_all(const struct admission *a)
{
	double best = 0;

	for (size_t c = 0; c < ADMISSION_CLASSES; c++)
		best += a->side[c].best;
	return best;
}

/* So many are under way where one waits wait_ns longer than usual. */
static double under_way_at(const struct admission_side *s, double wait_ns)
{
	return s->best * (wait_ns + s->usual_ns) / 1e9;
}

static bool too_many_late(const struct admission_side *s)
{
	return s->late > (LATE_SHARE + LATE_USUAL * s->usual_late) * s->done;
}

static double rate_of_all(const struct admission *a)
{
	double rate = 0;

	for (size_t c = 0; c < ADMISSION_CLASSES; c++)
		rate += rate_of(a->side[c].was);
	return rate;
}

static void fewer(struct admission *a, enum admission_class c)
{
	a->side[c].limit = larger(a->side[c].limit * FEWER, sides[c].least);
}

/* A window in overload is over. */
static void steer(struct admission *a)
{
	struct admission_side *agent = &a->side[ADMISSION_AGENT], *person = &a->side[ADMISSION_PERSON];
	bool agents_late = too_many_late(agent), late = agents_late || too_many_late(person);

	if (rate_of_all(a) == 0)
		return; /* a standstill: nothing is late, and nothing goes well */
	if (agents_late) {
		if (person->limit > sides[ADMISSION_PERSON].least)
			fewer(a, ADMISSION_PERSON);
		else
			fewer(a, ADMISSION_AGENT);
	} else if (late) {
		fewer(a, ADMISSION_PERSON);
	} else {
		for (size_t c = 0; c < ADMISSION_CLASSES; c++)
			if (a->side[c].full)
				a->side[c].limit = a->side[c].limit * MORE + .05;
	}
}

static bool is_full(const struct admission *a)
{
	return a->side[ADMISSION_AGENT].full || a->side[ADMISSION_PERSON].full;
}

static bool stands_still(const struct admission *a, uint64_t now_ns)
{
	return now_ns - a->heard_ns >= ADMISSION_STANDSTILL_MS * NS_PER_MS;
}

static bool idle(const struct admission *a)
{
	return !a->side[ADMISSION_AGENT].under_way && !a->side[ADMISSION_PERSON].under_way;
}

/* A queue that was short at some time of the window is a burst's; one that never was stands. */
static void look_at_queue(struct admission_side *s, enum admission_class c, bool excused)
{
	bool stood = (double)s->least >= larger((double)sides[c].standing, under_way_at(s, sides[c].wait_ns));

	s->standing = stood && !excused ? s->standing + 1 : 0;
	s->least = s->under_way;
}

static double least_of(const double was[ADMISSION_USUAL_SPANS], unsigned spans, double least)
{
	for (size_t i = 0; i < ADMISSION_USUAL_SPANS && i < spans; i++)
		least = was[i] < least ? was[i] : least;
	return least;
}

/* The least of the last spans: a queue that grows is noticed before it is usual. */
static void learn_usual(struct admission_side *s)
{
	if (++s->span_windows >= ADMISSION_USUAL_WINDOWS && s->span_turns >= USUAL_TURNS) {
		s->usual_was[s->spans % ADMISSION_USUAL_SPANS] = s->lately_ns;
		s->late_was[s->spans++ % ADMISSION_USUAL_SPANS] = (double)s->span_late / s->span_turns;
		s->span_windows = s->span_turns = s->span_late = 0;
	}
	s->usual_ns = least_of(s->usual_was, s->spans, s->lately_ns);
	s->usual_late = s->spans ? least_of(s->late_was, s->spans, 1) : 0;
}

/* The best rates are of ordinary times: in overload we do what we let in, in a standstill nothing. */
static void close_window(struct admission *a)
{
	unsigned at = a->windows++ % ADMISSION_WINDOWS;
	uint64_t end_ns = a->window_ns + ADMISSION_WINDOW_MS * NS_PER_MS;
	bool keep = a->overload || (stands_still(a, end_ns) && !idle(a)), full = is_full(a);

	if (a->overload)
		steer(a);
	for (size_t c = 0; c < ADMISSION_CLASSES; c++) {
		struct admission_side *s = &a->side[c];

		s->was[at] = s->done;
		s->best = larger(rate_of(s->was), keep ? s->best : s->best * FORGET);
		look_at_queue(s, c, keep || end_ns < a->grace_ns);
		if (!a->overload)
			learn_usual(s);
		s->done = s->late = 0;
		s->full = false;
	}
	a->asked_was[at] = a->asked;
	a->asked = 0;
	a->calm_windows = full ? 0 : a->calm_windows + 1;
	if (a->overload && (a->calm_windows >= ADMISSION_CALM_WINDOWS ||
				   rate_of(a->asked_was) < DEMAND_OVER * best_of_all(a)))
		a->overload = false;
}

/* Closes the windows that have ended. After a long silence all that is known of the last ones is that they
 * were empty. */
static void move_on(struct admission *a, uint64_t now_ns)
{
	uint64_t window = ADMISSION_WINDOW_MS * NS_PER_MS, most = 2 * ADMISSION_WINDOWS * window;

	if (now_ns - a->window_ns > most)
		a->window_ns = now_ns - most;
	for (; now_ns - a->window_ns >= window; a->window_ns += window)
		close_window(a);
}

/* What is under way has gathered in a standstill, and will be worked off. */
static bool is_excused(const struct admission *a, uint64_t now_ns)
{
	return (now_ns < a->grace_ns || stands_still(a, now_ns)) &&
	       rate_of(a->asked_was) < STORM * best_of_all(a);
}

/* More under way than is done in the time that a turn usually takes and may wait. */
static bool waits_too_long(const struct admission *a, enum admission_class c)
{
	const struct admission_side *s = &a->side[c];

	return s->under_way >= larger((double)sides[c].always, under_way_at(s, sides[c].wait_ns)) ||
	       s->standing >= ADMISSION_STANDING_WINDOWS;
}

static void begin_overload(struct admission *a, uint64_t now_ns)
{
	a->overload = true;
	a->began_ns = now_ns;
	a->calm_windows = 0;
	a->apart_turns = a->apart_agents = a->apart_late = 0;
	for (size_t c = 0; c < ADMISSION_CLASSES; c++)
		a->side[c].limit = larger(under_way_at(&a->side[c], sides[c].begin_ns), sides[c].least);
}

static bool admits(struct admission *a, enum admission_class c, uint64_t now_ns)
{
	struct admission_side *s = &a->side[c];

	if (!a->overload) {
		if (!waits_too_long(a, c) || is_excused(a, now_ns))
			return true;
		begin_overload(a, now_ns);
	}
	s->full |= (double)s->under_way + 1 >= s->limit;
	return (double)s->under_way < s->limit;
}

bool admission_ask(struct admission *a, enum admission_class c, uint64_t now_ns)
{
	move_on(a, now_ns);
	a->asked++;
	if (idle(a))
		a->heard_ns = now_ns;
	if (!admits(a, c, now_ns))
		return false;
	a->side[c].under_way++;
	return true;
}

static void leave(struct admission_side *s)
{
	s->under_way--;
	if (s->under_way < s->least)
		s->least = s->under_way;
}

bool admission_sets_aside(struct admission *a, enum admission_class c, uint64_t took_ns, uint64_t now_ns)
{
	struct admission_side *s = &a->side[c];

	if ((double)took_ns < s->usual_ns + ADMISSION_ASIDE_MS * 1e6)
		return false;
	if (now_ns - took_ns >= a->passed_ns && !stands_still(a, now_ns))
		return false; /* none that came later is done: it waits in the queue */
	leave(s);
	return true;
}

static double late_after_ns(const struct admission_side *s, enum admission_class c)
{
	double usual_late = s->usual_ns + sides[c].late_ns, least = s->usual_ns + sides[c].least_late_ns;
	double soon = larger(sides[c].soon_ns, least);

	return usual_late < soon ? usual_late : soon;
}

/* A step towards the value, whatever its distance: so it is the median that is approached. */
static void learn_lately(struct admission_side *s, uint64_t took_ns, bool late)
{
	s->lately_ns *= (double)took_ns > s->lately_ns ? USUAL_STEP : 1 / USUAL_STEP;
	s->lately_ns = larger(s->lately_ns, 1e5);
	s->span_turns++;
	s->span_late += late;
}

/* With few under way what takes long has not waited for others. So it is with a language model that has become slow: then
 * there is no overload, and this is usual. A machine that has become slow is slow with the agent's turns, too. */
static void learn_apart(struct admission *a, uint64_t took_ns, uint64_t now_ns)
{
	struct admission_side *s = &a->side[ADMISSION_PERSON];
	bool agents_late;

	if (now_ns - took_ns < a->began_ns)
		return;
	a->apart_ns = a->apart_turns && a->apart_ns < (double)took_ns ? a->apart_ns : (double)took_ns;
	if (++a->apart_turns < APART_TURNS)
		return;
	agents_late = 2 * a->apart_late > a->apart_agents;
	a->apart_turns = a->apart_agents = a->apart_late = 0;
	if (agents_late || a->apart_ns < s->usual_ns + sides[ADMISSION_PERSON].wait_ns / 2)
		return;
	s->lately_ns = s->usual_ns = a->apart_ns;
	s->spans = s->span_windows = s->span_turns = s->span_late = 0;
	a->overload = false;
}

static void count_apart(struct admission *a, bool late)
{
	a->apart_agents++;
	a->apart_late += late;
}

void admission_done(struct admission *a, enum admission_class c, uint64_t took_ns, uint64_t now_ns)
{
	struct admission_side *s = &a->side[c];
	bool late;

	move_on(a, now_ns);
	if (stands_still(a, now_ns) && !a->overload)
		a->grace_ns = now_ns + ADMISSION_GRACE_MS * NS_PER_MS;
	a->heard_ns = now_ns;
	if (now_ns - took_ns > a->passed_ns)
		a->passed_ns = now_ns - took_ns;
	leave(s);
	s->done++;
	late = (double)took_ns > late_after_ns(s, c);
	s->late += late;
	if (!a->overload)
		learn_lately(s, took_ns, late);
	else if (c == ADMISSION_PERSON)
		learn_apart(a, took_ns, now_ns);
	else
		count_apart(a, late);
}
