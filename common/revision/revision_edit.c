/* SPDX-License-Identifier: ISC
 *
 * revision_edit.c - a person's own text against raw, by way of the text that stood: what they left alone
 * stays the correction that it was.
 *
 * The standing text is compared with the new one. Each hunk, with the changes that it cuts into, becomes one
 * change of raw into the new words; a hunk that gives raw back is no change at all.
 */
#include "revision_parts.h"
#include "text_diff.h"

#include <stdio.h>
#include <stdlib.h>

struct edit {
	const struct changes *before;
	const struct text_diff *diff;
	size_t change, hunk; /* the next of each */
	struct slice text;   /* the new one */
	unsigned number, made;
	struct changes after, *undone;
	struct slice raw;
};

/* Does the hunk cut into the change? One that only stands beside it does not. */
static bool cuts(const struct hunk *h, const struct change *c)
{
	if (c->at < h->a_end && c->at_end > h->a)
		return true;
	return h->a == h->a_end && c->at == c->at_end && c->at == h->a;
}

/* Where in raw a place of the standing text is, given how many of the changes are before it. */
static size_t in_raw(const struct edit *e, size_t before, size_t at)
{
	const struct change *last = before ? &e->before->list[before - 1] : NULL;

	return last ? last->end + (at - last->at_end) : at;
}

/* The change lies before the hunk, and is not cut. */
static bool is_before(const struct change *c, const struct hunk *h)
{
	return !cuts(h, c) && (c->at < h->a || (c->at == h->a && c->at_end == c->at));
}

/* Grows the hunk over the changes that it cuts into, and over hunks that it then reaches. */
static size_t grow(struct edit *e, struct hunk *h)
{
	size_t last = e->change;
	bool grown = true;

	while (grown) {
		grown = false;
		while (last < e->before->count && cuts(h, &e->before->list[last])) {
			const struct change *c = &e->before->list[last++];

			if (c->at < h->a) {
				h->b -= h->a - c->at;
				h->a = c->at;
			}
			if (c->at_end > h->a_end) {
				h->b_end += c->at_end - h->a_end;
				h->a_end = c->at_end;
			}
		}
		while (e->hunk < e->diff->count && e->diff->hunks[e->hunk].a < h->a_end) {
			const struct hunk *next = &e->diff->hunks[e->hunk++];

			h->b_end = next->b_end + (h->a_end > next->a_end ? h->a_end - next->a_end : 0);
			h->a_end = h->a_end > next->a_end ? h->a_end : next->a_end;
			grown = true;
		}
	}
	return last;
}

static void add_edit(struct edit *e, size_t start, size_t end, struct slice corrected)
{
	struct change c = {.kind = SLICE("edit"),
		.confidence = SLICE("HIGH"),
		.reason = SLICE("Edited by hand."),
		.corrected = corrected,
		.start = start,
		.end = end,
		.fresh = true};

	if (slice_eq(slice_of(e->raw.p + start, end - start), corrected))
		return;
	snprintf(c.id, sizeof c.id, "r%u-%u", e->number, ++e->made);
	changes_add(&e->after, &c);
}

static void take_hunk(struct edit *e)
{
	struct hunk h = e->diff->hunks[e->hunk++];
	size_t last, start, end;

	while (e->change < e->before->count && is_before(&e->before->list[e->change], &h))
		changes_add(&e->after, &e->before->list[e->change++]);
	last = grow(e, &h);
	start = in_raw(e, e->change, h.a);
	end = in_raw(e, last, h.a_end);
	for (; e->change < last; e->change++)
		changes_add(e->undone, &e->before->list[e->change]);
	add_edit(e, start, end, slice_of(e->text.p + h.b, h.b_end - h.b));
}

void revision_edit(struct revision *r, struct slice text, unsigned number)
{
	struct edit e = {
		.before = &r->now, .text = text, .number = number, .undone = &r->undone, .raw = r->raw};
	struct text_diff diff;
	struct buf standing;

	revision_settle(r);
	buf_init(&standing, SIZE_MAX / 2);
	revision_text(r, &standing);
	text_diff(buf_view(&standing), text, &diff);
	e.diff = &diff;
	while (e.hunk < diff.count)
		take_hunk(&e);
	while (e.change < r->now.count)
		changes_add(&e.after, &r->now.list[e.change++]);
	free(r->now.list);
	r->now = e.after;
	revision_settle(r);
	text_diff_finish(&diff);
	buf_finish(&standing);
}
