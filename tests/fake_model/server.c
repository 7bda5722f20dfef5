/* SPDX-License-Identifier: ISC
 *
 * NAME      server - see server.h
 * INPUT     the model interfaces' paths; GET /fake/set/{case,once,fail,latency}/VALUE; GET /fake/log
 * OUTPUT    what script.h composes for the case: of the header x-fake-case, else of the model's name
 * ("fake-503"), else by chance fail_case, else the case set LIMITS    the last LOG_LINES requests are kept
 * for /fake/log; text of turns is not among what is kept
 *
 * A request's state lives in its libwebsockets session; what waits for the latency or trickles waits on its
 * timer.
 */
#include "tests/fake_model/server.h"

#include "common/base/json_out.h"
#include "tests/fake_model/script.h"

#include <ev.h>
#include <libwebsockets.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <zlib.h>

enum { LOG_LINES = 2000, WRITE_BYTES = 4096, TRICKLE_BYTES = 7 };

struct session {
	bool busy; /* counted among the calls */
	bool began, headers_sent;
	char path[256], key[160], wanted[32];
	bool takes_gzip;
	struct buf body;
	struct fake_reply reply;
	size_t sent;
	struct lws *wsi;
	ev_timer timer;
};

static struct {
	struct fake_options options;
	char standing[32], once[32]; /* once: of the next call for an answer only */
	uint64_t dice, requests;
	unsigned calls;
	struct buf log;
	size_t log_lines;
	struct ev_loop *loop;
} fake;

static uint64_t roll(void)
{
	fake.dice ^= fake.dice << 13;
	fake.dice ^= fake.dice >> 7;
	fake.dice ^= fake.dice << 17;
	return fake.dice;
}

static const char *choose(const struct session *s, const struct fake_request *r)
{
	static char once[sizeof fake.once];
	const char *of_model = strncmp(r->model, "fake-", 5) == 0 ? r->model + 5 : "";

	if (fake_case_exists(s->wanted))
		return s->wanted;
	if (r->items && fake.once[0]) {
		memcpy(once, fake.once, sizeof once);
		fake.once[0] = 0;
		return once;
	}
	if (fake_case_exists(of_model))
		return of_model;
	if (fake.options.fail_percent && roll() % 100 < fake.options.fail_percent)
		return fake.options.fail_case;
	return fake.standing;
}

static void log_request(const struct session *s, const struct fake_request *r, const char *name)
{
	if (fake.log_lines == LOG_LINES) {
		buf_reset(&fake.log);
		fake.log_lines = 0;
	}
	fake.log_lines++;
	if (fake.log.n)
		buf_str(&fake.log, ",\n");
	buf_char(&fake.log, '{');
	json_kv_u64(&fake.log, "n", ++fake.requests);
	json_kv_str(&fake.log, "path", slice_str(s->path));
	json_kv_str(&fake.log, "model", slice_str(r->model));
	json_kv_u64(&fake.log, "items", r->items);
	json_kv_u64(&fake.log, "bytes", s->body.n);
	json_kv_bool(&fake.log, "schema", r->schema);
	json_kv_str(&fake.log, "case", slice_str(name));
	json_kv_u64(&fake.log, "status", (uint64_t)s->reply.status);
	buf_char(&fake.log, '}');
}

/* --- composing --- */

static void compress_body(struct session *s)
{
	z_stream z = {0};
	struct buf small;
	char *to;

	buf_init(&small, FAKE_REQUEST_BYTES);
	if (deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return;
	to = buf_reserve(&small, deflateBound(&z, s->reply.body.n));
	z.next_in = (Bytef *)s->reply.body.p;
	z.avail_in = (uInt)s->reply.body.n;
	z.next_out = (Bytef *)to;
	z.avail_out = (uInt)deflateBound(&z, s->reply.body.n);
	if (to && deflate(&z, Z_FINISH) == Z_STREAM_END) {
		small.n = z.total_out;
		buf_finish(&s->reply.body);
		s->reply.body = small;
	} else {
		buf_finish(&small);
		s->reply.gzip = false;
	}
	deflateEnd(&z);
}

static void chunk_body(struct session *s)
{
	struct buf framed;
	size_t half = s->reply.body.n / 2;

	buf_init(&framed, FAKE_REQUEST_BYTES + 64);
	buf_printf(&framed, "%zx\r\n", half);
	buf_append(&framed, s->reply.body.p, half);
	buf_printf(&framed, "\r\n%zx\r\n", s->reply.body.n - half);
	buf_append(&framed, s->reply.body.p + half, s->reply.body.n - half);
	buf_str(&framed, "\r\n0\r\n\r\n");
	buf_finish(&s->reply.body);
	s->reply.body = framed;
}

static void compose(struct session *s, struct lws *wsi)
{
	struct fake_http http = {s->path, s->key, buf_view(&s->body)};
	struct fake_request r;
	const char *name;
	bool full = fake.options.connections && fake.calls > fake.options.connections;

	fake_request_read(&r, &http);
	name = full ? "503" : choose(s, &r);
	fake_script(&s->reply, &r, name);
	log_request(s, &r, name);
	fake_request_finish(&r);
	s->reply.gzip &= s->takes_gzip;
	s->reply.chunked &= !lws_get_network_wsi(wsi) ||
			    lws_get_network_wsi(wsi) == wsi; /* HTTP/2 has frames of its own */
	if (s->reply.gzip)
		compress_body(s);
	if (s->reply.chunked)
		chunk_body(s);
}

/* /fake/set/case/503, /fake/set/latency/150, /fake/set/fail/30 */
static bool set(const char *what)
{
	unsigned value;

	if (strncmp(what, "case/", 5) == 0 && fake_case_exists(what + 5))
		snprintf(fake.standing, sizeof fake.standing, "%s", what + 5);
	else if (strncmp(what, "once/", 5) == 0 && fake_case_exists(what + 5))
		snprintf(fake.once, sizeof fake.once, "%s", what + 5);
	else if (sscanf(what, "latency/%u", &value) == 1)
		fake.options.latency_ms = value;
	else if (sscanf(what, "fail/%u", &value) == 1)
		fake.options.fail_percent = value;
	else
		return false;
	return true;
}

static void compose_control(struct session *s)
{
	s->reply = (struct fake_reply){.status = 200, .content_type = "application/json"};
	buf_init(&s->reply.body, FAKE_REQUEST_BYTES);
	if (strcmp(s->path, "/fake/log") == 0) {
		buf_char(&s->reply.body, '[');
		buf_slice(&s->reply.body, buf_view(&fake.log));
		buf_str(&s->reply.body, "]\n");
	} else if (strncmp(s->path, "/fake/set/", 10) == 0 && set(s->path + 10)) {
		buf_str(&s->reply.body, "{}\n");
	} else {
		s->reply.status = 404;
	}
}

/* --- the session --- */

static void copy_header(
	struct lws *wsi, enum lws_token_indexes token, const char *custom, char *out, int size)
{
	int n = custom ? lws_hdr_custom_copy(wsi, out, size, custom, (int)strlen(custom))
		       : lws_hdr_copy(wsi, out, size, token);

	if (n < 0)
		out[0] = 0;
}

static void on_timer(struct ev_loop *loop, ev_timer *w, int events)
{
	struct session *s = w->data;

	lws_callback_on_writable(s->wsi);
}

/* Goes on after so long. Not by the library's timers, which on libev may come hundreds of milliseconds late.
 */
static void wait_ms(struct session *s, unsigned ms)
{
	ev_now_update(fake.loop);
	ev_timer_set(&s->timer, ms / 1e3, 0);
	ev_timer_start(fake.loop, &s->timer);
}

static void begin(struct session *s, struct lws *wsi, const char *path)
{
	char bearer[160], encodings[64];

	memset(s, 0, sizeof *s);
	s->began = true;
	s->wsi = wsi;
	ev_init(&s->timer, on_timer);
	s->timer.data = s;
	buf_init(&s->body, FAKE_REQUEST_BYTES);
	snprintf(s->path, sizeof s->path, "%s", path);
	copy_header(wsi, 0, "x-goog-api-key:", s->key, sizeof s->key);
	copy_header(wsi, 0, "x-fake-case:", s->wanted, sizeof s->wanted);
	copy_header(wsi, WSI_TOKEN_HTTP_AUTHORIZATION, NULL, bearer, sizeof bearer);
	copy_header(wsi, WSI_TOKEN_HTTP_ACCEPT_ENCODING, NULL, encodings, sizeof encodings);
	if (strncasecmp(bearer, "bearer ", 7) == 0)
		snprintf(s->key, sizeof s->key, "%s", bearer + 7);
	s->takes_gzip = strstr(encodings, "gzip") != NULL;
	if (lws_get_network_wsi(wsi) != wsi &&
		!s->key[0]) /* HTTP/2: the library hides headers that it does not know */
		snprintf(s->key, sizeof s->key, "unseen");
}

static void end(struct session *s)
{
	if (!s->began)
		return;
	ev_timer_stop(fake.loop, &s->timer);
	fake.calls -= s->busy;
	buf_finish(&s->body);
	if (s->reply.status)
		fake_reply_finish(&s->reply);
	memset(s, 0, sizeof *s);
}

static void answer(struct session *s, struct lws *wsi)
{
	if (strncmp(s->path, "/fake/", 6) == 0) {
		compose_control(s);
		lws_callback_on_writable(wsi);
		return;
	}
	s->busy = true;
	fake.calls++;
	compose(s, wsi);
	if (fake.options.latency_ms && s->reply.status != 404)
		wait_ms(s, fake.options.latency_ms);
	else
		lws_callback_on_writable(wsi);
}

static bool add(struct lws *wsi, const char *name, const char *value, unsigned char **at, unsigned char *stop)
{
	return lws_add_http_header_by_name(wsi, (const unsigned char *)name, (const unsigned char *)value,
		       (int)strlen(value), at, stop) == 0;
}

static int send_headers(struct session *s, struct lws *wsi)
{
	unsigned char buffer[LWS_PRE + 2048], *at = buffer + LWS_PRE, *stop = buffer + sizeof buffer;
	unsigned char *start = at;
	const struct fake_reply *r = &s->reply;

	if (lws_add_http_header_status(wsi, (unsigned)r->status, &at, stop) ||
		!add(wsi, "content-type:", r->content_type ? r->content_type : "application/json", &at, stop))
		return -1;
	for (size_t i = 0; i < r->header_count; i++)
		if (!add(wsi, r->headers[i].name, r->headers[i].value, &at, stop))
			return -1;
	if (r->gzip && !add(wsi, "content-encoding:", "gzip", &at, stop))
		return -1;
	if (r->chunked ? !add(wsi, "transfer-encoding:", "chunked", &at, stop)
		       : lws_add_http_header_content_length(wsi, r->body.n, &at, stop))
		return -1;
	s->headers_sent = true;
	return lws_finalize_write_http_header(wsi, start, &at, stop);
}

static int cut(struct lws *wsi)
{
	struct linger now = {1, 0};

	setsockopt(lws_get_socket_fd(lws_get_network_wsi(wsi)), SOL_SOCKET, SO_LINGER, &now, sizeof now);
	return -1;
}

static int send_body(struct session *s, struct lws *wsi)
{
	unsigned char buffer[LWS_PRE + WRITE_BYTES];
	size_t left = s->reply.body.n - s->sent, n = left < WRITE_BYTES ? left : WRITE_BYTES;

	if (s->reply.reset && s->sent)
		return cut(wsi);
	if (s->reply.reset)
		n = n / 2;
	if (s->reply.trickle_ms && n > TRICKLE_BYTES)
		n = TRICKLE_BYTES;
	if (n)
		memcpy(buffer + LWS_PRE, s->reply.body.p + s->sent, n);
	s->sent += n;
	if (lws_write(wsi, buffer + LWS_PRE, n,
		    s->sent == s->reply.body.n ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP) < 0)
		return -1;
	if (s->sent == s->reply.body.n) {
		end(s);
		return lws_http_transaction_completed(wsi) ? -1 : 0;
	}
	if (s->reply.trickle_ms)
		wait_ms(s, s->reply.trickle_ms);
	else
		lws_callback_on_writable(wsi);
	return 0;
}

static int writeable(struct session *s, struct lws *wsi)
{
	if (!s->began || !s->reply.status)
		return 0;
	if (s->headers_sent)
		return s->reply.stall ? 0 : send_body(s, wsi);
	if (send_headers(s, wsi))
		return -1;
	if (!s->reply.stall)
		lws_callback_on_writable(wsi);
	return 0;
}

static int on_http(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
	struct session *s = user;

	switch (reason) {
	case LWS_CALLBACK_HTTP:
		end(s);
		begin(s, wsi, in);
		if (!lws_hdr_total_length(wsi, WSI_TOKEN_POST_URI) &&
			!lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH))
			answer(s, wsi);
		return 0;
	case LWS_CALLBACK_HTTP_BODY:
		buf_append(&s->body, in, len);
		return s->body.overflow ? -1 : 0;
	case LWS_CALLBACK_HTTP_BODY_COMPLETION:
		answer(s, wsi);
		return 0;
	case LWS_CALLBACK_HTTP_WRITEABLE:
		return writeable(s, wsi);
	case LWS_CALLBACK_HTTP_DROP_PROTOCOL:
	case LWS_CALLBACK_CLOSED_HTTP:
		if (s)
			end(s);
		return 0;
	default:
		return lws_callback_http_dummy(wsi, reason, user, in, len);
	}
}

static const struct lws_protocols protocols[] = {
	{"http", on_http, sizeof(struct session), 0, 0, NULL, 0},
	{NULL, NULL, 0, 0, 0, NULL, 0},
};

static void on_signal(struct ev_loop *loop, ev_signal *w, int events)
{
	ev_break(loop, EVBREAK_ALL);
}

static void watch_signals(struct ev_loop *loop)
{
	static ev_signal stop[2];

	ev_signal_init(&stop[0], on_signal, SIGTERM);
	ev_signal_init(&stop[1], on_signal, SIGINT);
	for (size_t i = 0; i < countof(stop); i++)
		ev_signal_start(loop, &stop[i]);
	signal(SIGPIPE, SIG_IGN);
}

/* On libev: a turn of libwebsockets' own loop, poll(), costs more than an answer when many connections are
 * kept. */
int fake_serve(const struct fake_options *options)
{
	struct ev_loop *loop = fake.loop = ev_default_loop(0);
	void *loops[1] = {loop};
	struct lws_context *context;
	struct lws_context_creation_info info = {.port = options->port,
		.iface = "127.0.0.1",
		.protocols = protocols,
		.max_http_header_pool = 2000,
		.max_http_header_data = 8192,
		.keepalive_timeout = 300,
		.timeout_secs = 300,
		.foreign_loops = loops,
		.options = LWS_SERVER_OPTION_LIBEV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS};
	struct lws_vhost *vhost;

	fake.options = *options;
	fake.dice = options->seed * 2654435761u + 88172645463325252u;
	snprintf(fake.standing, sizeof fake.standing, "normal");
	buf_init(&fake.log, FAKE_REQUEST_BYTES);
	lws_set_log_level(LLL_ERR, NULL);
	if (options->cert) {
		info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
		info.ssl_cert_filepath = options->cert;
		info.ssl_private_key_filepath = options->key;
		info.alpn = "h2,http/1.1";
	}
	context = lws_create_context(&info);
	vhost = context ? lws_create_vhost(context, &info) : NULL;
	if (!vhost) {
		fprintf(stderr, "fake-model: cannot listen on port %d\n", options->port);
		return EXIT_FAILURE;
	}
	watch_signals(loop);
	printf("listening %d\n", lws_get_vhost_listen_port(vhost));
	fflush(stdout);
	sd_notifyf(0, "READY=1\nSTATUS=listening on port %d", lws_get_vhost_listen_port(vhost));
	ev_run(loop, 0);
	lws_context_destroy(context);
	buf_finish(&fake.log);
	return EXIT_SUCCESS;
}
