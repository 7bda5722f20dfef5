/* SPDX-License-Identifier: ISC
 *
 * reply_test.c - answers and frames of a server, whole, in pieces, and bad; what becomes of them in the
 * figures.
 */
#include "common/base/attr.h"
#include "figures.h"
#include "frame.h"
#include "common/base/check_run.h"

#include <stdlib.h>

#define HEAD "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n"

static const struct {
	int line;
	const char *in;
	enum reply_state state;
	int status, retry_after_s;
	const char *body;
} rows[] = {
	{__LINE__, "", REPLY_MORE},
	{__LINE__, "HTTP/1.1 200 OK\r\nContent-Le", REPLY_MORE},
	{__LINE__, HEAD, REPLY_MORE},
	{__LINE__, HEAD "{", REPLY_MORE},
	{__LINE__, HEAD "{}", REPLY_WHOLE, 201, REPLY_NO_RETRY, "{}"},
	{__LINE__, "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", REPLY_WHOLE, 204, REPLY_NO_RETRY,
		""},
	{__LINE__, "HTTP/1.1 503 X\r\nretry-after:  3\r\ncontent-length: 0\r\n\r\n", REPLY_WHOLE, 503, 3, ""},
	{__LINE__, "HTTP/1.1 429 X\r\nRetry-After: soon\r\nContent-Length: 0\r\n\r\n", REPLY_WHOLE, 429,
		REPLY_NO_RETRY, ""},
	{__LINE__, "HTTP/1.1 200 OK\r\nno colon\r\n\r\n", REPLY_WHOLE, 200, REPLY_NO_RETRY, ""},
	{__LINE__, "HTTP/1.0 200 OK\r\n\r\n", REPLY_BAD},
	{__LINE__, "HTTP/1.1 2x0 OK\r\n\r\n", REPLY_BAD},
	{__LINE__, "HTTP/1.1\r\n\r\n", REPLY_BAD},
	{__LINE__, "\r\n\r\n", REPLY_BAD},
	{__LINE__, "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", REPLY_BAD},
	{__LINE__, "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", REPLY_BAD},
	{__LINE__, "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n", REPLY_BAD},
	{__LINE__, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", REPLY_BAD},
};

START_TEST(a_reply)
{
	/* a copy of its exact size, so that a sanitizer sees a byte read past it */
	size_t n = strlen(rows[_i].in);
	char *in = malloc(n ? n : 1);
	struct reply got;
	enum reply_state state;

	memcpy(in, rows[_i].in, n);
	state = reply_read(slice_of(in, n), &got);
	ck_assert_msg(state == rows[_i].state, "row at line %d: state %d", rows[_i].line, (int)state);
	if (state == REPLY_WHOLE) {
		ck_assert_msg(got.status == rows[_i].status && got.retry_after_s == rows[_i].retry_after_s &&
				      slice_eq(got.body, slice_str(rows[_i].body)),
			"row at line %d", rows[_i].line);
	}
	free(in);
}
END_TEST

START_TEST(a_head_without_end_is_given_up)
{
	static char head[REPLY_HEAD_BYTES + 1];
	struct reply got;

	memset(head, 'x', sizeof head);
	ck_assert_int_eq(reply_read(slice_of(head, sizeof head - 1), &got), REPLY_MORE);
	ck_assert_int_eq(reply_read(slice_of(head, sizeof head), &got), REPLY_BAD);
}
END_TEST

START_TEST(members)
{
	struct slice body = SLICE("{\"id\":\"a\", \"n\": 3, \"access_token\": \"b\", \"cut\": \"");

	ck_assert(slice_eq(reply_member(body, "id"), SLICE("a")));
	ck_assert(slice_eq(reply_member(body, "access_token"), SLICE("b")));
	ck_assert_uint_eq(reply_member(body, "n").n, 0);
	ck_assert_uint_eq(reply_member(body, "cut").n, 0);
	ck_assert_uint_eq(reply_member(body, "none").n, 0);
	ck_assert_uint_eq(reply_member((struct slice){0}, "id").n, 0);
}
END_TEST

START_TEST(outcomes)
{
	static const struct {
		int status, retry_after_s;
		enum outcome outcome;
	} cases[] = {{201, REPLY_NO_RETRY, OUT_201}, {202, REPLY_NO_RETRY, OUT_202}, {429, 1, OUT_429},
		{429, REPLY_NO_RETRY, OUT_OTHER}, {503, 1, OUT_503_RETRY},
		{503, REPLY_NO_RETRY, OUT_503_BARE}, {500, REPLY_NO_RETRY, OUT_OTHER}};

	for (size_t i = 0; i < countof(cases); i++) {
		struct reply r = {.status = cases[i].status, .retry_after_s = cases[i].retry_after_s};

		ck_assert_int_eq(outcome_of(&r), cases[i].outcome);
	}
	ck_assert_int_eq(outcome_of(NULL), OUT_BROKEN);
}
END_TEST

/* The first failures are kept, of both sides of a merge; one failure or one missed target fails the whole. */
START_TEST(verdict)
{
	static struct figures a, b;

	figures_init(&a);
	figures_init(&b);
	hist_add(&a.times[OP_LUMEN_TURN], 9000000);
	ck_assert(figures_met(&a));
	for (int i = 0; i < FIGURES_FAILURES + 2; i++)
		figures_fail(&b, OP_LIST, "number %d", i);
	figures_fail(&a, OP_STATUS, "first");
	ck_assert(!figures_met(&a));
	figures_merge(&a, &b);
	ck_assert_uint_eq(a.failed, FIGURES_FAILURES + 3);
	ck_assert_str_eq(a.failures[0], "status: first");
	ck_assert_str_eq(a.failures[FIGURES_FAILURES - 1], "list: number 8");
	figures_init(&a);
	hist_add(&a.times[OP_LUMEN_TURN], 11000000);
	ck_assert(!figures_met(&a));
}
END_TEST

/* At each form of a length, whole and one byte short; what we write is masked, so it is bad to read. */
START_TEST(frames)
{
	static const size_t sizes[] = {0, 1, 125, 126, 65535, 65536, FRAME_BYTES};
	size_t n = sizes[_i], head = n < 126 ? 2 : n < 65536 ? 4 : 10;
	unsigned char *in = calloc(1, head + n);
	struct frame f;

	in[0] = 0x81;
	in[1] = (unsigned char)(head == 2 ? n : head == 4 ? 126 : 127);
	for (size_t i = 2; i < head; i++)
		in[i] = (unsigned char)(n >> (8 * (head - 1 - i)));
	ck_assert_int_eq(frame_read(slice_of((char *)in, head + n), &f), FRAME_WHOLE);
	ck_assert_int_eq(f.opcode, FRAME_TEXT);
	ck_assert_uint_eq(f.payload.n, n);
	ck_assert_uint_eq(f.bytes, head + n);
	for (size_t cut = 0; cut < head + n; cut = cut < head ? cut + 1 : head + n)
		ck_assert_int_eq(frame_read(slice_of((char *)in, cut), &f), FRAME_MORE);
	in[1] |= 0x80;
	ck_assert_int_eq(frame_read(slice_of((char *)in, head + n), &f), FRAME_BAD);
	free(in);
}
END_TEST

START_TEST(frames_over_the_limit_and_ours)
{
	struct buf out;
	struct frame f;

	ck_assert_int_eq(frame_read(slice_of("\x81\x7f\x80\0\0\0\0\0\0\0", 10), &f), FRAME_BAD);
	buf_init(&out, 1024);
	frame_write(&out, FRAME_PONG, SLICE("hi"));
	ck_assert(slice_eq(buf_view(&out), slice_of("\x8a\x82\0\0\0\0hi", 8)));
	buf_reset(&out);
	frame_write(&out, FRAME_TEXT, slice_of((char[200]){0}, 200));
	ck_assert_uint_eq(out.n, 4 + 4 + 200);
	ck_assert(slice_starts(buf_view(&out), slice_of("\x81\xfe\0\xc8\0\0\0\0", 8)));
	buf_finish(&out);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("load reply");
	TCase *tc = tcase_create("reply");

	tcase_add_loop_test(tc, a_reply, 0, (int)countof(rows));
	tcase_add_test(tc, a_head_without_end_is_given_up);
	tcase_add_test(tc, members);
	tcase_add_loop_test(tc, frames, 0, 7);
	tcase_add_test(tc, frames_over_the_limit_and_ours);
	tcase_add_test(tc, outcomes);
	tcase_add_test(tc, verdict);
	suite_add_tcase(suite, tc);
	return check_run(suite, CK_FORK_GETENV);
}
