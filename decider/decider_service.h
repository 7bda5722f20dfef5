/* SPDX-License-Identifier: ISC
 *
 * decider_service.h - what main.c and decider.c share: the table, the values, the hooks.
 */
#ifndef CC_DECIDER_SERVICE_H
#define CC_DECIDER_SERVICE_H

#include "decider.h"

extern const struct config_key decider_keys[];
extern struct decider_config decider_config;
extern const struct service decider_service;

#endif
