/* SPDX-License-Identifier: ISC
 *
 * numeral_dotted.c - three numbers and more with points between them: a version ("ten point four point two"), a section, a network
 * address. Read as decimals they would be cut in two: 10.4 0.2. What is an address with dots is read before, numeral_web.c.
 */
#include "numeral.h"

#include <inttypes.h>
#include <stdio.h>

enum { PARTS_LEAST = 3, PARTS_MOST = 8, PART_BYTES = 8, PART_MOST = 9999 };

/* "four", "one six eight", "one hundred sixty eight": its figures; the word after it, or at. */
static size_t part_read(const struct words *w, size_t at, char out[PART_BYTES])
{
	struct number whole;
	size_t n, end = digits_read(w, at, false, out, PART_BYTES, &n);

	if (n > 0)
		return end;
	if (at >= w->count || w->live[at]->fixed || !number_read(w, at, &whole) || whole.ordinal || whole.article ||
		whole.value > PART_MOST)
		return at;
	snprintf(out, PART_BYTES, "%" PRIu64, whole.value);
	return whole.end;
}

static bool is_point(const struct words *w, size_t at)
{
	return at > 0 && (words_is(w, at, "point") || words_is(w, at, "dot")) && words_joined(w, at - 1) && words_joined(w, at);
}

/* "four point four point fourteen percent" was misheard, whatever it is: of nothing are there 4.4.14 percent. */
static bool is_amount(const struct words *w, size_t end)
{
	static const char *const units[] = {"percent", "per", "million", "billion", "thousand", "dollars", "pounds", "euros", "times"};

	return words_in(w, end, units, countof(units));
}

bool dotted_read(const struct turn *t, size_t i, bool bare, struct numeral *out)
{
	const struct words *w = &t->words;
	char part[PART_BYTES];
	size_t parts = 0, at = i, n = 0, end;

	while (parts < PARTS_MOST && (end = part_read(w, at, part)) > at) {
		n += (size_t)snprintf(out->text + n, sizeof out->text - n, "%s%s", parts ? "." : "", part);
		out->end = end;
		parts++;
		if (!is_point(w, end))
			break;
		at = end + 1;
	}
	out->format = FORMAT_CARDINAL;
	out->score = 0.95;
	return parts >= PARTS_LEAST && !is_amount(w, out->end);
}
