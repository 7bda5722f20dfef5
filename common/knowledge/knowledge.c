/* SPDX-License-Identifier: ISC
 *
 * knowledge.c - see knowledge.h.
 */
#include "knowledge.h"

#include "cleaner/engine/learn.h"
#include "common/base/xalloc.h"
#include "knowledge.sql.h"

#include <stdio.h>
#include <stdlib.h>

const struct pg_stmt knowledge_stmt = {"knowledge", knowledge_sql, KNOWLEDGE_PARAMS};

void knowledge_ask(struct knowledge_ask *ask, const struct uuid *conversation, const struct uuid *user)
{
	static const int bounds[] = {LEARN_ACCEPTED_LEAST, LEARN_AGENT_USES, LEARN_REJECTED_LEAST,
		LEARN_SHARE_PERCENT, LEARN_TERMS_MOST, LEARN_SUPPRESSED_MOST};

	ask->params[0] = slice_of(NULL, 0);
	if (conversation) {
		uuid_text(conversation, ask->conversation);
		ask->params[0] = slice_str(ask->conversation);
	}
	uuid_text(user, ask->user);
	ask->params[1] = slice_str(ask->user);
	for (size_t i = 0; i < countof(bounds); i++)
		ask->params[2 + i] = slice_of(ask->bounds[i],
			(size_t)snprintf(ask->bounds[i], sizeof ask->bounds[i], "%d", bounds[i]));
}

static size_t text_bytes(const PGresult *rows)
{
	size_t bytes = 0;

	for (int row = 0; row < PQntuples(rows); row++)
		for (int col = KNOWLEDGE_A; col <= KNOWLEDGE_C; col++)
			bytes += pg_cell(rows, row, col).n;
	return bytes;
}

static struct slice hold(struct knowledge *k, struct slice s)
{
	char *to = k->held + k->bytes;

	if (s.n)
		memcpy(to, s.p, s.n);
	k->bytes += s.n;
	return slice_of(to, s.n);
}

/* A row of a term that is the last one's is a further spelling of it. */
static void read_term(struct knowledge *k, const PGresult *rows, int row, size_t *spellings)
{
	struct glossary_term *term = k->term_count ? &k->terms[k->term_count - 1] : NULL;
	struct slice spelling = pg_cell(rows, row, KNOWLEDGE_C);

	if (!term || !slice_eq(term->term, pg_cell(rows, row, KNOWLEDGE_A))) {
		term = &k->terms[k->term_count++];
		*term = (struct glossary_term){.term = hold(k, pg_cell(rows, row, KNOWLEDGE_A)),
			.category = hold(k, pg_cell(rows, row, KNOWLEDGE_B)),
			.sounds_like = &k->spellings[*spellings]};
	}
	if (spelling.n) {
		k->spellings[(*spellings)++] = hold(k, spelling);
		term->sounds_like_count++;
	}
}

/* Theirs are the last rows, so that they lie one behind the other: lines of one text. */
static void read_shared(struct knowledge *k, struct slice text)
{
	const char *from = k->shared.n ? k->shared.p : k->held + k->bytes;

	if (k->shared.n)
		hold(k, SLICE("\n"));
	hold(k, text);
	k->shared = slice_of(from, (size_t)(k->held + k->bytes - from));
}

void knowledge_read(struct knowledge *k, const PGresult *rows)
{
	size_t n = (size_t)PQntuples(rows), spellings = 0;

	*k = (struct knowledge){.terms = xcalloc(n, sizeof *k->terms),
		.spellings = xcalloc(n, sizeof *k->spellings),
		.suppressed = xcalloc(n, sizeof *k->suppressed),
		.held = xmalloc(text_bytes(rows) + n + 1)};
	for (int row = 0; row < (int)n; row++) {
		struct slice kind = pg_cell(rows, row, KNOWLEDGE_KIND);

		if (slice_eq(kind, SLICE("version"))) {
			k->user_version = pg_cell_i64(rows, row, KNOWLEDGE_A);
			k->conversation_version =
				pg_cell_i64(rows, row, KNOWLEDGE_B) + pg_cell_i64(rows, row, KNOWLEDGE_C);
		} else if (slice_eq(kind, SLICE("shared"))) {
			read_shared(k, pg_cell(rows, row, KNOWLEDGE_A));
		} else if (slice_eq(kind, SLICE("suppressed"))) {
			k->suppressed[k->suppressed_count++] =
				(struct suppressed_pair){hold(k, pg_cell(rows, row, KNOWLEDGE_A)),
					hold(k, pg_cell(rows, row, KNOWLEDGE_B))};
		} else {
			read_term(k, rows, row, &spellings);
		}
	}
	k->bytes += n * (sizeof *k->terms + sizeof *k->spellings + sizeof *k->suppressed);
}

void knowledge_finish(struct knowledge *k)
{
	free(k->terms);
	free(k->spellings);
	free(k->suppressed);
	free(k->held);
	*k = (struct knowledge){.terms = NULL};
}

bool knowledge_has_conversation(const PGresult *rows)
{
	return PQntuples(rows) > 0 && !PQgetisnull(rows, 0, KNOWLEDGE_B);
}
