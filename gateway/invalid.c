/* SPDX-License-Identifier: ISC
 *
 * invalid.c - see invalid.h.
 */
#include "invalid.h"

#include "common/base/json_out.h"

#include <stdarg.h>
#include <stdio.h>

/* Appends one step of a JSON pointer: '~' is ~0, '/' is ~1 (RFC 6901). Cut at the bound, never inside an escape. */
static void pointer_step(char *out, size_t at, const char *step)
{
	if (at + 1 >= INVALID_POINTER_BYTES)
		return;
	out[at++] = '/';
	for (; *step && at + 3 < INVALID_POINTER_BYTES; step++) {
		if (*step == '~' || *step == '/') {
			out[at++] = '~';
			out[at++] = *step == '~' ? '0' : '1';
		} else {
			out[at++] = *step;
		}
	}
	while (at > 0 && ((unsigned char)*step & 0xc0) == 0x80) { /* cut inside a character: take its beginning back */
		bool lead = ((unsigned char)out[at - 1] & 0xc0) == 0xc0;

		at--;
		if (lead)
			break;
	}
	out[at] = '\0';
}

void invalid_add(struct invalid *list, const char *pointer, const char *member, const char *fmt, ...)
{
	va_list args;

	if (list->count == INVALID_MAX)
		return;
	snprintf(list->error[list->count].pointer, INVALID_POINTER_BYTES, "%s", pointer);
	if (member)
		pointer_step(list->error[list->count].pointer, strlen(list->error[list->count].pointer), member);
	va_start(args, fmt);
	vsnprintf(list->error[list->count].message, INVALID_MESSAGE_BYTES, fmt, args);
	va_end(args);
	list->count++;
}

void invalid_write_json(const struct invalid *list, struct buf *out)
{
	buf_char(out, '[');
	for (size_t i = 0; i < list->count; i++) {
		buf_str(out, i ? ",{" : "{");
		json_kv_str(out, "pointer", slice_str(list->error[i].pointer));
		json_kv_str(out, "message", slice_str(list->error[i].message));
		buf_char(out, '}');
	}
	buf_char(out, ']');
}
