/* SPDX-License-Identifier: ISC
 *
 * main.c - the cleaner's configuration table and its life.
 */
#include "cleaner_service.h"

struct cleaner_config cleaner_config;

#define AT(member) offsetof(struct cleaner_config, member)

const struct config_key cleaner_keys[] = {
	{"engine_data", CONFIG_STRING, AT(engine_data), "", 0, 1024, false,
		"folder of the cleaning engine's tables; empty: the built-in rules"},
	{"max_in_flight", CONFIG_INT, AT(max_in_flight), "32", 2, CLEANER_IN_FLIGHT_MOST, false,
		"turns, of as many conversations, being worked on at a time"},
	{"lease_ms", CONFIG_INT, AT(lease_ms), "1300", 200, 60000, false,
		"ms without a sign of life after which another cleaner takes a turn over; renewed every "
		"third of it"},
	{"pg_connections", CONFIG_INT, AT(pg_connections), "2", 1, 32, false, "connections to PostgreSQL"},
	{"pg_timeout_ms", CONFIG_INT, AT(pg_timeout_ms), "5000", 100, 60000, false,
		"ms that a commit may take"},
	{NULL},
};

int main(int argc, char **argv)
{
	return service_main(&cleaner_service, argc, argv);
}
