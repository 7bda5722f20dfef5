/* SPDX-License-Identifier: ISC
 *
 * invalid.h - what is wrong with a body, as a bounded list of (JSON pointer, message): the `errors` of a 422.
 *
 * Pure. The first INVALID_MAX are kept; a client that has mended those finds the rest.
 */
#ifndef CC_GATEWAY_INVALID_H
#define CC_GATEWAY_INVALID_H

#include "common/base/attr.h"
#include "common/base/buf.h"

enum { INVALID_MAX = 16, INVALID_POINTER_BYTES = 128, INVALID_MESSAGE_BYTES = 192 };

struct invalid {
	size_t count;
	struct {
		char pointer[INVALID_POINTER_BYTES]; /* RFC 6901: "/turns/0/raw_text"; "" is the whole body */
		char message[INVALID_MESSAGE_BYTES];
	} error[INVALID_MAX];
};

/* Adds one; member (may be NULL) is appended to the pointer as a further, escaped step. */
void invalid_add(struct invalid *list, const char *pointer, const char *member, const char *fmt, ...) printf_like(4, 5);

/* [{"pointer","message"}, ..] */
void invalid_write_json(const struct invalid *list, struct buf *out);

#endif
