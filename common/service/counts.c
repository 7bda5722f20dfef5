/* SPDX-License-Identifier: ISC
 *
 * counts.c - see counts.h.
 */
#include "counts.h"

#include "common/base/json_out.h"
#include "common/base/xalloc.h"
#include "timings.h"

#include <stdlib.h>

enum { TELL_MS = 1000 };

struct counts {
	struct service_run *run;
	counts_fn *write;
	void *arg;
	ev_timer timer;
	struct buf json;
};

void count_series(struct buf *out, enum count count, double value, const struct count_label *labels, size_t n)
{
	if (out->n && out->p[out->n - 1] != '[')
		buf_char(out, ',');
	buf_char(out, '{');
	json_kv_str(out, "name", slice_str(count_rows[count].name));
	json_key(out, "labels");
	buf_char(out, '{');
	for (size_t i = 0; i < n; i++)
		json_kv_str(out, labels[i].name, slice_str(labels[i].value));
	buf_char(out, '}');
	json_key(out, "value");
	buf_printf(out, "%.17g}", value);
}

void count_add(struct buf *out, enum count count, uint64_t value)
{
	count_series(out, count, (double)value, NULL, 0);
}

void count_of(struct buf *out, enum count count, uint64_t value, const char *label, const char *label_value)
{
	count_series(out, count, (double)value, &(struct count_label){label, label_value}, 1);
}

static void tell(struct counts *c)
{
	struct buf *b = &c->json;

	buf_reset(b);
	buf_char(b, '{');
	json_kv_str(b, "source", slice_str(service_instance(c->run)));
	json_key(b, "series");
	buf_char(b, '[');
	c->write(b, c->arg);
	count_add(b, COUNT_TIMINGS_DROPPED, timings_dropped());
	buf_str(b, "]}");
	if (!b->overflow)
		service_tell_monitor(c->run, SLICE("c"), MSG_ALERT, &(struct msg_alert){buf_view(b)});
}

static void on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	tell(w->data);
}

struct counts *counts_open(struct service_run *run, counts_fn *write, void *arg)
{
	struct counts *c = xcalloc(1, sizeof *c);

	*c = (struct counts){.run = run, .write = write, .arg = arg};
	buf_init(&c->json, COUNTS_BYTES);
	ev_timer_init(&c->timer, on_timer, TELL_MS / 1e3, TELL_MS / 1e3);
	c->timer.data = c;
	ev_timer_start(service_loop(run), &c->timer);
	return c;
}

void counts_close(struct counts **where)
{
	struct counts *c = *where;

	if (!c)
		return;
	*where = NULL;
	ev_timer_stop(service_loop(c->run), &c->timer);
	buf_finish(&c->json);
	free(c);
}
