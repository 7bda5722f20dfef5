/* SPDX-License-Identifier: ISC
 *
 * tokens.h - access tokens (JWT, HS256 and nothing else) and refresh tokens (opaque). API keys: apikey.h.
 *
 * Pure: no socket, no store; the clock is given. A key's id (kid) is made of its secret's hash, so that a rotation is: the
 * old secret into jwt_secret_previous, a new one into jwt_secret. A refresh token's successor is an HMAC of it under the
 * secret: whoever shows the token just replaced gets the same successor, and nothing but hashes is stored.
 */
#ifndef CC_GATEWAY_TOKENS_H
#define CC_GATEWAY_TOKENS_H

#include "common/base/attr.h"
#include "common/base/uuid.h"

#include <stdint.h>

enum {
	TOKEN_SECRET_BYTES_MIN = 32,      /* RFC 7518 3.2: an HS256 key is at least as long as the hash */
	TOKEN_KID_BYTES = 17,             /* 16 hex digits and the NUL */
	TOKEN_REFRESH_BYTES = 3 + 43 + 1, /* "cr_", base64url of 32 bytes, NUL */
	TOKEN_ACCESS_S = 3600,            /* api.md: 1 h */
	TOKEN_REFRESH_S = 30 * 24 * 3600, /* a month without a visit ends a session */
	TOKEN_GRACE_S = 30,               /* api.md: the token just replaced works on */
	TOKEN_ACCESS_BYTES_MAX = 2048,    /* refuses what no token of ours is before any work */
};

struct token_key {
	char kid[TOKEN_KID_BYTES]; /* "": no such key */
	char *secret;              /* owned; NULL: no such key */
	size_t secret_bytes;
};

struct tokens {
	struct token_key current, previous;
};

enum token_verdict { TOKEN_GOOD, TOKEN_FORGED, TOKEN_EXPIRED };

struct token_claims {
	struct uuid user_id;
	bool is_operator;
	int64_t expires_s; /* Unix time; set by token_make */
};

/* Copies the secrets; previous may be NULL or empty. */
void tokens_init(struct tokens *t, const char *secret, const char *previous);
void tokens_finish(struct tokens *t);

/* A signed access token that ends TOKEN_ACCESS_S after now; the caller frees it. Never NULL. */
char *token_make(const struct tokens *t, struct token_claims *claims, int64_t now_s);
enum token_verdict token_read(const struct tokens *t, struct slice token, int64_t now_s, struct token_claims *out);

/* A new random refresh token, and whether text has the form of one. */
void token_refresh_make(char out[TOKEN_REFRESH_BYTES]);
bool token_refresh_looks_like_one(struct slice token);

/* The refresh token that takes this one's place. Under the key before the last rotation when `previous`: "" without one. */
void token_successor(const struct tokens *t, bool previous, struct slice token, char out[TOKEN_REFRESH_BYTES]);

/* SHA-256 as PostgreSQL's bytea text: "\x" and 64 hex digits, NUL-terminated. */
enum { TOKEN_HASH_TEXT_BYTES = 2 + 64 + 1 };
void token_hash_text(struct slice bytes, char out[TOKEN_HASH_TEXT_BYTES]);

#endif
