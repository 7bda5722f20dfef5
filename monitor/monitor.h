/* SPDX-License-Identifier: ISC
 *
 * monitor.h - what main.c declares the monitor with: its configuration and its hooks.
 */
#ifndef CC_MONITOR_MONITOR_H
#define CC_MONITOR_MONITOR_H

#include "common/service/service.h"

struct monitor_config {
	char *targets_file;        /* empty: the shipped targets */
	int64_t usage_interval_ms; /* between looks at memory and processor time */
	int64_t alert_after_s, alert_clear_s; /* that a target is missed before an alert is opened, and met before it ends */
	int64_t alert_keep_days;   /* that alerts are kept after their end */
};

extern struct monitor_config monitor_config;

bool monitor_check(struct buf *error); /* reads the targets */
bool monitor_start(struct service_run *run);
void monitor_stop(struct service_run *run);

#endif
