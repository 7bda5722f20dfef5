/* SPDX-License-Identifier: ISC
 *
 * pg_text.c - PostgreSQL's text format (pg.h): cells of a result, array literals for parameters. Pure.
 */
#include "pg.h"

#include <stdlib.h>

struct slice pg_cell(const PGresult *r, int row, int col)
{
	if (PQgetisnull(r, row, col))
		return slice_of(NULL, 0);
	return slice_of(PQgetvalue(r, row, col), (size_t)PQgetlength(r, row, col));
}

int64_t pg_cell_i64(const PGresult *r, int row, int col)
{
	struct slice cell = pg_cell(r, row, col);

	return cell.p ? strtoll(cell.p, NULL, 10) : 0; /* libpq ends every cell with a NUL */
}

bool pg_cell_bool(const PGresult *r, int row, int col)
{
	return slice_eq(pg_cell(r, row, col), SLICE("t"));
}

bool pg_cell_uuid(const PGresult *r, int row, int col, struct uuid *out)
{
	return uuid_parse(pg_cell(r, row, col), out);
}

/* A value's comma: every element but the first one after the brace. */
static void separate(struct buf *b)
{
	if (b->n && b->p[b->n - 1] != '{')
		buf_char(b, ',');
}

void pg_array_begin(struct buf *b)
{
	buf_char(b, '{');
}

void pg_array_add(struct buf *b, struct slice value)
{
	separate(b);
	if (!value.p) {
		buf_str(b, "NULL");
		return;
	}
	buf_char(b, '"');
	for (size_t from = 0, at = 0; at <= value.n; at++) {
		if (at < value.n && value.p[at] != '"' && value.p[at] != '\\')
			continue;
		buf_append(b, value.p + from, at - from);
		if (at < value.n)
			buf_char(b, '\\');
		from = at;
	}
	buf_char(b, '"');
}

void pg_array_add_i64(struct buf *b, int64_t value)
{
	separate(b);
	buf_i64(b, value);
}

void pg_array_end(struct buf *b)
{
	buf_char(b, '}');
}
