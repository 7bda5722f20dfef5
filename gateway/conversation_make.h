/* SPDX-License-Identifier: ISC
 *
 * conversation_make.h - POST /conversations.
 */
#ifndef CC_GATEWAY_CONVERSATION_MAKE_H
#define CC_GATEWAY_CONVERSATION_MAKE_H

#include "request.h"

route_fn conversations_post;

#endif
