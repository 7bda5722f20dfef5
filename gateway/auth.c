/* SPDX-License-Identifier: ISC
 *
 * auth.c - log in, go on, log out (api.md, "Auth").
 *
 * A login reads the user, checks the password off the loop, and stores the hash of a fresh refresh token. An unknown
 * address goes the same way with a hash that nothing matches. A refresh is one transaction (refresh.sql) that replaces
 * the token, gives the same successor again within TOKEN_GRACE_S, or ends the family.
 *
 * Only failed attempts count against login_per_min: of an address of mail, and ten times that of a network address.
 */
#include "auth.h"

#include "common/base/clock.h"
#include "common/base/json_out.h"
#include "common/base/log.h"
#include "common/base/xalloc.h"
#include "counters.h"
#include "http.h"
#include "passwords.h"
#include "ratelimit.h"
#include "shape.h"

#include "login_find.sql.h"
#include "logout.sql.h"
#include "refresh.sql.h"
#include "refresh_lock.sql.h"
#include "session_add.sql.h"
#include "session_tidy.sql.h"
#include "user_get.sql.h"

#include <sodium.h>
#include <stdlib.h>

static const struct pg_stmt find_stmt = {"login_find", login_find_sql, 1};
static const struct pg_stmt session_stmt = {"session_add", session_add_sql, 4};
static const struct pg_stmt tidy_stmt = {"session_tidy", session_tidy_sql, 0};
static const struct pg_stmt lock_stmt = {"refresh_lock", refresh_lock_sql, 1};
static const struct pg_stmt refresh_stmt = {"refresh", refresh_sql, 5};
static const struct pg_stmt logout_stmt = {"logout", logout_sql, 1};
static const struct pg_stmt user_stmt = {"user_get", user_get_sql, 1};

enum { AUTH_JSON_BYTES = 8192, USER_ID = 0, USER_EMAIL, USER_ROLE, USER_CREATED, USER_COLUMNS, LOGIN_HASH = USER_COLUMNS };

static void write_user(struct buf *out, const PGresult *row)
{
	buf_char(out, '{');
	json_kv_str(out, "id", pg_cell(row, 0, USER_ID));
	json_kv_str(out, "email", pg_cell(row, 0, USER_EMAIL));
	json_kv_str(out, "role", pg_cell(row, 0, USER_ROLE));
	json_kv_time(out, "created_at", pg_cell_i64(row, 0, USER_CREATED));
	buf_char(out, '}');
}

/* A row's user as a token's claims. */
static bool claims_of(const PGresult *row, struct token_claims *claims)
{
	claims->is_operator = slice_eq(pg_cell(row, 0, USER_ROLE), SLICE("operator"));
	return pg_cell_uuid(row, 0, USER_ID, &claims->user_id);
}

/* {access_token, refresh_token, token_type, expires_in, user}: user is its object. */
static void answer_session(struct request *r, const struct token_claims *whose, const char *refresh, int64_t issued_s,
	struct slice user)
{
	struct token_claims claims = *whose;
	char *access = token_make(&r->gw->tokens, &claims, issued_s);
	int64_t left_s = claims.expires_s - clock_wall_us() / US_PER_S;
	struct buf json;

	buf_init(&json, AUTH_JSON_BYTES);
	buf_char(&json, '{');
	json_kv_str(&json, "access_token", slice_str(access));
	json_kv_str(&json, "refresh_token", slice_str(refresh));
	json_kv_str(&json, "token_type", SLICE("bearer"));
	json_kv_u64(&json, "expires_in", left_s > 0 ? (uint64_t)left_s : 0);
	json_kv_raw(&json, "user", user);
	buf_char(&json, '}');
	request_json(r, 200, &json);
	buf_finish(&json);
	free(access);
}

/* Logging in. */

struct login {
	struct request *r;
	struct uuid by_email, by_network; /* buckets of failed attempts */
	struct token_claims claims;
	char refresh[TOKEN_REFRESH_BYTES];
	struct buf user;                  /* the user's JSON */
	uint64_t began_ns;
	struct slice password;            /* the request's */
};

static struct login *login_of(struct request *r)
{
	return r->owner;
}

static void login_end(struct request *r)
{
	struct login *login = login_of(r);

	buf_finish(&login->user);
	free(login);
	r->owner = NULL;
}

static void refuse_login(struct request *r)
{
	struct login *login = login_of(r);
	uint64_t now_ns = clock_mono_ns();

	counter_add(COUNTER_LOGIN_WRONG, 1);
	(void)ratelimit_take(r->gw->login_rate, &login->by_email, 1, now_ns);
	(void)ratelimit_take(r->gw->network_rate, &login->by_network, 1, now_ns);
	login_end(r);
	request_header(r, "WWW-Authenticate", "Bearer realm=\"cleanerctx\", error=\"invalid_grant\"");
	request_problem(r, PROBLEM_UNAUTHENTICATED, "The address or the password is wrong.");
}

static void on_session_stored(struct request *r, const struct pg_answer *answer)
{
	struct login *login = login_of(r);

	if (request_pg_ok(r, answer)) {
		counter_add(COUNTER_LOGIN_OK, 1);
		answer_session(r, &login->claims, login->refresh, clock_wall_us() / US_PER_S, buf_view(&login->user));
	}
	login_end(r);
}

static void store_session(struct request *r)
{
	struct login *login = login_of(r);
	struct uuid family = uuid_v7();
	char family_text[UUID_TEXT_BYTES], user_text[UUID_TEXT_BYTES], hash[TOKEN_HASH_TEXT_BYTES], life[16];
	struct slice params[4];
	struct pg_op ops[2] = {{&session_stmt, params}, {&tidy_stmt, NULL}};

	token_refresh_make(login->refresh);
	token_hash_text(slice_str(login->refresh), hash);
	uuid_text(&family, family_text);
	uuid_text(&login->claims.user_id, user_text);
	snprintf(life, sizeof life, "%d", TOKEN_REFRESH_S);
	params[0] = slice_str(hash);
	params[1] = slice_str(family_text);
	params[2] = slice_str(user_text);
	params[3] = slice_str(life);
	request_pg(r, ops, countof(ops), on_session_stored);
}

static void on_checked(bool ok, void *arg)
{
	struct request *r = arg;

	request_stage(r, "argon2", clock_mono_ns() - login_of(r)->began_ns);
	if (ok)
		store_session(r);
	else
		refuse_login(r);
	request_release(r);
}

static void on_user_found(struct request *r, const struct pg_answer *answer)
{
	struct login *login = login_of(r);
	const PGresult *row = answer->results[0];
	bool known;

	if (!request_pg_ok(r, answer)) {
		login_end(r);
		return;
	}
	known = PQntuples(row) == 1 && claims_of(row, &login->claims);
	if (known)
		write_user(&login->user, row);
	login->began_ns = clock_mono_ns();
	request_hold(r);
	if (passwords_check(r->gw->passwords, known ? pg_cell(row, 0, LOGIN_HASH).p : NULL, login->password, on_checked, r))
		return;
	request_release(r);
	login_end(r);
	request_problem(r, PROBLEM_UNAVAILABLE, "Too many are logging in at this moment.");
}

/* False when the caller's failed attempts are over the limit, and said so. */
static bool attempts_left(struct request *r, struct login *login)
{
	uint64_t now_ns = clock_mono_ns();
	struct ratelimit_answer mail = ratelimit_take(r->gw->login_rate, &login->by_email, 0, now_ns);
	struct ratelimit_answer net = ratelimit_take(r->gw->network_rate, &login->by_network, 0, now_ns);
	uint64_t wait = mail.retry_after_s > net.retry_after_s ? mail.retry_after_s : net.retry_after_s;

	if (mail.allowed && net.allowed)
		return true;
	counter_add(COUNTER_LOGIN_LIMITED, 1);
	request_header(r, "Retry-After", "%llu", (unsigned long long)wait);
	request_problem(r, PROBLEM_RATE, "Too many failed attempts to log in.");
	return false;
}

/* Buckets by the address of mail in lower case, and by the network address. */
static void name_buckets(struct request *r, struct slice email, struct login *login)
{
	char text[2 + LOGIN_EMAIL_BYTES + 64];
	int n = snprintf(text, sizeof text, "m:%.*s", (int)email.n, email.p);

	for (int i = 0; i < n; i++)
		if (text[i] >= 'A' && text[i] <= 'Z')
			text[i] |= 0x20;
	login->by_email = ratelimit_key(slice_of(text, (size_t)n));
	n = snprintf(text, sizeof text, "n:");
	http_peer(r, text + n, sizeof text - (size_t)n);
	login->by_network = ratelimit_key(slice_str(text));
}

void login_post(struct request *r)
{
	static const struct member members[] = {
		{"email", SHAPE_NAME, SHAPE_REQUIRED, .min = 3, .max = LOGIN_EMAIL_BYTES},
		{"password", SHAPE_TEXT, SHAPE_REQUIRED, .min = 1, .max = LOGIN_PASSWORD_BYTES},
	};
	static const struct shape shape = SHAPE(members);
	struct invalid errors = {0};
	struct slice email;
	struct login *login;

	if (!shape_check(&shape, r->json, "", &errors)) {
		request_invalid(r, &errors);
		return;
	}
	email = json_member_text(r->json, "email");
	login = xcalloc(1, sizeof *login);
	login->r = r;
	login->password = json_member_text(r->json, "password");
	buf_init(&login->user, AUTH_JSON_BYTES);
	name_buckets(r, email, login);
	r->owner = login;
	if (!attempts_left(r, login)) {
		login_end(r);
		return;
	}
	request_pg(r, &(struct pg_op){&find_stmt, &email}, 1, on_user_found);
}

/* Going on. */

static void refuse_refresh(struct request *r, const char *error, const char *detail)
{
	request_header(r, "WWW-Authenticate", "Bearer realm=\"cleanerctx\", error=\"invalid_token\", error_description=\"%s\"",
		error);
	request_problem(r, PROBLEM_UNAUTHENTICATED, "%s", detail);
}

/* refresh.sql's columns behind the user's. */
enum { REFRESH_OUTCOME = USER_COLUMNS, REFRESH_ISSUED, REFRESH_BY_PREVIOUS };

static void on_refreshed(struct request *r, const struct pg_answer *answer)
{
	const PGresult *row = answer->results[1];
	struct slice token = json_member_text(r->json, "refresh_token"), outcome;
	struct token_claims claims;
	char successor[TOKEN_REFRESH_BYTES];
	struct buf user;

	if (!request_pg_ok(r, answer))
		return;
	if (PQntuples(row) != 1 || !claims_of(row, &claims)) {
		refuse_refresh(r, "forged", "The refresh token is not one of ours, or its family was revoked.");
		return;
	}
	outcome = pg_cell(row, 0, REFRESH_OUTCOME);
	if (slice_eq(outcome, SLICE("expired"))) {
		refuse_refresh(r, "expired", "The refresh token expired: log in.");
		return;
	}
	if (slice_eq(outcome, SLICE("reused"))) {
		counter_add(COUNTER_REFRESH_REUSED, 1);
		log_warning("auth.reuse", "id=%s user=%.*s", r->id, (int)pg_cell(row, 0, USER_ID).n, pg_cell(row, 0, USER_ID).p);
		refuse_refresh(r, "forged", "The refresh token was used before: its family is revoked, log in.");
		return;
	}
	token_successor(&r->gw->tokens, pg_cell_bool(row, 0, REFRESH_BY_PREVIOUS), token, successor);
	buf_init(&user, AUTH_JSON_BYTES);
	write_user(&user, row);
	answer_session(r, &claims, successor, pg_cell_i64(row, 0, REFRESH_ISSUED), buf_view(&user));
	buf_finish(&user);
}

/* The body's refresh_token; false when it was answered for. */
static bool read_refresh_token(struct request *r, struct slice *token)
{
	static const struct member members[] = {{"refresh_token", SHAPE_TEXT, SHAPE_REQUIRED, .min = 1, .max = 256}};
	static const struct shape shape = SHAPE(members);
	struct invalid errors = {0};

	if (!shape_check(&shape, r->json, "", &errors)) {
		request_invalid(r, &errors);
		return false;
	}
	*token = json_member_text(r->json, "refresh_token");
	return true;
}

void refresh_post(struct request *r)
{
	char hash[TOKEN_HASH_TEXT_BYTES], next[2][TOKEN_REFRESH_BYTES], next_hash[2][TOKEN_HASH_TEXT_BYTES], life[16], grace[16];
	struct slice token = {0}, params[5];
	struct pg_op ops[2] = {{&lock_stmt, params}, {&refresh_stmt, params}};

	if (!read_refresh_token(r, &token))
		return;
	if (!token_refresh_looks_like_one(token)) {
		refuse_refresh(r, "forged", "This is no refresh token.");
		return;
	}
	token_hash_text(token, hash);
	for (int previous = 0; previous < 2; previous++) {
		token_successor(&r->gw->tokens, previous, token, next[previous]);
		token_hash_text(slice_str(next[previous]), next_hash[previous]);
	}
	snprintf(life, sizeof life, "%d", TOKEN_REFRESH_S);
	snprintf(grace, sizeof grace, "%d", TOKEN_GRACE_S);
	params[0] = slice_str(hash);
	params[1] = slice_str(next_hash[0]);
	params[2] = slice_str(next_hash[1]);
	params[3] = slice_str(life);
	params[4] = slice_str(grace);
	request_pg(r, ops, countof(ops), on_refreshed);
}

/* Logging out, and who am I. */

static void on_logged_out(struct request *r, const struct pg_answer *answer)
{
	if (request_pg_ok(r, answer))
		request_answer(r, 200, "application/json", SLICE("{\"success\":true}"));
}

/* An unknown token is a success too (RFC 7009, 2.2): the session that it names does not exist. */
void logout_post(struct request *r)
{
	char hash[TOKEN_HASH_TEXT_BYTES];
	struct slice token = {0}, params[1];

	if (!read_refresh_token(r, &token))
		return;
	token_hash_text(token, hash);
	params[0] = slice_str(hash);
	request_pg(r, &(struct pg_op){&logout_stmt, params}, 1, on_logged_out);
}

static void on_me(struct request *r, const struct pg_answer *answer)
{
	struct buf json;

	if (!request_pg_ok(r, answer))
		return;
	if (PQntuples(answer->results[0]) != 1) {
		request_problem(r, PROBLEM_NOT_FOUND, "This account does not exist any more.");
		return;
	}
	buf_init(&json, AUTH_JSON_BYTES);
	write_user(&json, answer->results[0]);
	request_json(r, 200, &json);
	buf_finish(&json);
}

void me_get(struct request *r)
{
	char user[UUID_TEXT_BYTES];
	struct slice params[1];

	uuid_text(&r->who.user_id, user);
	params[0] = slice_str(user);
	request_pg(r, &(struct pg_op){&user_stmt, params}, 1, on_me);
}
