/* SPDX-License-Identifier: ISC
 *
 * main.c - the cleaner's configuration table and its life.
 */
#include "cleaner_service.h"

#include "cleaner/llm/hedge.h"

struct cleaner_config cleaner_config;

#define AT(member) offsetof(struct cleaner_config, member)

const struct config_key cleaner_keys[] = {
	{"engine_data", CONFIG_STRING, AT(engine_data), "", 0, 1024, false,
		"folder of the cleaning engine's tables; empty: the built-in rules"},
	{"put_right", CONFIG_BOOL, AT(put_right), "yes", 0, 0, false,
		"a turn that clearly puts an earlier one right (sorry, I meant Friday) makes that one's next revision"},
	{"max_in_flight", CONFIG_INT, AT(max_in_flight), "32", 2, CLEANER_IN_FLIGHT_MOST, false,
		"turns, of as many conversations, being worked on at a time"},
	{"lease_ms", CONFIG_INT, AT(lease_ms), "1100", 200, 60000, false,
		"ms without a sign of life after which another cleaner takes a turn over; renewed four "
		"times in it"},
	{"pg_connections", CONFIG_INT, AT(pg_connections), "2", 1, 32, false, "connections to PostgreSQL"},
	{"pg_timeout_ms", CONFIG_INT, AT(pg_timeout_ms), "5000", 100, 60000, false,
		"ms that a commit may take"},
	{"model_provider", CONFIG_STRING, AT(model_provider), "", 0, 32, false,
		"interface of the language model that fully cleaned turns are asked of: gemini or openai; "
		"empty: none, local only"},
	{"model_url", CONFIG_STRING, AT(model_url), "", 0, 1024, false,
		"where it is: https://host, for openai up to and with its version "
		"(http://localhost:8000/v1)"},
	{"models", CONFIG_STRING, AT(models), "", 0, 1024, false,
		"its models, the preferred first, comma-separated"},
	{"model_key", CONFIG_SECRET, AT(model_key), "", 0, 512, false,
		"its key; better given as model_key_file"},
	{"backup_provider", CONFIG_STRING, AT(backup_provider), "", 0, 32, false,
		"as model_provider: a second service, asked when no model of the first may be"},
	{"backup_url", CONFIG_STRING, AT(backup_url), "", 0, 1024, false, "as model_url"},
	{"backup_models", CONFIG_STRING, AT(backup_models), "", 0, 1024, false, "as models"},
	{"backup_key", CONFIG_SECRET, AT(backup_key), "", 0, 512, false, "as model_key"},
	{"model_thinking", CONFIG_STRING, AT(model_thinking), "unsaid", 0, 16, false,
		"how a model is told not to think: unsaid, off (a budget of 0) or minimal"},
	{"model_ca_file", CONFIG_STRING, AT(model_ca_file), "", 0, 1024, false,
		"PEM of the authorities to trust instead of the system's"},
	{"model_deadline_ms", CONFIG_INT, AT(model_deadline_ms), "400", 50, 10000, false,
		"ms that a turn waits for a model; its own deadline may be nearer"},
	{"model_late_ms", CONFIG_INT, AT(model_late_ms), "0", 0, 10000, false,
		"ms past that in which a model's answer is still taken, as the turn's revision 2; 0: it is not"},
	{"model_local_first", CONFIG_BOOL, AT(model_local_first), "no", 0, 0, false,
		"the local answer goes out at once, and the model's, where it differs, as revision 2"},
	{"model_hedge_percent", CONFIG_INT, AT(model_hedge_percent), "0", 0, HEDGE_MOST_PERCENT, false,
		"percent of the calls that may be made again when they are slower than 95 in 100; 0: none"},
	{"model_prices", CONFIG_STRING, AT(model_prices), "", 0, 4096, false,
		"prices a million tokens: MODEL PROMPT CACHED OUTPUT THINKING, comma-separated; empty: costs are "
		"not known"},
	{"model_currency", CONFIG_STRING, AT(model_currency), "USD", 1, 16, false, "the currency of prices and caps"},
	{"model_day_soft", CONFIG_STRING, AT(model_day_soft), "", 0, 24, false,
		"amount a UTC day, of all cleaners together, whose reaching is an alert; empty: none"},
	{"model_day_hard", CONFIG_STRING, AT(model_day_hard), "", 0, 24, false,
		"amount a UTC day from which on no model is asked; empty: none"},
	{"model_cache_s", CONFIG_INT, AT(model_cache_s), "86400", 0, 2592000, false,
		"seconds that an accepted answer is kept in Redis for the same question; 0: not at all"},
	{"model_gather_ms", CONFIG_INT, AT(model_gather_ms), "0", 0, 100, false,
		"ms that a turn waits for others to share its call; 0: each has its own"},
	{"model_skip_confidence", CONFIG_INT, AT(model_skip_confidence), "0", 0, 100, false,
		"percent: a turn whose words all came with this confidence asks no model; 0: all ask"},
	{"model_doubt_confidence", CONFIG_INT, AT(model_doubt_confidence), "60", 0, 100, false,
		"percent: words that came with less are named to the model as doubtful"},
	{NULL},
};

int main(int argc, char **argv)
{
	return service_main(&cleaner_service, argc, argv);
}
