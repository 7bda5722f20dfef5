/* SPDX-License-Identifier: ISC
 *
 * modes.h - GET /performance/modes, PUT /performance/modes/{mode}: what the monitor asks processes to do differently, and
 * an operator's word over it for a while.
 */
#ifndef CC_GATEWAY_MODES_H
#define CC_GATEWAY_MODES_H

struct gateway;
struct request;

void modes_get(struct request *r);
void mode_put(struct request *r);

void modes_told(struct gateway *gw); /* the monitor's control message changed */

#endif
