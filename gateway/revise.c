/* SPDX-License-Identifier: ISC
 *
 * revise.c - see revise.h. Read the turn, work out its next revision, write it over the one that was read;
 * when somebody else was faster, begin anew.
 *
 * The write is one transaction: lock the conversation, the new revision with its outbox row and the counts,
 * what it teaches, and the turn as it then is. A verdict that changes nothing (an accept; the same one again)
 * makes no revision. Watchers are told after the commit: turn:processed is durable by its outbox row, the
 * others may be lost.
 */
#include "revise.h"

#include "cleaner/engine/learn.h"
#include "common/base/clock.h"
#include "common/base/json_out.h"
#include "common/base/log.h"
#include "common/base/xalloc.h"
#include "common/store/queue.h"
#include "common/wire/events.h"
#include "common/wire/message.h"
#include "conversations.h"
#include "revise_evidence.h"
#include "common/revision/revise_metadata.h"
#include "shape.h"
#include "turn_rows.h"

#include "revise.sql.h"
#include "revise_learn.sql.h"
#include "revise_lock.sql.h"
#include "revise_lock_user.sql.h"
#include "revise_prune.sql.h"
#include "revise_read.sql.h"

#include <stdio.h>
#include <stdlib.h>

static const struct pg_stmt lock_stmt = {"revise_lock", revise_lock_sql, 2};
static const struct pg_stmt lock_user_stmt = {"revise_lock_user", revise_lock_user_sql, 1};
static const struct pg_stmt read_stmt = {"revise_read", revise_read_sql, 4};
static const struct pg_stmt revise_stmt = {"revise", revise_sql, 8};
static const struct pg_stmt learn_stmt = {"revise_learn", revise_learn_sql, 13};
static const struct pg_stmt prune_stmt = {"revise_prune", revise_prune_sql, 2};

enum {
	R_RAW = 4,
	R_CLEANED,
	R_STATE,
	R_REVISION,
	R_METADATA = 11,
	R_VERDICT,
	R_CORRECTION,
	R_HIGH,
	R_MEDIUM,
	R_LOW
};

enum {
	TRIES = 5,		       /* somebody else is faster each time: a program that edits in a loop */
	TURN_BYTES = 16 * 1024 * 1024, /* of JSON: 16 KiB of text, each character a correction */
};

enum word { WORD_EDIT, WORD_ACCEPT, WORD_REJECT };

/* A request at work; its r->owner. */
struct revising {
	enum word word;
	unsigned tries;
	bool revises;	  /* the write that is under way makes a revision */
	char *correction; /* as JSON, for the event; owned */
};

/* What was read, while its answer lasts, and what comes of it. */
struct draft {
	const PGresult *row;
	cJSON *metadata, *correction; /* owned; the second as it was when it was rejected */
	struct revision revision;
	struct evidence evidence;
	char was[8];		/* the turn's confidence before */
	const char *confidence; /* and after */
};

static void read_turn(struct request *r, request_pg_fn *fn);
static void on_read(struct request *r, const struct pg_answer *answer);

static void end(struct request *r)
{
	struct revising *w = r->owner;

	r->owner = NULL;
	free(w->correction);
	free(w);
}

static void refuse(struct request *r, enum problem problem, const char *detail)
{
	request_problem(r, problem, "%s", detail);
	end(r);
}

/* --- the ids of the path --- */

struct ids {
	char turn[UUID_TEXT_BYTES], user[UUID_TEXT_BYTES], conversation[UUID_TEXT_BYTES],
		correction[ROUTE_NAME_BYTES + 1];
	struct slice read[4]; /* read_stmt's parameters */
};

static void ids_of(const struct request *r, struct ids *ids)
{
	const struct revising *w = r->owner;
	size_t n = r->params.name.n < ROUTE_NAME_BYTES ? r->params.name.n : ROUTE_NAME_BYTES;

	uuid_text(&r->params.ids[1], ids->turn);
	uuid_text(&r->who.user_id, ids->user);
	uuid_text(&r->params.ids[0], ids->conversation);
	if (n)
		memcpy(ids->correction, r->params.name.p, n);
	ids->correction[n] = '\0';
	ids->read[0] = slice_str(ids->turn);
	ids->read[1] = slice_str(ids->user);
	ids->read[2] = slice_str(ids->conversation);
	ids->read[3] = w->word == WORD_EDIT ? slice_of(NULL, 0) : slice_str(ids->correction);
}

/* --- the answer, and who watches --- */

static void announce(struct request *r, struct msg_result *m)
{
	size_t lanes = link_lanes(r->gw->results_link);

	m->conversation_id = r->params.ids[0];
	m->turn_id = r->params.ids[1];
	m->at = clock_wall_us();
	if (lanes == 0 ||
		!link_send_lane(r->gw->results_link, uuid_hash(&m->conversation_id) % lanes, MSG_RESULT, m))
		log_debug("revise.unannounced", "event=%s", event_name((enum event_kind)m->event));
}

static void announce_verdict(struct request *r, uint64_t revision)
{
	const struct revising *w = r->owner;
	struct msg_result m = {.event = EVENT_CORRECTION_APPLIED, .revision = revision};
	char turn[UUID_TEXT_BYTES];
	struct buf body;

	uuid_text(&r->params.ids[1], turn);
	buf_init(&body, TURN_BYTES);
	buf_str(&body, "\"turn_id\":");
	json_str(&body, slice_str(turn));
	json_kv_u64(&body, "revision", revision);
	json_kv_raw(&body, "correction", slice_str(w->correction));
	json_kv_str(&body, "verdict", w->word == WORD_ACCEPT ? SLICE("accept") : SLICE("reject"));
	m.body = buf_view(&body);
	announce(r, &m);
	buf_finish(&body);
}

static void announce_confidence(struct request *r, const PGresult *row)
{
	struct msg_result m = {.event = EVENT_CONFIDENCE_UPDATED};
	struct buf body;

	buf_init(&body, 1024);
	buf_str(&body, "\"confidence_distribution\":{");
	json_kv_u64(&body, "HIGH", (uint64_t)pg_cell_i64(row, 0, R_HIGH));
	json_kv_u64(&body, "MEDIUM", (uint64_t)pg_cell_i64(row, 0, R_MEDIUM));
	json_kv_u64(&body, "LOW", (uint64_t)pg_cell_i64(row, 0, R_LOW));
	buf_char(&body, '}');
	m.body = buf_view(&body);
	announce(r, &m);
	buf_finish(&body);
}

/* The turn as it stands, 200. announced: this request made its revision. */
static void answer_turn(struct request *r, const PGresult *row, bool revised)
{
	uint64_t revision = (uint64_t)pg_cell_i64(row, 0, R_REVISION);
	struct msg_result m = {.event = EVENT_TURN_PROCESSED, .revision = revision, .durable = 1};
	struct buf json;

	buf_init(&json, TURN_BYTES);
	turn_row_write_json(row, 0, &json);
	request_json(r, 200, &json);
	m.turn = buf_view(&json);
	if (revised && !json.overflow)
		announce(r, &m);
	buf_finish(&json);
}

static void on_written(struct request *r, const struct pg_answer *answer)
{
	struct revising *w = r->owner;
	const PGresult *row = answer->count ? answer->results[answer->count - 1] : NULL;

	if (answer->status == PG_CONFLICT && ++w->tries < TRIES) {
		read_turn(r, on_read);
		return;
	}
	if (answer->status == PG_CONFLICT) {
		refuse(r, PROBLEM_CONFLICT, "The turn is being changed by somebody else: read it again.");
		return;
	}
	if (!request_pg_ok(r, answer)) {
		end(r);
		return;
	}
	if (PQntuples(row) != 1) {
		refuse(r, PROBLEM_NOT_FOUND, "there is no such turn");
		return;
	}
	if (w->revises)
		queue_window_drop(r->gw->redis, &r->params.ids[0], NULL, NULL);
	answer_turn(r, row, w->revises);
	if (w->word != WORD_EDIT)
		announce_verdict(r, (uint64_t)pg_cell_i64(row, 0, R_REVISION));
	if (w->revises)
		announce_confidence(r, row);
	end(r);
}

/* --- writing --- */

static void fill_learn(const struct draft *d, struct slice turn, struct slice conversation, struct slice user,
	struct slice revision, struct slice params[13])
{
	params[0] = turn;
	params[1] = conversation;
	params[2] = user;
	params[3] = revision;
	for (size_t i = 0; i < EVIDENCE_COLUMNS; i++)
		params[4 + i] = buf_view(&d->evidence.column[i]);
}

static void send_draft(struct request *r, struct draft *d)
{
	struct revising *w = r->owner;
	int64_t revision = pg_cell_i64(d->row, 0, R_REVISION);
	char expected[24], stands[24], most[24];
	struct slice lock[2], user, revise[8], learn[13], prune[2];
	struct buf text, metadata;
	struct pg_op ops[6];
	struct ids ids;
	size_t n = 0;

	ids_of(r, &ids);
	buf_init(&text, TURN_BYTES);
	buf_init(&metadata, TURN_BYTES);
	revision_text(&d->revision, &text);
	if (w->revises)
		metadata_revise(d->metadata, &d->revision, !slice_eq(buf_view(&text), d->revision.raw),
			d->confidence, w->word == WORD_EDIT ? "user" : "verdict", &metadata);
	snprintf(expected, sizeof expected, "%lld", (long long)revision);
	snprintf(stands, sizeof stands, "%lld", (long long)revision + w->revises);
	snprintf(most, sizeof most, "%d", LEARN_PAIRS_MOST);
	lock[0] = revise[1] = ids.read[2];
	lock[1] = user = prune[0] = ids.read[1];
	revise[0] = ids.read[0];
	revise[2] = slice_str(expected);
	revise[3] = text.n ? buf_view(&text) : SLICE("");
	revise[4] = buf_view(&metadata);
	revise[5] = w->word == WORD_EDIT ? SLICE("user") : SLICE("verdict");
	revise[6] = slice_str(d->was);
	revise[7] = slice_str(d->confidence);
	fill_learn(d, ids.read[0], ids.read[2], user, slice_str(stands), learn);
	prune[1] = slice_str(most);
	ops[n++] = (struct pg_op){&lock_stmt, lock};
	if (w->revises)
		ops[n++] = (struct pg_op){&revise_stmt, revise};
	ops[n++] = (struct pg_op){&lock_user_stmt, &user};
	ops[n++] = (struct pg_op){&learn_stmt, learn};
	ops[n++] = (struct pg_op){&prune_stmt, prune};
	ops[n++] = (struct pg_op){&read_stmt, ids.read};
	if (text.overflow || metadata.overflow)
		refuse(r, PROBLEM_INTERNAL, "The result is too long.");
	else
		request_pg(r, ops, n, on_written);
	buf_finish(&text);
	buf_finish(&metadata);
}

/* --- working it out --- */

static cJSON *parse(struct slice text)
{
	return text.p ? cJSON_ParseWithLength(text.p, text.n) : NULL;
}

static void draft_begin(struct draft *d, const PGresult *row)
{
	struct slice was;

	*d = (struct draft){.row = row,
		.metadata = parse(pg_cell(row, 0, R_METADATA)),
		.correction = parse(pg_cell(row, 0, R_CORRECTION))};
	was = metadata_confidence(d->metadata);
	snprintf(d->was, sizeof d->was, "%.*s", (int)was.n, was.p);
	d->confidence = d->was;
	revision_read(&d->revision, pg_cell(row, 0, R_RAW),
		cJSON_GetObjectItemCaseSensitive(d->metadata, "corrections"), pg_cell(row, 0, R_CLEANED));
	evidence_init(&d->evidence);
}

static void draft_end(struct draft *d)
{
	evidence_finish(&d->evidence);
	revision_finish(&d->revision);
	cJSON_Delete(d->metadata);
	cJSON_Delete(d->correction);
}

static void edit(struct request *r, struct draft *d)
{
	struct revising *w = r->owner;
	struct slice text = json_member_text(r->json, "cleaned_text");

	if (slice_eq(text, pg_cell(d->row, 0, R_CLEANED))) { /* nothing is changed, nothing learned */
		answer_turn(r, d->row, false);
		end(r);
		return;
	}
	w->revises = true;
	revision_edit(&d->revision, text, (unsigned)pg_cell_i64(d->row, 0, R_REVISION) + 1);
	evidence_edit(&d->evidence, &d->revision);
	evidence_end(&d->evidence);
	d->confidence = "HIGH";
	send_draft(r, d);
}

static void keep_correction(struct revising *w, const struct draft *d, const struct change *c)
{
	struct buf json;
	size_t n;

	buf_init(&json, TURN_BYTES);
	change_json(&d->revision, c, &json);
	free(w->correction);
	w->correction = buf_take(&json, &n);
}

/* A correction that stands. */
static void judge(struct request *r, struct draft *d, struct change *c)
{
	struct revising *w = r->owner;
	char before[8];

	keep_correction(w, d, c);
	evidence_verdict(&d->evidence, &d->revision, c, w->word == WORD_ACCEPT);
	evidence_end(&d->evidence);
	w->revises = w->word == WORD_REJECT;
	if (w->revises) {
		snprintf(before, sizeof before, "%s", revision_confidence(&d->revision));
		revision_remove(&d->revision, c);
		d->confidence = metadata_confidence_after(d->metadata, before, &d->revision);
	}
	send_draft(r, d);
}

/* Accepted after all: a correction that was taken back is put where it was. */
static void restore(struct request *r, struct draft *d)
{
	struct revising *w = r->owner;
	char before[8];
	struct change *c;

	snprintf(before, sizeof before, "%s", revision_confidence(&d->revision));
	if (!revision_put_back(&d->revision, d->correction)) {
		refuse(r, PROBLEM_CONFLICT,
			"The text where this correction stood was changed since: edit the turn.");
		return;
	}
	c = revision_find(&d->revision, r->params.name);
	if (!c)
		bug("a correction that was put back is not there");
	keep_correction(w, d, c);
	evidence_verdict(&d->evidence, &d->revision, c, true);
	evidence_end(&d->evidence);
	w->revises = true;
	d->confidence = metadata_confidence_after(d->metadata, before, &d->revision);
	send_draft(r, d);
}

static void verdict(struct request *r, struct draft *d)
{
	const struct revising *w = r->owner;
	struct slice said = pg_cell(d->row, 0, R_VERDICT);
	struct change *c = revision_find(&d->revision, r->params.name);
	bool same = slice_eq(said, w->word == WORD_ACCEPT ? SLICE("accept") : SLICE("reject"));

	if (!c && !said.p) {
		refuse(r, PROBLEM_NOT_FOUND, "The turn has no such correction.");
	} else if (same && (c != NULL) == (w->word == WORD_ACCEPT)) { /* said already */
		answer_turn(r, d->row, false);
		end(r);
	} else if (c) {
		judge(r, d, c);
	} else if (w->word == WORD_ACCEPT) {
		restore(r, d);
	} else { /* an edit went over it */
		refuse(r, PROBLEM_CONFLICT, "This correction does not stand any more: edit the turn.");
	}
}

static void on_read(struct request *r, const struct pg_answer *answer)
{
	const struct revising *w = r->owner;
	struct draft d;

	if (!request_pg_ok(r, answer)) {
		end(r);
		return;
	}
	if (PQntuples(answer->results[0]) != 1) {
		refuse(r, PROBLEM_NOT_FOUND, "there is no such turn");
		return;
	}
	if (slice_eq(pg_cell(answer->results[0], 0, R_STATE), SLICE("queued"))) {
		refuse(r, PROBLEM_CONFLICT, "The turn is not cleaned yet: wait for its first revision.");
		return;
	}
	draft_begin(&d, answer->results[0]);
	if (w->word == WORD_EDIT)
		edit(r, &d);
	else
		verdict(r, &d);
	draft_end(&d);
}

static void read_turn(struct request *r, request_pg_fn *fn)
{
	struct ids ids;

	ids_of(r, &ids);
	request_pg(r, &(struct pg_op){&read_stmt, ids.read}, 1, fn);
}

static void begin(struct request *r, enum word word)
{
	struct revising *w = xcalloc(1, sizeof *w);

	w->word = word;
	r->owner = w;
	read_turn(r, on_read);
}

void turn_patch(struct request *r)
{
	static const struct member members[] = {
		{"cleaned_text", SHAPE_TEXT, SHAPE_REQUIRED, .max = LIMIT_RAW_TEXT_BYTES}};
	static const struct shape shape = SHAPE(members);
	struct invalid errors = {0};

	if (shape_check(&shape, r->json, "", &errors))
		begin(r, WORD_EDIT);
	else
		request_invalid(r, &errors);
}

void verdict_post(struct request *r)
{
	static const char *const verdicts[] = {"accept", "reject", NULL};
	static const struct member members[] = {
		{"verdict", SHAPE_CHOICE, SHAPE_REQUIRED, .choices = verdicts}};
	static const struct shape shape = SHAPE(members);
	struct invalid errors = {0};

	if (!shape_check(&shape, r->json, "", &errors))
		request_invalid(r, &errors);
	else
		begin(r, slice_eq(json_member_text(r->json, "verdict"), SLICE("accept")) ? WORD_ACCEPT
											 : WORD_REJECT);
}
