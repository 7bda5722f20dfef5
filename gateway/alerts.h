/* SPDX-License-Identifier: ISC
 *
 * alerts.h - GET /performance/alerts and POST /performance/alerts/{id}/ack: what the monitor stored of missed targets, and who
 * takes care of it.
 */
#ifndef CC_GATEWAY_ALERTS_H
#define CC_GATEWAY_ALERTS_H

#include "request.h"

route_fn alerts_get, alert_ack;

#endif
