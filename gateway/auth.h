/* SPDX-License-Identifier: ISC
 *
 * auth.h - POST /auth/login, /auth/refresh, /auth/logout, GET /auth/me.
 */
#ifndef CC_GATEWAY_AUTH_H
#define CC_GATEWAY_AUTH_H

#include "request.h"

enum { LOGIN_EMAIL_BYTES = 254, LOGIN_PASSWORD_BYTES = 1024 }; /* RFC 5321's longest address; password.h's bound */

route_fn login_post, refresh_post, logout_post, me_get;

#endif
