/* SPDX-License-Identifier: ISC
 *
 * main.c - the monitor's declaration: its keys and hooks.
 */
#include "monitor.h"

static const struct config_key keys[] = {
	{"targets_file", CONFIG_STRING, offsetof(struct monitor_config, targets_file), "", 0, 1024, false,
		"targets in the columns of targets.csv, instead of the shipped ones; empty: the shipped ones"},
	{"usage_interval_ms", CONFIG_INT, offsetof(struct monitor_config, usage_interval_ms), "5000", 100, 60000, true,
		"milliseconds between looks at the processes' memory and processor time"},
	{"alert_after_s", CONFIG_INT, offsetof(struct monitor_config, alert_after_s), "10", 1, 3600, true,
		"seconds that a target must be missed before an alert is opened"},
	{"alert_clear_s", CONFIG_INT, offsetof(struct monitor_config, alert_clear_s), "60", 1, 86400, true,
		"seconds that a target must be met before its alert ends"},
	{"alert_keep_days", CONFIG_INT, offsetof(struct monitor_config, alert_keep_days), "90", 1, 3650, true,
		"days that alerts are kept in PostgreSQL after their end"},
	{NULL},
};

static const struct service service = {
	.name = "monitor",
	.summary = "holds every timing against its target and tells what is slow",
	.keys = keys,
	.config = &monitor_config,
	.check = monitor_check,
	.start = monitor_start,
	.stop = monitor_stop,
};

int main(int argc, char **argv)
{
	return service_main(&service, argc, argv);
}
