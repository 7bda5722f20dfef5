/* SPDX-License-Identifier: ISC
 *
 * main.c - the notifier's configuration table and its life.
 */
#include "notifier.h"

struct notifier_config notifier_config;

#define AT(member) offsetof(struct notifier_config, member)

const struct config_key notifier_keys[] = {
	{"results_bind", CONFIG_STRING, AT(results_bind), "", 0, 256, false,
		"endpoint to bind for results where several notifiers run; empty: the value of results"},
	{"events_bind", CONFIG_STRING, AT(events_bind), "", 0, 256, false,
		"endpoint to bind for events where several notifiers run; empty: the value of events"},
	{"index", CONFIG_INT, AT(index), "0", 0, 15, false,
		"which of the notifiers this is: its place in the list of results"},
	{"count", CONFIG_INT, AT(count), "1", 1, 16, false, "how many notifiers share the conversations"},
	{"event_log_length", CONFIG_INT, AT(event_log_length), "1000", 10, 100000, true,
		"events kept of a conversation"},
	{"event_log_hours", CONFIG_INT, AT(event_log_hours), "24", 1, 720, true,
		"hours that an idle conversation's events are kept"},
	{"backlog_results", CONFIG_INT, AT(backlog_results), "10000", 10, 1000000, false,
		"results that may wait for Redis; more are dropped and come again by the sweep"},
	{"backlog_mb", CONFIG_INT, AT(backlog_mb), "32", 1, 1024, false, "MB that they may take"},
	{NULL},
};

int main(int argc, char **argv)
{
	return service_main(&notifier_service, argc, argv);
}
