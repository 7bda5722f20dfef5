/* SPDX-License-Identifier: ISC
 *
 * teach.c - the agent's own words teach the user's terms and their case: its turns are perfect text.
 *
 * After a turn is finished, the names in the agent's turns of its window are counted, each turn once
 * (teach.sql keeps how far it has come). It is a transaction of its own, behind the turn's: nobody waits for
 * it, and one that is lost is made good by the next turn, whose window has those turns as well.
 */
#include "cleaner.h"

#include "cleaner/engine/learn.h"
#include "common/base/log.h"
#include "teach.sql.h"

#include <stdio.h>

enum {
	TEACH_PARAMS = 6,
	NAMES_BYTES = LIMIT_WINDOW_TURNS * LEARN_AGENT_TERMS * (4 * LEARN_PAIR_BYTES),
	NUMBER_BYTES = 24
};

static const struct pg_stmt teach_stmt = {"teach", teach_sql, TEACH_PARAMS};

static void on_taught(const struct pg_answer *answer, void *arg)
{
	if (answer->status == PG_REFUSED || answer->status == PG_CONFLICT)
		log_error("teach.refused", "sqlstate=%s", answer->sqlstate);
}

struct names {
	struct buf seqs, terms; /* array literals, side by side */
	size_t count;
	uint32_t last; /* the last of the agent's turns among them */
};

static void add_names(struct names *n, const struct window_turn *turn)
{
	struct slice found[LEARN_AGENT_TERMS];
	size_t count = learn_terms(turn->text, found, countof(found));

	for (size_t i = 0; i < count; i++) {
		pg_array_add_i64(&n->seqs, turn->seq);
		pg_array_add(&n->terms, found[i]);
	}
	n->count += count;
	n->last = turn->seq;
}

static void gather(struct names *n, const struct lease *l)
{
	buf_init(&n->seqs, NAMES_BYTES);
	buf_init(&n->terms, NAMES_BYTES);
	pg_array_begin(&n->seqs);
	pg_array_begin(&n->terms);
	for (size_t i = 0; i < l->window.count; i++)
		if (l->window.turns[i].agent && l->window.turns[i].seq > l->known->taught_seq)
			add_names(n, &l->window.turns[i]);
	pg_array_end(&n->seqs);
	pg_array_end(&n->terms);
}

static struct slice number(int64_t v, char text[NUMBER_BYTES])
{
	return slice_of(text, (size_t)snprintf(text, NUMBER_BYTES, "%lld", (long long)v));
}

void teach(struct lease *l)
{
	char conversation[UUID_TEXT_BYTES], last[NUMBER_BYTES], uses[NUMBER_BYTES], most[NUMBER_BYTES];
	struct names n = {.count = 0};
	struct slice params[TEACH_PARAMS];

	if (!l->known)
		return;
	gather(&n, l);
	if (n.count) {
		uuid_text(&l->conversation, conversation);
		params[0] = slice_str(conversation);
		params[1] = buf_view(&n.seqs);
		params[2] = buf_view(&n.terms);
		params[3] = number(n.last, last);
		params[4] = number(LEARN_AGENT_USES, uses);
		params[5] = number(LEARN_PAIRS_MOST, most);
		pg_send(l->cleaner->pg, &(struct pg_op){&teach_stmt, params}, 1, on_taught, NULL);
	}
	if (n.last)
		l->known->taught_seq = n.last;
	buf_finish(&n.seqs);
	buf_finish(&n.terms);
}
