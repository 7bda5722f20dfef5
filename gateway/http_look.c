/* SPDX-License-Identifier: ISC
 *
 * http_look.c - looking after connections that wait (http.c does it every HTTP_LOOK_S): whose client is gone, sends its
 * body too slowly, or does not read its answer.
 */
#include "http.h"

#include "common/base/clock.h"

#include <errno.h>
#include <sys/socket.h>

static bool peer_is_gone(struct lws *wsi)
{
	char c;
	ssize_t n = recv(lws_get_socket_fd(wsi), &c, 1, MSG_PEEK | MSG_DONTWAIT);

	return n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

/* An answer that does not get out: not at all within the time that a body has, or while the client sends on and on, which
 * libwebsockets would look at without an end. A stream's bound is its buffer (request_stream_write). */
static bool reads_too_slowly(struct exchange *x, uint64_t now_ns)
{
	const struct conn *conn = x->conn;
	char c;

	if (x->phase != EXCHANGE_ANSWERED && request_stream_pending(&x->r) == 0)
		return false;
	if (x->phase == EXCHANGE_ANSWERED && x->moved_ns && now_ns - x->moved_ns >
			(uint64_t)x->r.gw->config->body_timeout_s * NS_PER_S)
		return true;
	return now_ns - x->moved_ns > HTTP_LOOK_S * NS_PER_S &&
		recv(lws_get_socket_fd(conn->wsi), &c, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
}

bool http_conn_is_over(struct conn *conn, const struct gateway_config *config, uint64_t now_ns)
{
	struct exchange *x = conn->exchange;

	if (conn->linger_until_ns)
		return now_ns > conn->linger_until_ns;
	if (!x || now_ns - x->r.received_ns < HTTP_LOOK_S * NS_PER_S)
		return false;
	if (x->phase == EXCHANGE_BODY && now_ns - x->r.received_ns > (uint64_t)config->body_timeout_s * NS_PER_S) {
		x->close_after = x->linger = true;
		exchange_refuse(x, PROBLEM_TIMEOUT, "The body did not arrive within %lld seconds.",
			(long long)config->body_timeout_s);
		return false;
	}
	if (x->phase == EXCHANGE_BODY)
		return false;
	return peer_is_gone(conn->wsi) || reads_too_slowly(x, now_ns);
}
