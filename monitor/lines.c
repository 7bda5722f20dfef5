/* SPDX-License-Identifier: ISC
 *
 * lines.c - see lines.h.
 */
#include "lines.h"

#include "common/base/json_out.h"

#include <stdio.h>

static const double shares[] = {0.50, 0.95, 0.99};
static const char *const share_names[] = {"p50", "p95", "p99"};

static void number(struct buf *out, const char *key, const char *format, double v)
{
	char text[40]; /* at most 1e7 with a few decimals */

	snprintf(text, sizeof text, format, v);
	json_kv_raw(out, key, slice_str(text));
}

static void begin(struct buf *out, const char *kind, int64_t wall_us)
{
	buf_char(out, '{');
	json_kv_str(out, "kind", slice_str(kind));
	json_kv_time(out, "at", wall_us);
}

void line_slow(struct buf *out, const struct finding *f, const struct targets *t, const char *source,
	const struct uuid *turn_id, int64_t wall_us)
{
	char id[UUID_TEXT_BYTES];

	begin(out, "slow", wall_us);
	json_kv_str(out, "metric", slice_str(metrics[f->metric].name));
	json_kv_str(out, "area", metric_area(f->metric));
	json_kv_ms(out, "value", f->value);
	number(out, "target", "%.10g", t->shown[f->metric]);
	json_kv_str(out, "unit", slice_str(metrics[f->metric].unit));
	number(out, "ratio", "%.2f", (double)f->value / 1e6 / t->shown[f->metric]);
	json_kv_str(out, "source", slice_str(source));
	if (turn_id) {
		uuid_text(turn_id, id);
		json_kv_str(out, "turn_id", slice_str(id));
	}
	json_kv_u64(out, "suppressed", f->suppressed);
	buf_char(out, '}');
}

void line_alert(struct buf *out, const struct msg_notice *n, int64_t wall_us)
{
	begin(out, "alert", wall_us);
	json_kv_str(out, "alert", slice_str(alert_names[n->alert]));
	json_kv_str(out, "about", n->about);
	number(out, "value", "%.10g", (double)n->value / 1e6);
	number(out, "target", "%.10g", (double)n->target / 1e6);
	json_kv_str(out, "unit", n->unit);
	json_kv_str(out, "source", n->source);
	buf_char(out, '}');
}

/* In the metric's unit; null where nothing was heard: no data is not good data. */
static void event_figures(struct buf *out, const struct alert_event *e)
{
	if (e->state == ALERT_NO_DATA)
		json_kv_raw(out, "value", SLICE("null"));
	else
		json_kv_ms(out, "value", e->figures.value);
	number(out, "limit", "%.10g", e->figures.limit);
}

void line_alert_event(struct buf *out, const struct alert_event *e, const struct targets *t, int64_t wall_us)
{
	const char *metric = metrics[e->metric].name;
	char id[UUID_TEXT_BYTES];

	uuid_text(&e->id, id);
	begin(out, "alert", wall_us);
	json_kv_str(out, "alert", slice_str(e->rule->name));
	json_kv_str(out, "state", slice_str(alert_state_names[e->state]));
	json_kv_str(out, "id", slice_str(id));
	json_kv_str(out, "severity", slice_str(severity_names[e->rule->severity]));
	json_kv_str(out, "action", slice_str(e->rule->action));
	json_kv_str(out, "about", slice_str(metric));
	json_kv_str(out, "area", metric_area(e->metric));
	event_figures(out, e);
	number(out, "target", "%.10g", t->shown[e->metric]);
	json_kv_str(out, "unit", slice_str(metrics[e->metric].unit));
	json_kv_str(out, "window", slice_str(window_names[e->figures.window]));
	json_kv_u64(out, "count", e->figures.count);
	json_kv_u64(out, "over", e->figures.over);
	json_kv_time(out, "opened_at", e->opened_at);
	json_kv_str(out, "source", SLICE("monitor"));
	buf_char(out, '}');
}

static void no_figures(struct buf *out)
{
	buf_str(out, "{\"count\":0,\"average\":null,\"min\":null,\"max\":null,\"p50\":null,\"p95\":null,\"p99\":null,"
		     "\"within_target\":null}");
}

static void figures(struct buf *out, const struct hist *h, uint64_t within)
{
	if (h->count == 0) {
		no_figures(out);
		return;
	}
	buf_char(out, '{');
	json_kv_u64(out, "count", h->count);
	json_kv_ms(out, "average", h->sum / h->count);
	json_kv_ms(out, "min", h->min);
	json_kv_ms(out, "max", h->max);
	for (size_t i = 0; i < countof(shares); i++)
		json_kv_ms(out, share_names[i], hist_percentile(h, shares[i]));
	number(out, "within_target", "%.6g", (double)within / (double)h->count);
	buf_char(out, '}');
}

static void one_metric(struct buf *out, enum metric m, const struct series *s, const struct targets *t, uint64_t now_ns)
{
	static struct hist merged; /* 5 KiB, one thread: kept off the stack */
	uint64_t within;

	series_merge(s, WINDOW_1H, now_ns, &merged, &within);
	if (merged.count == 0)
		return;
	json_key(out, metrics[m].name);
	buf_char(out, '{');
	json_kv_str(out, "area", metric_area(m));
	json_kv_str(out, "unit", slice_str(metrics[m].unit));
	number(out, "target", "%.10g", t->shown[m]);
	json_kv_str(out, "better", metrics[m].lower_is_better ? SLICE("lower") : SLICE("higher"));
	json_key(out, "windows");
	buf_char(out, '{');
	for (enum window w = 0; w < WINDOW_COUNT; w++) {
		series_merge(s, w, now_ns, &merged, &within);
		json_key(out, window_names[w]);
		figures(out, &merged, within);
	}
	buf_str(out, "}}");
}

void line_snapshot(struct buf *out, const struct series *series, const struct targets *t, const struct tally *tally,
	uint64_t now_ns, int64_t wall_us)
{
	begin(out, "snapshot", wall_us);
	json_kv_u64(out, "samples", tally->samples);
	json_kv_u64(out, "samples_lost", tally->samples_lost);
	json_kv_u64(out, "messages_refused", tally->messages_refused);
	json_kv_u64(out, "lines_lost", tally->lines_lost);
	json_key(out, "metrics");
	buf_char(out, '{');
	for (enum metric m = 0; m < METRIC_COUNT; m++)
		one_metric(out, m, &series[m], t, now_ns);
	buf_str(out, "}}");
}
