/* SPDX-License-Identifier: ISC
 *
 * outbox_test.c - order, conflation and the limit.
 */
#include "common/base/check_run.h"
#include "gateway/outbox.h"

#include <stdlib.h>

static char filler[64 * 1024];

static struct event *state_of(unsigned turn, uint64_t offset, enum event_kind kind, size_t bytes)
{
	struct uuid id = {{1, (uint8_t)turn, (uint8_t)(turn >> 8)}};

	memset(filler, 'x', sizeof filler);
	return event_create((struct cursor){1, offset}, kind, &id, slice_of(filler, bytes));
}

static const struct {
	int line;
	unsigned turns, states;
	size_t bytes;
	enum event_kind kind;
	bool fits;
	size_t at_most; /* events that wait at the end */
} floods[] = {
	/* little enough to be sent as it is */
	{__LINE__, 10, 5, 1000, EVENT_TURN_PROCESSED, true, 50},
	/* too much, but few turns: only their newest states stay */
	{__LINE__, 10, 1000, 1000, EVENT_TURN_PROCESSED, true, 300},
	{__LINE__, 100, 200, 1000, EVENT_TURN_ACCEPTED, true, 400},
	/* too much and nothing to leave out */
	{__LINE__, 3000, 1, 1000, EVENT_TURN_PROCESSED, false, 1100},
	{__LINE__, 10, 1000, 1000, EVENT_CORRECTION_APPLIED, false, 1100},
};

START_TEST(a_slow_reader_gets_the_newest_states_then_is_refused)
{
	struct outbox o;
	bool fits = true;
	uint64_t offset = 0, last = 0;
	unsigned newest_missing = floods[_i].turns;

	outbox_init(&o);
	for (unsigned s = 0; s < floods[_i].states && fits; s++)
		for (unsigned t = 1; t <= floods[_i].turns && fits; t++) {
			fits = outbox_add(&o, state_of(t, ++offset, floods[_i].kind, floods[_i].bytes));
			ck_assert_msg(o.bytes <= OUTBOX_BYTES, "%s:%d: %zu bytes", __FILE__, floods[_i].line, o.bytes);
		}
	ck_assert_msg(fits == floods[_i].fits, "%s:%d", __FILE__, floods[_i].line);
	ck_assert_msg(o.count <= floods[_i].at_most, "%s:%d: %zu wait", __FILE__, floods[_i].line, o.count);
	while (outbox_next(&o)) {
		ck_assert_uint_gt(outbox_next(&o)->at.offset, last);
		last = outbox_next(&o)->at.offset;
		newest_missing -= offset - last < floods[_i].turns;
		outbox_sent(&o);
	}
	if (fits)
		ck_assert_msg(newest_missing == 0, "%s:%d: %u newest states are missing", __FILE__, floods[_i].line, newest_missing);
	ck_assert_uint_eq(o.bytes, 0);
	outbox_finish(&o);
}
END_TEST

START_TEST(what_does_not_have_the_turn_overtakes_nothing)
{
	static const enum event_kind said[] = {
		EVENT_TURN_ACCEPTED, EVENT_TURN_PROCESSING, EVENT_TURN_PROCESSED, EVENT_TURN_ERROR};
	struct outbox o;

	outbox_init(&o);
	for (size_t i = 0; i < countof(said); i++)
		ck_assert(outbox_add(&o, state_of(1, i + 1, said[i], 1000)));
	for (unsigned t = 2; t <= 300; t++)
		ck_assert(outbox_add(&o, state_of(t, t + 10, EVENT_TURN_PROCESSED, 1000)));
	ck_assert_int_eq(outbox_next(&o)->kind, EVENT_TURN_PROCESSED);
	ck_assert_uint_eq(outbox_next(&o)->at.offset, 3);
	outbox_sent(&o);
	ck_assert_int_eq(outbox_next(&o)->kind, EVENT_TURN_ERROR);
	outbox_finish(&o);
}
END_TEST

START_TEST(its_own_messages_are_never_left_out)
{
	struct outbox o;
	unsigned own = 0;

	outbox_init(&o);
	for (unsigned i = 0; i < 2000; i++) {
		ck_assert(outbox_add(&o, state_of(1, i + 1, EVENT_TURN_PROCESSED, 1000)));
		if (i % 100 == 0)
			ck_assert(outbox_add(&o, outbox_message(SLICE("{\"type\":\"ack\"}"))));
	}
	for (; outbox_next(&o); outbox_sent(&o))
		own += outbox_next(&o)->kind == EVENT_COUNT;
	ck_assert_uint_eq(own, 20);
	outbox_finish(&o);
}
END_TEST

START_TEST(one_big_message_passes_when_nothing_waits)
{
	char *big = calloc(1, 2 * OUTBOX_BYTES);
	struct outbox o;

	outbox_init(&o);
	ck_assert(outbox_add(&o, outbox_message(slice_of(big, 2 * OUTBOX_BYTES))));
	ck_assert(!outbox_add(&o, outbox_message(SLICE("{}"))));
	outbox_sent(&o);
	ck_assert(outbox_add(&o, outbox_message(SLICE("{}"))));
	outbox_finish(&o);
	free(big);
}
END_TEST

START_TEST(an_event_is_shared)
{
	struct outbox a, b;
	struct event *e = state_of(1, 1, EVENT_TURN_PROCESSED, 10);

	outbox_init(&a);
	outbox_init(&b);
	ck_assert(outbox_add(&a, event_hold(e)));
	ck_assert(outbox_add(&b, event_hold(e)));
	ck_assert_uint_eq(e->refs, 3);
	outbox_finish(&a);
	outbox_sent(&b);
	ck_assert_uint_eq(e->refs, 1);
	event_drop(&e);
	ck_assert_ptr_null(e);
	outbox_finish(&b);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("outbox");
	TCase *t = tcase_create("outbox");

	tcase_add_loop_test(t, a_slow_reader_gets_the_newest_states_then_is_refused, 0, (int)countof(floods));
	tcase_add_test(t, what_does_not_have_the_turn_overtakes_nothing);
	tcase_add_test(t, its_own_messages_are_never_left_out);
	tcase_add_test(t, one_big_message_passes_when_nothing_waits);
	tcase_add_test(t, an_event_is_shared);
	suite_add_tcase(s, t);
	return check_run(s, CK_NOFORK);
}
