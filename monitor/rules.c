/* SPDX-License-Identifier: ISC
 *
 * rules.c - see rules.h.
 */
#include "rules.h"

#include "common/base/clock.h"

void rules_init(struct rules *r)
{
	memset(r, 0, sizeof *r);
}

static bool is_operation(enum metric metric)
{
	return metrics[metric].lower_is_better && strcmp(metrics[metric].unit, "ms") == 0;
}

bool rules_is_capacity(enum metric metric)
{
	return !metrics[metric].lower_is_better && strcmp(metrics[metric].unit, "count") == 0;
}

bool rules_within(struct rules *r, const struct targets *t, enum metric metric, uint64_t value)
{
	bool fast = r->slow_seen == r->capacity_seen[metric];

	if (!rules_is_capacity(metric))
		return targets_met(t, metric, value);
	r->capacity_seen[metric] = r->slow_seen;
	return fast || targets_met(t, metric, value);
}

bool rules_sample(struct rules *r, const struct targets *t, enum metric metric, uint64_t value, uint64_t now_ns,
	struct finding *out)
{
	uint64_t second = now_ns / NS_PER_S + 1;

	if (!is_operation(metric) || targets_met(t, metric, value))
		return false;
	r->slow_seen++;
	if (r->slow[metric].second != second) {
		r->slow[metric].second = second;
		r->slow[metric].told = 0;
	}
	if (r->slow[metric].told == RULES_SLOW_PER_S) {
		r->slow[metric].suppressed++;
		r->suppressed++;
		return false;
	}
	r->slow[metric].told++;
	*out = (struct finding){metric, value, r->slow[metric].suppressed};
	r->slow[metric].suppressed = 0;
	return true;
}
