/* SPDX-License-Identifier: ISC
 *
 * utf8.c - see utf8.h.
 */
#include "utf8.h"

static bool continues(unsigned char c)
{
	return (c & 0xC0) == 0x80;
}

bool utf8_next(struct slice s, size_t *at, uint32_t *cp)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *p;
	size_t left = s.n - *at, len;
	uint32_t v;

	if (left == 0)
		return false;
	p = (const unsigned char *)s.p + *at;
	if (p[0] < 0x80) {
		*cp = p[0];
		*at += 1;
		return true;
	}
	len = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
	if (p[0] < 0xC2 || p[0] > 0xF4 || len > left)
		return false;
	v = p[0] & (0xFFu >> (len + 1));
	for (size_t i = 1; i < len; i++) {
		if (!continues(p[i]))
			return false;
		v = v << 6 | (p[i] & 0x3Fu);
	}
	if (v < least[len] || v > 0x10FFFF || (v >= 0xD800 && v <= 0xDFFF))
		return false;
	*cp = v;
	*at += len;
	return true;
}

bool utf8_valid(struct slice s, size_t *bad)
{
	size_t at = 0;
	uint32_t cp;

	while (at < s.n) {
		if (!utf8_next(s, &at, &cp)) {
			if (bad)
				*bad = at;
			return false;
		}
	}
	return true;
}

size_t utf8_count(struct slice s)
{
	size_t count = 0;

	for (size_t i = 0; i < s.n; i++)
		count += !continues((unsigned char)s.p[i]);
	return count;
}

size_t utf8_put(uint32_t cp, char out[4])
{
	if (cp < 0x80) {
		out[0] = (char)cp;
		return 1;
	}
	if (cp < 0x800) {
		out[0] = (char)(0xC0 | cp >> 6);
		out[1] = (char)(0x80 | (cp & 0x3F));
		return 2;
	}
	if (cp < 0x10000) {
		out[0] = (char)(0xE0 | cp >> 12);
		out[1] = (char)(0x80 | (cp >> 6 & 0x3F));
		out[2] = (char)(0x80 | (cp & 0x3F));
		return 3;
	}
	out[0] = (char)(0xF0 | cp >> 18);
	out[1] = (char)(0x80 | (cp >> 12 & 0x3F));
	out[2] = (char)(0x80 | (cp >> 6 & 0x3F));
	out[3] = (char)(0x80 | (cp & 0x3F));
	return 4;
}
