/* SPDX-License-Identifier: ISC
 *
 * alerts.c - see alerts.h.
 */
#include "alerts.h"

#define ALERT_NAME(UPPER, name) name,
const char *const alert_names[ALERT_COUNT] = {ALERT_TABLE(ALERT_NAME)};
#undef ALERT_NAME
