/* SPDX-License-Identifier: ISC
 *
 * options.h - what the load is to be, from the command line. Every number has a bound.
 */
#ifndef CC_LOAD_OPTIONS_H
#define CC_LOAD_OPTIONS_H

#include "common/base/attr.h"

#include <netinet/in.h>
#include <stdbool.h>

enum { OPTIONS_STEPS = 32 };

struct options {
	struct sockaddr_in to; /* of the URL */
	const char *email, *password, *keys;
	long users, seconds, logins;
	struct step {
		long rate, seconds; /* turns a second, for so long */
	} steps[OPTIONS_STEPS];	    /* none: the mix of users */
	long step_count;
	long conversations, connections, lumen_percent;
	long rotate_s, every_s, sockets, reconnect_s;
	long seed;
	bool accept, retry, overload, json;
};

/* False after a line on stderr. */
must_check bool options_read(struct options *o, int argc, char **argv);

#endif
