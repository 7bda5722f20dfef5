/* SPDX-License-Identifier: ISC
 *
 * redis_url.h - where a Redis is, read from its URL. Pure.
 */
#ifndef CC_STORE_REDIS_URL_H
#define CC_STORE_REDIS_URL_H

#include "common/base/attr.h"

#include <stdbool.h>

enum { REDIS_URL_PART_BYTES = 256 }; /* a host name, a path (108), a password; with the NUL */

struct redis_url {
	char path[REDIS_URL_PART_BYTES]; /* of a Unix socket; empty: host and port stand */
	char host[REDIS_URL_PART_BYTES];
	int port, db;
	char user[REDIS_URL_PART_BYTES];     /* empty: the default user */
	char password[REDIS_URL_PART_BYTES]; /* empty: none asked */
};

/* unix:///path[?db=N] or redis://[[user]:password@]host[:port][/db], user and password %-encoded, IPv6 in
 * brackets. NULL, or what is wrong with it (static). */
must_check const char *redis_url_parse(const char *url, struct redis_url *out);

#endif
