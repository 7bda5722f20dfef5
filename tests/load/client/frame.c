/* SPDX-License-Identifier: ISC
 *
 * frame.c - see frame.h.
 */
#include "frame.h"

enum { FIN = 0x80, MASKED = 0x80, IS_16 = 126, IS_64 = 127 };

static uint64_t big_endian(const unsigned char *p, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v = v << 8 | p[i];
	return v;
}

enum frame_state frame_read(struct slice in, struct frame *out)
{
	const unsigned char *p = (const unsigned char *)in.p;
	size_t more;
	uint64_t length;

	if (in.n < 2)
		return FRAME_MORE;
	if (p[1] & MASKED)
		return FRAME_BAD;
	more = p[1] == IS_64 ? 8 : p[1] == IS_16 ? 2 : 0;
	if (in.n < 2 + more)
		return FRAME_MORE;
	length = more ? big_endian(p + 2, more) : p[1];
	if (length > FRAME_BYTES)
		return FRAME_BAD;
	if (in.n < 2 + more + length)
		return FRAME_MORE;
	*out = (struct frame){
		p[0] & 0x0f, slice_of(in.p + 2 + more, (size_t)length), 2 + more + (size_t)length};
	return FRAME_WHOLE;
}

/* The mask is 0: it protects proxies from browsers, and this is neither. */
void frame_write(struct buf *out, int opcode, struct slice payload)
{
	buf_char(out, (char)(FIN | opcode));
	if (payload.n < IS_16) {
		buf_char(out, (char)(MASKED | payload.n));
	} else {
		buf_char(out, (char)(MASKED | IS_16));
		buf_char(out, (char)(payload.n >> 8));
		buf_char(out, (char)payload.n);
	}
	buf_append(out, "\0\0\0\0", 4);
	buf_slice(out, payload);
}
