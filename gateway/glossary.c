/* SPDX-License-Identifier: ISC
 *
 * glossary.c - see glossary.h. A change is one transaction: the version (which checks If-Match and locks),
 * what goes, what comes, and the whole as it then is. The version is the ETag; what is learned changes the
 * user's, too.
 */
#include "glossary.h"

#include "cleaner/engine/learn.h"
#include "common/base/json_out.h"
#include "common/knowledge/knowledge.h"
#include "glossary_body.h"

#include "glossary_add.sql.h"
#include "glossary_bound.sql.h"
#include "glossary_drop_learned.sql.h"
#include "glossary_remove.sql.h"
#include "glossary_touch_conversation.sql.h"
#include "glossary_touch_user.sql.h"

#include <stdio.h>

static const struct pg_stmt touch_user_stmt = {"glossary_touch_user", glossary_touch_user_sql, 2};
static const struct pg_stmt touch_conversation_stmt = {
	"glossary_touch_conversation", glossary_touch_conversation_sql, 3};
static const struct pg_stmt remove_stmt = {"glossary_remove", glossary_remove_sql, 3};
static const struct pg_stmt add_stmt = {"glossary_add", glossary_add_sql, 9};
static const struct pg_stmt drop_stmt = {"glossary_drop_learned", glossary_drop_learned_sql, 7};
static const struct pg_stmt bound_stmt = {"glossary_bound", glossary_bound_sql, 3};

enum { GLOSSARY_JSON_BYTES = 4 * 1024 * 1024, ARRAY_BYTES = 4 * 1024 * 1024 };

#define TOO_MANY "22012" /* what glossary_bound.sql ends with */

static bool of_conversation(const struct request *r)
{
	return strstr(r->route->pattern, "{id}") != NULL;
}

static void ask_for(const struct request *r, struct knowledge_ask *ask)
{
	knowledge_ask(ask, of_conversation(r) ? &r->params.ids[0] : NULL, &r->who.user_id);
}

/* --- what it is --- */

static bool is_listed(struct slice kind, bool conversation)
{
	return conversation ? slice_eq(kind, SLICE("conversation"))
			    : slice_eq(kind, SLICE("user")) || slice_eq(kind, SLICE("learned"));
}

static void begin_term(struct buf *out, const PGresult *rows, int row, struct slice kind)
{
	buf_char(out, '{');
	json_kv_str(out, "term", pg_cell(rows, row, KNOWLEDGE_A));
	json_key(out, "category");
	json_str_or_null(out, pg_cell(rows, row, KNOWLEDGE_B));
	json_kv_str(out, "source", slice_eq(kind, SLICE("learned")) ? kind : SLICE("user"));
	json_key(out, "sounds_like");
	buf_char(out, '[');
}

static void write_terms(struct buf *out, const PGresult *rows, bool conversation)
{
	struct slice term = {NULL, 0}, kind = {NULL, 0};

	buf_str(out, "{\"terms\":[");
	for (int row = 0; row < PQntuples(rows); row++) {
		struct slice k = pg_cell(rows, row, KNOWLEDGE_KIND), t = pg_cell(rows, row, KNOWLEDGE_A);
		bool same = term.p && slice_eq(t, term) && slice_eq(k, kind);

		if (!is_listed(k, conversation))
			continue;
		if (!same) {
			buf_str(out, term.p ? "]}," : "");
			begin_term(out, rows, row, k);
		}
		if (pg_cell(rows, row, KNOWLEDGE_C).n) {
			buf_str(out, same ? "," : "");
			json_str(out, pg_cell(rows, row, KNOWLEDGE_C));
		}
		term = t;
		kind = k;
	}
	buf_str(out, term.p ? "]}]}" : "]}");
}

static void answer_glossary(struct request *r, const PGresult *rows)
{
	struct slice version = pg_cell(rows, 0, of_conversation(r) ? KNOWLEDGE_B : KNOWLEDGE_A);
	struct buf json;

	if (PQntuples(rows) == 0 || !version.p) {
		request_problem(r, PROBLEM_NOT_FOUND, "You have no such conversation.");
		return;
	}
	buf_init(&json, GLOSSARY_JSON_BYTES);
	write_terms(&json, rows, of_conversation(r));
	request_header(r, "ETag", "\"%.*s\"", (int)version.n, version.p);
	request_json(r, 200, &json);
	buf_finish(&json);
}

static void on_got(struct request *r, const struct pg_answer *answer)
{
	if (request_pg_ok(r, answer))
		answer_glossary(r, answer->results[0]);
}

void glossary_get(struct request *r)
{
	struct knowledge_ask ask;

	ask_for(r, &ask);
	request_pg(r, &(struct pg_op){&knowledge_stmt, ask.params}, 1, on_got);
}

/* --- changing it --- */

/* Terms as the arrays that glossary_add.sql takes. */
struct columns {
	struct buf terms, spellings, categories, learned; /* one element a term */
	struct buf kept, kept_spellings; /* one element a spelling of a learned term, at least one a term */
};

static void columns_init(struct columns *c)
{
	struct buf *all[] = {
		&c->terms, &c->spellings, &c->categories, &c->learned, &c->kept, &c->kept_spellings};

	for (size_t i = 0; i < countof(all); i++) {
		buf_init(all[i], ARRAY_BYTES);
		pg_array_begin(all[i]);
	}
}

static void columns_end(struct columns *c)
{
	struct buf *all[] = {
		&c->terms, &c->spellings, &c->categories, &c->learned, &c->kept, &c->kept_spellings};

	for (size_t i = 0; i < countof(all); i++)
		pg_array_end(all[i]);
}

static void columns_finish(struct columns *c)
{
	struct buf *all[] = {
		&c->terms, &c->spellings, &c->categories, &c->learned, &c->kept, &c->kept_spellings};

	for (size_t i = 0; i < countof(all); i++)
		buf_finish(all[i]);
}

static void keep(struct columns *c, struct slice term, struct slice spelling)
{
	pg_array_add(&c->kept, term);
	pg_array_add(&c->kept_spellings, spelling);
}

static void columns_add(struct columns *c, const cJSON *term, bool may_be_learned)
{
	bool learned = may_be_learned && glossary_is_learned(term);
	struct slice name = json_member_text(term, "term");
	struct buf spellings;
	const cJSON *spelling;

	buf_init(&spellings, ARRAY_BYTES);
	pg_array_begin(&spellings);
	if (learned)
		keep(c, name, SLICE(""));
	cJSON_ArrayForEach(spelling, json_member(term, "sounds_like"))
	{
		pg_array_add(&spellings, slice_str(spelling->valuestring));
		if (learned)
			keep(c, name, slice_str(spelling->valuestring));
	}
	pg_array_end(&spellings);
	pg_array_add(&c->terms, name);
	pg_array_add(&c->spellings, buf_view(&spellings));
	pg_array_add(&c->categories, json_member_text(term, "category"));
	pg_array_add(&c->learned, learned ? SLICE("t") : SLICE("f"));
	buf_finish(&spellings);
}

/* What the database refused: the conversation is not there, the version is another, or there are too many
 * terms. */
static void on_refused_read(struct request *r, const struct pg_answer *answer)
{
	if (!request_pg_ok(r, answer))
		return;
	if (of_conversation(r) && !knowledge_has_conversation(answer->results[0]))
		request_problem(r, PROBLEM_NOT_FOUND, "You have no such conversation.");
	else
		request_problem(r, PROBLEM_PRECONDITION, "The glossary was changed since: read it again.");
}

static size_t count_after(const struct request *r, const PGresult *rows)
{
	const cJSON *add = json_member(r->json, "add"), *remove = json_member(r->json, "remove"), *item;
	size_t count = (size_t)cJSON_GetArraySize(add);
	struct slice last = {NULL, 0};

	for (int row = 0; row < PQntuples(rows); row++) {
		struct slice term = pg_cell(rows, row, KNOWLEDGE_A);
		bool goes = !slice_eq(pg_cell(rows, row, KNOWLEDGE_KIND),
				    of_conversation(r) ? SLICE("conversation") : SLICE("user")) ||
			    (last.p && slice_eq(last, term));

		cJSON_ArrayForEach(item, remove) goes |= slice_eq(term, slice_str(item->valuestring));
		cJSON_ArrayForEach(item, add) goes |= slice_eq(term, json_member_text(item, "term"));
		count += !goes;
		if (!goes)
			last = term;
	}
	return count;
}

static void on_too_many_read(struct request *r, const struct pg_answer *answer)
{
	struct invalid errors = {0};

	if (!request_pg_ok(r, answer))
		return;
	invalid_add(&errors, "", "add", "would make it %zu terms; at most %d are allowed",
		count_after(r, answer->results[0]), GLOSSARY_TERMS);
	request_invalid(r, &errors);
}

static void on_changed(struct request *r, const struct pg_answer *answer)
{
	struct knowledge_ask ask;

	if (answer->status == PG_OK) {
		answer_glossary(r, answer->results[answer->count - 1]);
		return;
	}
	ask_for(r, &ask);
	if (answer->status == PG_REFUSED && strcmp(answer->sqlstate, TOO_MANY) == 0)
		request_pg(r, &(struct pg_op){&knowledge_stmt, ask.params}, 1, on_too_many_read);
	else if (answer->status == PG_CONFLICT)
		request_pg(r, &(struct pg_op){&knowledge_stmt, ask.params}, 1, on_refused_read);
	else if (!request_pg_ok(r, answer))
		return;
}

/* Sends the change. remove NULL: everything goes; drop NULL: of what was learned stays what is in the
 * columns. */
static void change(struct request *r, const struct columns *c, struct slice remove, struct slice drop)
{
	struct slice touch[3], removing[3], adding[9], dropping[7], bound[3];
	struct knowledge_ask ask;
	struct buf versions;
	struct pg_op ops[6];
	char most[16];
	size_t n = 0;

	ask_for(r, &ask);
	buf_init(&versions, 8192);
	touch[0] = ask.params[of_conversation(r) ? 0 : 1];
	touch[1] =
		glossary_if_match(r->headers.if_match, &versions) ? buf_view(&versions) : slice_of(NULL, 0);
	touch[2] = ask.params[1];
	for (size_t i = 0; i < 2; i++)
		removing[i] = adding[i] = bound[i] = ask.params[i];
	removing[2] = remove;
	adding[2] = buf_view(&c->terms);
	adding[3] = buf_view(&c->spellings);
	adding[4] = buf_view(&c->categories);
	adding[5] = buf_view(&c->learned);
	dropping[0] = ask.params[1];
	dropping[1] = drop;
	dropping[2] = buf_view(&c->kept);
	dropping[3] = buf_view(&c->kept_spellings);
	adding[6] = dropping[4] = ask.params[KNOWLEDGE_ACCEPTED];
	adding[7] = dropping[5] = ask.params[KNOWLEDGE_USES];
	adding[8] = dropping[6] = ask.params[KNOWLEDGE_SHARE];
	snprintf(most, sizeof most, "%d", GLOSSARY_TERMS);
	bound[2] = slice_str(most);
	ops[n++] = (struct pg_op){of_conversation(r) ? &touch_conversation_stmt : &touch_user_stmt, touch};
	ops[n++] = (struct pg_op){&remove_stmt, removing};
	ops[n++] = (struct pg_op){&add_stmt, adding};
	if (!of_conversation(r))
		ops[n++] = (struct pg_op){&drop_stmt, dropping};
	ops[n++] = (struct pg_op){&bound_stmt, bound};
	ops[n++] = (struct pg_op){&knowledge_stmt, ask.params};
	request_pg(r, ops, n, on_changed);
	buf_finish(&versions);
}

void glossary_put(struct request *r)
{
	struct invalid errors = {0};
	const cJSON *terms = glossary_body_terms(r->json, &errors), *term;
	struct columns c;

	if (errors.count) {
		request_invalid(r, &errors);
		return;
	}
	columns_init(&c);
	cJSON_ArrayForEach(term, terms) columns_add(&c, term, !of_conversation(r));
	columns_end(&c);
	change(r, &c, slice_of(NULL, 0), slice_of(NULL, 0));
	columns_finish(&c);
}

void glossary_patch(struct request *r)
{
	struct invalid errors = {0};
	const cJSON *add, *remove, *item;
	struct buf removed, dropped;
	struct columns c;

	if (!glossary_body_patch(r->json, &add, &remove, &errors)) {
		request_invalid(r, &errors);
		return;
	}
	buf_init(&removed, ARRAY_BYTES);
	buf_init(&dropped, ARRAY_BYTES);
	pg_array_begin(&removed);
	pg_array_begin(&dropped);
	columns_init(&c);
	cJSON_ArrayForEach(item, remove)
	{
		pg_array_add(&removed, slice_str(item->valuestring));
		pg_array_add(&dropped, slice_str(item->valuestring));
	}
	cJSON_ArrayForEach(item, add)
	{
		pg_array_add(
			&removed, json_member_text(item, "term")); /* takes the place of one of that name */
		columns_add(&c, item, false);
	}
	pg_array_end(&removed);
	pg_array_end(&dropped);
	columns_end(&c);
	change(r, &c, buf_view(&removed), buf_view(&dropped));
	columns_finish(&c);
	buf_finish(&removed);
	buf_finish(&dropped);
}
