/* SPDX-License-Identifier: ISC
 *
 * problems.h - every error that a client can be told (RFC 9457), in one table: code -> HTTP status -> WebSocket close code
 * -> title -> what to do. `type` is /problems/NAME, which is served and says the same in words.
 */
#ifndef CC_GATEWAY_PROBLEMS_H
#define CC_GATEWAY_PROBLEMS_H

#include "common/base/buf.h"
#include "invalid.h"

/* P(UPPER, name, status, close code or 0, Retry-After seconds or 0, title, advice) */
#define PROBLEM_TABLE(P) \
	P(MALFORMED, "malformed", 400, 0, 0, "Malformed request", \
		"The request or its body is not what HTTP, UTF-8 or JSON say it must be. Mend it before sending it again.") \
	P(UNAUTHENTICATED, "unauthenticated", 401, 4401, 0, "Sign in first", \
		"Send Authorization: Bearer with an access token (POST /api/v1/auth/login) or an API key. WWW-Authenticate says what was wrong.") \
	P(FORBIDDEN, "forbidden", 403, 4403, 0, "Not allowed", "Your account may not do this.") \
	P(NOT_FOUND, "not-found", 404, 0, 0, "Not found", "There is no such thing, or it is not yours.") \
	P(METHOD_NOT_ALLOWED, "method-not-allowed", 405, 0, 0, "Method not allowed", "The Allow header names the methods that this path has.") \
	P(TIMEOUT, "timeout", 408, 0, 0, "Request timeout", "The whole request did not arrive in time.") \
	P(CONFLICT, "conflict", 409, 0, 0, "Conflict", "The state of what you address does not permit this now.") \
	P(PRECONDITION, "precondition-failed", 412, 0, 0, "Stale", "It was changed since you read it: read it again.") \
	P(TOO_LARGE, "too-large", 413, 1009, 0, "Too large", "The body is over the limit that the detail names.") \
	P(MEDIA_TYPE, "unsupported-media-type", 415, 0, 0, "Unsupported media type", "Send Content-Type: application/json.") \
	P(INVALID, "invalid", 422, 0, 0, "Invalid content", "The body is JSON but not what this route takes; errors names each member.") \
	P(KEY_REUSED, "idempotency-key-reused", 422, 0, 0, "Idempotency key reused", "This Idempotency-Key was used for another request: make a new one.") \
	P(UPGRADE, "upgrade-required", 426, 0, 0, "Upgrade required", "This path speaks WebSocket: send an upgrade, with the subprotocol cleanerctx.v1.") \
	P(RATE, "too-many-requests", 429, 1013, 1, "Too many requests", "Wait for the seconds that Retry-After says.") \
	P(HEADERS_TOO_LARGE, "headers-too-large", 431, 0, 0, "Headers too large", "The request's headers are over the limit.") \
	P(INTERNAL, "internal", 500, 1011, 0, "Internal error", "Our fault. Tell us the request_id.") \
	P(NOT_BUILT, "not-built", 501, 0, 0, "Not built yet", "The interface describes it, this version does not have it.") \
	P(UNAVAILABLE, "unavailable", 503, 1013, 1, "Unavailable for now", "Something that we need does not answer. Nothing was done; try again after the seconds that Retry-After says.")

#define PROBLEM_ENUM(UPPER, name, status, close, retry, title, advice) PROBLEM_##UPPER,
enum problem { PROBLEM_TABLE(PROBLEM_ENUM) PROBLEM_COUNT };
#undef PROBLEM_ENUM

struct problem_row {
	const char *name;
	int status, close_code, retry_after_s;
	const char *title, *advice;
};

extern const struct problem_row problems[PROBLEM_COUNT];

/* The problem of that name, or PROBLEM_COUNT. */
enum problem problem_by_name(struct slice name);

/* The problem object. instance (the path) and request_id may be empty and are left out then; errors may be NULL. */
void problem_write_json(struct buf *out, enum problem problem, struct slice detail, struct slice instance,
	struct slice request_id, const struct invalid *errors);

#endif
