/* SPDX-License-Identifier: ISC
 *
 * dechunk.h - reads a chunked request body (RFC 9112, 7.1), in pieces of any size.
 *
 * Pure. libwebsockets hands a server the chunked bytes as they came; this takes them apart. Extensions and trailers are
 * read over, within DECHUNK_LINE_BYTES each line and DECHUNK_TRAILER_LINES lines, and dropped.
 */
#ifndef CC_GATEWAY_DECHUNK_H
#define CC_GATEWAY_DECHUNK_H

#include "common/base/attr.h"
#include "common/base/buf.h"

enum { DECHUNK_LINE_BYTES = 1024, DECHUNK_TRAILER_LINES = 32 };

enum dechunk_state { DECHUNK_SIZE, DECHUNK_EXTENSION, DECHUNK_DATA, DECHUNK_DATA_END, DECHUNK_TRAILER, DECHUNK_DONE, DECHUNK_BROKEN };

struct dechunk {
	enum dechunk_state state;
	uint64_t size;     /* of the chunk at hand, what is left of it */
	unsigned digits;   /* of its size line */
	unsigned line;     /* bytes of the line at hand */
	unsigned trailers; /* lines so far */
	bool cr;           /* the last byte was CR */
};

/* Appends what of bytes is data to out. False when they are no chunked body (state is DECHUNK_BROKEN then); an overflow
 * of out is the caller's to see. Bytes after the end are left alone. */
must_check bool dechunk_feed(struct dechunk *d, struct slice bytes, struct buf *out);

#endif
