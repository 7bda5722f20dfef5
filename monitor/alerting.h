/* SPDX-License-Identifier: ISC
 *
 * alerting.h - when a target that is missed again and again becomes an alert, and when that ends.
 *
 * One alert at a time a metric, by the most severe rule that holds (a table in alerting.c). A rule holds when more than one in a
 * hundred samples of a window are past its limit, and ALERTING_OVER of them at least: what p99 says, but one slow operation
 * among a few is no alert. The window is the shortest with ALERTING_SAMPLES: a minute of a busy metric, an hour of a rare one.
 * With fewer there is no data, which neither begins an alert nor ends one.
 *
 * It begins when the rule has held for after_ns, and ends when none has held for clear_ns, with data. What comes and goes faster
 * is one alert.
 *
 * Pure: figures in, events out, the time is an argument (monotonic ns, never going back).
 */
#ifndef CC_MONITOR_ALERTING_H
#define CC_MONITOR_ALERTING_H

#include "common/base/uuid.h"
#include "targets.h"
#include "window.h"

enum {
	ALERTING_SAMPLES = 20, /* fewer say nothing of one in a hundred */
	ALERTING_OVER = 3,     /* two may be one hiccup of the machine */
};

enum severity { SEVERITY_INFO, SEVERITY_WARNING, SEVERITY_CRITICAL, SEVERITY_COUNT };
extern const char *const severity_names[SEVERITY_COUNT]; /* "info" .. */

enum alert_state {
	ALERT_OPENED,
	ALERT_RAISED,	/* a more severe rule holds */
	ALERT_NO_DATA,	/* open, and nothing is heard any more */
	ALERT_DATA,	/* open, and there is data again */
	ALERT_RESOLVED,
	ALERT_STATES
};
extern const char *const alert_state_names[ALERT_STATES]; /* "opened" .. */

struct alert_rule {
	const char *name;
	const char *metrics; /* "api.*": all that begin so; else one's name */
	double value;	     /* the limit in the metric's unit; 0: a share of the target */
	double share;	     /* of it; where higher is better, the target itself */
	enum severity severity;
	const char *action;  /* what to do first */
};

struct alert_figures {
	enum window window;
	uint64_t count, over; /* its samples, and of them past the limit */
	uint64_t value;	      /* 1e-6 of the unit: p99; where higher is better the least */
	double limit;	      /* in the unit */
};

struct alert_event {
	enum alert_state state;
	enum metric metric;
	struct uuid id;		      /* of the alert, from its opening to its end */
	const struct alert_rule *rule;
	int64_t opened_at;	      /* wall-clock us */
	struct alert_figures figures; /* of the last look with data */
};

struct alerting {
	uint64_t after_ns, clear_ns;
	struct {
		struct alert_event open;	   /* rule NULL: none is */
		uint64_t since_ns[SEVERITY_COUNT]; /* since when a rule of this severity or a higher one holds; 0: none does */
		uint64_t clear_since_ns;	   /* since when none does; 0: one does, or there is no data */
		bool unheard;			   /* taken over from an earlier monitor, and no data yet */
	} metric[METRIC_COUNT];
};

void alerting_init(struct alerting *a);

/* Looks at one metric. True: tell *out. now_ns is above 0. */
must_check bool alerting_look(struct alerting *a, const struct targets *t, enum metric metric, const struct series *s,
	uint64_t now_ns, int64_t wall_us, struct alert_event *out);

/* Goes on with an alert that was open when an earlier monitor ended: its silence is not told, only what changes once there is data.
 * False: the metric has a newer one. */
must_check bool alerting_restore(struct alerting *a, const struct alert_event *e);

/* How many alerts of a severity are open. */
size_t alerting_open(const struct alerting *a, enum severity severity);

/* The rule of that name, NULL: there is none. */
const struct alert_rule *alert_rule_by_name(struct slice name);

#endif
