/* SPDX-License-Identifier: ISC
 *
 * http_read.c - a request out of libwebsockets' header table, and its body out of the pieces that come.
 *
 * What RFC 9112 calls ambiguous is refused: two framings, a length that is no number, a transfer coding but chunked. A
 * request that is refused while its body is on the way is answered after a short body was read over, or at once and with
 * the connection closed (http.h: HTTP_DRAIN_BYTES).
 */
#include "http.h"

#include "common/base/xalloc.h"

enum { TEXT_BYTES = 2 * HTTP_HEADER_BYTES, PIECE_BYTES = HTTP_HEADER_BYTES };

static const struct {
	enum lws_token_indexes token;
	enum method method;
} methods[] = {
	{WSI_TOKEN_GET_URI, METHOD_GET}, {WSI_TOKEN_POST_URI, METHOD_POST}, {WSI_TOKEN_PUT_URI, METHOD_PUT},
	{WSI_TOKEN_PATCH_URI, METHOD_PATCH}, {WSI_TOKEN_DELETE_URI, METHOD_DELETE}, {WSI_TOKEN_OPTIONS_URI, METHOD_OPTIONS},
	{WSI_TOKEN_HEAD_URI, METHOD_HEAD},
};

static enum method read_method(struct lws *wsi)
{
	for (size_t i = 0; i < countof(methods); i++)
		if (lws_hdr_total_length(wsi, methods[i].token))
			return methods[i].method;
	return METHOD_COUNT;
}

/* Where a request's text is put together, before it moves to an exchange's own memory of just its size. One thread. */
static struct {
	char p[TEXT_BYTES];
	size_t n;
	bool overflow;
} text;

/* Copies n bytes and a NUL. */
static struct slice keep(const char *p, size_t n)
{
	struct slice s = {text.p + text.n, n};

	if (n + 1 > sizeof text.p - text.n) {
		text.overflow = true;
		return (struct slice){0};
	}
	memcpy(text.p + text.n, p, n);
	text.p[text.n + n] = '\0';
	text.n += n + 1;
	return s;
}

static void move_slice(struct slice *s, char *to)
{
	if (s->p)
		s->p = to + (s->p - text.p);
}

static void move_text(struct exchange *x)
{
	struct slice *headers = (struct slice *)&x->r.headers;

	x->text = xmemdup(text.p, text.n ? text.n : 1);
	move_slice(&x->r.path, x->text);
	move_slice(&x->r.query, x->text);
	move_slice(&x->r.params.name, x->text);
	for (size_t i = 0; i < sizeof x->r.headers / sizeof *headers; i++)
		move_slice(&headers[i], x->text);
}

static struct slice known_header(struct lws *wsi, enum lws_token_indexes token)
{
	static char piece[PIECE_BYTES + 1]; /* one thread */
	int n = lws_hdr_copy(wsi, piece, sizeof piece, token);

	return n > 0 ? keep(piece, (size_t)n) : (struct slice){0};
}

static struct slice other_header(struct lws *wsi, const char *name_and_colon)
{
	static char piece[PIECE_BYTES + 1];
	int n = lws_hdr_custom_copy(wsi, piece, sizeof piece, name_and_colon, (int)strlen(name_and_colon));

	while (n > 0 && (piece[n - 1] == ' ' || piece[n - 1] == '\t'))
		n--;
	return n > 0 ? keep(piece, (size_t)n) : (struct slice){0};
}

/* The query's parameters, decoded, each "name=value" and a NUL. */
static struct slice read_query(struct lws *wsi)
{
	char piece[2048];
	size_t from = text.n;
	int n;

	for (int i = 0; (n = lws_hdr_copy_fragment(wsi, piece, sizeof piece, WSI_TOKEN_HTTP_URI_ARGS, i)) >= 0; i++)
		keep(piece, (size_t)n);
	return slice_of(text.p + from, text.n - from);
}

/* X-Request-Id when it is short and visible, else one of ours. */
static void name_request(struct request *r)
{
	struct slice given = r->headers.request_id;
	struct uuid id;

	for (size_t i = 0; i < given.n; i++)
		if (given.p[i] < 0x21 || given.p[i] > 0x7E)
			given.n = 0;
	if (given.n > 0 && given.n < sizeof r->id) {
		memcpy(r->id, given.p, given.n);
		return;
	}
	id = uuid_v7();
	uuid_text(&id, r->id);
}

static bool lower_hex(const char *p, size_t n)
{
	bool zero = true;

	for (size_t i = 0; i < n; i++) {
		if (!((p[i] >= '0' && p[i] <= '9') || (p[i] >= 'a' && p[i] <= 'f')))
			return false;
		zero = zero && p[i] == '0';
	}
	return !zero;
}

/* W3C Trace Context, 3.2: version 00 is 55 characters. What is no such thing is replaced by a trace of our own. */
static void trace_request(struct request *r)
{
	struct slice t = r->headers.traceparent;
	struct uuid trace = uuid_v7(), span = uuid_v7();
	char made[56];
	int n = 0;

	if (t.n == 55 && memcmp(t.p, "00-", 3) == 0 && t.p[35] == '-' && t.p[52] == '-' && lower_hex(t.p + 3, 32) &&
		lower_hex(t.p + 36, 16) && (lower_hex(t.p + 53, 2) || memcmp(t.p + 53, "00", 2) == 0))
		return;
	n = snprintf(made, sizeof made, "00-");
	for (size_t i = 0; i < sizeof trace.b; i++)
		n += snprintf(made + n, sizeof made - (size_t)n, "%02x", trace.b[i]);
	n += snprintf(made + n, sizeof made - (size_t)n, "-");
	for (size_t i = 8; i < sizeof span.b; i++)
		n += snprintf(made + n, sizeof made - (size_t)n, "%02x", span.b[i]);
	snprintf(made + n, sizeof made - (size_t)n, "-00");
	r->headers.traceparent = keep(made, 55);
}

static void read_known(struct exchange *x, struct lws *wsi)
{
	struct request_headers *h = &x->r.headers;

	h->authorization = known_header(wsi, WSI_TOKEN_HTTP_AUTHORIZATION);
	h->content_type = known_header(wsi, WSI_TOKEN_HTTP_CONTENT_TYPE);
	h->content_encoding = known_header(wsi, WSI_TOKEN_HTTP_CONTENT_ENCODING);
	h->origin = known_header(wsi, WSI_TOKEN_ORIGIN);
	h->host = known_header(wsi, WSI_TOKEN_HOST);
	h->if_match = known_header(wsi, WSI_TOKEN_HTTP_IF_MATCH);
	h->idempotency_key = other_header(wsi, "idempotency-key:");
	h->prefer = other_header(wsi, "prefer:");
	h->traceparent = other_header(wsi, "traceparent:");
	h->last_event_id = other_header(wsi, "last-event-id:");
	h->request_id = other_header(wsi, "x-request-id:");
	name_request(&x->r);
	trace_request(&x->r);
	x->preflight = other_header(wsi, "access-control-request-method:").n > 0;
}

static bool all_digits(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n > 0 && s.n < 16;
}

static bool refuse_and_close(struct exchange *x, const char *why)
{
	x->close_after = x->linger = true;
	exchange_refuse(x, PROBLEM_MALFORMED, "%s", why);
	return false;
}

/* How the body comes (RFC 9112, 6). Sets close_after where libwebsockets cannot find the next request's beginning. */
static bool read_framing(struct exchange *x, struct lws *wsi)
{
	struct slice length = known_header(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH);
	struct slice coding = known_header(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING);
	struct slice connection = known_header(wsi, WSI_TOKEN_CONNECTION);
	struct slice version = known_header(wsi, WSI_TOKEN_HTTP);
	bool takes_body = x->r.method == METHOD_POST || x->r.method == METHOD_PUT || x->r.method == METHOD_PATCH;

	x->http11 = slice_eq(version, SLICE("HTTP/1.1"));
	x->close_after = slice_eq_nocase(connection, SLICE("close")) ||
		(!x->http11 && !slice_eq_nocase(connection, SLICE("keep-alive"))) || http_is_draining(x->conn->http);
	if (coding.n && length.n)
		return refuse_and_close(x, "The request has both Content-Length and Transfer-Encoding.");
	if (coding.n && (!x->http11 || !slice_eq_nocase(coding, SLICE("chunked"))))
		return refuse_and_close(x, "The only Transfer-Encoding known here is chunked.");
	if (length.n && !all_digits(length))
		return refuse_and_close(x, "Content-Length is not a number.");
	if (coding.n && !takes_body)
		return refuse_and_close(x, "A chunked body does not go with this method.");
	if (takes_body && !length.n)
		x->close_after = true; /* libwebsockets takes all that follows for the body */
	x->chunked_in = coding.n > 0;
	for (size_t i = 0; i < length.n; i++)
		x->body_declared = x->body_declared * 10 + (uint64_t)(length.p[i] - '0');
	x->body_done = x->body_declared == 0 && !x->chunked_in;
	return true;
}

static void continue_if_asked(struct exchange *x, struct lws *wsi)
{
	char out[LWS_PRE + 32] = "";
	static const char line[] = "HTTP/1.1 100 Continue\r\n\r\n";

	if (!x->http11 || !lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_EXPECT) || (x->body_declared == 0 && !x->chunked_in))
		return;
	memcpy(out + LWS_PRE, line, sizeof line - 1);
	if (lws_write(wsi, (unsigned char *)out + LWS_PRE, sizeof line - 1, LWS_WRITE_HTTP_HEADERS) < 0)
		x->close_after = true;
}

/* The route, and what can be said before the body is here. */
static bool read_route(struct exchange *x)
{
	unsigned allow;
	enum route_match match = route_match(routes, route_count, x->r.method, x->r.path, &x->r.route, &x->r.params, &allow);

	if (match == ROUTE_FOUND && http_has_ops(x->conn->http) && (x->r.route->need == NEED_OPS) != x->conn->is_ops)
		match = ROUTE_UNKNOWN;
	x->allow = allow;
	if (match == ROUTE_UNKNOWN)
		exchange_refuse(x, PROBLEM_NOT_FOUND, "There is nothing at this path.");
	else if (match == ROUTE_OTHER_METHOD && x->r.method != METHOD_OPTIONS)
		exchange_refuse(x, PROBLEM_METHOD_NOT_ALLOWED, "This path does not have the method %s.",
			method_name(x->r.method));
	else
		return true;
	return false;
}

static bool read_size(struct exchange *x)
{
	size_t limit = x->r.route ? x->r.route->body_limit : LIMIT_BODY_BYTES;

	buf_init(&x->body, limit);
	if (x->body_declared <= limit)
		return true;
	exchange_refuse(x, PROBLEM_TOO_LARGE, "The body may be %zu bytes; it is %llu.", limit,
		(unsigned long long)x->body_declared);
	return false;
}

static bool read_all(struct exchange *x, struct lws *wsi, struct slice path)
{
	x->r.method = read_method(wsi);
	x->head_only = x->r.method == METHOD_HEAD;
	x->r.path = keep(path.p, path.n);
	x->r.query = read_query(wsi);
	read_known(x, wsi);
	if (x->r.method == METHOD_COUNT)
		return refuse_and_close(x, "The request has no known method.");
	if (!read_framing(x, wsi))
		return false;
	if (text.overflow)
		return refuse_and_close(x, "The headers are too large.");
	if (!read_route(x) || !read_size(x)) {
		if (x->body_declared > HTTP_DRAIN_BYTES || x->chunked_in || lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_EXPECT))
			x->close_after = x->linger = true;
		return false;
	}
	continue_if_asked(x, wsi);
	return true;
}

bool http_read_headers(struct exchange *x, struct lws *wsi, struct slice path)
{
	bool ok;

	text.n = 0;
	text.overflow = false;
	ok = read_all(x, wsi, path);
	move_text(x);
	return ok;
}

bool http_read_body(struct exchange *x, struct slice bytes)
{
	if (x->chunked_in) {
		if (!dechunk_feed(&x->dechunk, bytes, &x->body))
			return !refuse_and_close(x, "The chunked body is broken.");
	} else {
		buf_slice(&x->body, bytes);
	}
	if (x->body.overflow) {
		x->close_after = x->linger = true;
		exchange_refuse(x, PROBLEM_TOO_LARGE, "The body may be %zu bytes; it is longer.", x->body.max);
		return true;
	}
	return x->chunked_in && x->dechunk.state == DECHUNK_DONE;
}
