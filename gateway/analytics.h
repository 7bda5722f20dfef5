/* SPDX-License-Identifier: ISC
 *
 * analytics.h - GET /conversations/{id}/analytics: quality, performance and cost of one conversation; and
 * GET /performance/costs: what a day's model calls took. What nobody measured or priced is null or left out, never made up.
 */
#ifndef CC_GATEWAY_ANALYTICS_H
#define CC_GATEWAY_ANALYTICS_H

struct request;

void analytics_get(struct request *r);
void costs_get(struct request *r);

#endif
