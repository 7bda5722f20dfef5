/* SPDX-License-Identifier: ISC
 *
 * context.h - GET and POST /conversations/{id}/context: what the caller told us to know, and what was made of it.
 */
#ifndef CC_GATEWAY_CONTEXT_H
#define CC_GATEWAY_CONTEXT_H

#include "request.h"

enum { CONTEXT_TRANSITIONS = 50 }; /* the newest are shown */

route_fn context_get, context_post;

#endif
