/* SPDX-License-Identifier: ISC
 *
 * tokens.c - see tokens.h.
 */
#include "tokens.h"

#include "common/base/log.h"
#include "common/base/xalloc.h"

#include <jwt.h>
#include <sodium.h>
#include <stdlib.h>

static void key_init(struct token_key *key, const char *secret)
{
	unsigned char hash[crypto_hash_sha256_BYTES];

	*key = (struct token_key){0};
	if (!secret || !*secret)
		return;
	key->secret = xstrdup(secret);
	key->secret_bytes = strlen(secret);
	crypto_hash_sha256(hash, (const unsigned char *)secret, key->secret_bytes);
	sodium_bin2hex(key->kid, sizeof key->kid, hash, (TOKEN_KID_BYTES - 1) / 2);
}

static void key_finish(struct token_key *key)
{
	if (key->secret)
		sodium_memzero(key->secret, key->secret_bytes);
	free(key->secret);
	*key = (struct token_key){0};
}

void tokens_init(struct tokens *t, const char *secret, const char *previous)
{
	key_init(&t->current, secret);
	key_init(&t->previous, previous);
}

void tokens_finish(struct tokens *t)
{
	key_finish(&t->current);
	key_finish(&t->previous);
}

char *token_make(const struct tokens *t, struct token_claims *claims, int64_t now_s)
{
	char user[UUID_TEXT_BYTES];
	jwt_t *jwt;
	char *text;

	claims->expires_s = now_s + TOKEN_ACCESS_S;
	uuid_text(&claims->user_id, user);
	if (jwt_new(&jwt) != 0)
		bug("out of memory for a token");
	if (jwt_add_header(jwt, "kid", t->current.kid) || jwt_add_grant(jwt, "sub", user) ||
		jwt_add_grant(jwt, "role", claims->is_operator ? "operator" : "user") ||
		jwt_add_grant_int(jwt, "iat", now_s) || jwt_add_grant_int(jwt, "exp", claims->expires_s) ||
		jwt_set_alg(jwt, JWT_ALG_HS256, (const unsigned char *)t->current.secret, (int)t->current.secret_bytes))
		bug("a token cannot be composed");
	text = jwt_encode_str(jwt);
	jwt_free(jwt);
	if (!text)
		bug("a token cannot be signed");
	return text;
}

/* Takes the claims out of a token whose signature holds. False when it is not one of ours all the same. */
static bool claims_read(jwt_t *jwt, const struct token_key *key, struct token_claims *out)
{
	const char *kid = jwt_get_header(jwt, "kid");
	const char *user = jwt_get_grant(jwt, "sub");
	const char *role = jwt_get_grant(jwt, "role");

	if (jwt_get_alg(jwt) != JWT_ALG_HS256 || !kid || strcmp(kid, key->kid) != 0)
		return false;
	if (!user || !uuid_parse(slice_str(user), &out->user_id))
		return false;
	out->is_operator = role && strcmp(role, "operator") == 0;
	out->expires_s = jwt_get_grant_int(jwt, "exp");
	return out->expires_s > 0;
}

static bool token_read_with(const struct token_key *key, const char *token, struct token_claims *out)
{
	jwt_t *jwt = NULL;
	bool ok;

	if (!key->secret || jwt_decode(&jwt, token, (const unsigned char *)key->secret, (int)key->secret_bytes) != 0)
		return false;
	ok = claims_read(jwt, key, out);
	jwt_free(jwt);
	return ok;
}

enum token_verdict token_read(const struct tokens *t, struct slice token, int64_t now_s, struct token_claims *out)
{
	char text[TOKEN_ACCESS_BYTES_MAX + 1];

	if (token.n == 0 || token.n > TOKEN_ACCESS_BYTES_MAX || memchr(token.p, '\0', token.n))
		return TOKEN_FORGED;
	memcpy(text, token.p, token.n);
	text[token.n] = '\0';
	if (!token_read_with(&t->current, text, out) && !token_read_with(&t->previous, text, out))
		return TOKEN_FORGED;
	return out->expires_s > now_s ? TOKEN_GOOD : TOKEN_EXPIRED;
}

static void refresh_text(const unsigned char bytes[32], char out[TOKEN_REFRESH_BYTES])
{
	memcpy(out, "cr_", 3);
	sodium_bin2base64(out + 3, TOKEN_REFRESH_BYTES - 3, bytes, 32, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

void token_refresh_make(char out[TOKEN_REFRESH_BYTES])
{
	unsigned char random[32];

	randombytes_buf(random, sizeof random);
	refresh_text(random, out);
}

bool token_refresh_looks_like_one(struct slice token)
{
	return token.n == TOKEN_REFRESH_BYTES - 1 && slice_starts(token, SLICE("cr_"));
}

void token_successor(const struct tokens *t, bool previous, struct slice token, char out[TOKEN_REFRESH_BYTES])
{
	const struct token_key *key = previous ? &t->previous : &t->current;
	static const char purpose[] = "refresh token successor:"; /* keeps these apart from what else the secret signs */
	crypto_auth_hmacsha256_state state;
	unsigned char mac[crypto_auth_hmacsha256_BYTES];

	out[0] = '\0';
	if (!key->secret)
		return;
	crypto_auth_hmacsha256_init(&state, (const unsigned char *)key->secret, key->secret_bytes);
	crypto_auth_hmacsha256_update(&state, (const unsigned char *)purpose, sizeof purpose - 1);
	crypto_auth_hmacsha256_update(&state, (const unsigned char *)token.p, token.n);
	crypto_auth_hmacsha256_final(&state, mac);
	refresh_text(mac, out);
}

void token_hash_text(struct slice bytes, char out[TOKEN_HASH_TEXT_BYTES])
{
	unsigned char hash[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(hash, (const unsigned char *)bytes.p, bytes.n);
	memcpy(out, "\\x", 2);
	sodium_bin2hex(out + 2, TOKEN_HASH_TEXT_BYTES - 2, hash, sizeof hash);
}
