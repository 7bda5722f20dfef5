/* SPDX-License-Identifier: ISC
 *
 * alerting.c - see alerting.h.
 */
#include "alerting.h"

#include "rules.h"

#include <string.h>

const char *const severity_names[SEVERITY_COUNT] = {"info", "warning", "critical"};
const char *const alert_state_names[ALERT_STATES] = {"opened", "raised", "no_data", "data", "resolved"};

/* The performance document's thresholds, the most severe first; what it does not name is a warning past its target and a half,
 * as its API is. An absolute limit that is no more than a metric's target is not that metric's. A capacity is missed by what is
 * slow meanwhile, which has its own alert. */
static const struct alert_rule rules[] = {
	{"lumen_processing_over_50ms", "api.lumen_turn_process", 50, 0, SEVERITY_CRITICAL, "check_bypass_logic"},
	{"ui_feedback_over_100ms", "ui.*", 100, 0, SEVERITY_CRITICAL, "investigate_immediately"},
	{"api_response_over_1s", "api.*", 1000, 0, SEVERITY_CRITICAL, "check_system_health"},
	{"ui_feedback_over_target", "ui.*", 0, 1.5, SEVERITY_WARNING, "optimize_interaction"},
	{"api_response_over_target", "api.*", 0, 1.5, SEVERITY_WARNING, "review_performance_trends"},
	{"ai_over_target", "ai.*", 0, 1.5, SEVERITY_WARNING, "check_model_service"},
	{"system_over_target", "system.*", 0, 1.5, SEVERITY_WARNING, "check_system_health"},
	{"memory_usage_high", "system.backend_memory_usage", 0, .8, SEVERITY_INFO, "plan_optimization"},
	{"memory_usage_high", "system.frontend_memory_usage", 0, .8, SEVERITY_INFO, "plan_optimization"},
};

#define OVER_SHARE 100 /* one in so many samples may be past the limit: targets are held at p99 */

/* A window's samples. */
struct look {
	const struct targets *t;
	enum metric metric;
	enum window window;
	const struct hist *h;
	uint64_t within; /* its target */
};

void alerting_init(struct alerting *a)
{
	memset(a, 0, sizeof *a);
}

const struct alert_rule *alert_rule_by_name(struct slice name)
{
	for (size_t i = 0; i < countof(rules); i++)
		if (slice_eq(name, slice_str(rules[i].name)))
			return &rules[i];
	return NULL;
}

bool alerting_restore(struct alerting *a, const struct alert_event *e)
{
	if (a->metric[e->metric].open.rule)
		return false;
	a->metric[e->metric].open = *e;
	a->metric[e->metric].unheard = true;
	return true;
}

size_t alerting_open(const struct alerting *a, enum severity severity)
{
	size_t n = 0;

	for (enum metric m = 0; m < METRIC_COUNT; m++)
		n += a->metric[m].open.rule && a->metric[m].open.rule->severity == severity;
	return n;
}

static bool is_about(const struct alert_rule *r, enum metric m)
{
	size_t n = strcspn(r->metrics, "*");

	return strncmp(r->metrics, metrics[m].name, n) == 0 && (r->metrics[n] || !metrics[m].name[n]);
}

/* In the metric's unit; 0: the rule is not about it. */
static double limit_of(const struct alert_rule *r, const struct targets *t, enum metric m)
{
	if (!is_about(r, m))
		return 0;
	if (rules_is_capacity(m))
		return 0;
	if (!metrics[m].lower_is_better)
		return r->value == 0 && r->share > 1 ? t->shown[m] : 0;
	if (r->value == 0)
		return r->share * t->shown[m];
	return r->value > t->shown[m] ? r->value : 0;
}

static uint64_t over(const struct look *l, double limit)
{
	if (!metrics[l->metric].lower_is_better)
		return l->h->count - l->within;
	return l->h->count - hist_count_within(l->h, (uint64_t)(limit * 1e6));
}

static bool holds(const struct alert_rule *r, const struct look *l, struct alert_figures *f)
{
	double limit = limit_of(r, l->t, l->metric);

	if (limit == 0)
		return false;
	*f = (struct alert_figures){l->window, l->h->count, over(l, limit),
		metrics[l->metric].lower_is_better ? hist_percentile(l->h, .99) : l->h->min, limit};
	return f->over >= ALERTING_OVER && f->over * OVER_SHARE > f->count;
}

/* The most severe one that holds, of this severity or a lower one. */
static const struct alert_rule *that_holds(const struct look *l, enum severity most, struct alert_figures *f)
{
	for (size_t i = 0; i < countof(rules); i++)
		if (rules[i].severity <= most && holds(&rules[i], l, f))
			return &rules[i];
	return NULL;
}

/* The shortest window that says something; false: none does. */
static bool take_window(struct look *l, const struct series *s, uint64_t now_ns)
{
	static struct hist merged; /* 5 KiB, one thread: kept off the stack */

	l->h = &merged;
	for (l->window = 0; l->window < WINDOW_COUNT; l->window++) {
		series_merge(s, l->window, now_ns, &merged, &l->within);
		if (merged.count >= ALERTING_SAMPLES)
			return true;
	}
	return false;
}

/* Since when each severity holds, and since when none does. */
static void keep_time(struct alerting *a, enum metric m, const struct alert_rule *rule, uint64_t now_ns)
{
	for (enum severity v = 0; v < SEVERITY_COUNT; v++) {
		uint64_t *since = &a->metric[m].since_ns[v];

		*since = !rule || rule->severity < v ? 0 : *since ? *since : now_ns;
	}
	if (rule)
		a->metric[m].clear_since_ns = 0;
	else if (!a->metric[m].clear_since_ns)
		a->metric[m].clear_since_ns = now_ns;
}

static bool is_past(uint64_t since_ns, uint64_t for_ns, uint64_t now_ns)
{
	return since_ns && now_ns - since_ns >= for_ns;
}

/* The rule that has held for long enough, NULL: none has. */
static const struct alert_rule *that_stands(const struct alerting *a, const struct look *l, uint64_t now_ns)
{
	struct alert_figures f;

	for (enum severity v = SEVERITY_COUNT; v-- > 0;)
		if (is_past(a->metric[l->metric].since_ns[v], a->after_ns, now_ns))
			return that_holds(l, v, &f);
	return NULL;
}

static bool tell(struct alert_event *open, enum alert_state state, struct alert_event *out)
{
	open->state = state;
	*out = *open;
	return true;
}

static bool lose_sight(struct alerting *a, enum metric m, struct alert_event *out)
{
	struct alert_event *open = &a->metric[m].open;

	a->metric[m].clear_since_ns = 0;
	memset(a->metric[m].since_ns, 0, sizeof a->metric[m].since_ns);
	return open->rule && open->state != ALERT_NO_DATA && !a->metric[m].unheard && tell(open, ALERT_NO_DATA, out);
}

static bool look_at_none(struct alert_event *open, const struct look *l, const struct alert_rule *stands, int64_t wall_us,
	struct alert_event *out)
{
	if (!stands)
		return false;
	*open = (struct alert_event){.metric = l->metric, .id = uuid_v7(), .rule = stands, .opened_at = wall_us};
	(void)holds(stands, l, &open->figures);
	return tell(open, ALERT_OPENED, out);
}

static bool look_at_open(struct alert_event *open, const struct look *l, const struct alert_rule *stands, bool clear,
	struct alert_event *out)
{
	bool raised = stands && stands->severity > open->rule->severity;

	if (raised)
		open->rule = stands;
	(void)holds(open->rule, l, &open->figures);
	if (raised)
		return tell(open, ALERT_RAISED, out);
	if (clear) {
		tell(open, ALERT_RESOLVED, out);
		open->rule = NULL;
		return true;
	}
	return open->state == ALERT_NO_DATA && tell(open, ALERT_DATA, out);
}

bool alerting_look(struct alerting *a, const struct targets *t, enum metric metric, const struct series *s, uint64_t now_ns,
	int64_t wall_us, struct alert_event *out)
{
	struct alert_event *open = &a->metric[metric].open;
	struct look l = {.t = t, .metric = metric};
	const struct alert_rule *stands;
	struct alert_figures f;

	if (!take_window(&l, s, now_ns))
		return lose_sight(a, metric, out);
	a->metric[metric].unheard = false;
	keep_time(a, metric, that_holds(&l, SEVERITY_CRITICAL, &f), now_ns);
	stands = that_stands(a, &l, now_ns);
	if (!open->rule)
		return look_at_none(open, &l, stands, wall_us, out);
	return look_at_open(open, &l, stands, is_past(a->metric[metric].clear_since_ns, a->clear_ns, now_ns), out);
}
