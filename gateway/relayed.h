/* SPDX-License-Identifier: ISC
 *
 * relayed.h - what other processes count, as the monitor relays it each second, for /metrics. One a process.
 *
 * What came is not trusted: names and labels are checked when they are written, sources and series are
 * bounded. A process that was not heard of for RELAYED_FRESH_S is left out: no data is not old data.
 */
#ifndef CC_GATEWAY_RELAYED_H
#define CC_GATEWAY_RELAYED_H

#include "common/base/buf.h"

struct service_run;

enum { RELAYED_FRESH_S = 10, RELAYED_SOURCES = 64, RELAYED_NAMES = 128 /* of all sources: twice the table */, RELAYED_SERIES = 1024 /* of a source: a cleaner with eight models has 470 */ };

void relayed_open(struct service_run *run);
void relayed_close(void);
void relayed_write(struct buf *out); /* Prometheus text, a `process` label with each series */

#endif
