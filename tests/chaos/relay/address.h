/* SPDX-License-Identifier: ISC
 *
 * address.h - where a relay listens and leads to: "tcp:ADDRESS:PORT" (IPv4) or "unix:PATH". Descriptors do
 * not block and are not inherited.
 */
#ifndef CC_TESTS_RELAY_ADDRESS_H
#define CC_TESTS_RELAY_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/un.h>

struct address {
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_un un;
	} at;
	socklen_t length;
};

bool address_read(struct address *out, const char *text);
int address_listen(const struct address *address,
	int backlog); /* -1: errno says why. A path is made anew, for everybody */
int address_connect(const struct address *address); /* under way, or -1 */
void address_no_delay(const struct address *address, int fd);

#endif
