/* SPDX-License-Identifier: ISC
 *
 * modes.c - see modes.h.
 *
 * A word goes to the monitor on the link of timings, which may lose it; that the monitor took it shows in its next control
 * message, which every process hears. So it is sent again until then, and answered then. It names the time of its end, so
 * that sending it twice is sending it once.
 */
#include "modes.h"

#include "common/base/clock.h"
#include "common/base/json_out.h"
#include "common/base/xalloc.h"
#include "common/wire/modes.h"
#include "request.h"
#include "shape.h"

#include <stdlib.h>
#include <utlist.h>

enum {
	MODES_JSON_BYTES = 16 * 1024, /* six modes of 250 bytes */
	AGAIN_MS = 100,
	TRIES = 20,         /* two seconds: a monitor that was started again is back by then */
	FOR_S_MOST = 86400, /* a word that is to stand for longer is configuration */
};

struct mode_wait {
	struct request *r;
	struct mode_override wanted; /* until_at 0: no word is to stand */
	unsigned tries;
	struct mode_wait *prev, *next;
};

#define MODE_ROW(UPPER, name, who, what) {name, who, what},
static const struct {
	const char *name, *who, *what;
} rows[MODE_COUNT] = {MODE_TABLE(MODE_ROW)};
#undef MODE_ROW

/* The word that stands on a mode; until_at 0: none. */
static struct mode_override standing(struct service_run *run, enum mode mode)
{
	struct slice text = service_overrides(run);
	struct mode_override o;

	while (mode_override_next(&text, &o))
		if (o.mode == mode && o.until_at > clock_wall_us())
			return o;
	return (struct mode_override){.mode = mode};
}

static void write_mode(struct buf *out, struct service_run *run, enum mode m)
{
	struct mode_override o = standing(run, m);

	buf_char(out, '{');
	json_kv_str(out, "mode", slice_str(rows[m].name));
	json_kv_str(out, "what", slice_str(rows[m].what));
	json_key(out, "obeyed_by");
	buf_char(out, '[');
	if (*rows[m].who)
		json_str(out, slice_str(rows[m].who));
	buf_char(out, ']');
	json_kv_bool(out, "on", service_mode(run, rows[m].name));
	json_key(out, "override");
	if (o.until_at) {
		buf_char(out, '{');
		json_kv_bool(out, "on", o.on);
		json_kv_time(out, "until", o.until_at);
		buf_char(out, '}');
	} else {
		buf_str(out, "null");
	}
	buf_char(out, '}');
}

static void not_heard(struct request *r)
{
	request_problem(r, PROBLEM_UNAVAILABLE, "The monitor does not answer now.");
}

void modes_get(struct request *r)
{
	struct buf json;

	if (!service_modes_heard(r->gw->run)) {
		not_heard(r);
		return;
	}
	buf_init(&json, MODES_JSON_BYTES);
	buf_str(&json, "{\"modes\":[");
	for (enum mode m = 0; m < MODE_COUNT; m++) {
		if (m)
			buf_char(&json, ',');
		write_mode(&json, r->gw->run, m);
	}
	buf_str(&json, "]}");
	request_json(r, 200, &json);
	buf_finish(&json);
}

/* --- an operator's word --- */

static void drop(struct request *r)
{
	struct mode_wait *w = r->owner;

	DL_DELETE(r->gw->mode_waits, w);
	r->owner = NULL;
	r->on_gone = NULL;
	free(w);
}

static bool is_standing(struct service_run *run, const struct mode_override *wanted)
{
	struct mode_override o = standing(run, wanted->mode);

	return service_modes_heard(run) && o.until_at == wanted->until_at && (!o.until_at || o.on == wanted->on);
}

/* Answers when the word stands. */
static bool look(struct mode_wait *w)
{
	struct request *r = w->r;
	struct buf json;

	if (!is_standing(r->gw->run, &w->wanted))
		return false;
	buf_init(&json, MODES_JSON_BYTES);
	write_mode(&json, r->gw->run, w->wanted.mode);
	drop(r);
	request_json(r, 200, &json);
	buf_finish(&json);
	return true;
}

static void say(struct request *r)
{
	struct mode_wait *w = r->owner;
	struct msg_mode m = {slice_str(rows[w->wanted.mode].name), w->wanted.on, w->wanted.until_at};

	if (w->tries++ == TRIES) {
		drop(r);
		not_heard(r);
		return;
	}
	service_tell_monitor(r->gw->run, SLICE("m"), MSG_MODE, &m);
	request_timer(r, AGAIN_MS, say);
}

void modes_told(struct gateway *gw)
{
	struct mode_wait *w, *next;

	DL_FOREACH_SAFE(gw->mode_waits, w, next)
		look(w);
}

void mode_put(struct request *r)
{
	static const struct member members[] = {
		{"on", SHAPE_BOOL, SHAPE_REQUIRED},
		{"for_seconds", SHAPE_INTEGER, SHAPE_REQUIRED, .min = 0, .max = FOR_S_MOST},
	};
	static const struct shape shape = SHAPE(members);
	struct invalid errors = {0};
	struct mode_wait *w;
	enum mode mode = mode_by_name(r->params.name);
	int64_t for_s;

	if (mode == MODE_COUNT) {
		request_problem(r, PROBLEM_NOT_FOUND, "There is no mode of this name.");
		return;
	}
	if (!shape_check(&shape, r->json, "", &errors)) {
		request_invalid(r, &errors);
		return;
	}
	for_s = (int64_t)json_member(r->json, "for_seconds")->valuedouble;
	w = xcalloc(1, sizeof *w);
	w->r = r;
	w->wanted = (struct mode_override){
		mode, cJSON_IsTrue(json_member(r->json, "on")), for_s ? clock_wall_us() + for_s * 1000000 : 0};
	r->owner = w;
	r->on_gone = drop;
	DL_APPEND(r->gw->mode_waits, w);
	if (!look(w))
		say(r);
}
