/* SPDX-License-Identifier: ISC
 *
 * migrate.c - brings a database to the schema of this build: every migration that it has not, in the order of their
 * names, each in a transaction with its row in schema_migrations, all under one advisory lock so that two who start
 * together do not collide. Forward only. A database that is newer than this build is left alone and told of.
 */
#include "admin.h"

#include "common/base/attr.h"
#include "common/base/buf.h"
#include "common/base/xalloc.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct migration {
	const char *name; /* "001_initial.sql" */
	const char *sql;
};

#include "gateway/admin/schema_table.h" /* generated */

enum { SCHEMA_FILE_BYTES = 1024 * 1024, LOCK_NUMBER = 723001 /* ours among advisory locks */ };

static bool simply(PGconn *db, const char *sql)
{
	PGresult *r = PQexec(db, sql);
	ExecStatusType status = PQresultStatus(r);

	PQclear(r);
	return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

static bool applied(PGconn *db, const char *name)
{
	PGresult *r = PQexecParams(db, "SELECT 1 FROM schema_migrations WHERE name = $1", 1, NULL, &name, NULL, NULL, 0);
	bool found = PQresultStatus(r) == PGRES_TUPLES_OK && PQntuples(r) == 1;

	PQclear(r);
	return found;
}

static bool record(PGconn *db, const char *name)
{
	PGresult *r = PQexecParams(db, "INSERT INTO schema_migrations (name) VALUES ($1)", 1, NULL, &name, NULL, NULL, 0);
	bool ok = PQresultStatus(r) == PGRES_COMMAND_OK;

	PQclear(r);
	return ok;
}

static int apply(PGconn *db, const struct migration *m)
{
	if (applied(db, m->name))
		return ADMIN_OK;
	if (!simply(db, "BEGIN") || !simply(db, m->sql) || !record(db, m->name) || !simply(db, "COMMIT")) {
		int code = admin_failed(db, m->name);

		simply(db, "ROLLBACK");
		return code;
	}
	printf("applied %s\n", m->name);
	return ADMIN_OK;
}

/* Says so when the database has a migration that is not among those known here: whoever made it is newer than we are. */
static bool is_newer(PGconn *db, const char *const *known, size_t count)
{
	PGresult *r = PQexec(db, "SELECT name FROM schema_migrations ORDER BY name");
	const char *name = NULL;

	for (int row = 0; row < PQntuples(r) && !name; row++) {
		size_t i = 0;

		while (i < count && strcmp(PQgetvalue(r, row, 0), known[i]) != 0)
			i++;
		if (i == count)
			name = PQgetvalue(r, row, 0);
	}
	if (name)
		fprintf(stderr, "cleanerctx-admin: migrate: the database has %s, which is not known here: it is newer, and is left alone; "
			"take the programs that belong to it\n", name);
	PQclear(r);
	return name;
}

static int apply_built_in(PGconn *db)
{
	const char *names[countof(schema_table)];

	for (size_t i = 0; i < countof(schema_table); i++)
		names[i] = schema_table[i].name;
	if (is_newer(db, names, countof(names)))
		return ADMIN_FAILED;
	for (size_t i = 0; i < countof(schema_table); i++)
		if (apply(db, &schema_table[i]) != ADMIN_OK)
			return ADMIN_FAILED;
	return ADMIN_OK;
}

static int apply_file(PGconn *db, const char *dir, const char *name)
{
	char path[4096];
	struct buf text;
	FILE *file;
	int code;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	file = fopen(path, "r");
	if (!file) {
		fprintf(stderr, "cleanerctx-admin: %s: %s\n", path, strerror(errno));
		return ADMIN_FAILED;
	}
	buf_init(&text, SCHEMA_FILE_BYTES);
	for (char chunk[8192]; !feof(file) && !ferror(file) && !text.overflow;)
		buf_append(&text, chunk, fread(chunk, 1, sizeof chunk, file));
	fclose(file);
	if (text.overflow || !text.p) {
		fprintf(stderr, "cleanerctx-admin: %s: empty, or over %d bytes\n", path, SCHEMA_FILE_BYTES);
		code = ADMIN_FAILED;
	} else {
		code = apply(db, &(struct migration){name, text.p});
	}
	buf_finish(&text);
	return code;
}

static int is_sql(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name);

	return n > 4 && strcmp(entry->d_name + n - 4, ".sql") == 0;
}

static int apply_folder(PGconn *db, const char *dir)
{
	struct dirent **entries;
	int n = scandir(dir, &entries, is_sql, alphasort), code = ADMIN_OK;
	const char **names;

	if (n < 0) {
		fprintf(stderr, "cleanerctx-admin: %s: %s\n", dir, strerror(errno));
		return ADMIN_FAILED;
	}
	names = xcalloc((size_t)n + 1, sizeof *names);
	for (int i = 0; i < n; i++)
		names[i] = entries[i]->d_name;
	if (is_newer(db, names, (size_t)n))
		code = ADMIN_FAILED;
	free(names);
	for (int i = 0; i < n; i++) {
		if (code == ADMIN_OK)
			code = apply_file(db, dir, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return code;
}

int admin_migrate(PGconn *db, int argc, char **argv)
{
	const char *dir = admin_option(argc, argv, "--schema", NULL);
	char lock[80];
	int code;

	snprintf(lock, sizeof lock, "SELECT pg_advisory_lock(%d)", LOCK_NUMBER);
	if (!simply(db, "SET client_min_messages = warning") || !simply(db, lock) ||
		!simply(db, "CREATE TABLE IF NOT EXISTS schema_migrations (name text PRIMARY KEY, "
			    "applied_at timestamptz NOT NULL DEFAULT now())"))
		return admin_failed(db, "migrate");
	code = dir ? apply_folder(db, dir) : apply_built_in(db);
	if (code == ADMIN_OK)
		printf("schema up to date\n");
	return code; /* the lock ends with the connection */
}
