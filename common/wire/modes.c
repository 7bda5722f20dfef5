/* SPDX-License-Identifier: ISC
 *
 * modes.c - see modes.h.
 */
#include "modes.h"

#define MODE_NAME(UPPER, name, who, what) name,
const char *const mode_names[MODE_COUNT] = {MODE_TABLE(MODE_NAME)};

enum { TIME_DIGITS = 17 /* us: until the year 5138 */ };

enum mode mode_by_name(struct slice name)
{
	enum mode m = 0;

	while (m < MODE_COUNT && !slice_eq(name, slice_str(mode_names[m])))
		m++;
	return m;
}

void mode_override_write(struct buf *out, const struct mode_override *o)
{
	buf_printf(out, "%s%s=%d@%lld", out->n ? " " : "", mode_names[o->mode], o->on, (long long)o->until_at);
}

static bool take_time(struct slice s, int64_t *at)
{
	*at = 0;
	if (s.n == 0 || s.n > TIME_DIGITS)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		*at = *at * 10 + (s.p[i] - '0');
	}
	return true;
}

bool mode_override_next(struct slice *text, struct mode_override *out)
{
	const char *space = text->n ? memchr(text->p, ' ', text->n) : NULL;
	struct slice one = {text->p, space ? (size_t)(space - text->p) : text->n};
	const char *equals = one.n ? memchr(one.p, '=', one.n) : NULL;
	size_t name = equals ? (size_t)(equals - one.p) : 0, head = name + 3; /* "=1@" */

	*text = space ? slice_of(space + 1, text->n - one.n - 1) : slice_of(NULL, 0);
	if (!equals || one.n <= head || one.p[name + 2] != '@' || (one.p[name + 1] != '0' && one.p[name + 1] != '1'))
		return false;
	out->mode = mode_by_name(slice_of(one.p, name));
	out->on = one.p[name + 1] == '1';
	return out->mode != MODE_COUNT && take_time(slice_of(one.p + head, one.n - head), &out->until_at);
}
