/* SPDX-License-Identifier: ISC
 *
 * lines.h - the monitor's output: one JSON object a line, composed here and nowhere else. Without the newline.
 *
 *   {"kind":"slow","at","metric","area","value","target","unit","ratio","source","turn_id"?,"suppressed"}
 *   {"kind":"alert","at","alert","about","value","target","unit","source"}: what a process says
 *   {"kind":"alert","at","alert","state","id","severity","action","about","area","value","limit","target","unit","window","count",
 *    "over","opened_at","source":"monitor"}: of a metric, about, from "opened" to "resolved"
 *   {"kind":"snapshot","at","samples","samples_lost","messages_refused","lines_lost","metrics":{NAME:{"area","unit",
 *    "target","better","windows":{"1m":{"count","average","min","max","p50","p95","p99","within_target"},"5m","1h"}}}}
 *
 * Values are in the metric's unit; within_target is a share, 0 to 1. A metric without samples in the last hour is left
 * out; a window without samples has count 0 and null for the rest: no data is not good data.
 */
#ifndef CC_MONITOR_LINES_H
#define CC_MONITOR_LINES_H

#include "alerting.h"
#include "common/base/uuid.h"
#include "common/wire/alerts.h"
#include "common/wire/message.h"
#include "rules.h"
#include "window.h"

enum { LINES_BYTES = 256 * 1024 }; /* a snapshot of every metric is 40 KiB */

/* What the monitor counted about itself since its start. */
struct tally {
	uint64_t samples;          /* taken */
	uint64_t samples_lost;     /* that senders say they could not send */
	uint64_t messages_refused; /* that do not decode, or hold samples of unknown metrics */
	uint64_t lines_lost;       /* that stdout could not take without waiting */
	uint64_t slow;             /* slow lines told */
};

/* turn_id may be NULL. */
void line_slow(struct buf *out, const struct finding *f, const struct targets *t, const char *source,
	const struct uuid *turn_id, int64_t wall_us);

/* about, unit and source are text of our own making: intake_source. */
void line_alert(struct buf *out, const struct msg_notice *notice, int64_t wall_us);

void line_alert_event(struct buf *out, const struct alert_event *e, const struct targets *t, int64_t wall_us);

/* series has METRIC_COUNT entries. */
void line_snapshot(struct buf *out, const struct series *series, const struct targets *t, const struct tally *tally,
	uint64_t now_ns, int64_t wall_us);

#endif
