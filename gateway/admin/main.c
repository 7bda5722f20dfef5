/* SPDX-License-Identifier: ISC
 *
 * main.c - cleanerctx-admin: what an operator does from a shell: the schema, users, keys, the queue and its dead letters.
 *
 * Talks to PostgreSQL directly, with the [common] configuration of the services. One table of commands; adding one is a
 * function and a row. Exit codes: 0 done, 1 refused or failed, 64 usage, 69 PostgreSQL or Redis is not there, 78 configuration.
 */
#include "admin.h"

#include "common/service/options.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

static const struct command {
	const char *words[2]; /* "user", "add"; the second may be NULL */
	int arguments;        /* how many must follow */
	const char *usage;
	int (*run)(PGconn *db, int argc, char **argv);
	const char *option; /* that may follow, with its value; NULL: none */
} commands[] = {
	{{"migrate", NULL}, 0, "migrate [--schema DIR]          bring the database's schema up to date", admin_migrate, "--schema"},
	{{"user", "add"}, 1, "user add EMAIL [--role user|operator]   make a user; the password is read from stdin",
		admin_user_add, "--role"},
	{{"user", "list"}, 0, "user list                       every user: id, address, role", admin_user_list},
	{{"key", "add"}, 1, "key add EMAIL [--name NAME]     make an API key and print it, once", admin_key_add, "--name"},
	{{"key", "list"}, 1, "key list EMAIL                  a user's keys: id, name, made, revoked", admin_key_list},
	{{"dead", "list"}, 0, "dead list                       turns that were given up: turn, conversation, when, crashes, retries, cause",
		admin_dead_list},
	{{"dead", "show"}, 1, "dead show TURN                  one of them, with its text", admin_dead_show},
	{{"dead", "retry"}, 1, "dead retry TURN                 queue it again", admin_dead_retry},
	{{"dead", "drop"}, 1, "dead drop TURN                  take it off the list; it stays failed", admin_dead_drop},
	{{"queue", NULL}, 0, "queue                           how much waits, in Redis and in PostgreSQL", admin_queue},
	{{"requeue", NULL}, 1, "requeue CONVERSATION            rebuild its part of the queue from PostgreSQL", admin_requeue},
	{{"key", "revoke"}, 1, "key revoke ID                   make a key useless", admin_key_revoke},
};

static void print_help(FILE *to)
{
	fputs("cleanerctx-admin - the schema, users, API keys and queue of CleanerContext\n\n"
	      "Usage: cleanerctx-admin [--config FILE] [--postgres CONNINFO] COMMAND\n\n", to);
	for (size_t i = 0; i < countof(commands); i++)
		fprintf(to, "  %s\n", commands[i].usage);
	fputs("\nExit codes: 0 done, 1 refused or failed, 64 usage, 69 PostgreSQL or Redis is not there, 78 configuration.\n", to);
}

const char *admin_option(int argc, char **argv, const char *name, const char *preset)
{
	for (int i = 0; i + 1 < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return argv[i + 1];
	return preset;
}

int admin_failed(PGconn *db, const char *doing)
{
	const char *said = PQerrorMessage(db);

	fprintf(stderr, "cleanerctx-admin: %s: %.*s\n", doing, (int)strcspn(said, "\n"), said);
	return ADMIN_FAILED;
}

static int words_of(const struct command *command)
{
	return command->words[1] ? 2 : 1;
}

static const struct command *find(int argc, char **argv)
{
	for (size_t i = 0; i < countof(commands); i++) {
		const struct command *c = &commands[i];

		if (argc >= words_of(c) + c->arguments && strcmp(argv[0], c->words[0]) == 0 &&
			(!c->words[1] || strcmp(argv[1], c->words[1]) == 0))
			return c;
	}
	return NULL;
}

/* What is not understood must not be passed over: who meant an operator would get a user. */
static bool only_known(const struct command *command, int argc, char **argv)
{
	int at = words_of(command) + command->arguments;

	if (at < argc && command->option && strcmp(argv[at], command->option) == 0) {
		if (at + 1 == argc) {
			fprintf(stderr, "cleanerctx-admin: a value must follow %s\n", argv[at]);
			return false;
		}
		at += 2;
	}
	if (at < argc)
		fprintf(stderr, "cleanerctx-admin: unexpected argument %s; see cleanerctx-admin --help\n", argv[at]);
	return at == argc;
}

static int run(const struct command *command, const char *conninfo, int argc, char **argv)
{
	int words = words_of(command), code;
	PGconn *db = PQconnectdb(conninfo);

	if (PQstatus(db) != CONNECTION_OK) {
		admin_failed(db, "PostgreSQL");
		code = ADMIN_UNAVAILABLE;
	} else {
		code = command->run(db, argc - words, argv + words);
	}
	PQfinish(db);
	return code;
}

int main(int argc, char **argv)
{
	const char *file = NULL, *postgres = NULL;
	struct service_common common = {0};
	const struct command *command;
	struct buf error;
	int at = 1, code = EXIT_BAD_CONFIG;

	for (; at + 1 < argc && strncmp(argv[at], "--", 2) == 0 && strcmp(argv[at], "--help") != 0; at += 2) {
		if (strcmp(argv[at], "--config") == 0)
			file = argv[at + 1];
		else if (strcmp(argv[at], "--postgres") == 0)
			postgres = argv[at + 1];
		else
			break;
	}
	if (at < argc && (strcmp(argv[at], "--help") == 0 || strcmp(argv[at], "-h") == 0)) {
		print_help(stdout);
		return ADMIN_OK;
	}
	command = find(argc - at, argv + at);
	if (!command || sodium_init() < 0) {
		print_help(stderr);
		return ADMIN_USAGE;
	}
	if (!only_known(command, argc - at, argv + at))
		return ADMIN_USAGE;
	buf_init(&error, 4096);
	if (options_common(&common, file, NULL, &error)) {
		admin_redis_url(common.redis);
		code = run(command, postgres ? postgres : common.postgres, argc - at, argv + at);
	} else
		fprintf(stderr, "cleanerctx-admin: %s\n", error.p);
	buf_finish(&error);
	options_common_release(&common);
	return code;
}
