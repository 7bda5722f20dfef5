/* SPDX-License-Identifier: ISC
 *
 * options.c - see options.h.
 */
#include "options.h"

#include "common/base/xalloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define DEFAULT_FILE "/etc/cleanerctx/cleanerctx.conf"
#define VERSION_TEXT "cleanerctx " CC_VERSION

enum { PRINT_BYTES = 64 * 1024 }; /* help and --print-config: a hundred keys of a few hundred bytes */

#define ENDPOINT_KEY(LINK, name, text) \
	{name, CONFIG_STRING, offsetof(struct service_common, endpoints) + LINK * sizeof(char *), "ipc://@run@/" name, 1, \
		1024, false, text}

static const char *const log_levels[] = {"error", "warning", "info", "debug", NULL};

static const struct config_key common_keys[] = {
	{"runtime_dir", CONFIG_STRING, offsetof(struct service_common, runtime_dir), "/run/cleanerctx", 1, 80, false,
		"folder of the sockets between the processes"},
	{"log_level", CONFIG_STRING, offsetof(struct service_common, log_level), "info", 1, 16, true,
		"error, warning, info or debug", log_levels},
	{"postgres", CONFIG_SECRET, offsetof(struct service_common, postgres), "dbname=cleanerctx", 1, 1024, false,
		"libpq connection string or URI of the primary"},
	{"redis", CONFIG_SECRET, offsetof(struct service_common, redis), "unix:///run/redis/redis-server.sock", 1, 1024, false,
		"unix:///path[?db=N] or redis://[:password@]host[:port][/db]"},
	ENDPOINT_KEY(LINK_TURNS, "turns", "endpoints of the deciders, comma-separated"),
	ENDPOINT_KEY(LINK_RESULTS, "results", "endpoints of the notifiers for results, in the order of their index"),
	ENDPOINT_KEY(LINK_EVENTS, "events", "endpoints of the notifiers for events"),
	ENDPOINT_KEY(LINK_TIMINGS, "timings", "endpoint of the monitor for timings"),
	ENDPOINT_KEY(LINK_ALERTS, "alerts", "endpoint of the monitor for alerts"),
	ENDPOINT_KEY(LINK_CONTROL, "control", "endpoint of the monitor for modes"),
	{"curve_public_key", CONFIG_STRING, offsetof(struct service_common, curve_public_key), "", 0, 40, false,
		"the installation's CURVE public key, 40 Z85 characters; needed for tcp:// between machines"},
	{"curve_secret_key", CONFIG_SECRET, offsetof(struct service_common, curve_secret_key), "", 0, 40, false,
		"the installation's CURVE secret key, 40 Z85 characters"},
	{"instance", CONFIG_STRING, offsetof(struct service_common, instance), "", 0, 40, false,
		"this process's name in logs and timings, where several of one service run"},
	{NULL},
};

static const char *const sections[] = {"common", "gateway", "decider", "cleaner", "notifier", "monitor", NULL};

enum log_level options_log_level(const char *word)
{
	static const enum log_level levels[] = {LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG};

	for (size_t i = 0; log_levels[i]; i++)
		if (strcmp(word, log_levels[i]) == 0)
			return levels[i];
	bug("a log_level that was not checked");
}

static void print_help(const struct options *o, const struct service *service)
{
	struct buf b;

	buf_init(&b, PRINT_BYTES);
	buf_printf(&b, "cleanerctx-%s - %s\n\n", service->name, service->summary);
	buf_printf(&b, "Usage: cleanerctx-%s [--config FILE] [--check-config | --print-config] [--KEY VALUE ..]\n\n", service->name);
	buf_str(&b, "  --config FILE    configuration (default " DEFAULT_FILE " if it is there)\n"
		    "  --check-config   read it, say whether it is right, exit 0 or 78\n"
		    "  --print-config   the values in effect, secrets hidden\n"
		    "  --help, --version\n\n"
		    "Every key below is also [common] or [section] KEY = VALUE in the file and CLEANERCTX_KEY in the\n"
		    "environment; KEY_file names a file that holds the value. Later ones win: file, environment, option.\n\n");
	config_help(o->parts, countof(o->parts), &b);
	fwrite(b.p, 1, b.n, stdout);
	buf_finish(&b);
}

static bool usage(const struct service *service, const char *what, const char *which)
{
	fprintf(stderr, "cleanerctx-%s: %s%s; see cleanerctx-%s --help\n", service->name, what, which, service->name);
	return false;
}

/* "--log-level" or "--log_level" as the key's name, owned. */
static char *key_of(const char *option, size_t n)
{
	char *key = xstrndup(option + 2, n - 2);

	for (char *c = key; *c; c++)
		if (*c == '-')
			*c = '_';
	return key;
}

struct asked {
	bool help, version, check, print;
};

static bool take_flag(const char *option, struct asked *asked)
{
	const struct {
		const char *name;
		bool *flag;
	} flags[] = {{"--help", &asked->help}, {"-h", &asked->help}, {"--version", &asked->version},
		{"--check-config", &asked->check}, {"--print-config", &asked->print}};

	for (size_t i = 0; i < countof(flags); i++) {
		if (strcmp(option, flags[i].name) == 0) {
			*flags[i].flag = true;
			return true;
		}
	}
	return false;
}

static bool parse(struct options *o, const struct service *service, int argc, char **argv, struct asked *asked)
{
	for (int i = 1; i < argc; i++) {
		char *equals = strchr(argv[i], '=');
		size_t n = equals ? (size_t)(equals - argv[i]) : strlen(argv[i]);
		char *value;

		if (take_flag(argv[i], asked))
			continue;
		if (n < 3 || strncmp(argv[i], "--", 2) != 0)
			return usage(service, "unexpected argument ", argv[i]);
		value = equals ? equals + 1 : i + 1 < argc ? argv[++i] : NULL;
		if (!value)
			return usage(service, "a value must follow ", argv[i]);
		if (n == strlen("--config") && strncmp(argv[equals ? i : i - 1], "--config", n) == 0) {
			o->file = value;
			continue;
		}
		if (o->pair_count == OPTIONS_PAIRS)
			return usage(service, "too many options", "");
		o->pairs[o->pair_count * 2] = key_of(argv[equals ? i : i - 1], n);
		o->pairs[o->pair_count * 2 + 1] = value;
		o->pair_count++;
	}
	return true;
}

/* systemd's RuntimeDirectory= and the configuration's own word, before a built-in default. */
static void runtime_dir_preset(void)
{
	const char *given = getenv("RUNTIME_DIRECTORY");

	if (given && *given)
		setenv("CLEANERCTX_RUNTIME_DIR", given, 0);
}

static const char *file_or_default(const char *file)
{
	return !file && access(DEFAULT_FILE, R_OK) == 0 ? DEFAULT_FILE : file;
}

bool options_common(struct service_common *common, const char *file, char *const *pairs, struct buf *error)
{
	struct config_part part = {"common", common_keys, common};
	struct config_source from = {.file = file_or_default(file), .environment = environ, .options = pairs};

	runtime_dir_preset();
	return config_load(&part, 1, sections, &from, error);
}

void options_common_release(struct service_common *common)
{
	config_release(&(struct config_part){"common", common_keys, common});
}

static bool load(struct options *o, struct config_part *parts, struct buf *error)
{
	struct config_source from = {.file = o->file, .environment = environ, .options = o->pairs};

	return config_load(parts, countof(o->parts), sections, &from, error);
}

static void print_config(const struct options *o)
{
	struct buf b;

	buf_init(&b, PRINT_BYTES);
	config_print(o->parts, countof(o->parts), &b);
	fwrite(b.p, 1, b.n, stdout);
	buf_finish(&b);
}

/* After the values are known: what else was asked instead of running. */
static bool go_on(const struct options *o, const struct asked *asked)
{
	if (asked->print)
		print_config(o);
	if (asked->check)
		printf("configuration OK\n");
	return !asked->print && !asked->check;
}

bool options_take(struct options *o, const struct service *service, struct service_common *common, int argc, char **argv,
	int *code)
{
	struct asked asked = {0};
	struct buf error;
	bool ok;

	*o = (struct options){.parts = {{"common", common_keys, common}, {service->name, service->keys, service->config}}};
	*code = EXIT_BAD_USAGE;
	if (!parse(o, service, argc, argv, &asked))
		return false;
	*code = 0;
	if (asked.help || asked.version) {
		if (asked.help)
			print_help(o, service);
		else
			puts(VERSION_TEXT);
		return false;
	}
	o->file = file_or_default(o->file);
	runtime_dir_preset();
	buf_init(&error, 4096);
	ok = load(o, o->parts, &error) && (!service->check || service->check(&error));
	if (!ok) {
		fprintf(stderr, "cleanerctx-%s: %s\n", service->name, error.p);
		*code = EXIT_BAD_CONFIG;
	}
	buf_finish(&error);
	return ok && go_on(o, &asked);
}

/* How much a table's struct spans, from its keys. */
static size_t span(const struct config_key *keys)
{
	size_t end = 0;

	for (const struct config_key *k = keys; k->name; k++)
		if (k->offset + sizeof(int64_t) > end)
			end = k->offset + sizeof(int64_t);
	return end;
}

bool options_reload(struct options *o, struct buf *said)
{
	struct config_part fresh[countof(o->parts)];
	bool ok;

	for (size_t i = 0; i < countof(fresh); i++) {
		fresh[i] = o->parts[i];
		fresh[i].values = xcalloc(1, span(fresh[i].keys) + sizeof(int64_t));
	}
	ok = load(o, fresh, said);
	if (ok)
		config_take_reloadable(o->parts, fresh, countof(fresh), said);
	for (size_t i = 0; i < countof(fresh); i++) {
		config_release(&fresh[i]);
		free(fresh[i].values);
	}
	return ok;
}

void options_release(struct options *o)
{
	for (size_t i = 0; i < countof(o->parts); i++)
		config_release(&o->parts[i]);
	for (size_t i = 0; i < o->pair_count; i++)
		free(o->pairs[i * 2]);
}
