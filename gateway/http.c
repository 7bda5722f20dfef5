/* SPDX-License-Identifier: ISC
 *
 * http.c - libwebsockets on our loop: listeners, connections, bytes in and out (http.h).
 *
 * Order of a request: headers -> body -> dispatch -> answer -> next request. While one is at work its socket is not read
 * (rx flow control), so a pipelined request waits; who hangs up meanwhile is found by a look every HTTP_LOOK_S. While bytes
 * go out it has to be read again: libwebsockets 4.1 does not serve a flow-controlled HTTP socket at all.
 * libwebsockets owns the sockets, and calls us only inside the loop; nothing is written but in its writeable callback.
 */
#include "http.h"
#include "admit.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/xalloc.h"
#include "counters.h"
#include "http_listen.h"
#include "lws_shim.h"

#include <linux/tcp.h> /* newer than netinet/tcp.h: bytes_received */
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <utlist.h>

struct http {
	struct gateway *gw;
	struct lws_context *lws;
	struct lws_vhost *public_host, *ops_host; /* ops_host: NULL without ops_listen */
	struct conn *conns;
	struct exchange *exchanges, *dead; /* dead: freed at the end of the turn */
	size_t conn_count, exchange_count;
	bool draining;
	ev_timer look;
	ev_prepare end_of_turn;
};

static int on_lws(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len);

/* One protocol for both: HTTP needs no name, and a WebSocket client is told this one. */
static const struct lws_protocols protocols[] = {
	{.name = "cleanerctx.v1", .callback = on_lws, .per_session_data_size = sizeof(int), .rx_buffer_size = 64 * 1024},
	{0},
};

bool http_is_draining(const struct http *http)
{
	return http->draining;
}

bool http_has_ops(const struct http *http)
{
	return http->ops_host != NULL;
}

size_t http_open_requests(const struct http *http)
{
	return http->exchange_count;
}

size_t http_connections(const struct http *http)
{
	return http->conn_count;
}

void http_peer(const struct request *r, char *out, size_t out_bytes)
{
	const struct exchange *x = (const struct exchange *)r;

	out[0] = '\0';
	if (x->conn)
		lws_get_peer_simple(x->conn->wsi, out, out_bytes);
}

/* Exchanges. */

static void exchange_begin(struct http *http, struct conn *conn)
{
	conn->exchange = exchange_create(http->gw, conn);
	DL_APPEND(http->exchanges, conn->exchange);
	http->exchange_count++;
}

/* The connection lets go of its exchange: answered, or the client is gone. */
static void exchange_end(struct conn *conn)
{
	struct exchange *x = conn->exchange;

	if (!x)
		return;
	conn->exchange = NULL;
	DL_DELETE(conn->http->exchanges, x);
	conn->http->exchange_count--;
	exchange_gone(x);
}

void http_bury(struct exchange *x)
{
	LL_PREPEND(x->r.gw->http->dead, x);
}

static void bury_dead(struct http *http)
{
	while (http->dead) {
		struct exchange *x = http->dead;

		LL_DELETE(http->dead, x);
		exchange_free(x);
	}
}

static void on_end_of_turn(struct ev_loop *loop, ev_prepare *w, int revents)
{
	bury_dead(w->data);
}

void http_wants_write(struct exchange *x)
{
	if (!x->conn || !x->conn->wsi || !(x->body_done || x->close_after || x->phase == EXCHANGE_STREAMING))
		return;
	/* libwebsockets 4.1 gives HTTP/1.1 no writeable callback while its reading is held (rops_handle_POLLIN_h1). */
	lws_rx_flow_control(x->conn->wsi, 1);
	lws_callback_on_writable(x->conn->wsi);
}

/* Connections. */

static uint64_t bytes_received(struct lws *wsi)
{
	struct tcp_info info = {0};
	socklen_t n = sizeof info;

	if (getsockopt(lws_get_socket_fd(wsi), IPPROTO_TCP, TCP_INFO, &info, &n) != 0)
		return 0;
	return info.tcpi_bytes_received;
}

static int conn_open(struct http *http, struct lws *wsi)
{
	struct conn *conn = xcalloc(1, sizeof *conn);

	conn->http = http;
	conn->wsi = wsi;
	conn->accepted_ns = conn->last_ns = clock_mono_ns();
	conn->address = admit_entered(http->gw->admit, lws_get_socket_fd(wsi));
	conn->is_ops = http->ops_host && lws_get_vhost(wsi) == http->ops_host;
	DL_APPEND(http->conns, conn);
	http->conn_count++;
	lws_set_opaque_user_data(wsi, conn);
	if (!ev_is_active(&http->look))
		ev_timer_again(http->gw->loop, &http->look);
	return 0;
}

static void drop_hello(struct conn *conn)
{
	if (conn->hello)
		request_release(&conn->hello->r);
	conn->hello = NULL;
}

static void conn_close(struct conn *conn)
{
	struct http *http = conn->http;

	if (conn->exchange && conn->exchange->phase < EXCHANGE_ANSWERED)
		counter_add(COUNTER_HTTP_GONE, 1);
	exchange_end(conn);
	drop_hello(conn);
	lws_set_opaque_user_data(conn->wsi, NULL);
	admit_left(http->gw->admit, &conn->address);
	DL_DELETE(http->conns, conn);
	http->conn_count--;
	free(conn);
}

/* Is all of it still in the socket? Then a request came just as its connection was being closed, and was not looked at. */
static bool is_unread(const struct conn *conn, uint64_t got)
{
	int unread = 0;

	return ioctl(lws_get_socket_fd(conn->wsi), FIONREAD, &unread) == 0 && unread >= 0 && (uint64_t)unread >= got;
}

/* libwebsockets gives up silently on a request that it cannot parse, or that comes too slowly: bytes came that no request
 * of ours had, and the socket is still open. Says why, as a problem. Not to a request that came while an idle connection was
 * being closed: its client sees that end, and sends it again (RFC 9112, 9.3.1). */
static void say_why(struct conn *conn)
{
	uint64_t got = bytes_received(conn->wsi) - conn->bytes_seen;
	bool slow = clock_mono_ns() - conn->last_ns > (uint64_t)conn->http->gw->config->body_timeout_s * NS_PER_S;
	enum problem problem = got > HTTP_HEADER_BYTES ? PROBLEM_HEADERS_TOO_LARGE : slow ? PROBLEM_TIMEOUT : PROBLEM_MALFORMED;

	if (conn->exchange || conn->ws || conn->hello || got == 0 || conn->bytes_seen == UINT64_MAX)
		return;
	if (conn->http->draining || is_unread(conn, got))
		return;
	conn->bytes_seen = UINT64_MAX;
	lws_shim_send_problem(conn->wsi, problem);
}

/* lws_shim.c: a close that libwebsockets decided on itself, where no protocol is bound yet. */
void lws_shim_closing(struct lws *wsi)
{
	struct conn *conn = lws_get_opaque_user_data(wsi);

	if (conn)
		say_why(conn);
}

/* The protocol is dropped between the requests of a connection too; libwebsockets names its function, and that of a close
 * is this one. */
static bool is_closing(const char *dropped_by)
{
	return dropped_by && strcmp(dropped_by, "__lws_close_free_wsi") == 0;
}

/* Requests in. */

static void start_work(struct conn *conn)
{
	struct exchange *x = conn->exchange;

	lws_set_timeout(conn->wsi, NO_PENDING_TIMEOUT, 0);
	if (x->phase != EXCHANGE_BODY) { /* refused: the rest of the body is read over, now answer */
		http_wants_write(x);
		return;
	}
	lws_rx_flow_control(conn->wsi, 0);
	dispatch(x);
}

static int on_headers(struct conn *conn, struct slice path)
{
	struct exchange *x;

	exchange_begin(conn->http, conn);
	x = conn->exchange;
	if (!http_read_headers(x, conn->wsi, path) && x->close_after)
		http_wants_write(x); /* refused, and its body is not waited for */
	else if (x->body_done)
		start_work(conn);
	lws_shim_headers_done(conn->wsi);
	return 0;
}

static int on_body(struct conn *conn, struct slice bytes)
{
	struct exchange *x = conn->exchange;

	if (!x || x->body_done || bytes.n == 0)
		return 0;
	if (x->phase != EXCHANGE_BODY) /* refused: read over */
		return 0;
	if (http_read_body(x, bytes) && x->phase == EXCHANGE_BODY) {
		x->body_done = true;
		start_work(conn);
	}
	return 0;
}

static int on_body_end(struct conn *conn)
{
	struct exchange *x = conn->exchange;

	if (!x || x->body_done)
		return 0;
	x->body_done = true;
	start_work(conn);
	return 0;
}

/* Answers out. */

/* The answer is out, but the client may still be sending: it must be let, or the reset of a closed socket could take the
 * answer from it before it was read. */
static int linger(struct conn *conn)
{
	shutdown(lws_get_socket_fd(conn->wsi), SHUT_WR);
	conn->linger_until_ns = clock_mono_ns() + HTTP_LINGER_S * NS_PER_S;
	return 0;
}

static int answer_is_out(struct conn *conn)
{
	struct exchange *x = conn->exchange;
	bool close = x->close_after, gently = x->linger && !x->body_done;

	exchange_end(conn);
	conn->last_ns = clock_mono_ns();
	conn->bytes_seen = bytes_received(conn->wsi);
	if (close && gently)
		return linger(conn);
	if (close)
		return -1;
	return lws_http_transaction_completed(conn->wsi) ? -1 : 0;
}

/* All of out is sent: what is sent already makes room. */
static void make_room(struct exchange *x)
{
	if (x->sent < x->out.n && x->sent < HTTP_WRITE_BYTES)
		return;
	memmove(x->out.p + LWS_PRE, x->out.p + x->sent, x->out.n - x->sent);
	x->out.n -= x->sent - LWS_PRE;
	x->sent = LWS_PRE;
}

static int on_writeable(struct conn *conn)
{
	struct exchange *x = conn->exchange;
	size_t n;

	if (!x || x->phase < EXCHANGE_ANSWERED)
		return 0;
	n = x->out.n - x->sent;
	if (n > HTTP_WRITE_BYTES)
		n = HTTP_WRITE_BYTES;
	if (n > 0 && lws_write(conn->wsi, (unsigned char *)x->out.p + x->sent, n, LWS_WRITE_HTTP) < (int)n)
		return -1;
	x->sent += n;
	x->moved_ns = clock_mono_ns();
	if (x->phase == EXCHANGE_STREAMING)
		make_room(x);
	if (x->sent < x->out.n) {
		lws_callback_on_writable(conn->wsi);
		return 0;
	}
	if (x->phase == EXCHANGE_ANSWERED)
		return answer_is_out(conn);
	lws_rx_flow_control(conn->wsi, 0);
	if (x->r.on_drain)
		x->r.on_drain(&x->r);
	return 0;
}

/* WebSocket upgrades. */

/* Sends a refusal that was composed during an upgrade, where libwebsockets gives us no other moment; then it closes. */
static int refuse_upgrade(struct conn *conn)
{
	struct exchange *x = conn->exchange;

	if (x->phase == EXCHANGE_ANSWERED)
		if (lws_write(conn->wsi, (unsigned char *)x->out.p + LWS_PRE, x->out.n - LWS_PRE, LWS_WRITE_HTTP) < 0)
			log_debug("http.refusal_lost", "");
	exchange_end(conn);
	conn->bytes_seen = UINT64_MAX;
	return -1;
}

static int on_upgrade(struct conn *conn, char *to)
{
	struct exchange *x;
	char path[1024];
	int n = lws_hdr_copy(conn->wsi, path, sizeof path, WSI_TOKEN_GET_URI);

	if (strcasecmp(to, "websocket") != 0) {
		*to = '\0'; /* not offered here: RFC 9110, 7.8, lets a server go on as if it had not been asked */
		return 0;
	}
	exchange_begin(conn->http, conn);
	x = conn->exchange;
	x->close_after = true;
	if (!http_read_headers(x, conn->wsi, slice_of(path, n > 0 ? (size_t)n : 0)) || !dispatch_upgrade(x))
		return refuse_upgrade(conn);
	request_hold(&x->r); /* what ws_hello borrows */
	conn->hello = x;
	exchange_end(conn);
	return 0;
}

static int on_established(struct conn *conn)
{
	struct exchange *x = conn->hello;
	struct ws_hello hello;
	int n;

	if (!x)
		return -1;
	hello = (struct ws_hello){conn->who, conn->pending_key, x->r.headers.traceparent, conn->accepted_ns};
	n = ws_established(conn->http->gw, conn->wsi, &hello, &conn->ws);
	drop_hello(conn);
	return n;
}

/* Looking after those who wait. */

static void on_look(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct http *http = w->data;
	struct conn *conn, *next;
	uint64_t now_ns = clock_mono_ns();

	DL_FOREACH_SAFE(http->conns, conn, next)
		if (http_conn_is_over(conn, http->gw->config, now_ns))
			lws_set_timeout(conn->wsi, PENDING_TIMEOUT_KILLED_BY_PARENT, LWS_TO_KILL_SYNC);
	if (!http->conns)
		ev_timer_stop(loop, w);
}

/* What libwebsockets says. */

static int on_http(struct conn *conn, enum lws_callback_reasons reason, void *in, size_t len)
{
	switch (reason) {
	case LWS_CALLBACK_HTTP:
		return on_headers(conn, slice_of(in, len));
	case LWS_CALLBACK_HTTP_BODY:
		return on_body(conn, slice_of(in, len));
	case LWS_CALLBACK_HTTP_BODY_COMPLETION:
		return on_body_end(conn);
	case LWS_CALLBACK_HTTP_WRITEABLE:
		return on_writeable(conn);
	case LWS_CALLBACK_HTTP_DROP_PROTOCOL:
		if (is_closing(in))
			say_why(conn);
		return 0;
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
		return on_upgrade(conn, in);
	case LWS_CALLBACK_ESTABLISHED:
		return on_established(conn);
	case LWS_CALLBACK_RAW_ADOPT: /* CONNECT: libwebsockets would make a raw socket of it, and wait on it for ever */
		return -1;
	case LWS_CALLBACK_WSI_DESTROY:
		conn_close(conn);
		return 0;
	default:
		return 0;
	}
}

static int on_lws(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
	struct http *http = lws_context_user(lws_get_context(wsi));
	struct conn *conn = lws_get_opaque_user_data(wsi);
	int n;

	if (reason == LWS_CALLBACK_FILTER_NETWORK_CONNECTION) {
		bool full = http->conn_count >= (size_t)http->gw->config->max_connections;
		bool greedy = !full && !admit_connection(http->gw->admit, (int)(intptr_t)in, clock_mono_ns());

		counter_add(COUNTER_HTTP_REFUSED, full);
		counter_add(COUNTER_ADDRESS_REFUSED, greedy);
		return full || greedy || http->draining;
	}
	if (reason == LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED)
		return conn_open(http, wsi);
	if (!conn)
		return 0;
	if (conn->ws && reason != LWS_CALLBACK_WSI_DESTROY) {
		n = ws_event(conn->ws, reason, in, len);
		if (reason == LWS_CALLBACK_CLOSED)
			conn->ws = NULL;
		return n;
	}
	return on_http(conn, reason, in, len);
}

/* Opening and closing. */

struct http *http_open(struct gateway *gw)
{
	struct http *http = xcalloc(1, sizeof *http);

	http->gw = gw;
	ev_timer_init(&http->look, on_look, 0, HTTP_LOOK_S);
	http->look.data = http;
	ev_prepare_init(&http->end_of_turn, on_end_of_turn);
	http->end_of_turn.data = http;
	ev_prepare_start(gw->loop, &http->end_of_turn);
	ev_unref(gw->loop);
	http->lws = http_listen_start(gw->loop, gw->config, http);
	if (http->lws)
		http->public_host = http_listen_on(http->lws, gw->config, "public", gw->config->listen, protocols);
	if (http->public_host && gw->config->ops_listen[0])
		http->ops_host = http_listen_on(http->lws, gw->config, "ops", gw->config->ops_listen, protocols);
	if (!http->public_host || (gw->config->ops_listen[0] && !http->ops_host))
		http_close(&http);
	return http;
}

void http_stop_listening(struct http *http)
{
	http->draining = true;
}

void http_close(struct http **http)
{
	struct http *h = *http;

	if (!h)
		return;
	if (h->lws)
		lws_context_destroy(h->lws);
	bury_dead(h);
	ev_timer_stop(h->gw->loop, &h->look);
	ev_ref(h->gw->loop);
	ev_prepare_stop(h->gw->loop, &h->end_of_turn);
	free(h);
	*http = NULL;
}
