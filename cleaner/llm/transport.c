/* SPDX-License-Identifier: ISC
 *
 * transport.c - see transport.h.
 *
 * libcurl tells which descriptors and which timeout it waits for; libev waits; when something happens libcurl
 * is told, and what it has finished is handed on. Callbacks run outside libcurl, so they may begin and cancel
 * calls.
 */
#include "cleaner/llm/transport.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/xalloc.h"

#include <curl/curl.h>
#include <ev.h>
#include <stdlib.h>

enum {
	KEPT_CONNECTIONS = 256, /* as many HTTP/1.1 calls as may be under way */
	SPARE_HANDLES = 64,	/* easy handles kept for the next calls: making one costs more than a call */
};

struct http_call {
	struct transport *transport;
	struct http_call *next, *prev;
	CURL *easy;
	struct curl_slist *header_list;
	char *sent; /* the request's body */
	struct buf body;
	struct llm_headers headers;
	uint64_t started_ns;
	http_fn *fn;
	void *arg;
};

struct transport {
	struct ev_loop *loop;
	CURLM *multi;
	ev_timer timer;
	struct http_call *calls;
	CURL *spare[SPARE_HANDLES];
	size_t spares;
	char *ca_file;
	bool closing;
};

struct watch { /* of one of libcurl's descriptors */
	struct transport *transport;
	ev_io io;
};

/* --- what libcurl waits for --- */

static enum llm_outcome outcome_of_code(CURLcode code)
{
	static const struct {
		CURLcode code;
		enum llm_outcome outcome;
	} rows[] = {
		{CURLE_OK, LLM_OK},
		{CURLE_COULDNT_RESOLVE_HOST, LLM_NO_CONNECTION},
		{CURLE_COULDNT_CONNECT, LLM_NO_CONNECTION},
		{CURLE_COULDNT_RESOLVE_PROXY, LLM_NO_CONNECTION},
		{CURLE_SSL_CONNECT_ERROR, LLM_NO_CONNECTION},
		{CURLE_PEER_FAILED_VERIFICATION, LLM_NO_CONNECTION},
		{CURLE_SSL_CACERT_BADFILE, LLM_NO_CONNECTION},
		{CURLE_URL_MALFORMAT, LLM_NO_CONNECTION},
		{CURLE_UNSUPPORTED_PROTOCOL, LLM_NO_CONNECTION},
		{CURLE_OPERATION_TIMEDOUT, LLM_TIMED_OUT},
		{CURLE_WRITE_ERROR, LLM_TOO_BIG},
		{CURLE_BAD_CONTENT_ENCODING, LLM_BAD_REPLY},
	};

	for (size_t i = 0; i < countof(rows); i++)
		if (rows[i].code == code)
			return rows[i].outcome;
	return LLM_RESET;
}

static void release(struct http_call *call)
{
	struct transport *t = call->transport;

	curl_multi_remove_handle(t->multi, call->easy);
	curl_easy_reset(call->easy);
	if (t->spares < SPARE_HANDLES && !t->closing)
		t->spare[t->spares++] = call->easy;
	else
		curl_easy_cleanup(call->easy);
	curl_slist_free_all(call->header_list);
	if (call->prev)
		call->prev->next = call->next;
	else
		t->calls = call->next;
	if (call->next)
		call->next->prev = call->prev;
	buf_finish(&call->body);
	free(call->sent);
	free(call);
}

static void finish(struct http_call *call, CURLcode code)
{
	struct http_done done = {.outcome = outcome_of_code(code),
		.took_ns = clock_mono_ns() - call->started_ns,
		.reply = {.body = buf_view(&call->body),
			.headers = &call->headers,
			.wall_s = clock_wall_us() / US_PER_S}};
	curl_off_t connect_us = 0;
	long connects = 0;

	curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &done.reply.status);
	curl_easy_getinfo(call->easy, CURLINFO_NUM_CONNECTS, &connects);
	curl_easy_getinfo(call->easy, CURLINFO_APPCONNECT_TIME_T, &connect_us);
	if (!connect_us)
		curl_easy_getinfo(call->easy, CURLINFO_CONNECT_TIME_T, &connect_us);
	done.connect_ns = connects ? (uint64_t)connect_us * 1000 : 0;
	call->fn(&done, call->arg);
	release(call);
}

static void finish_all(struct transport *t)
{
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(t->multi, &left)) != NULL) {
		char *call = NULL;

		if (msg->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &call);
		finish((struct http_call *)call, msg->data.result);
	}
}

static void act(struct transport *t, curl_socket_t fd, int events)
{
	int running;

	curl_multi_socket_action(t->multi, fd, events, &running);
	finish_all(t);
}

static void on_io(struct ev_loop *loop, ev_io *w, int revents)
{
	struct watch *watch = w->data;

	act(watch->transport, w->fd,
		((revents & EV_READ) ? CURL_CSELECT_IN : 0) | ((revents & EV_WRITE) ? CURL_CSELECT_OUT : 0));
}

static void on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	act(w->data, CURL_SOCKET_TIMEOUT, 0);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *of_socket)
{
	struct transport *t = arg;
	struct watch *watch = of_socket;

	if (what == CURL_POLL_REMOVE) {
		if (watch)
			ev_io_stop(t->loop, &watch->io);
		free(watch);
		return 0;
	}
	if (!watch) {
		watch = xcalloc(1, sizeof *watch);
		watch->transport = t;
		curl_multi_assign(t->multi, fd, watch);
	} else {
		ev_io_stop(t->loop, &watch->io);
	}
	ev_io_init(&watch->io, on_io, fd,
		((what & CURL_POLL_IN) ? EV_READ : 0) | ((what & CURL_POLL_OUT) ? EV_WRITE : 0));
	watch->io.data = watch;
	ev_io_start(t->loop, &watch->io);
	return 0;
}

static int on_timeout(CURLM *multi, long ms, void *arg)
{
	struct transport *t = arg;

	ev_timer_stop(t->loop, &t->timer);
	if (ms < 0)
		return 0;
	ev_now_update(t->loop); /* the loop's time may be that of the work before */
	ev_timer_set(&t->timer, (double)ms / 1e3, 0);
	ev_timer_start(t->loop, &t->timer);
	return 0;
}

/* --- a call --- */

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
	struct http_call *call = arg;

	buf_append(&call->body, p, size * n);
	return call->body.overflow ? 0 : size * n;
}

static size_t on_header(char *p, size_t size, size_t n, void *arg)
{
	struct http_call *call = arg;

	llm_headers_take(&call->headers, slice_of(p, size * n));
	return size * n;
}

static void add_header(struct http_call *call, struct slice name, struct slice value)
{
	struct buf line;

	buf_init(&line, 4096);
	buf_slice(&line, name);
	buf_slice(&line, value);
	call->header_list = curl_slist_append(call->header_list, line.p ? line.p : "");
	buf_finish(&line);
}

static void set_options(struct http_call *call, const struct http_request *r)
{
	CURL *easy = call->easy;
	bool tls = slice_starts(r->url, SLICE("https:"));
	char *url = xstrndup(r->url.p, r->url.n);

	curl_easy_setopt(easy, CURLOPT_URL, url);
	free(url);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(
		easy, CURLOPT_HTTP_VERSION, tls ? (long)CURL_HTTP_VERSION_2TLS : (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_PIPEWAIT, tls ? 1L : 0L); /* share the connection that is being made */
	curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)r->timeout_ms);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, call);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, call->header_list);
	if (call->transport->ca_file)
		curl_easy_setopt(easy, CURLOPT_CAINFO, call->transport->ca_file);
	if (r->body.n) {
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)r->body.n);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, call->sent);
	}
}

struct http_call *transport_send(struct transport *t, const struct http_request *r)
{
	struct http_call *call = xcalloc(1, sizeof *call);

	call->transport = t;
	call->fn = r->fn;
	call->arg = r->arg;
	call->started_ns = clock_mono_ns();
	call->sent = r->body.n ? xmemdup(r->body.p, r->body.n) : NULL;
	buf_init(&call->body, LLM_REPLY_BYTES);
	call->easy = t->spares ? t->spare[--t->spares] : curl_easy_init();
	if (!call->easy)
		bug("no curl handle");
	if (r->body.n)
		add_header(call, SLICE("Content-Type: "), SLICE("application/json"));
	add_header(call, SLICE("Expect:"), SLICE("")); /* no 100-continue: it costs a round trip */
	if (r->key_header.n)
		add_header(call, r->key_header, SLICE(""));
	if (r->trace.n)
		add_header(call, SLICE("traceparent: "), r->trace);
	set_options(call, r);
	call->next = t->calls;
	if (t->calls)
		t->calls->prev = call;
	t->calls = call;
	curl_multi_add_handle(t->multi, call->easy);
	return call;
}

void transport_cancel(struct http_call *call)
{
	release(call);
}

struct transport *transport_open(struct ev_loop *loop, const char *ca_file)
{
	struct transport *t = xcalloc(1, sizeof *t);

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		bug("libcurl does not start");
	t->loop = loop;
	t->ca_file = ca_file && *ca_file ? xstrdup(ca_file) : NULL;
	t->multi = curl_multi_init();
	ev_init(&t->timer, on_timer);
	t->timer.data = t;
	curl_multi_setopt(t->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(t->multi, CURLMOPT_SOCKETDATA, t);
	curl_multi_setopt(t->multi, CURLMOPT_TIMERFUNCTION, on_timeout);
	curl_multi_setopt(t->multi, CURLMOPT_TIMERDATA, t);
	curl_multi_setopt(t->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
	curl_multi_setopt(t->multi, CURLMOPT_MAXCONNECTS, (long)KEPT_CONNECTIONS);
	return t;
}

void transport_close(struct transport **where)
{
	struct transport *t = *where;

	if (!t)
		return;
	*where = NULL;
	t->closing = true;
	while (t->calls)
		release(t->calls);
	for (size_t i = 0; i < t->spares; i++)
		curl_easy_cleanup(t->spare[i]);
	curl_multi_cleanup(t->multi);
	ev_timer_stop(t->loop, &t->timer);
	free(t->ca_file);
	free(t);
	curl_global_cleanup();
}
