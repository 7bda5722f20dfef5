/* SPDX-License-Identifier: ISC
 *
 * apikey.h - API keys: `ck_` and 43 characters of base64url (256 random bits); only their SHA-256 is stored.
 *
 * A key is random, so a plain hash is enough: there is nothing to guess. Call sodium_init first.
 */
#ifndef CC_GATEWAY_APIKEY_H
#define CC_GATEWAY_APIKEY_H

#include "common/base/slice.h"

#include <stdint.h>

enum { APIKEY_TEXT_BYTES = 3 + 43 + 1, APIKEY_HASH_BYTES = 32 };

void apikey_make(char out[APIKEY_TEXT_BYTES]);
void apikey_hash(struct slice key, uint8_t out[APIKEY_HASH_BYTES]);

static inline bool apikey_looks_like_one(struct slice s)
{
	return s.n == APIKEY_TEXT_BYTES - 1 && slice_starts(s, SLICE("ck_"));
}

#endif
