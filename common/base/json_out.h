/* SPDX-License-Identifier: ISC
 *
 * json_out.h - JSON text (RFC 8259) written straight into a buf: no tree, no allocation beyond the buffer's.
 *
 * Reading JSON is cJSON's work, at the edges. Strings given here are valid UTF-8 (checked where they came in); control
 * characters, quotes and backslashes are escaped, everything else is kept.
 */
#ifndef CC_BASE_JSON_OUT_H
#define CC_BASE_JSON_OUT_H

#include "buf.h"

void json_str(struct buf *b, struct slice s);                    /* "..." */
void json_str_or_null(struct buf *b, struct slice s);            /* null for a NULL pointer */
void json_key(struct buf *b, const char *key);                   /* "key": with a comma before it unless first in { or [ */
void json_kv_str(struct buf *b, const char *key, struct slice s); /* likewise, a whole member */
void json_kv_u64(struct buf *b, const char *key, uint64_t v);
void json_kv_ms(struct buf *b, const char *key, uint64_t ns);    /* nanoseconds as milliseconds, three decimals */
void json_kv_bool(struct buf *b, const char *key, bool v);
void json_kv_raw(struct buf *b, const char *key, struct slice json); /* json is JSON already; empty gives null */
void json_kv_time(struct buf *b, const char *key, int64_t wall_us);  /* RFC 3339, UTC, ms; 0 gives null */

#endif
