/* SPDX-License-Identifier: ISC
 *
 * route_table.c - route_table.h's rows with their handlers.
 */
#include "route_table.h"

#include "alerts.h"
#include "analytics.h"
#include "auth.h"
#include "common/wire/limits.h"
#include "context.h"
#include "conversation_make.h"
#include "conversations.h"
#include "glossary.h"
#include "keys.h"
#include "modes.h"
#include "ops.h"
#include "revise.h"
#include "routes.h"
#include "turns_http.h"

#define NO_METRIC METRIC_COUNT
#define LATER NULL
#define ROUTE_ROW(method, pattern, need, body, limit, metric, handler) \
	{METHOD_##method, pattern, NEED_##need, BODY_##body, limit, metric, handler},

const struct route routes[] = {ROUTE_TABLE(ROUTE_ROW)};
const size_t route_count = countof(routes);
