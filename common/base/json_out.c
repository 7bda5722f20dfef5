/* SPDX-License-Identifier: ISC
 *
 * json_out.c - see json_out.h.
 */
#include "json_out.h"

#include "clock.h"

static void escaped(struct buf *b, unsigned char c)
{
	static const char *const named[] = {
		['\b'] = "\\b", ['\t'] = "\\t", ['\n'] = "\\n", ['\f'] = "\\f", ['\r'] = "\\r",
		['"'] = "\\\"", ['\\'] = "\\\\",
	};

	if (c < countof(named) && named[c])
		buf_str(b, named[c]);
	else
		buf_printf(b, "\\u%04x", c);
}

void json_str(struct buf *b, struct slice s)
{
	size_t from = 0;

	buf_char(b, '"');
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7F)
			continue;
		buf_append(b, s.p + from, i - from);
		escaped(b, c);
		from = i + 1;
	}
	if (s.n > from)
		buf_append(b, s.p + from, s.n - from);
	buf_char(b, '"');
}

void json_str_or_null(struct buf *b, struct slice s)
{
	if (s.p)
		json_str(b, s);
	else
		buf_str(b, "null");
}

void json_key(struct buf *b, const char *key)
{
	char last = b->n ? b->p[b->n - 1] : '{';

	if (last != '{' && last != '[')
		buf_char(b, ',');
	buf_char(b, '"');
	buf_str(b, key);
	buf_str(b, "\":");
}

void json_kv_str(struct buf *b, const char *key, struct slice s)
{
	json_key(b, key);
	json_str_or_null(b, s);
}

void json_kv_u64(struct buf *b, const char *key, uint64_t v)
{
	json_key(b, key);
	buf_u64(b, v);
}

void json_kv_ms(struct buf *b, const char *key, uint64_t ns)
{
	json_key(b, key);
	buf_u64(b, ns / 1000000);
	buf_printf(b, ".%03u", (unsigned)(ns / 1000 % 1000));
}

void json_kv_bool(struct buf *b, const char *key, bool v)
{
	json_key(b, key);
	buf_str(b, v ? "true" : "false");
}

void json_kv_raw(struct buf *b, const char *key, struct slice json)
{
	json_key(b, key);
	buf_slice(b, json.n ? json : SLICE("null"));
}

void json_kv_time(struct buf *b, const char *key, int64_t wall_us)
{
	char text[CLOCK_RFC3339_BYTES];

	json_key(b, key);
	if (wall_us == 0) {
		buf_str(b, "null");
		return;
	}
	clock_rfc3339(wall_us, text);
	buf_printf(b, "\"%s\"", text);
}
