/* SPDX-License-Identifier: ISC
 *
 * wire_test.c - every message there and back, every table whole, every broken message refused.
 */
#include "common/base/attr.h"
#include "common/base/check_run.h"
#include "common/wire/events.h"
#include "common/wire/message.h"
#include "common/wire/metrics.h"
#include "common/wire/modes.h"
#include "common/wire/topology.h"
#include "common/wire/turn.h"

#include <stdlib.h>

struct frames {
	struct slice frame[MSG_FRAMES_MAX];
	char *copies[MSG_FRAMES_MAX];
	size_t count;
};

static void collect(void *arg, struct slice frame)
{
	struct frames *f = arg;

	ck_assert_uint_lt(f->count, countof(f->frame));
	f->copies[f->count] = malloc(frame.n + 1);
	if (frame.n)
		memcpy(f->copies[f->count], frame.p, frame.n);
	f->frame[f->count] = slice_of(f->copies[f->count], frame.n);
	f->count++;
}

static void release(struct frames *f)
{
	for (size_t i = 0; i < f->count; i++)
		free(f->copies[i]);
	f->count = 0;
}

static struct msg_result sample(void)
{
	struct msg_result m = {.revision = 3, .event = EVENT_TURN_PROCESSED, .gateway = SLICE("g.1"), .at = -5,
		.turn = SLICE("{}"), .durable = 1};

	m.conversation_id = uuid_v7();
	m.turn_id = uuid_v7();
	return m;
}

START_TEST(frames_round_trip)
{
	struct msg_result in = sample();
	struct frames f = {.count = 0};
	union msg_any out;
	enum msg_kind kind;

	msg_encode(MSG_RESULT, &in, collect, &f);
	ck_assert_uint_eq(f.count, msg_frame_count(MSG_RESULT));
	ck_assert(msg_decode(f.frame, f.count, &kind, &out));
	ck_assert_int_eq(kind, MSG_RESULT);
	ck_assert(uuid_eq(&out.result.turn_id, &in.turn_id));
	ck_assert_uint_eq(out.result.revision, 3);
	ck_assert_int_eq(out.result.at, -5);
	ck_assert(slice_eq(out.result.gateway, in.gateway));
	ck_assert_uint_eq(out.result.body.n, 0);
	release(&f);
}
END_TEST

START_TEST(broken_frames_are_refused)
{
	struct msg_result in = sample();
	struct frames f = {.count = 0};
	union msg_any out;
	enum msg_kind kind;

	msg_encode(MSG_RESULT, &in, collect, &f);
	ck_assert(!msg_decode(f.frame, 0, &kind, &out));
	ck_assert(!msg_decode(f.frame, f.count - 1, &kind, &out));
	f.frame[1].n = 15;
	ck_assert(!msg_decode(f.frame, f.count, &kind, &out));
	f.frame[1].n = 16;
	f.frame[3].n = 0;
	ck_assert(!msg_decode(f.frame, f.count, &kind, &out));
	f.frame[3].n = 8;
	f.copies[0][1] ^= 1;
	ck_assert(!msg_decode(f.frame, f.count, &kind, &out));
	f.copies[0][1] ^= 1;
	f.copies[0][0] = (char)0xFF;
	ck_assert(!msg_decode(f.frame, f.count, &kind, &out));
	release(&f);
}
END_TEST

START_TEST(blob_round_trip_and_every_cut_is_refused)
{
	struct msg_window in = {.seq = 7, .agent = 1, .speaker = SLICE("Lumen"), .text = SLICE("Hello Zorbitan."),
		.doubtful = SLICE("Zorbitan")}, out;
	struct buf b;

	buf_init(&b, 10000);
	msg_pack(MSG_WINDOW, &in, &b);
	ck_assert(msg_unpack(MSG_WINDOW, buf_view(&b), &out));
	ck_assert_uint_eq(out.seq, 7);
	ck_assert(slice_eq(out.text, in.text) && slice_eq(out.doubtful, in.doubtful));
	for (size_t n = 0; n < b.n; n++)
		ck_assert_msg(!msg_unpack(MSG_WINDOW, slice_of(b.p, n), &out), "cut at %zu was taken", n);
	buf_char(&b, 0);
	ck_assert(!msg_unpack(MSG_WINDOW, buf_view(&b), &out));
	buf_reset(&b);
	msg_pack(MSG_WINDOW, &in, &b);
	ck_assert(!msg_unpack(MSG_KICK, buf_view(&b), &out));
	buf_finish(&b);
}
END_TEST

START_TEST(tables_are_whole)
{
	for (int i = 0; i < MSG_KIND_COUNT; i++) {
		ck_assert_ptr_nonnull(msg_name((enum msg_kind)i));
		ck_assert_uint_lt(msg_frame_count((enum msg_kind)i), MSG_FRAMES_MAX);
	}
	for (int i = 0; i < EVENT_COUNT; i++)
		ck_assert_ptr_nonnull(strchr(event_name((enum event_kind)i), ':'));
	ck_assert_ptr_null(event_name(EVENT_COUNT));
	for (int i = 0; i < METRIC_COUNT; i++) {
		ck_assert_int_eq(metric_by_name(slice_str(metrics[i].name)), i);
		ck_assert(metrics[i].target > 0);
	}
	ck_assert(metrics[METRIC_API_LUMEN_TURN_PROCESS].target == 10 && metrics[METRIC_API_LUMEN_TURN_PROCESS].lower_is_better);
	ck_assert(!metrics[METRIC_SYSTEM_QUEUE_PROCESSING_RATE].lower_is_better);
	ck_assert_int_eq(metric_by_name(SLICE("api.nothing")), METRIC_COUNT);
	for (int i = 0; i < LINK_COUNT; i++) {
		ck_assert_ptr_nonnull(topology[i].when_full);
		ck_assert_int_gt(topology[i].high_water_mark, 0);
	}
}
END_TEST

START_TEST(only_the_named_may_talk)
{
	ck_assert(topology_allows(LINK_TURNS, "decider", LINK_BINDS));
	ck_assert(topology_allows(LINK_TURNS, "gateway", LINK_CONNECTS));
	ck_assert(!topology_allows(LINK_TURNS, "cleaner", LINK_CONNECTS));
	ck_assert(!topology_allows(LINK_TURNS, "gate", LINK_CONNECTS));
	ck_assert(topology_allows(LINK_RESULTS, "cleaner", LINK_CONNECTS));
	ck_assert(topology_allows(LINK_TIMINGS, "notifier", LINK_CONNECTS));
	ck_assert(!topology_allows(LINK_EVENTS, "gateway", LINK_BINDS));
}
END_TEST

static const struct {
	const char *text;
	bool ok;
	struct cursor is;
} cursors[] = {
	{"1700000000000-12", true, {1700000000000, 12}}, {"18446744073709551615-0", true, {UINT64_MAX, 0}},
	{"18446744073709551616-0", false, {0, 0}},	 {"5", false, {0, 0}},
	{"5-", false, {0, 0}},				 {"-5", false, {0, 0}},
	{"5-5 ", false, {0, 0}},			 {"", false, {0, 0}},
};

START_TEST(cursor_texts)
{
	struct cursor c = {0, 0};
	char text[CURSOR_TEXT_BYTES];
	bool ok = cursor_parse(slice_str(cursors[_i].text), &c);

	ck_assert_msg(ok == cursors[_i].ok && c.epoch == cursors[_i].is.epoch && c.offset == cursors[_i].is.offset, "row %d",
		_i);
	if (ok) {
		cursor_text(c, text);
		ck_assert_str_eq(text, cursors[_i].text);
	}
}
END_TEST

START_TEST(a_queued_turn_has_nulls)
{
	struct turn t = {.seq = 2, .speaker = SLICE("User"), .raw_text = SLICE("a\nb"), .state = SLICE("queued"),
		.created_at = 1700000000000000};
	struct buf b;

	buf_init(&b, 10000);
	turn_write_json(&b, &t);
	ck_assert_str_eq(b.p, "{\"turn_id\":\"00000000-0000-0000-0000-000000000000\","
			      "\"conversation_id\":\"00000000-0000-0000-0000-000000000000\",\"seq\":2,\"speaker\":\"User\","
			      "\"raw_text\":\"a\\nb\",\"cleaned_text\":null,\"state\":\"queued\",\"revision\":0,"
			      "\"created_at\":\"2023-11-14T22:13:20.000Z\",\"metadata\":null}");
	buf_finish(&b);
}
END_TEST

START_TEST(words_on_modes_there_and_back)
{
	static const char *const none[] = {"", " ", "=", "=1@5", "light_cleaning", "light_cleaning=1@", "light_cleaning=2@5",
		"light_cleaning=1 5", "no_mode=1@5", "light_cleaning=1@5x", "light_cleaning=1@999999999999999999"};
	struct mode_override o;
	struct slice text;
	struct buf b;

	buf_init(&b, 2000);
	for (enum mode m = 0; m < MODE_COUNT; m++)
		mode_override_write(&b, &(struct mode_override){m, m % 2, 1790000000000000 + (int)m});
	text = buf_view(&b);
	for (enum mode m = 0; m < MODE_COUNT; m++) {
		ck_assert(mode_override_next(&text, &o));
		ck_assert(o.mode == m && o.on == m % 2 && o.until_at == 1790000000000000 + (int)m);
	}
	ck_assert(!mode_override_next(&text, &o));
	for (size_t i = 0; i < countof(none); i++) {
		text = slice_str(none[i]);
		ck_assert_msg(!mode_override_next(&text, &o), "row %zu", i);
	}
	buf_finish(&b);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("wire");
	TCase *tc = tcase_create("wire");

	tcase_add_test(tc, frames_round_trip);
	tcase_add_test(tc, broken_frames_are_refused);
	tcase_add_test(tc, blob_round_trip_and_every_cut_is_refused);
	tcase_add_test(tc, tables_are_whole);
	tcase_add_test(tc, only_the_named_may_talk);
	tcase_add_loop_test(tc, cursor_texts, 0, (int)countof(cursors));
	tcase_add_test(tc, a_queued_turn_has_nulls);
	tcase_add_test(tc, words_on_modes_there_and_back);
	suite_add_tcase(suite, tc);
	return check_run(suite, CK_FORK_GETENV);
}
