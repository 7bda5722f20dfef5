/* SPDX-License-Identifier: ISC
 *
 * breaker.c - see breaker.h. The table says it; an answer to a turn that comes while open or probing is of a
 * call sent before, and is old news.
 */
#include "cleaner/llm/breaker.h"

enum action { ACT_NOTHING, ACT_RESET, ACT_COUNT, ACT_OPEN, ACT_OPEN_LONG, ACT_OPEN_UNTIL };

enum { HEALTH_COUNT = HEALTH_UNKNOWN + 1 };

static const enum action actions[BREAKER_STATE_COUNT][HEALTH_COUNT] = {
	[BREAKER_CLOSED] =
		{
			[HEALTH_GOOD] = ACT_RESET,
			[HEALTH_BAD] = ACT_COUNT,
			[HEALTH_DOUBT] = ACT_COUNT,
			[HEALTH_PAUSE] = ACT_OPEN,
			[HEALTH_GONE] = ACT_OPEN_LONG,
			[HEALTH_DAY] = ACT_OPEN_UNTIL,
			[HEALTH_UNKNOWN] = ACT_NOTHING,
		},
	[BREAKER_OPEN] = {[HEALTH_DAY] = ACT_OPEN_UNTIL}, /* all else: nothing */
	[BREAKER_PROBING] =
		{
			[HEALTH_GOOD] = ACT_RESET,
			[HEALTH_BAD] = ACT_OPEN,
			[HEALTH_DOUBT] = ACT_OPEN,
			[HEALTH_PAUSE] = ACT_OPEN,
			[HEALTH_GONE] = ACT_OPEN_LONG,
			[HEALTH_DAY] = ACT_OPEN_UNTIL,
			[HEALTH_UNKNOWN] = ACT_OPEN,
		},
};

static void close_it(struct breaker *b)
{
	*b = (struct breaker){.state = BREAKER_CLOSED};
}

/* Up to a fifth longer, so that cleaners do not come back in step. */
static uint64_t jitter(uint64_t ms, double chance)
{
	return ms + (uint64_t)((double)ms * .2 * chance);
}

static void open_it(struct breaker *b, enum llm_outcome cause, uint64_t ms, uint64_t now_ms)
{
	b->state = BREAKER_OPEN;
	b->points = 0;
	b->opens++;
	b->until_ms = now_ms + ms;
	b->cause = cause;
}

static uint64_t open_ms(const struct breaker *b)
{
	uint64_t ms = (uint64_t)BREAKER_FIRST_MS << (b->opens < 3 ? b->opens : 3);

	return ms < BREAKER_MOST_MS ? ms : BREAKER_MOST_MS;
}

/* row: of the table. */
static bool hear(struct breaker *b, enum breaker_state row, enum llm_outcome outcome, uint64_t wait_ms,
	uint64_t now_ms, double chance)
{
	enum llm_health health = llm_outcomes[outcome].health;
	enum breaker_state before = b->state;
	uint64_t ms = open_ms(b), until_ms = b->until_ms;

	if (health == HEALTH_PAUSE && wait_ms) /* capped: a server that is back early is asked early */
		ms = wait_ms < BREAKER_MOST_MS ? wait_ms : BREAKER_MOST_MS;
	switch (actions[row][health]) {
	case ACT_NOTHING:
		break;
	case ACT_RESET:
		close_it(b);
		break;
	case ACT_COUNT:
		b->points += health == HEALTH_BAD ? BREAKER_BAD_POINTS : 1;
		if (b->points >= BREAKER_OPEN_AT)
			open_it(b, outcome, jitter(ms, chance), now_ms);
		break;
	case ACT_OPEN:
		open_it(b, outcome, jitter(ms, chance), now_ms);
		break;
	case ACT_OPEN_LONG:
		open_it(b, outcome, jitter(BREAKER_GONE_MS, chance), now_ms);
		break;
	case ACT_OPEN_UNTIL:
		open_it(b, outcome, wait_ms, now_ms);
		break;
	}
	return b->state != before ||
	       (before == BREAKER_OPEN &&
		       b->until_ms > until_ms + BREAKER_MOST_MS); /* the day's quota after a short pause */
}

bool breaker_heard(
	struct breaker *b, enum llm_outcome outcome, uint64_t wait_ms, uint64_t now_ms, double chance)
{
	enum breaker_state row = b->state == BREAKER_PROBING ? BREAKER_OPEN : b->state;

	return hear(b, row, outcome, wait_ms, now_ms, chance);
}

bool breaker_probed(
	struct breaker *b, enum llm_outcome outcome, uint64_t wait_ms, uint64_t now_ms, double chance)
{
	return hear(b, b->state, outcome, wait_ms, now_ms, chance);
}

bool breaker_probe(struct breaker *b, uint64_t now_ms)
{
	if (b->state != BREAKER_OPEN || now_ms < b->until_ms)
		return false;
	b->state = BREAKER_PROBING;
	return true;
}

bool breaker_told(struct breaker *b, uint64_t open_for_ms, uint64_t now_ms)
{
	if (open_for_ms && b->state == BREAKER_CLOSED) {
		open_it(b, LLM_BREAKER_OPEN, open_for_ms, now_ms);
		return true;
	}
	if (!open_for_ms && b->state == BREAKER_OPEN) {
		close_it(b);
		return true;
	}
	return false;
}

const char *breaker_state_name(enum breaker_state state)
{
	static const char *const names[] = {"closed", "open", "probing"};

	return names[state];
}
