/* SPDX-License-Identifier: ISC
 *
 * dechunk.c - see dechunk.h. A byte at a time but for data; every line must end in CR LF.
 */
#include "dechunk.h"

enum { SIZE_DIGITS_MAX = 8 }; /* 4 GiB: far over any body limit, far under an overflow */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum dechunk_state after_size_line(struct dechunk *d)
{
	if (d->digits == 0)
		return DECHUNK_BROKEN;
	d->digits = 0;
	d->line = 0;
	return d->size ? DECHUNK_DATA : DECHUNK_TRAILER;
}

static enum dechunk_state size_byte(struct dechunk *d, char c)
{
	int digit = hex_digit(c);

	if (digit >= 0 && d->digits < SIZE_DIGITS_MAX) {
		d->size = d->digits++ ? d->size << 4 | (uint64_t)digit : (uint64_t)digit;
		return DECHUNK_SIZE;
	}
	if (d->digits == 0 || (c != ';' && c != '\r' && c != ' ' && c != '\t'))
		return DECHUNK_BROKEN;
	d->cr = c == '\r';
	d->line = d->digits;
	return DECHUNK_EXTENSION;
}

static enum dechunk_state extension_byte(struct dechunk *d, char c)
{
	if (d->cr)
		return c == '\n' ? (d->cr = false, after_size_line(d)) : DECHUNK_BROKEN;
	d->cr = c == '\r';
	return c == '\n' || ++d->line > DECHUNK_LINE_BYTES ? DECHUNK_BROKEN : DECHUNK_EXTENSION;
}

/* CR LF behind a chunk's data. */
static enum dechunk_state data_end_byte(struct dechunk *d, char c)
{
	if (!d->cr)
		return (d->cr = c == '\r') ? DECHUNK_DATA_END : DECHUNK_BROKEN;
	d->cr = false;
	return c == '\n' ? DECHUNK_SIZE : DECHUNK_BROKEN;
}

static enum dechunk_state trailer_byte(struct dechunk *d, char c)
{
	if (d->cr) {
		bool blank = d->line == 0;

		d->cr = false;
		d->line = 0;
		if (c != '\n' || ++d->trailers > DECHUNK_TRAILER_LINES)
			return DECHUNK_BROKEN;
		return blank ? DECHUNK_DONE : DECHUNK_TRAILER;
	}
	if (c == '\n')
		return DECHUNK_BROKEN;
	d->cr = c == '\r';
	if (!d->cr && ++d->line > DECHUNK_LINE_BYTES)
		return DECHUNK_BROKEN;
	return DECHUNK_TRAILER;
}

static enum dechunk_state one_byte(struct dechunk *d, char c)
{
	switch (d->state) {
	case DECHUNK_SIZE:
		return size_byte(d, c);
	case DECHUNK_EXTENSION:
		return extension_byte(d, c);
	case DECHUNK_DATA_END:
		return data_end_byte(d, c);
	case DECHUNK_TRAILER:
		return trailer_byte(d, c);
	default:
		return d->state;
	}
}

bool dechunk_feed(struct dechunk *d, struct slice bytes, struct buf *out)
{
	while (bytes.n > 0 && d->state != DECHUNK_DONE && d->state != DECHUNK_BROKEN) {
		size_t n = 1;

		if (d->state == DECHUNK_DATA) {
			n = bytes.n < d->size ? bytes.n : (size_t)d->size;
			buf_append(out, bytes.p, n);
			d->size -= n;
			if (d->size == 0)
				d->state = DECHUNK_DATA_END;
		} else {
			d->state = one_byte(d, *bytes.p);
		}
		bytes.p += n;
		bytes.n -= n;
	}
	return d->state != DECHUNK_BROKEN;
}
