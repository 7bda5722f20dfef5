/* SPDX-License-Identifier: ISC
 *
 * address.c - see address.h.
 */
#include "address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool read_tcp(struct address *out, const char *text)
{
	char host[INET_ADDRSTRLEN];
	unsigned port;

	if (sscanf(text, "%15[0-9.]:%u", host, &port) != 2 || port > UINT16_MAX)
		return false;
	out->at.in = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	out->length = sizeof out->at.in;
	return inet_pton(AF_INET, host, &out->at.in.sin_addr) == 1;
}

static bool read_unix(struct address *out, const char *path)
{
	if (strlen(path) >= sizeof out->at.un.sun_path)
		return false;
	out->at.un = (struct sockaddr_un){.sun_family = AF_UNIX};
	strcpy(out->at.un.sun_path, path);
	out->length = sizeof out->at.un;
	return true;
}

bool address_read(struct address *out, const char *text)
{
	if (strncmp(text, "tcp:", 4) == 0)
		return read_tcp(out, text + 4);
	return strncmp(text, "unix:", 5) == 0 && read_unix(out, text + 5);
}

static int make(const struct address *address)
{
	return socket(address->at.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

int address_listen(const struct address *address, int backlog)
{
	static const int on = 1;
	int fd = make(address);

	if (fd < 0)
		return -1;
	if (address->at.any.sa_family == AF_UNIX)
		(void)unlink(address->at.un.sun_path);
	else
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(fd, &address->at.any, address->length) < 0 || listen(fd, backlog) < 0) {
		close(fd);
		return -1;
	}
	if (address->at.any.sa_family == AF_UNIX)
		(void)chmod(address->at.un.sun_path, 0666);
	return fd;
}

int address_connect(const struct address *address)
{
	int fd = make(address);

	if (fd < 0)
		return -1;
	address_no_delay(address, fd);
	if (connect(fd, &address->at.any, address->length) < 0 && errno != EINPROGRESS) {
		close(fd);
		return -1;
	}
	return fd;
}

void address_no_delay(const struct address *address, int fd)
{
	static const int on = 1;

	if (address->at.any.sa_family == AF_INET)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}
