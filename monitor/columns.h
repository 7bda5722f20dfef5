/* SPDX-License-Identifier: ISC
 *
 * columns.h - the monitor's JSON lines as aligned columns for people. Pure: text in, text out.
 *
 * The text is another process's: what is no line of ours is refused, and control characters in it never reach the
 * terminal.
 */
#ifndef CC_MONITOR_COLUMNS_H
#define CC_MONITOR_COLUMNS_H

#include "common/base/attr.h"
#include "common/base/buf.h"

/* The heading of slow lines. */
void columns_heading(struct buf *out, bool colour);

/* Appends the line's rows, each with its newline: one for a slow operation or an alert, one a metric for a snapshot (those heard of in
 * the last minute, under their own heading). False: json is none of them, nothing was appended. */
must_check bool columns_of(struct slice json, bool colour, struct buf *out);

#endif
