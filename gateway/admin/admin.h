/* SPDX-License-Identifier: ISC
 *
 * admin.h - the commands of cleanerctx-admin. Each gets an open connection and the words after its name, and returns the
 * exit code.
 */
#ifndef CC_GATEWAY_ADMIN_H
#define CC_GATEWAY_ADMIN_H

#include <hiredis/hiredis.h>
#include <libpq-fe.h>

enum { ADMIN_OK = 0, ADMIN_FAILED = 1, ADMIN_USAGE = 64, ADMIN_UNAVAILABLE = 69 /* EX_UNAVAILABLE */ };

int admin_migrate(PGconn *db, int argc, char **argv);
int admin_user_add(PGconn *db, int argc, char **argv);
int admin_user_list(PGconn *db, int argc, char **argv);
int admin_key_add(PGconn *db, int argc, char **argv);
int admin_key_list(PGconn *db, int argc, char **argv);
int admin_key_revoke(PGconn *db, int argc, char **argv);
int admin_dead_list(PGconn *db, int argc, char **argv);
int admin_dead_show(PGconn *db, int argc, char **argv);
int admin_dead_retry(PGconn *db, int argc, char **argv);
int admin_dead_drop(PGconn *db, int argc, char **argv);
int admin_queue(PGconn *db, int argc, char **argv);
int admin_requeue(PGconn *db, int argc, char **argv);

/* The value of option --NAME among argv, or preset. */
const char *admin_option(int argc, char **argv, const char *name, const char *preset);

/* The Redis of the configuration, connected; NULL after a line on stderr. The caller frees it. */
redisContext *admin_redis(void);
void admin_redis_url(const char *url); /* borrowed: main tells where it is */

/* Prints the server's message as one line on stderr; returns ADMIN_FAILED. */
int admin_failed(PGconn *db, const char *doing);

#endif
