/* SPDX-License-Identifier: ISC
 *
 * confirm.c - deletes outbox rows in batches. A batch that fails is forgotten: the sweep sends its results
 * again, the log knows them, and they come here once more.
 */
#include "notifier.h"

#include "common/base/log.h"
#include "confirm.sql.h"

enum {
	CONFIRM_MS = 100,   /* how long a row may wait for others */
	CONFIRM_ROWS = 256, /* a full batch goes at once */
	CONFIRM_BYTES = 64 * CONFIRM_ROWS,
};

static const struct pg_stmt confirm_stmt = {"confirm", confirm_sql, 2};

static void begin(struct confirm *c)
{
	buf_reset(&c->turns);
	buf_reset(&c->revisions);
	pg_array_begin(&c->turns);
	pg_array_begin(&c->revisions);
	c->count = 0;
}

static void on_deleted(const struct pg_answer *answer, void *arg)
{
	struct notifier *n = arg;

	n->confirm.under_way--;
	if (answer->status != PG_OK)
		log_debug("confirm.failed", "status=%d", (int)answer->status);
}

void confirm_flush(struct notifier *n)
{
	struct confirm *c = &n->confirm;
	struct slice params[2];

	ev_timer_stop(service_loop(n->run), &c->timer);
	if (c->count == 0)
		return;
	pg_array_end(&c->turns);
	pg_array_end(&c->revisions);
	params[0] = buf_view(&c->turns);
	params[1] = buf_view(&c->revisions);
	c->under_way++;
	pg_send(n->pg, &(struct pg_op){&confirm_stmt, params}, 1, on_deleted, n);
	begin(c);
}

static void on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	confirm_flush(w->data);
}

void confirm_start(struct notifier *n)
{
	struct confirm *c = &n->confirm;

	buf_init(&c->turns, CONFIRM_BYTES);
	buf_init(&c->revisions, CONFIRM_BYTES);
	ev_timer_init(&c->timer, on_timer, CONFIRM_MS / 1e3, 0);
	c->timer.data = n;
	begin(c);
}

void confirm_add(struct notifier *n, const struct uuid *turn_id, uint64_t revision)
{
	struct confirm *c = &n->confirm;
	char id[UUID_TEXT_BYTES];

	uuid_text(turn_id, id);
	pg_array_add(&c->turns, slice_str(id));
	pg_array_add_i64(&c->revisions, (int64_t)revision);
	if (++c->count == CONFIRM_ROWS) {
		confirm_flush(n);
	} else if (c->count == 1) {
		ev_timer_set(&c->timer, CONFIRM_MS / 1e3, 0);
		ev_timer_start(service_loop(n->run), &c->timer);
	}
}

void confirm_stop(struct notifier *n)
{
	ev_timer_stop(service_loop(n->run), &n->confirm.timer);
	buf_finish(&n->confirm.turns);
	buf_finish(&n->confirm.revisions);
}
