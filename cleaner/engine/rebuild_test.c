/* SPDX-License-Identifier: ISC
 *
 * rebuild_test.c - see rebuild_test.h.
 */
#include "rebuild_test.h"
#include "common/base/utf8.h"

/* The byte offset of code point `point`, counted on from *at, *points. False past the end. */
static bool advance(struct slice s, size_t *at, uint32_t *points, uint32_t point)
{
	uint32_t cp;

	while (*points < point) {
		if (!utf8_next(s, at, &cp))
			return false;
		(*points)++;
	}
	return true;
}

struct walk {
	size_t at;
	uint32_t points;
};

static const char *check_one(
	struct slice raw, struct slice cleaned, const struct correction *c, struct walk *r, struct walk *k)
{
	size_t raw_from = r->at, cleaned_from = k->at;

	if (c->start < r->points || c->end < c->start || c->cleaned_end < c->cleaned_start)
		return "not in order";
	if (!advance(raw, &r->at, &r->points, c->start) ||
		!advance(cleaned, &k->at, &k->points, c->cleaned_start))
		return "past the end";
	if (!slice_eq(slice_of(raw.p + raw_from, r->at - raw_from),
		    slice_of(cleaned.p + cleaned_from, k->at - cleaned_from)))
		return "text between corrections differs";
	raw_from = r->at;
	cleaned_from = k->at;
	if (!advance(raw, &r->at, &r->points, c->end) ||
		!advance(cleaned, &k->at, &k->points, c->cleaned_end))
		return "past the end";
	if (!slice_eq(c->original, slice_of(raw.p + raw_from, r->at - raw_from)))
		return "original is not what raw has there";
	if (!slice_eq(c->corrected, slice_of(cleaned.p + cleaned_from, k->at - cleaned_from)))
		return "corrected is not what cleaned has there";
	if (slice_eq(c->original, c->corrected))
		return "changes nothing";
	return c->score > 0 && c->score <= 1 && c->reason && c->reason[0] ? NULL : "no score or reason";
}

const char *rebuild_check(struct slice raw, const struct clean_result *result)
{
	struct walk r = {0}, k = {0};

	for (size_t i = 0; i < result->correction_count; i++) {
		const char *wrong = check_one(raw, result->cleaned, &result->corrections[i], &r, &k);

		if (wrong)
			return wrong;
	}
	if (!slice_eq(slice_of(raw.p + r.at, raw.n - r.at),
		    slice_of(result->cleaned.p + k.at, result->cleaned.n - k.at)))
		return "text after the last correction differs";
	return utf8_valid(result->cleaned, NULL) ? NULL : "cleaned is not UTF-8";
}
