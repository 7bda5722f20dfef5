/* SPDX-License-Identifier: ISC
 *
 * admin.h - the commands of cleanerctx-admin. Each gets an open connection and the words after its name, and returns the
 * exit code.
 */
#ifndef CC_GATEWAY_ADMIN_H
#define CC_GATEWAY_ADMIN_H

#include <libpq-fe.h>

enum { ADMIN_OK = 0, ADMIN_FAILED = 1, ADMIN_USAGE = 64, ADMIN_UNAVAILABLE = 69 /* EX_UNAVAILABLE */ };

int admin_migrate(PGconn *db, int argc, char **argv);
int admin_user_add(PGconn *db, int argc, char **argv);
int admin_user_list(PGconn *db, int argc, char **argv);
int admin_key_add(PGconn *db, int argc, char **argv);
int admin_key_list(PGconn *db, int argc, char **argv);
int admin_key_revoke(PGconn *db, int argc, char **argv);

/* The value of option --NAME among argv, or preset. */
const char *admin_option(int argc, char **argv, const char *name, const char *preset);

/* Prints the server's message as one line on stderr; returns ADMIN_FAILED. */
int admin_failed(PGconn *db, const char *doing);

#endif
