/* SPDX-License-Identifier: ISC
 *
 * keys.h - POST, GET and DELETE /auth/keys: a user's API keys. A key is shown once, when it is made.
 */
#ifndef CC_GATEWAY_KEYS_H
#define CC_GATEWAY_KEYS_H

#include "request.h"

enum { KEYS_PER_USER = 100, KEY_NAME_CHARACTERS = 100 }; /* a bound on what one account may store */

route_fn keys_post, keys_get, key_delete;

#endif
