/* SPDX-License-Identifier: ISC
 *
 * apikey.c - see apikey.h.
 */
#include "apikey.h"

#include <sodium.h>

void apikey_make(char out[APIKEY_TEXT_BYTES])
{
	unsigned char random[32];

	randombytes_buf(random, sizeof random);
	memcpy(out, "ck_", 3);
	sodium_bin2base64(out + 3, APIKEY_TEXT_BYTES - 3, random, sizeof random, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	sodium_memzero(random, sizeof random);
}

void apikey_hash(struct slice key, uint8_t out[APIKEY_HASH_BYTES])
{
	crypto_hash_sha256(out, (const unsigned char *)key.p, key.n);
}
