/* SPDX-License-Identifier: ISC
 *
 * modes.c - see modes.h.
 */
#include "modes.h"

#define MODE_NAME(UPPER, name, what) name,
const char *const mode_names[MODE_COUNT] = {MODE_TABLE(MODE_NAME)};

void modes_text(const struct modes *m, struct buf *out)
{
	for (enum mode i = 0; i < MODE_COUNT; i++) {
		if (!m->on[i])
			continue;
		if (out->n)
			buf_char(out, ' ');
		buf_str(out, mode_names[i]);
	}
}
