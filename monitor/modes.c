/* SPDX-License-Identifier: ISC
 *
 * modes.c - see modes.h.
 */
#include "modes.h"

void modes_say(struct modes *m, const struct mode_override *o, int64_t now_at)
{
	m->said[o->mode].on = o->on;
	m->said[o->mode].until_at = o->until_at > now_at ? o->until_at : 0;
}

bool modes_expire(struct modes *m, int64_t now_at)
{
	bool any = false;

	for (enum mode i = 0; i < MODE_COUNT; i++) {
		if (!m->said[i].until_at || m->said[i].until_at > now_at)
			continue;
		m->said[i].until_at = 0;
		any = true;
	}
	return any;
}

int64_t modes_next_end(const struct modes *m)
{
	int64_t next = 0;

	for (enum mode i = 0; i < MODE_COUNT; i++)
		if (m->said[i].until_at && (!next || m->said[i].until_at < next))
			next = m->said[i].until_at;
	return next;
}

void modes_text(const struct modes *m, struct buf *out)
{
	for (enum mode i = 0; i < MODE_COUNT; i++) {
		if (m->said[i].until_at ? !m->said[i].on : !m->on[i])
			continue;
		if (out->n)
			buf_char(out, ' ');
		buf_str(out, mode_names[i]);
	}
}

void modes_said_text(const struct modes *m, struct buf *out)
{
	for (enum mode i = 0; i < MODE_COUNT; i++)
		if (m->said[i].until_at)
			mode_override_write(out, &(struct mode_override){i, m->said[i].on, m->said[i].until_at});
}
