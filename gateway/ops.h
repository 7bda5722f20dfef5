/* SPDX-License-Identifier: ISC
 *
 * ops.h - what is not about conversations: health, readiness, figures, the interface's own description, the front door.
 */
#ifndef CC_GATEWAY_OPS_H
#define CC_GATEWAY_OPS_H

#include "request.h"

route_fn openapi_get; /* openapi.c */
route_fn root_get, problem_get, healthz_get, readyz_get, metrics_get, ws_get;

/* Do all that a request may need answer? PostgreSQL and Redis up, deciders and notifiers connected. */
bool ops_is_ready(const struct gateway *gw);

#endif
