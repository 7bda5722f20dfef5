/* SPDX-License-Identifier: ISC
 *
 * http_listen.c - libwebsockets started on our loop, and its listeners (http_listen.h).
 */
#include "http_listen.h"

#include "common/base/log.h"
#include "http.h"

#include <stdlib.h>

enum { BODY_LATER_S = 5 }; /* libwebsockets closes a late body's connection silently: http_look.c says 408 before that */

static void on_lws_log(int level, const char *line)
{
	char text[256];

	snprintf(text, sizeof text, "%.*s", (int)strcspn(line, "\n"), line);
	log_at(level == LLL_ERR ? LOG_LEVEL_WARNING : LOG_LEVEL_DEBUG, "http.lws", "said=\"%s\"", text);
}

/* "host:port" or "[v6]:port"; a host of "" or "*" is every address. host has room for all of it. */
static bool split_address(const char *address, char *host, size_t host_bytes, int *port)
{
	const char *colon = strrchr(address, ':');
	size_t n = colon ? (size_t)(colon - address) : 0;
	char *end;
	long p;

	if (!colon || n >= host_bytes)
		return false;
	p = strtol(colon + 1, &end, 10);
	if (end == colon + 1 || *end || p < 1 || p > 65535)
		return false;
	if (n >= 2 && address[0] == '[' && address[n - 1] == ']') {
		address++;
		n -= 2;
	}
	snprintf(host, host_bytes, "%.*s", (int)n, address);
	if (strcmp(host, "*") == 0)
		host[0] = '\0';
	*port = (int)p;
	return true;
}

struct lws_vhost *http_listen_on(struct lws_context *lws, const struct gateway_config *config, const char *name,
	const char *address, const struct lws_protocols *protocols)
{
	struct lws_context_creation_info info = {0};
	struct lws_vhost *vhost;
	static char hosts[HTTP_LISTENERS][256]; /* libwebsockets keeps the pointer */
	static size_t used;
	char *host = hosts[used++ % HTTP_LISTENERS];
	int port;

	if (!split_address(address, host, sizeof hosts[0], &port)) {
		log_error("http.address", "is=%s allowed=host:port", address);
		return NULL;
	}
	info.vhost_name = name;
	info.iface = host[0] ? host : NULL;
	info.port = port;
	info.protocols = protocols;
	info.timeout_secs = (unsigned)config->body_timeout_s;
	info.keepalive_timeout = (int)config->idle_timeout_s;
	info.timeout_secs_ah_idle = (unsigned)config->body_timeout_s;
	if (!strchr(host, ':'))
		info.options |= LWS_SERVER_OPTION_DISABLE_IPV6;
	vhost = lws_create_vhost(lws, &info);
	if (!vhost)
		log_error("http.listen", "address=%s failed (in use, or not an address of this machine)", address);
	return vhost;
}

struct lws_context *http_listen_start(struct ev_loop *loop, const struct gateway_config *config, void *user)
{
	struct lws_context_creation_info info = {0};
	struct lws_context *lws;
	void *loops[1] = {loop};

	lws_set_log_level(LLL_ERR | LLL_WARN, on_lws_log);
	info.options = LWS_SERVER_OPTION_LIBEV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_VALIDATE_UTF8;
	info.foreign_loops = loops;
	info.user = user;
	info.gid = (gid_t)-1;
	info.uid = (uid_t)-1;
	info.pt_serv_buf_size = HTTP_WRITE_BYTES;
	info.max_http_header_data = HTTP_HEADER_BYTES;
	info.max_http_header_pool = (unsigned short)(config->max_connections < 65535 ? config->max_connections : 65535);
	info.timeout_secs = (unsigned)config->body_timeout_s + BODY_LATER_S;
	info.server_string = "cleanerctx";
	lws = lws_create_context(&info);
	if (!lws)
		log_error("http.lws", "libwebsockets did not start: is libwebsockets-evlib-ev installed?");
	return lws;
}
