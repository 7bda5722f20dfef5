/* SPDX-License-Identifier: ISC
 *
 * server.h - the fake model's sockets: libwebsockets on one thread, HTTP/1.1, and HTTP/2 when it has a
 * certificate.
 */
#ifndef CC_FAKE_SERVER_H
#define CC_FAKE_SERVER_H

#include <stdint.h>

struct fake_options {
	int port;	       /* 0: any */
	unsigned latency_ms;   /* before each answer */
	unsigned fail_percent; /* of calls that get fail_case */
	char fail_case[32];
	uint64_t seed;		/* of the chance */
	unsigned connections;	/* calls at a time, more get 503; 0: no limit */
	const char *cert, *key; /* PEM; with them TLS and HTTP/2 */
};

/* Serves until SIGTERM or SIGINT; returns the exit code. Says "listening PORT" on stdout when it does. */
int fake_serve(const struct fake_options *options);

#endif
