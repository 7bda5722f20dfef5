/* SPDX-License-Identifier: ISC
 *
 * cleaner_service.h - what main.c and cleaner.c share: the table, the values, the hooks.
 */
#ifndef CC_CLEANER_SERVICE_H
#define CC_CLEANER_SERVICE_H

#include "cleaner.h"

extern const struct config_key cleaner_keys[];
extern struct cleaner_config cleaner_config;
extern const struct service cleaner_service;

#endif
