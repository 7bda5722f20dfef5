/* SPDX-License-Identifier: ISC
 *
 * password.c - see password.h.
 */
#include "password.h"

#include <sodium.h>
#include <string.h>

_Static_assert(PASSWORD_HASH_BYTES >= crypto_pwhash_argon2id_STRBYTES, "the hash string fits");

bool password_hash(struct slice password, char out[PASSWORD_HASH_BYTES])
{
	memset(out, 0, PASSWORD_HASH_BYTES);
	return crypto_pwhash_str_alg(out, password.p ? password.p : "", password.n, PASSWORD_PASSES, PASSWORD_MEMORY_BYTES,
		crypto_pwhash_ALG_ARGON2ID13) == 0;
}

bool password_verify(const char *hash, struct slice password)
{
	char padded[crypto_pwhash_STRBYTES] = "";

	if (strlen(hash) >= sizeof padded)
		return false;
	strcpy(padded, hash); /* libsodium wants the whole array readable */
	return crypto_pwhash_str_verify(padded, password.p ? password.p : "", password.n) == 0;
}

const char *password_decoy(void)
{
	static char decoy[PASSWORD_HASH_BYTES];
	unsigned char nobody_knows[32];

	if (!decoy[0]) {
		randombytes_buf(nobody_knows, sizeof nobody_knows);
		if (!password_hash(slice_of((char *)nobody_knows, sizeof nobody_knows), decoy))
			return "";
		sodium_memzero(nobody_knows, sizeof nobody_knows);
	}
	return decoy;
}
