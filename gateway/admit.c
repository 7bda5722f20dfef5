/* SPDX-License-Identifier: ISC
 *
 * admit.c - see admit.h.
 */
#include "admit.h"

#include "common/base/xalloc.h"
#include "tally.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { NETWORK_BYTES = 8 /* of an IPv6 address: /64 */ };

struct admit {
	size_t most; /* connections of an address; 0: any */
	struct tally *connections;
	struct ratelimit *connects, *requests; /* NULL: not bounded */
};

static struct ratelimit *per_second(int64_t rate)
{
	return rate ? ratelimit_create((uint64_t)rate, 1, (uint64_t)rate) : NULL;
}

struct admit *admit_open(const struct gateway_config *config)
{
	struct admit *a = xcalloc(1, sizeof *a);

	a->most = (size_t)config->address_connections;
	a->connections = tally_create();
	a->connects = per_second(config->address_connects_per_s);
	a->requests = per_second(config->address_rate_per_s);
	return a;
}

void admit_close(struct admit **admit)
{
	struct admit *a = *admit;

	*admit = NULL;
	if (!a)
		return;
	tally_destroy(&a->connections);
	ratelimit_destroy(&a->connects);
	ratelimit_destroy(&a->requests);
	free(a);
}

/* A socket that has lost its peer already has the empty key. */
static struct uuid address_of(int fd)
{
	struct sockaddr_storage peer = {0};
	socklen_t n = sizeof peer;
	const struct sockaddr_in *v4 = (const void *)&peer;
	const struct sockaddr_in6 *v6 = (const void *)&peer;
	struct uuid key = {{0}};

	if (getpeername(fd, (struct sockaddr *)&peer, &n) != 0)
		return key;
	key.b[0] = (uint8_t)peer.ss_family;
	if (peer.ss_family == AF_INET)
		memcpy(key.b + 1, &v4->sin_addr, sizeof v4->sin_addr);
	else if (peer.ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
		memcpy(key.b + 1, v6->sin6_addr.s6_addr + 12, 4);
	else if (peer.ss_family == AF_INET6)
		memcpy(key.b + 1, v6->sin6_addr.s6_addr, NETWORK_BYTES);
	return key;
}

bool admit_connection(struct admit *a, int fd, uint64_t now_ns)
{
	struct uuid address = address_of(fd);

	if (a->most && tally_of(a->connections, &address) >= a->most)
		return false;
	return !a->connects || ratelimit_take(a->connects, &address, 1, now_ns).allowed;
}

struct uuid admit_entered(struct admit *a, int fd)
{
	struct uuid address = address_of(fd);

	tally_add(a->connections, &address);
	return address;
}

void admit_left(struct admit *a, const struct uuid *address)
{
	tally_drop(a->connections, address);
}

struct ratelimit_answer admit_request(struct admit *a, const struct uuid *address, uint64_t now_ns)
{
	if (!a->requests)
		return (struct ratelimit_answer){.allowed = true};
	return ratelimit_take(a->requests, address, 1, now_ns);
}
