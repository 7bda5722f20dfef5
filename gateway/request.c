/* SPDX-License-Identifier: ISC
 *
 * request.c - answers composed into bytes, and an exchange's life (request.h, http.h). Touches no socket.
 */
#include "http.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/utf8.h"
#include "common/base/xalloc.h"
#include "common/service/timings.h"
#include "counters.h"

#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

static struct exchange *exchange_of(const struct request *r)
{
	return (struct exchange *)(uintptr_t)r; /* its first member */
}

static void on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct exchange *x = w->data;

	if (x->on_timer)
		x->on_timer(&x->r);
}

struct exchange *exchange_create(struct gateway *gw, struct conn *conn)
{
	struct exchange *x = xcalloc(1, sizeof *x);

	x->r.gw = gw;
	x->r.received_ns = clock_mono_ns();
	x->r.received_at = clock_wall_us();
	x->conn = conn;
	x->holds = 1; /* the connection's */
	buf_init(&x->headers, REQUEST_HEADER_BYTES);
	buf_init(&x->body, 0);
	buf_init(&x->out, HTTP_ANSWER_BYTES);
	ev_timer_init(&x->timer, on_timer, 0, 0);
	x->timer.data = x;
	return x;
}

void exchange_free(struct exchange *x)
{
	if (x->before_answer) /* nobody ever answered */
		x->before_answer(&x->r, 0, (struct slice){0});
	ev_timer_stop(x->r.gw->loop, &x->timer);
	cJSON_Delete(x->r.json);
	buf_finish(&x->headers);
	buf_finish(&x->body);
	buf_finish(&x->out);
	free(x->before_answer_arg);
	free(x->text);
	free(x);
}

void exchange_gone(struct exchange *x)
{
	bool unanswered = x->phase < EXCHANGE_ANSWERED || x->phase == EXCHANGE_STREAMING;

	x->phase = EXCHANGE_GONE;
	x->conn = NULL;
	x->on_timer = NULL;
	ev_timer_stop(x->r.gw->loop, &x->timer);
	buf_finish(&x->out);
	if (unanswered && x->r.on_gone)
		x->r.on_gone(&x->r);
	request_release(&x->r);
}

void request_hold(struct request *r)
{
	exchange_of(r)->holds++;
}

void request_release(struct request *r)
{
	struct exchange *x = exchange_of(r);

	if (--x->holds == 0)
		http_bury(x);
}

bool request_is_open(const struct request *r)
{
	return exchange_of(r)->phase < EXCHANGE_ANSWERED;
}

void request_header(struct request *r, const char *name, const char *fmt, ...)
{
	struct exchange *x = exchange_of(r);
	size_t before = x->headers.n, value;
	va_list args;
	char text[1024];
	int n;

	va_start(args, fmt);
	n = vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof text || strpbrk(text, "\r\n"))
		return;
	buf_str(&x->headers, name);
	buf_str(&x->headers, ": ");
	value = x->headers.n;
	buf_str(&x->headers, text);
	buf_str(&x->headers, "\r\n");
	if (x->headers.overflow) {
		x->headers.overflow = false;
		x->headers.n = before;
		return;
	}
	if (strcmp(name, "Retry-After") == 0)
		x->has_retry_after = value > before;
}

static const char *reason_of(int status)
{
	static const struct {
		int status;
		const char *reason;
	} reasons[] = {{200, "OK"}, {201, "Created"}, {202, "Accepted"}, {204, "No Content"}, {304, "Not Modified"}};

	for (size_t i = 0; i < countof(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	for (size_t i = 0; i < PROBLEM_COUNT; i++)
		if (problems[i].status == status)
			return problems[i].title;
	return "Unknown";
}

static void write_date(struct buf *out)
{
	static time_t at; /* the text is made once a second */
	static char text[64];
	time_t now = time(NULL);
	struct tm tm;

	if (now != at) {
		at = now;
		gmtime_r(&now, &tm);
		strftime(text, sizeof text, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm);
	}
	buf_str(out, text);
}

static void write_stages(const struct exchange *x, struct buf *out)
{
	buf_str(out, "Server-Timing: ");
	for (size_t i = 0; i < x->stages; i++)
		if (strcmp(x->stage[i].name, "total") != 0)
			buf_printf(out, "%s;dur=%.3f, ", x->stage[i].name, (double)x->stage[i].ns / 1e6);
	buf_printf(out, "total;dur=%.3f\r\n", (double)(clock_mono_ns() - x->r.received_ns) / 1e6);
}

/* The status line and headers, from LWS_PRE on, where http.c sends them from. */
static void write_head(struct exchange *x, int status, const char *content_type)
{
	static const char room[LWS_PRE];
	struct buf *out = &x->out;

	x->status = status;
	cors_headers(x);
	buf_append(out, room, sizeof room);
	x->sent = LWS_PRE;
	buf_printf(out, "HTTP/1.1 %d %s\r\n", status, reason_of(status));
	write_date(out);
	if (content_type)
		buf_printf(out, "Content-Type: %s\r\n", content_type);
	buf_str(out, "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n"
		     "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n");
	if (x->r.id[0])
		buf_printf(out, "X-Request-Id: %s\r\n", x->r.id);
	buf_slice(out, buf_view(&x->headers));
	write_stages(x, out);
	if (x->close_after)
		buf_str(out, "Connection: close\r\n");
	else if (!x->http11)
		buf_str(out, "Connection: keep-alive\r\n");
}

static void account(struct exchange *x)
{
	uint64_t took = clock_mono_ns() - x->r.received_ns;

	counter_add((enum counter)(COUNTER_HTTP_2XX + (x->status >= 300) + (x->status >= 400) + (x->status >= 500)), 1);
	counter_add(COUNTER_HTTP_SECONDS, took);
	if (x->r.route && x->r.route->metric != METRIC_COUNT && x->status < 500)
		timing_ns(x->r.route->metric, took);
	log_debug("http.answered", "id=%s trace=%.*s method=%s route=%s status=%d ms=%.3f", x->r.id,
		(int)x->r.headers.traceparent.n, x->r.headers.traceparent.p ? x->r.headers.traceparent.p : "",
		x->r.method < METHOD_COUNT ? method_name(x->r.method) : "?", x->r.route ? x->r.route->pattern : "-",
		x->status, (double)took / 1e6);
}

void request_answer(struct request *r, int status, const char *content_type, struct slice body)
{
	struct exchange *x = exchange_of(r);

	if (x->before_answer) {
		void (*hook)(struct request *, int, struct slice) = x->before_answer;

		x->before_answer = NULL;
		hook(r, status, body);
	}
	if (x->phase >= EXCHANGE_ANSWERED)
		return; /* the client is gone: nobody to tell */
	write_head(x, status, status == 204 ? NULL : content_type);
	if (status != 204 && status != 304)
		buf_printf(&x->out, "Content-Length: %zu\r\n", body.n);
	buf_str(&x->out, "\r\n");
	if (!x->head_only && status != 204 && status != 304)
		buf_slice(&x->out, body);
	if (x->out.overflow)
		bug("an answer is larger than any handler may make");
	x->phase = EXCHANGE_ANSWERED;
	x->on_timer = NULL;
	account(x);
	http_wants_write(x);
}

void request_json(struct request *r, int status, const struct buf *json)
{
	if (json->overflow)
		request_problem(r, PROBLEM_INTERNAL, "The answer grew over its limit.");
	else
		request_answer(r, status, "application/json", buf_view(json));
}

static void answer_problem(struct request *r, enum problem problem, const char *detail, const struct invalid *errors)
{
	struct exchange *x = exchange_of(r);
	struct buf json;

	if (problems[problem].retry_after_s && !x->has_retry_after)
		request_header(r, "Retry-After", "%d", problems[problem].retry_after_s);
	if (problem == PROBLEM_INTERNAL)
		log_error("http.internal", "id=%s route=%s", r->id, r->route ? r->route->pattern : "-");
	buf_init(&json, HTTP_HEADER_BYTES * 2);
	problem_write_json(&json, problem, slice_str(detail), utf8_valid(r->path, NULL) ? r->path : (struct slice){0},
		slice_str(r->id), errors);
	request_answer(r, problems[problem].status, "application/problem+json", buf_view(&json));
	buf_finish(&json);
}

void request_problem(struct request *r, enum problem problem, const char *fmt, ...)
{
	char detail[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(detail, sizeof detail, fmt, args);
	va_end(args);
	answer_problem(r, problem, detail, NULL);
}

void request_invalid(struct request *r, const struct invalid *errors)
{
	answer_problem(r, PROBLEM_INVALID, errors->count == 1 ? "One member is not as it must be." :
		"Several members are not as they must be.", errors);
}

static void allow_header(struct exchange *x)
{
	char text[64] = "";

	for (enum method m = 0; m < METHOD_COUNT; m++)
		if (x->allow & 1u << m)
			snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", text[0] ? ", " : "", method_name(m));
	request_header(&x->r, "Allow", "%s", text);
}

void exchange_refuse(struct exchange *x, enum problem problem, const char *fmt, ...)
{
	char detail[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(detail, sizeof detail, fmt, args);
	va_end(args);
	if (problem == PROBLEM_METHOD_NOT_ALLOWED)
		allow_header(x);
	answer_problem(&x->r, problem, detail, NULL);
}

void request_stream_begin(struct request *r, const char *content_type)
{
	struct exchange *x = exchange_of(r);

	if (x->phase >= EXCHANGE_ANSWERED)
		return;
	x->close_after = x->close_after || !x->http11;
	write_head(x, 200, content_type);
	if (x->http11)
		buf_str(&x->out, "Transfer-Encoding: chunked\r\n");
	buf_str(&x->out, "X-Accel-Buffering: no\r\n\r\n");
	x->phase = x->head_only ? EXCHANGE_ANSWERED : EXCHANGE_STREAMING; /* HEAD: that was all of it */
	x->on_timer = NULL;
	account(x);
	http_wants_write(x);
}

size_t request_stream_pending(const struct request *r)
{
	const struct exchange *x = exchange_of(r);

	return x->out.n > x->sent ? x->out.n - x->sent : 0;
}

bool request_stream_write(struct request *r, struct slice bytes)
{
	struct exchange *x = exchange_of(r);

	if (x->phase != EXCHANGE_STREAMING || request_stream_pending(r) + bytes.n > REQUEST_STREAM_BYTES)
		return false;
	if (bytes.n == 0 || x->head_only)
		return true;
	if (x->http11)
		buf_printf(&x->out, "%zx\r\n", bytes.n);
	buf_slice(&x->out, bytes);
	if (x->http11)
		buf_str(&x->out, "\r\n");
	http_wants_write(x);
	return true;
}

void request_stream_end(struct request *r)
{
	struct exchange *x = exchange_of(r);

	if (x->phase != EXCHANGE_STREAMING)
		return;
	if (x->http11 && !x->head_only)
		buf_str(&x->out, "0\r\n\r\n");
	x->phase = EXCHANGE_ANSWERED;
	http_wants_write(x);
}

void request_timer(struct request *r, uint64_t ms, void (*fn)(struct request *r))
{
	struct exchange *x = exchange_of(r);

	ev_timer_stop(r->gw->loop, &x->timer);
	x->on_timer = fn;
	if (!fn || x->phase == EXCHANGE_GONE)
		return;
	ev_timer_set(&x->timer, (double)ms / 1e3, 0);
	ev_timer_start(r->gw->loop, &x->timer);
}

void request_stage(struct request *r, const char *name, uint64_t ns)
{
	struct exchange *x = exchange_of(r);

	if (x->stages < REQUEST_STAGES) {
		x->stage[x->stages].name = name;
		x->stage[x->stages++].ns = ns;
	}
}
