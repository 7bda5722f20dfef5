/* SPDX-License-Identifier: ISC
 *
 * users.c - users and API keys. A password comes on stdin, never in the argument list, where `ps` would show it.
 */
#include "admin.h"

#include "common/base/utf8.h"
#include "common/base/uuid.h"
#include "gateway/apikey.h"
#include "gateway/password.h"
#include "gateway/shape.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static void echo(bool on)
{
	struct termios t;

	if (tcgetattr(STDIN_FILENO, &t) != 0)
		return;
	t.c_lflag = on ? t.c_lflag | ECHO : t.c_lflag & ~(tcflag_t)ECHO;
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &t);
}

/* Why no login could send it (auth.c has the same bounds); NULL: one can. */
static const char *password_wrong(struct slice password)
{
	if (password.n < PASSWORD_MIN_BYTES)
		return "is too short";
	if (password.n > PASSWORD_MAX_BYTES)
		return "is too long";
	if (!utf8_valid(password, NULL) || text_has_control(password))
		return "has a control character or is no UTF-8";
	return text_is_blank(password) ? "is white space alone" : NULL;
}

/* One line, without its newline; empty when there is none. */
static void read_password(char *out, int bytes)
{
	bool terminal = isatty(STDIN_FILENO) == 1, got;

	if (terminal) {
		fputs("Password: ", stderr);
		echo(false);
	}
	got = fgets(out, bytes, stdin) != NULL;
	if (terminal) {
		echo(true);
		fputc('\n', stderr);
	}
	out[got ? strcspn(out, "\r\n") : 0] = '\0';
}

static int unique_violation(PGresult *r)
{
	const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);

	return state && strcmp(state, "23505") == 0;
}

static int insert_user(PGconn *db, const char *email, const char *hash, const char *role)
{
	char id[UUID_TEXT_BYTES];
	struct uuid made = uuid_v7();
	const char *params[] = {id, email, hash, role};
	int code = ADMIN_OK;
	PGresult *r;

	uuid_text(&made, id);
	r = PQexecParams(db, "INSERT INTO users (id, email, password_hash, role) VALUES ($1, $2, $3, $4)", 4, NULL, params, NULL,
		NULL, 0);
	if (PQresultStatus(r) == PGRES_COMMAND_OK)
		printf("%s\n", id);
	else if (unique_violation(r)) {
		fprintf(stderr, "cleanerctx-admin: %s is a user already\n", email);
		code = ADMIN_FAILED;
	} else
		code = admin_failed(db, "user add");
	PQclear(r);
	return code;
}

int admin_user_add(PGconn *db, int argc, char **argv)
{
	const char *email = argv[0], *role = admin_option(argc, argv, "--role", "user");
	char password[PASSWORD_MAX_BYTES + 3], hash[PASSWORD_HASH_BYTES]; /* one byte more than may be, its newline, NUL */
	const char *wrong;
	bool hashed;

	if (!strchr(email, '@') || strlen(email) > 254) {
		fprintf(stderr, "cleanerctx-admin: %s is no e-mail address\n", email);
		return ADMIN_USAGE;
	}
	if (strcmp(role, "user") != 0 && strcmp(role, "operator") != 0) {
		fprintf(stderr, "cleanerctx-admin: --role is user or operator, not %s\n", role);
		return ADMIN_USAGE;
	}
	read_password(password, sizeof password);
	wrong = password_wrong(slice_str(password));
	if (wrong) {
		fprintf(stderr, "cleanerctx-admin: the password %s: give one of %d to %d bytes on stdin\n", wrong, PASSWORD_MIN_BYTES,
			PASSWORD_MAX_BYTES);
		return ADMIN_USAGE;
	}
	hashed = password_hash(slice_str(password), hash);
	sodium_memzero(password, sizeof password);
	if (!hashed) {
		fputs("cleanerctx-admin: not enough memory to hash the password\n", stderr);
		return ADMIN_FAILED;
	}
	return insert_user(db, email, hash, role);
}

static int print_rows(PGconn *db, PGresult *r, const char *doing)
{
	int code = ADMIN_OK;

	if (PQresultStatus(r) != PGRES_TUPLES_OK)
		code = admin_failed(db, doing);
	else
		for (int row = 0; row < PQntuples(r); row++)
			for (int col = 0; col < PQnfields(r); col++)
				printf("%s%c", PQgetvalue(r, row, col), col + 1 == PQnfields(r) ? '\n' : '\t');
	PQclear(r);
	return code;
}

int admin_user_list(PGconn *db, int argc, char **argv)
{
	return print_rows(db, PQexec(db, "SELECT id, email, role FROM users ORDER BY email"), "user list");
}

/* Runs a statement that must touch one row; says `missing` when it touched none. */
static int touch_one(PGconn *db, const char *sql, int n, const char *const *params, const char *doing, const char *missing)
{
	PGresult *r = PQexecParams(db, sql, n, NULL, params, NULL, NULL, 0);
	int code = ADMIN_OK;

	if (PQresultStatus(r) != PGRES_COMMAND_OK)
		code = admin_failed(db, doing);
	else if (strcmp(PQcmdTuples(r), "0") == 0) {
		fprintf(stderr, "cleanerctx-admin: %s\n", missing);
		code = ADMIN_FAILED;
	}
	PQclear(r);
	return code;
}

int admin_key_add(PGconn *db, int argc, char **argv)
{
	char key[APIKEY_TEXT_BYTES], id[UUID_TEXT_BYTES], hex[2 + 2 * APIKEY_HASH_BYTES + 1] = "\\x";
	uint8_t hash[APIKEY_HASH_BYTES];
	struct uuid made = uuid_v7();
	const char *params[] = {id, hex, argv[0], admin_option(argc, argv, "--name", "")};
	int code;

	apikey_make(key);
	apikey_hash(slice_str(key), hash);
	sodium_bin2hex(hex + 2, sizeof hex - 2, hash, sizeof hash);
	uuid_text(&made, id);
	code = touch_one(db, "INSERT INTO api_keys (id, hash, user_id, name) SELECT $1, $2::bytea, id, $4 FROM users "
			     "WHERE lower(email) = lower($3)", 4, params, "key add", "there is no such user; see user list");
	if (code == ADMIN_OK)
		printf("%s\n", key);
	return code;
}

/* Nothing listed would read as nothing to revoke. */
static int find_user(PGconn *db, const char *const *params)
{
	PGresult *r = PQexecParams(db, "SELECT 1 FROM users WHERE lower(email) = lower($1)", 1, NULL, params, NULL, NULL, 0);
	int code = ADMIN_OK;

	if (PQresultStatus(r) != PGRES_TUPLES_OK)
		code = admin_failed(db, "key list");
	else if (PQntuples(r) == 0) {
		fputs("cleanerctx-admin: there is no such user; see user list\n", stderr);
		code = ADMIN_FAILED;
	}
	PQclear(r);
	return code;
}

int admin_key_list(PGconn *db, int argc, char **argv)
{
	const char *params[] = {argv[0]};
	int code = find_user(db, params);

	return code != ADMIN_OK ? code : print_rows(db, PQexecParams(db, "SELECT k.id, k.name, k.created_at, coalesce(k.revoked_at::text, '') "
		"FROM api_keys k JOIN users u ON u.id = k.user_id WHERE lower(u.email) = lower($1) ORDER BY k.created_at", 1, NULL,
		params, NULL, NULL, 0), "key list");
}

int admin_key_revoke(PGconn *db, int argc, char **argv)
{
	const char *params[] = {argv[0]};

	return touch_one(db, "UPDATE api_keys SET revoked_at = now() WHERE id::text = $1 AND revoked_at IS NULL", 1, params,
		"key revoke", "there is no such key that still works; see key list");
}
