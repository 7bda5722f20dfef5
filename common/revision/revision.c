/* SPDX-License-Identifier: ISC
 *
 * revision.c - see revision.h: reading, taking back, putting back, writing. The edit is revision_edit.c's.
 */
#include "revision.h"

#include "common/base/json_out.h"
#include "common/base/utf8.h"
#include "common/base/xalloc.h"
#include "revision_parts.h"

#include <stdlib.h>

struct change *changes_add(struct changes *c, const struct change *change)
{
	if (c->count == c->cap) {
		c->cap = c->cap ? 2 * c->cap : 8;
		c->list = xrealloc(c->list, c->cap * sizeof *c->list);
	}
	c->list[c->count] = *change;
	return &c->list[c->count++];
}

static struct slice text_member(const cJSON *object, const char *name)
{
	return slice_str(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name)));
}

static bool number_member(const cJSON *object, const char *name, size_t *out)
{
	const cJSON *n = cJSON_GetObjectItemCaseSensitive(object, name);

	if (!cJSON_IsNumber(n) || n->valuedouble < 0 || n->valuedouble > UINT32_MAX)
		return false;
	*out = (size_t)n->valuedouble;
	return true;
}

/* Without its places. */
static bool read_change(const cJSON *json, struct change *out)
{
	struct slice id = text_member(json, "id");

	*out = (struct change){.kind = text_member(json, "kind"),
		.confidence = text_member(json, "confidence"),
		.reason = text_member(json, "reason"),
		.corrected = text_member(json, "corrected")};
	if (id.n == 0 || id.n >= CHANGE_ID_BYTES || !out->corrected.p)
		return false;
	memcpy(out->id, id.p, id.n);
	return true;
}

/* Moves *at and *points on to the code point `point`. False past the end. */
static bool advance(struct slice s, size_t *at, size_t *points, size_t point)
{
	while (*points < point) {
		if (*at >= s.n)
			return false;
		for ((*at)++; *at < s.n && ((unsigned char)s.p[*at] & 0xC0) == 0x80;)
			(*at)++;
		(*points)++;
	}
	return *points == point;
}

static bool read_place(const cJSON *json, struct slice raw, size_t *at, size_t *points, struct change *c)
{
	const cJSON *position = cJSON_GetObjectItemCaseSensitive(json, "position");
	size_t start, end;

	if (!number_member(position, "start", &start) || !number_member(position, "end", &end) ||
		!advance(raw, at, points, start))
		return false;
	c->start = *at;
	if (end < start || !advance(raw, at, points, end))
		return false;
	c->end = *at;
	return slice_eq(slice_of(raw.p + c->start, c->end - c->start), text_member(json, "original"));
}

static bool read_all(struct revision *r, const cJSON *corrections)
{
	const cJSON *json;
	size_t at = 0, points = 0;

	cJSON_ArrayForEach(json, corrections)
	{
		struct change c;

		if (!read_change(json, &c) || !read_place(json, r->raw, &at, &points, &c))
			return false;
		changes_add(&r->now, &c);
	}
	return true;
}

void revision_settle(struct revision *r)
{
	size_t raw_at = 0, at = 0;

	for (size_t i = 0; i < r->now.count; i++) {
		struct change *c = &r->now.list[i];

		c->at = at + (c->start - raw_at);
		c->at_end = at = c->at + c->corrected.n;
		raw_at = c->end;
	}
}

static bool makes(const struct revision *r, struct slice text)
{
	struct buf made;
	bool same;

	buf_init(&made, r->raw.n + text.n + 1);
	revision_text(r, &made);
	same = !made.overflow && slice_eq(buf_view(&made), text);
	buf_finish(&made);
	return same;
}

void revision_read(struct revision *r, struct slice raw, const cJSON *corrections, struct slice text)
{
	*r = (struct revision){.raw = raw};
	if (!read_all(r, corrections) || !makes(r, text)) {
		r->now.count = 0;
		revision_edit(r, text, 0);
		for (size_t i = 0; i < r->now.count; i++)
			r->now.list[i].fresh = false;
	}
	revision_settle(r);
}

void revision_finish(struct revision *r)
{
	free(r->now.list);
	free(r->undone.list);
	*r = (struct revision){.raw = {NULL, 0}};
}

struct change *revision_find(const struct revision *r, struct slice id)
{
	for (size_t i = 0; i < r->now.count; i++)
		if (slice_eq(id, slice_str(r->now.list[i].id)))
			return &r->now.list[i];
	return NULL;
}

void revision_remove(struct revision *r, const struct change *change)
{
	size_t i = (size_t)(change - r->now.list);

	r->now.count--;
	memmove(&r->now.list[i], &r->now.list[i + 1], (r->now.count - i) * sizeof *r->now.list);
	revision_settle(r);
}

bool revision_put_back(struct revision *r, const cJSON *correction)
{
	size_t at = 0, points = 0, i = 0;
	struct change c;

	if (!read_change(correction, &c) || !read_place(correction, r->raw, &at, &points, &c))
		return false;
	while (i < r->now.count && r->now.list[i].end <= c.start &&
		(r->now.list[i].start < c.start || r->now.list[i].end > r->now.list[i].start ||
			c.end > c.start))
		i++;
	if (i < r->now.count &&
		(r->now.list[i].start < c.end || (r->now.list[i].start == c.start && c.start == c.end)))
		return false;
	changes_add(&r->now, &c);
	memmove(&r->now.list[i + 1], &r->now.list[i], (r->now.count - 1 - i) * sizeof *r->now.list);
	r->now.list[i] = c;
	revision_settle(r);
	return true;
}

void revision_text(const struct revision *r, struct buf *out)
{
	size_t raw_at = 0;

	for (size_t i = 0; i < r->now.count; i++) {
		const struct change *c = &r->now.list[i];

		buf_slice(out, slice_of(r->raw.p + raw_at, c->start - raw_at));
		buf_slice(out, c->corrected);
		raw_at = c->end;
	}
	buf_slice(out, slice_of(r->raw.p + raw_at, r->raw.n - raw_at));
}

struct slice change_original(const struct revision *r, const struct change *c)
{
	return slice_of(r->raw.p + c->start, c->end - c->start);
}

static void range_json(struct buf *out, const char *key, size_t start, size_t n)
{
	json_key(out, key);
	buf_char(out, '{');
	json_kv_u64(out, "start", start);
	json_kv_u64(out, "end", start + n);
	buf_char(out, '}');
}

/* points: of raw and of the text before the change. */
static void write_change(
	const struct revision *r, const struct change *c, size_t raw_points, size_t points, struct buf *out)
{
	struct slice original = change_original(r, c);

	buf_char(out, '{');
	json_kv_str(out, "id", slice_str(c->id));
	json_kv_str(out, "kind", c->kind);
	json_kv_str(out, "original", original.n ? original : SLICE(""));
	json_kv_str(out, "corrected", c->corrected.n ? c->corrected : SLICE(""));
	json_kv_str(out, "confidence", c->confidence);
	json_kv_str(out, "reason", c->reason);
	range_json(out, "position", raw_points, utf8_count(original));
	range_json(out, "cleaned_position", points, utf8_count(c->corrected));
	buf_char(out, '}');
}

/* Code points of the text before change c, when raw has raw_points before it: each earlier change shifts it.
 */
void change_json(const struct revision *r, const struct change *c, struct buf *out)
{
	size_t raw_points = utf8_count(slice_of(r->raw.p, c->start)), points = raw_points;

	for (size_t i = 0; i < r->now.count && r->now.list[i].end <= c->start && &r->now.list[i] != c; i++)
		points += utf8_count(r->now.list[i].corrected) -
			  utf8_count(change_original(r, &r->now.list[i]));
	write_change(r, c, raw_points, points, out);
}

void revision_json(const struct revision *r, struct buf *out)
{
	size_t raw_at = 0, raw_points = 0, points = 0;

	buf_char(out, '[');
	for (size_t i = 0; i < r->now.count; i++) {
		const struct change *c = &r->now.list[i];
		size_t between = utf8_count(slice_of(r->raw.p + raw_at, c->start - raw_at));

		if (i)
			buf_char(out, ',');
		raw_points += between;
		points += between;
		write_change(r, c, raw_points, points, out);
		raw_points += utf8_count(change_original(r, c));
		points += utf8_count(c->corrected);
		raw_at = c->end;
	}
	buf_char(out, ']');
}

static int rank(struct slice confidence)
{
	return slice_eq(confidence, SLICE("LOW")) ? 0 : slice_eq(confidence, SLICE("MEDIUM")) ? 1 : 2;
}

const char *revision_confidence(const struct revision *r)
{
	static const char *const names[] = {"LOW", "MEDIUM", "HIGH"};
	int least = 2;

	for (size_t i = 0; i < r->now.count; i++) {
		const struct change *c = &r->now.list[i];

		if (!slice_eq(c->kind, SLICE("punctuation")) && !slice_eq(c->kind, SLICE("case")) &&
			rank(c->confidence) < least)
			least = rank(c->confidence);
	}
	return names[least];
}
