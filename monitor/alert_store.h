/* SPDX-License-Identifier: ISC
 *
 * alert_store.h - alerts in PostgreSQL: each change is written, and what was open is read once, so that a monitor that is started
 * again goes on with it. While PostgreSQL is away changes wait, the newest of each alert, ALERT_STORE_WAITING of them.
 */
#ifndef CC_MONITOR_ALERT_STORE_H
#define CC_MONITOR_ALERT_STORE_H

#include "alerting.h"
#include "common/service/service.h"

enum { ALERT_STORE_WAITING = 4 * METRIC_COUNT }; /* one open a metric, and three that ended meanwhile: an hour of PostgreSQL away */

struct alert_store;

/* fn is called once for each alert that was open, as soon as PostgreSQL answers. It gives false for one that it does not take
 * over: that is closed, as are those of rules and metrics that are no more. keep_days: how long those that ended are kept; read
 * when it is needed. */
typedef bool alert_store_fn(const struct alert_event *e);
struct alert_store *alert_store_open(struct service_run *run, const int64_t *keep_days, alert_store_fn *fn);
/* What waits is lost. */
void alert_store_close(struct alert_store **store);

/* line: the alert's, as told (lines.h); copied. */
void alert_store_put(struct alert_store *store, const struct uuid *id, struct slice line);

#endif
