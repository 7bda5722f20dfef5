/* SPDX-License-Identifier: ISC
 *
 * revise.h - a person's word on a turn: PATCH .../turns/{id} and POST .../corrections/{id}.
 */
#ifndef CC_GATEWAY_REVISE_H
#define CC_GATEWAY_REVISE_H

#include "request.h"

route_fn turn_patch, verdict_post;

#endif
