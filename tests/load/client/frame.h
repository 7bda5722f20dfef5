/* SPDX-License-Identifier: ISC
 *
 * frame.h - a server's WebSocket frames (RFC 6455, 5.2) and ours. Pure.
 *
 * A masked frame of a server, or one over FRAME_BYTES, is FRAME_BAD: both are against the protocol, or the
 * gateway's limits.
 */
#ifndef CC_LOAD_FRAME_H
#define CC_LOAD_FRAME_H

#include "common/base/buf.h"

enum { FRAME_BYTES = 1024 * 1024 };

enum frame_opcode { FRAME_TEXT = 1, FRAME_CLOSE = 8, FRAME_PING = 9, FRAME_PONG = 10 };

enum frame_state { FRAME_MORE, FRAME_WHOLE, FRAME_BAD };

struct frame {
	int opcode;
	struct slice payload; /* borrowed */
	size_t bytes;	      /* of the whole frame */
};

must_check enum frame_state frame_read(struct slice in, struct frame *out);

/* Ours, masked as a client's must be. At most 65535 bytes of payload. */
void frame_write(struct buf *out, int opcode, struct slice payload);

#endif
