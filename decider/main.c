/* SPDX-License-Identifier: ISC
 *
 * main.c - the decider's configuration table and its life.
 */
#include "decider_service.h"

struct decider_config decider_config;

#define AT(member) offsetof(struct decider_config, member)

const struct config_key decider_keys[] = {
	{"turns_bind", CONFIG_STRING, AT(turns_bind), "", 0, 256, false,
		"endpoint to bind where several deciders run; empty: the value of turns"},
	{"engine_data", CONFIG_STRING, AT(engine_data), "", 0, 1024, false,
		"folder of the cleaning engine's tables; empty: the built-in rules"},
	{"batch_turns", CONFIG_INT, AT(batch_turns), "256", 1, 1024, false, "turns in one commit at most"},
	{"backlog_turns", CONFIG_INT, AT(backlog_turns), "4096", 1, 100000, true,
		"turns that may wait for a commit; past it they are refused at once"},
	{"queue_turns", CONFIG_INT, AT(queue_turns), "50000", 100, 10000000, true,
		"turns that may wait in the queue; past it a person's are refused (503)"},
	{"retain_days", CONFIG_INT, AT(retain_days), "0", 0, 36500, true,
		"days after its last activity that a conversation is deleted; 0: never"},
	{"sweep_ms", CONFIG_INT, AT(sweep_ms), "2000", 100, 3600000, false, "ms between sweeps for what Redis or the notifier lost"},
	{"pg_connections", CONFIG_INT, AT(pg_connections), "2", 1, 32, false, "connections to PostgreSQL"},
	{"pg_timeout_ms", CONFIG_INT, AT(pg_timeout_ms), "5000", 100, 60000, false, "ms that a commit may take"},
	{NULL},
};

int main(int argc, char **argv)
{
	return service_main(&decider_service, argc, argv);
}
