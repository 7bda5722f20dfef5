/* SPDX-License-Identifier: ISC
 *
 * kept.h - the operator's words on modes in a file of the runtime directory (modes.kept), so that a monitor that is started
 * again goes on with them. They end in time, whoever is away, and with the machine: nothing is synced.
 */
#ifndef CC_MONITOR_KEPT_H
#define CC_MONITOR_KEPT_H

#include "modes.h"

void kept_write(const char *folder, const struct modes *m); /* in the place of what was kept; a failure is logged */
void kept_read(const char *folder, struct modes *m, int64_t now_at); /* says them; what is over, or none of ours, is not */

#endif
