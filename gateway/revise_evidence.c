/* SPDX-License-Identifier: ISC
 *
 * revise_evidence.c - see revise_evidence.h.
 *
 * What teaches: an accepted change that no guard of ours had a part in (an edit, a term by its sound, a
 * model's), and any rejected one. A pattern that is accepted teaches nothing, for what it heard is right
 * elsewhere.
 */
#include "revise_evidence.h"

#include "cleaner/engine/learn.h"
#include "common/store/pg.h"

enum { EVIDENCE_BYTES = 8 * 1024 * 1024 };

void evidence_init(struct evidence *e)
{
	e->rows = 0;
	for (size_t i = 0; i < EVIDENCE_COLUMNS; i++) {
		buf_init(&e->column[i], EVIDENCE_BYTES);
		pg_array_begin(&e->column[i]);
	}
}

void evidence_end(struct evidence *e)
{
	for (size_t i = 0; i < EVIDENCE_COLUMNS; i++)
		pg_array_end(&e->column[i]);
}

void evidence_finish(struct evidence *e)
{
	for (size_t i = 0; i < EVIDENCE_COLUMNS; i++)
		buf_finish(&e->column[i]);
}

static bool is_kind(const struct change *c, const char *const *kinds)
{
	for (; *kinds; kinds++)
		if (slice_eq(c->kind, slice_str(*kinds)))
			return true;
	return false;
}

/* Does the change stand where a sentence begins? Its capital says nothing then. */
static bool begins_sentence(const struct revision *r, const struct change *c)
{
	size_t at = c->start;

	while (at && strchr(" \t\r\n\"(", r->raw.p[at - 1]))
		at--;
	return at == 0 || strchr(".?!", r->raw.p[at - 1]) != NULL;
}

static bool teaches(const struct revision *r, const struct change *c, bool accept, struct learn_pair *pair)
{
	static const char *const if_accepted[] = {"edit", "glossary", "model", NULL};
	static const char *const if_rejected[] = {"edit", "glossary", "model", "pattern", "case", NULL};

	if (!is_kind(c, accept ? if_accepted : if_rejected) ||
		!learn_pair(change_original(r, c), c->corrected, pair))
		return false;
	return !(slice_eq_nocase(slice_str(pair->heard), slice_str(pair->meant)) && begins_sentence(r, c));
}

static void add(
	struct evidence *e, const struct revision *r, const struct change *c, bool accept, bool by_edit)
{
	struct slice original = change_original(r, c);
	struct learn_pair pair;
	bool learned = teaches(r, c, accept, &pair);
	struct buf json;

	buf_init(&json, EVIDENCE_BYTES);
	change_json(r, c, &json);
	e->rows++;
	pg_array_add(&e->column[EVIDENCE_ID], slice_str(c->id));
	pg_array_add(&e->column[EVIDENCE_VERDICT], accept ? SLICE("accept") : SLICE("reject"));
	pg_array_add(&e->column[EVIDENCE_BY_EDIT], by_edit ? SLICE("t") : SLICE("f"));
	pg_array_add(&e->column[EVIDENCE_ORIGINAL], original.n ? original : SLICE(""));
	pg_array_add(&e->column[EVIDENCE_CORRECTED], c->corrected.n ? c->corrected : SLICE(""));
	pg_array_add(&e->column[EVIDENCE_HEARD], learned ? slice_str(pair.heard) : slice_of(NULL, 0));
	pg_array_add(&e->column[EVIDENCE_MEANT], learned ? slice_str(pair.meant) : slice_of(NULL, 0));
	pg_array_add(&e->column[EVIDENCE_JSON], buf_view(&json));
	buf_finish(&json);
}

void evidence_verdict(struct evidence *e, const struct revision *r, const struct change *c, bool accept)
{
	add(e, r, c, accept, false);
}

static bool has_inside(struct slice s, struct slice part)
{
	for (size_t i = 0; i + part.n <= s.n; i++)
		if (slice_eq_nocase(slice_of(s.p + i, part.n), part))
			return true;
	return false;
}

/* What the edit put in the place of a change that it undid; NULL: raw is back there. */
static const struct change *in_place_of(const struct revision *r, const struct change *c)
{
	for (size_t i = 0; i < r->now.count; i++) {
		const struct change *f = &r->now.list[i];

		if (f->fresh && f->start <= c->end && f->end >= c->start)
			return f;
	}
	return NULL;
}

/* The edit went over it without taking back what it had done. */
static bool still_done(const struct revision *r, const struct change *c)
{
	const struct change *f = in_place_of(r, c);

	if (!f)
		return false;
	if (c->corrected.n)
		return has_inside(f->corrected, c->corrected);
	return !has_inside(f->corrected, change_original(r, c));
}

/* Blanks and marks are of their place: nothing is said of them. */
static bool is_of_words(const struct revision *r, const struct change *c)
{
	struct slice parts[] = {change_original(r, c), c->corrected};

	for (size_t k = 0; k < countof(parts); k++)
		for (size_t i = 0; i < parts[k].n; i++)
			if (!strchr(" \t\r\n.,;:!?-\"'()", parts[k].p[i]))
				return true;
	return false;
}

void evidence_edit(struct evidence *e, const struct revision *r)
{
	for (size_t i = 0; i < r->now.count && e->rows < EVIDENCE_ROWS; i++)
		if (r->now.list[i].fresh && is_of_words(r, &r->now.list[i]))
			add(e, r, &r->now.list[i], true, true);
	for (size_t i = 0; i < r->undone.count; i++) {
		const struct change *c = &r->undone.list[i];

		if (slice_eq(c->kind, SLICE("edit")))
			pg_array_add(&e->column[EVIDENCE_GONE], slice_str(c->id));
		else if (e->rows < EVIDENCE_ROWS && !still_done(r, c))
			add(e, r, c, false, true);
	}
}
