/* SPDX-License-Identifier: ISC
 *
 * conf_lines.c - see conf_lines.h.
 */
#include "conf_lines.h"

struct slice slice_trim(struct slice s)
{
	while (s.n && strchr(" \t\r", s.p[0]) && s.p[0])
		s = slice_of(s.p + 1, s.n - 1);
	while (s.n && strchr(" \t\r", s.p[s.n - 1]) && s.p[s.n - 1])
		s.n--;
	return s;
}

bool slice_cut(struct slice *s, char separator, struct slice *part)
{
	const char *end;

	if (s->n == 0)
		return false;
	end = memchr(s->p, separator, s->n);
	*part = slice_trim(slice_of(s->p, end ? (size_t)(end - s->p) : s->n));
	*s = end ? slice_of(end + 1, s->n - (size_t)(end - s->p) - 1) : slice_of(NULL, 0);
	return true;
}

static void conf_line_parse(struct slice text, struct conf_line *line)
{
	const char *close = text.p[0] == '[' ? memchr(text.p, ']', text.n) : NULL;
	struct slice rest = text;

	*line = (struct conf_line){.head = close != NULL};
	if (close) {
		line->key = slice_trim(slice_of(text.p + 1, (size_t)(close - text.p) - 1));
		rest = slice_trim(slice_of(close + 1, text.n - (size_t)(close + 1 - text.p)));
		if (rest.n && rest.p[0] == '=')
			line->value = slice_trim(slice_of(rest.p + 1, rest.n - 1));
		return;
	}
	if (memchr(text.p, '=', text.n) && slice_cut(&rest, '=', &line->key))
		line->value = slice_trim(rest);
}

bool conf_lines_next(struct conf_lines *lines, struct conf_line *line)
{
	struct slice text;

	while (slice_cut(&lines->rest, '\n', &text)) {
		lines->line++;
		if (text.n == 0 || text.p[0] == '#')
			continue;
		conf_line_parse(text, line);
		return true;
	}
	return false;
}
