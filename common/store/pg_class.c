/* SPDX-License-Identifier: ISC
 *
 * pg_class.c - see pg_class.h.
 */
#include "pg_class.h"

static const struct {
	const char *prefix; /* the first match wins: longer ones first */
	enum pg_status status;
	bool ends_connection;
} rows[] = {
	{"25006", PG_RETRY, true},  /* read_only_sql_transaction: failed over, we hold the old primary */
	{"25P02", PG_RETRY, false}, /* in_failed_sql_transaction: its cause was another statement's */
	{"26000", PG_RETRY,
		false}, /* invalid_sql_statement_name: its preparation was rolled over by a reset */
	{"55P03", PG_RETRY, false}, /* lock_not_available */
	{"57014", PG_RETRY, false}, /* query_canceled: statement_timeout */
	{"57P", PG_RETRY, true},    /* shutdown, crash of another backend, starting up */
	{"40003", PG_LOST, true},   /* statement_completion_unknown */
	{"40", PG_RETRY, false},    /* deadlock, serialization */
	{"53", PG_RETRY, false},    /* disk full, out of memory, too many connections */
	{"58", PG_RETRY, false},    /* an I/O error of the server's own */
	{"08", PG_LOST, true},	    /* connection exceptions */
	{"23", PG_CONFLICT, false}, /* constraints */
};

static size_t row_of(const char *sqlstate)
{
	size_t i = 0;

	while (i < countof(rows) && strncmp(sqlstate, rows[i].prefix, strlen(rows[i].prefix)) != 0)
		i++;
	return i;
}

enum pg_status pg_class(const char *sqlstate)
{
	size_t i = row_of(sqlstate);

	return i < countof(rows) ? rows[i].status : PG_REFUSED;
}

bool pg_class_ends_connection(const char *sqlstate)
{
	size_t i = row_of(sqlstate);

	return i < countof(rows) && rows[i].ends_connection;
}
