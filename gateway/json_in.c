/* SPDX-License-Identifier: ISC
 *
 * json_in.c - see json_in.h. A push-down check without recursion: one bit a level says object or array.
 */
#include "json_in.h"

#include "common/base/utf8.h"
#include "common/base/xalloc.h"

#include <stdint.h>
#include <stdlib.h>

struct reader {
	char *p;
	size_t n, at;
	unsigned depth;
	uint64_t is_object; /* bit d: level d + 1 is an object */
	const char *why;
};

_Static_assert(JSON_DEPTH_MAX <= 64, "one bit a level");

static bool fail(struct reader *r, const char *why)
{
	if (!r->why)
		r->why = why;
	return false;
}

static void blanks(struct reader *r)
{
	while (r->at < r->n && (r->p[r->at] == ' ' || r->p[r->at] == '\t' || r->p[r->at] == '\n' || r->p[r->at] == '\r'))
		r->at++;
}

static int peek(const struct reader *r)
{
	return r->at < r->n ? (unsigned char)r->p[r->at] : -1;
}

static bool hex4(const struct reader *r, size_t at, unsigned *out)
{
	unsigned v = 0;

	if (at + 4 > r->n)
		return false;
	for (size_t i = at; i < at + 4; i++) {
		char c = r->p[i];
		unsigned d = c >= '0' && c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a') + 10;

		if (d > 15)
			return false;
		v = v << 4 | d;
	}
	*out = v;
	return true;
}

/* Behind "\u": four digits, with the second half of a pair if it is a first. */
static bool unicode_escape(struct reader *r)
{
	unsigned first, second = 0;
	size_t digits = r->at;

	if (!hex4(r, digits, &first))
		return fail(r, "\\u is followed by something other than four hexadecimal digits");
	r->at += 4;
	if (first >= 0xD800 && first < 0xDC00 && r->at + 6 <= r->n && r->p[r->at] == '\\' && r->p[r->at + 1] == 'u' &&
		hex4(r, r->at + 2, &second) && second >= 0xDC00 && second < 0xE000) {
		r->at += 6;
		return true;
	}
	if (first == 0 || (first >= 0xD800 && first < 0xE000))
		memcpy(r->p + digits, "0001", 4);
	return true;
}

static bool string(struct reader *r)
{
	r->at++;
	for (;;) {
		int c = peek(r);

		if (c < 0)
			return fail(r, "a string has no end");
		if (c < 0x20)
			return fail(r, "a control character stands unescaped in a string");
		r->at++;
		if (c == '"')
			return true;
		if (c != '\\')
			continue;
		c = peek(r);
		if (c <= 0 || !strchr("\"\\/bfnrtu", c))
			return fail(r, "an unknown escape in a string");
		r->at++;
		if (c == 'u' && !unicode_escape(r))
			return false;
	}
}

static size_t digits(struct reader *r)
{
	size_t from = r->at;

	while (peek(r) >= '0' && peek(r) <= '9')
		r->at++;
	return r->at - from;
}

static bool number(struct reader *r)
{
	if (peek(r) == '-')
		r->at++;
	if (peek(r) == '0')
		r->at++;
	else if (digits(r) == 0)
		return fail(r, "a number without digits");
	if (peek(r) == '.') {
		r->at++;
		if (digits(r) == 0)
			return fail(r, "a number ends in a point");
	}
	if (peek(r) == 'e' || peek(r) == 'E') {
		r->at++;
		if (peek(r) == '+' || peek(r) == '-')
			r->at++;
		if (digits(r) == 0)
			return fail(r, "a number has an empty exponent");
	}
	return true;
}

static bool word(struct reader *r, const char *w)
{
	size_t n = strlen(w);

	if (r->n - r->at < n || memcmp(r->p + r->at, w, n) != 0)
		return fail(r, "a value was expected");
	r->at += n;
	return true;
}

/* A member's name and colon, in an object. */
static bool member_name(struct reader *r)
{
	blanks(r);
	if (peek(r) != '"')
		return fail(r, "a member's name was expected");
	if (!string(r))
		return false;
	blanks(r);
	if (peek(r) != ':')
		return fail(r, "a colon was expected");
	r->at++;
	return true;
}

static bool open_level(struct reader *r, bool object)
{
	if (r->depth == JSON_DEPTH_MAX)
		return fail(r, "nested deeper than 64 levels");
	r->at++;
	if (object)
		r->is_object |= UINT64_C(1) << r->depth;
	else
		r->is_object &= ~(UINT64_C(1) << r->depth);
	r->depth++;
	return true;
}

static bool in_object(const struct reader *r)
{
	return r->depth > 0 && r->is_object >> (r->depth - 1) & 1;
}

/* One value, or the opening of one; *opened says that a level with at least one element began. */
static bool value(struct reader *r, bool *opened)
{
	int c;

	*opened = false;
	blanks(r);
	c = peek(r);
	if (c == '{' || c == '[') {
		if (!open_level(r, c == '{'))
			return false;
		blanks(r);
		if (peek(r) == (c == '{' ? '}' : ']')) {
			r->at++;
			r->depth--;
			return true;
		}
		*opened = true;
		return c == '[' || member_name(r);
	}
	if (c == '"')
		return string(r);
	if (c == '-' || (c >= '0' && c <= '9'))
		return number(r);
	return word(r, c == 't' ? "true" : c == 'f' ? "false" : "null");
}

/* What may follow a value: a comma and the next one (*more), or the ends of levels, down to the end of the text. */
static bool after_value(struct reader *r, bool *more)
{
	*more = false;
	for (;;) {
		blanks(r);
		if (r->depth == 0)
			return r->at == r->n || fail(r, "something follows the value");
		if (peek(r) == ',') {
			r->at++;
			*more = true;
			return !in_object(r) || member_name(r);
		}
		if (peek(r) != (in_object(r) ? '}' : ']'))
			return fail(r, "a comma or the end of an object or array was expected");
		r->at++;
		r->depth--;
	}
}

const char *json_check(char *text, size_t n, size_t *at)
{
	struct reader r = {.p = text, .n = n};
	bool more = true, opened;

	if (!utf8_valid(slice_of(text, n), at))
		return "not UTF-8";
	while (more && value(&r, &opened))
		if (!opened && !after_value(&r, &more))
			break;
	*at = r.at;
	return r.why;
}

cJSON *json_read(struct slice text, const char **why, size_t *at)
{
	char *copy = xmemdup(text.p ? text.p : "", text.n);
	cJSON *tree = NULL;

	*why = json_check(copy, text.n, at);
	if (!*why) {
		tree = cJSON_ParseWithLengthOpts(copy, text.n, NULL, false);
		if (!tree)
			*why = "not readable";
	}
	free(copy);
	return tree;
}
