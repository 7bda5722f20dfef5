/* SPDX-License-Identifier: ISC
 *
 * putright.c - a turn that puts an earlier one right ("Sorry, I meant Friday"): that one's next revision, in
 * the transaction that finishes this one.
 *
 * What is taken back is the engine's to find (engine/takeback.h). The earlier turn is read, its corrections
 * get one of kind self_correction, and the commit writes both turns or none. A turn that a person has edited
 * or judged is left alone. The conversation's window leaves Redis before the commit: whoever cleans the next
 * turn, also after a crash, reads what stands. Whatever does not work out costs the earlier turn's revision
 * only: this turn is committed as it would have been without.
 *
 * turn:processed of the new revision is durable by its outbox row; correction:applied may be lost.
 */
#include "cleaner.h"

#include "cleaner/engine/confidence.h"
#include "common/base/log.h"
#include "common/base/xalloc.h"
#include "common/revision/revise_metadata.h"
#include "common/wire/turn.h"
#include "putright.sql.h"
#include "putright_read.sql.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	NUMBER_BYTES = 24,
	CONFIDENCE_BYTES = 8,
	CHANGES_MOST = 8, /* corrections that one replacement of a few words may become */
};

/* putright_read.sql's columns */
enum { R_ID, R_RAW, R_CLEANED, R_REVISION, R_METADATA, R_SPEAKER, R_CREATED, R_STARTED, R_ENDED };

struct putright {
	struct takeback found;
	struct uuid id;
	int64_t revision; /* that stands; the new one is the next */
	char was[CONFIDENCE_BYTES];
	const char *confidence; /* static */
	struct buf text, metadata, json; /* json: the whole turn, as it will be */
	struct buf changes[CHANGES_MOST];
	size_t change_count;
	char numbers[4][NUMBER_BYTES], ids[3][UUID_TEXT_BYTES]; /* the parameters' texts */
	struct slice params[9];
};

static const struct pg_stmt read_stmt = {"putright_read", putright_read_sql, 2},
			    putright_stmt = {"putright", putright_sql, 9};

void putright_forget(struct lease *l)
{
	struct putright *p = l->putright;

	if (!p)
		return;
	l->putright = NULL;
	buf_finish(&p->text);
	buf_finish(&p->metadata);
	buf_finish(&p->json);
	for (size_t i = 0; i < p->change_count; i++)
		buf_finish(&p->changes[i]);
	free(p);
}

static void commit_without(struct lease *l)
{
	putright_forget(l);
	commit_send(l);
}

/* --- the new revision --- */

/* The standing text with what is meant in the place of what was said. False when that is not there. */
static bool write_text(struct putright *p, struct slice standing)
{
	const struct takeback *t = &p->found;

	if (t->at > standing.n || t->original.n > standing.n - t->at ||
		!slice_eq(slice_of(standing.p + t->at, t->original.n), t->original))
		return false;
	buf_slice(&p->text, slice_of(standing.p, t->at));
	buf_slice(&p->text, t->corrected);
	buf_slice(&p->text, slice_of(standing.p + t->at + t->original.n, standing.n - t->at - t->original.n));
	return !p->text.overflow;
}

/* What the edit made becomes the speaker's own correction. False when nothing, or too much, is new. */
static bool name_changes(struct putright *p, struct revision *r)
{
	for (size_t i = 0; i < r->now.count; i++) {
		struct change *c = &r->now.list[i];

		if (!c->fresh)
			continue;
		if (p->change_count == CHANGES_MOST)
			return false;
		c->kind = slice_str(correction_kind_name(KIND_SELF_CORRECTION));
		c->confidence = slice_str(confidence_name(confidence_of(p->found.score)));
		c->reason = slice_str(p->found.reason);
		buf_init(&p->changes[p->change_count], LIMIT_TURN_JSON_BYTES);
		change_json(r, c, &p->changes[p->change_count++]);
	}
	return true;
}

static bool revise(struct putright *p, struct slice raw, struct slice standing, cJSON *metadata)
{
	struct slice was = metadata_confidence(metadata);
	struct revision r;
	char before[CONFIDENCE_BYTES];
	bool named;

	snprintf(p->was, sizeof p->was, "%.*s", (int)was.n, was.p);
	revision_read(&r, raw, cJSON_GetObjectItemCaseSensitive(metadata, "corrections"), standing);
	snprintf(before, sizeof before, "%s", revision_confidence(&r));
	revision_edit(&r, buf_view(&p->text), (unsigned)p->revision + 1);
	named = name_changes(p, &r);
	p->confidence = metadata_confidence_after(metadata, before, &r);
	metadata_revise(
		metadata, &r, !slice_eq(buf_view(&p->text), raw), p->confidence, "engine", &p->metadata);
	revision_finish(&r);
	return named && !p->metadata.overflow;
}

static bool draft(struct lease *l, const PGresult *row)
{
	struct putright *p = l->putright;
	struct slice metadata = pg_cell(row, 0, R_METADATA);
	cJSON *json = metadata.p ? cJSON_ParseWithLength(metadata.p, metadata.n) : NULL;
	bool good;

	p->revision = pg_cell_i64(row, 0, R_REVISION);
	good = json && pg_cell_uuid(row, 0, R_ID, &p->id) && write_text(p, pg_cell(row, 0, R_CLEANED)) &&
	       revise(p, pg_cell(row, 0, R_RAW), pg_cell(row, 0, R_CLEANED), json);
	cJSON_Delete(json);
	if (!good)
		return false;
	turn_write_json(&p->json, &(struct turn){.turn_id = p->id,
					  .conversation_id = l->conversation,
					  .seq = p->found.seq,
					  .speaker = pg_cell(row, 0, R_SPEAKER),
					  .raw_text = pg_cell(row, 0, R_RAW),
					  .cleaned_text = buf_view(&p->text),
					  .state = SLICE("done"),
					  .revision = (uint32_t)p->revision + 1,
					  .created_at = pg_cell_i64(row, 0, R_CREATED),
					  .started_at = pg_cell_i64(row, 0, R_STARTED),
					  .ended_at = pg_cell_i64(row, 0, R_ENDED),
					  .metadata = buf_view(&p->metadata)});
	return !p->json.overflow;
}

/* --- reading, and on to the commit --- */

static void on_dropped(const redisReply *reply, void *arg)
{
	if (!reply || reply->type == REDIS_REPLY_ERROR)
		putright_forget(arg); /* a window with the old text could outlive Redis' absence */
	commit_send(arg);
}

static void on_read(const struct pg_answer *answer, void *arg)
{
	struct lease *l = arg;

	if (answer->status == PG_OK && PQntuples(answer->results[0]) == 1 && draft(l, answer->results[0]))
		queue_window_drop(l->cleaner->redis, &l->conversation, on_dropped, l);
	else
		commit_without(l);
}

static bool look(const struct lease *l, struct takeback *found)
{
	struct clean_input around;

	if (!l->cleaner->config->put_right || l->cleaned.failed || l->job.verbatim || !l->known ||
		l->cleaned.level == CLEAN_NONE)
		return false;
	around = lease_around(l);
	return engine_takeback(l->cleaner->workspace, &around, buf_view(&l->cleaned.text), found);
}

void putright_and_commit(struct lease *l)
{
	struct takeback found;
	struct putright *p;
	struct slice params[2];

	putright_forget(l);
	if (!look(l, &found)) {
		commit_send(l);
		return;
	}
	l->state = LEASE_PUTTING_RIGHT;
	l->putright = p = xcalloc(1, sizeof *p);
	p->found = found;
	buf_init(&p->text, LIMIT_RAW_TEXT_BYTES * 4);
	buf_init(&p->metadata, LIMIT_TURN_JSON_BYTES);
	buf_init(&p->json, LIMIT_TURN_JSON_BYTES);
	uuid_text(&l->conversation, p->ids[0]);
	snprintf(p->numbers[0], NUMBER_BYTES, "%u", found.seq);
	params[0] = slice_str(p->ids[0]);
	params[1] = slice_str(p->numbers[0]);
	pg_send(l->cleaner->pg, &(struct pg_op){&read_stmt, params}, 1, on_read, l);
}

bool putright_op(struct lease *l, struct pg_op *op)
{
	struct putright *p = l->putright;

	if (!p)
		return false;
	uuid_text(&p->id, p->ids[1]);
	uuid_text(&l->turn, p->ids[2]);
	snprintf(p->numbers[1], NUMBER_BYTES, "%lld", (long long)p->revision);
	snprintf(p->numbers[2], NUMBER_BYTES, "%llu", (unsigned long long)l->fence);
	p->params[0] = slice_str(p->ids[1]);
	p->params[1] = slice_str(p->ids[0]);
	p->params[2] = slice_str(p->numbers[1]);
	p->params[3] = buf_view(&p->text);
	p->params[4] = buf_view(&p->metadata);
	p->params[5] = slice_str(p->was);
	p->params[6] = slice_str(p->confidence);
	p->params[7] = slice_str(p->ids[2]);
	p->params[8] = slice_str(p->numbers[2]);
	*op = (struct pg_op){&putright_stmt, p->params};
	return true;
}

void putright_committed(struct lease *l, const PGresult *r)
{
	struct putright *p = l->putright;

	if (PQntuples(r) != 1)
		return; /* somebody was faster; or it went through before, and its outbox row tells */
	log_info("turn.put_right", "seq=%u by=%llu revision=%lld", p->found.seq, (unsigned long long)l->job.seq,
		(long long)p->revision + 1);
	announce_revised(l, &p->id, (uint64_t)p->revision + 1, buf_view(&p->json));
	for (size_t i = 0; i < p->change_count; i++)
		announce_applied(l, &p->id, (uint64_t)p->revision + 1, buf_view(&p->changes[i]));
}
