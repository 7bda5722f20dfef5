/* SPDX-License-Identifier: ISC
 *
 * dispatch.c - from a request that is all here to its handler: who asks, may they, how often, and is the body JSON.
 *
 * Each step answers and stops, or goes on to the next; an API key that is not cached is the one step that waits.
 */
#include "http.h"

#include "access.h"
#include "admit.h"
#include "common/base/clock.h"
#include "counters.h"
#include "json_in.h"
#include "lws_shim.h"
#include "ops.h"
#include "live.h"
#include "ratelimit.h"

static void call_handler(struct request *r)
{
	if (!r->route->handler)
		request_problem(r, PROBLEM_NOT_BUILT, "This version does not have %s %s.", method_name(r->route->method),
			r->route->pattern);
	else
		r->route->handler(r);
}

static bool is_json(struct slice content_type)
{
	struct slice type = content_type;
	const char *end = content_type.n ? memchr(content_type.p, ';', content_type.n) : NULL;

	if (end)
		type.n = (size_t)(end - type.p);
	while (type.n && (type.p[type.n - 1] == ' ' || type.p[type.n - 1] == '\t'))
		type.n--;
	return slice_eq_nocase(type, SLICE("application/json"));
}

/* False when it was answered that it is not of the kind that we take (RFC 9110, 15.5.16). */
static bool check_media(struct request *r)
{
	struct slice encoding = r->headers.content_encoding;

	if (!is_json(r->headers.content_type)) {
		request_problem(r, PROBLEM_MEDIA_TYPE, "Send the body as JSON, with the header Content-Type: application/json.");
		return false;
	}
	if (encoding.n == 0 || slice_eq_nocase(encoding, SLICE("identity")))
		return true;
	request_header(r, "Accept-Encoding", "identity");
	request_problem(r, PROBLEM_MEDIA_TYPE, "Send the body as it is, without the header Content-Encoding: it is not unpacked.");
	return false;
}

/* False when the body was answered for. */
static bool parse_body(struct request *r)
{
	const char *why;
	size_t at;

	if (r->route->body == BODY_NONE || (r->route->body == BODY_JSON_OPTIONAL && r->body.n == 0) || !r->route->handler)
		return true;
	if (!check_media(r))
		return false;
	r->json = json_read(r->body, &why, &at);
	if (r->json)
		return true;
	request_problem(r, PROBLEM_MALFORMED, "The body is not JSON: %s, at byte %zu.", why, at);
	return false;
}

static void refuse_rate(struct request *r, const char *who, const struct ratelimit_answer *a)
{
	request_header(r, "Retry-After", "%llu", (unsigned long long)a->retry_after_s);
	request_problem(r, PROBLEM_RATE, "%s may send %llu requests a second.", who, (unsigned long long)a->limit);
}

/* Takes one from the network address' bucket. False when the request was answered with 429. */
static bool check_address(struct exchange *x)
{
	struct ratelimit_answer a = {.allowed = true};

	if (x->conn && !x->conn->is_ops)
		a = admit_request(x->r.gw->admit, &x->conn->address, x->r.received_ns);
	if (a.allowed)
		return true;
	counter_add(COUNTER_ADDRESS_LIMITED, 1);
	refuse_rate(&x->r, "A network address", &a);
	return false;
}

/* Takes one from the caller's bucket. False when the request was answered with 429. */
static bool check_rate(struct request *r)
{
	struct ratelimit_answer a = ratelimit_take(r->gw->user_rate, &r->who.user_id, 1, r->received_ns);

	request_header(r, "RateLimit-Policy", "\"user\";q=%llu;w=1", (unsigned long long)a.limit);
	request_header(r, "RateLimit", "\"user\";r=%llu;t=%llu", (unsigned long long)a.remaining,
		(unsigned long long)a.reset_s);
	if (a.allowed)
		return true;
	counter_add(COUNTER_RATE_LIMITED, 1);
	refuse_rate(r, "You", &a);
	return false;
}

static void refuse_caller(struct request *r, enum access_verdict verdict)
{
	static const char *const details[ACCESS_VERDICTS] = {
		[ACCESS_MISSING] = "No access token or API key was sent.",
		[ACCESS_FORGED] = "The access token or API key is not one of ours, or was revoked.",
		[ACCESS_EXPIRED] = "The access token expired: refresh it.",
	};

	if (verdict == ACCESS_UNAVAILABLE) {
		request_problem(r, PROBLEM_UNAVAILABLE, "The database does not answer now.");
		return;
	}
	request_header(r, "WWW-Authenticate", "%s", access_challenge(verdict));
	request_problem(r, PROBLEM_UNAUTHENTICATED, "%s", details[verdict]);
}

static void with_caller(struct request *r, enum access_verdict verdict)
{
	if (verdict != ACCESS_GOOD)
		refuse_caller(r, verdict);
	else if (r->route->need == NEED_OPERATOR && !r->who.is_operator)
		request_problem(r, PROBLEM_FORBIDDEN, "This is for operators.");
	else if (check_rate(r) && parse_body(r))
		call_handler(r);
}

static void on_key(enum access_verdict verdict, const struct identity *who, void *arg)
{
	struct request *r = arg;

	if (verdict == ACCESS_GOOD)
		r->who = *who;
	if (request_is_open(r))
		with_caller(r, verdict);
	request_release(r);
}

static void find_caller(struct request *r)
{
	struct slice credential = access_bearer(r->headers.authorization);
	enum access_verdict verdict = access_check(r->gw->access, credential, &r->who);

	if (verdict != ACCESS_PENDING) {
		with_caller(r, verdict);
		return;
	}
	request_hold(r);
	access_key(r->gw->access, credential, on_key, r);
}

static void answer_options(struct exchange *x)
{
	char text[64] = "";

	for (enum method m = 0; m < METHOD_COUNT; m++)
		if (x->allow & 1u << m || m == METHOD_OPTIONS)
			snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", text[0] ? ", " : "", method_name(m));
	request_header(&x->r, "Allow", "%s", text);
	request_answer(&x->r, 204, NULL, (struct slice){0});
}

void dispatch(struct exchange *x)
{
	struct request *r = &x->r;

	x->phase = EXCHANGE_AT_WORK;
	r->body = buf_view(&x->body);
	if (!check_address(x))
		return;
	if (r->method == METHOD_OPTIONS)
		answer_options(x);
	else if (r->route->need == NEED_USER || r->route->need == NEED_OPERATOR)
		find_caller(r);
	else if (parse_body(r))
		call_handler(r);
}

/* The next of a comma-separated list, without the blanks around it. */
static struct slice next_of(struct slice *left)
{
	const char *comma = memchr(left->p, ',', left->n);
	struct slice one = {left->p, comma ? (size_t)(comma - left->p) : left->n};

	*left = comma ? slice_of(comma + 1, left->n - one.n - 1) : (struct slice){0};
	while (one.n && (*one.p == ' ' || *one.p == '\t'))
		one = slice_of(one.p + 1, one.n - 1);
	while (one.n && (one.p[one.n - 1] == ' ' || one.p[one.n - 1] == '\t'))
		one.n--;
	return one;
}

/* The subprotocols that a client offers: "cleanerctx.v1", and a browser's token as "bearer.<JWT>". */
struct offer {
	struct slice token;  /* empty when there is none */
	bool ours, anothers; /* a name that we know; one that we do not */
};

static struct offer read_offer(struct slice left)
{
	struct offer offer = {0};

	while (left.n > 0) {
		struct slice one = next_of(&left);

		if (one.n > 7 && strncasecmp(one.p, "bearer.", 7) == 0)
			offer.token = offer.token.n ? offer.token : slice_of(one.p + 7, one.n - 7);
		else if (slice_eq(one, SLICE("cleanerctx.v1")))
			offer.ours = true;
		else if (one.n)
			offer.anothers = true;
	}
	return offer;
}

static bool asks_for_upgrade(struct lws *wsi)
{
	char connection[128] = "";
	int n = lws_hdr_copy(wsi, connection, sizeof connection, WSI_TOKEN_CONNECTION);
	struct slice left = {connection, n > 0 ? (size_t)n : 0};

	while (left.n > 0)
		if (slice_eq_nocase(next_of(&left), SLICE("upgrade")))
			return true;
	return false;
}

/* What libwebsockets would close the connection for without a word; NULL when there is nothing. */
static const char *upgrade_lacks(struct lws *wsi, const struct offer *offer)
{
	int key = lws_hdr_total_length(wsi, WSI_TOKEN_KEY);

	if (!asks_for_upgrade(wsi))
		return "A WebSocket needs the header Connection: Upgrade; a proxy on the way may have taken it out.";
	if (key == 0 || key >= 128 || !lws_hdr_total_length(wsi, WSI_TOKEN_HOST))
		return "A WebSocket needs the headers Host and Sec-WebSocket-Key.";
	if (offer->anothers && !offer->ours)
		return "The one subprotocol here is cleanerctx.v1.";
	return NULL;
}

bool dispatch_upgrade(struct exchange *x)
{
	static char offered[HTTP_HEADER_BYTES]; /* one thread; the key in it is copied by ws_established */
	struct request *r = &x->r;
	struct slice credential = access_bearer(r->headers.authorization);
	int n = lws_shim_subprotocols(x->conn->wsi, offered, sizeof offered);
	struct offer offer = read_offer(slice_of(offered, n > 0 ? (size_t)n : 0));
	const char *lacks = upgrade_lacks(x->conn->wsi, &offer);
	enum access_verdict verdict;

	x->phase = EXCHANGE_AT_WORK;
	if (r->route->handler != ws_get) {
		request_problem(r, PROBLEM_NOT_FOUND, "There is no WebSocket at this path.");
		return false;
	}
	if (!check_address(x))
		return false;
	if (!cors_allows(r)) {
		request_problem(r, PROBLEM_FORBIDDEN, "Pages of this origin may not open a WebSocket here.");
		return false;
	}
	if (lacks) {
		request_problem(r, PROBLEM_MALFORMED, "%s", lacks);
		return false;
	}
	if (credential.n == 0)
		credential = offer.token;
	verdict = access_check(r->gw->access, credential, &r->who);
	if (verdict != ACCESS_GOOD && verdict != ACCESS_PENDING) {
		refuse_caller(r, verdict);
		return false;
	}
	if (verdict == ACCESS_GOOD && !(check_rate(r) && live_user_has_room(r)))
		return false;
	x->conn->who = r->who;
	x->conn->pending_key = verdict == ACCESS_PENDING ? credential : (struct slice){0};
	return true;
}
