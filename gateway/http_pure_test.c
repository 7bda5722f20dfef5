/* SPDX-License-Identifier: ISC
 *
 * http_pure_test.c - the HTTP side's pure modules as case tables: routes, JSON in, shapes, chunked bodies, buckets, tokens,
 * problems. A failing row names itself.
 */
#include "dechunk.h"
#include "json_in.h"
#include "problems.h"
#include "ratelimit.h"
#include "routes.h"
#include "shape.h"
#include "tokens.h"

#include "common/base/check_run.h"
#include "common/base/clock.h"
#include "common/base/xalloc.h"
#include "common/wire/limits.h"
#include "route_table.h"

#include <sodium.h>
#include <stdlib.h>

/* The real table, without its handlers. */
#define NO_METRIC METRIC_COUNT
#define ROW(method, pattern, need, body, limit, metric, handler) \
	{METHOD_##method, pattern, NEED_##need, BODY_##body, limit, metric, NULL},
static const struct route table[] = {ROUTE_TABLE(ROW)};

#define ID1 "01a20a50-18d4-7000-a261-724095ab4bf1"
#define ID2 "01A20A50-19E1-7003-8906-20A2FC14D8C5"

static const struct {
	enum method method;
	const char *path;
	enum route_match match;
	const char *pattern; /* of the row found */
	unsigned allow;
} route_cases[] = {
	{METHOD_GET, "/", ROUTE_FOUND, "/", 0},
	{METHOD_HEAD, "/healthz", ROUTE_FOUND, "/healthz", 0},
	{METHOD_POST, "/api/v1/auth/login", ROUTE_FOUND, "/api/v1/auth/login", 0},
	{METHOD_GET, "/api/v1/auth/login", ROUTE_OTHER_METHOD, NULL, 1u << METHOD_POST},
	{METHOD_GET, "/api/v1/auth/login/", ROUTE_UNKNOWN, NULL, 0},
	{METHOD_GET, "//", ROUTE_UNKNOWN, NULL, 0},
	{METHOD_GET, "", ROUTE_UNKNOWN, NULL, 0},
	{METHOD_GET, "healthz", ROUTE_UNKNOWN, NULL, 0},
	{METHOD_GET, "/api/v1/conversations/" ID1, ROUTE_FOUND, "/api/v1/conversations/{id}", 0},
	{METHOD_GET, "/api/v1/conversations/" ID2, ROUTE_FOUND, "/api/v1/conversations/{id}", 0},
	{METHOD_GET, "/api/v1/conversations/42", ROUTE_UNKNOWN, NULL, 0},
	{METHOD_PUT, "/api/v1/conversations/" ID1, ROUTE_OTHER_METHOD, NULL,
		1u << METHOD_GET | 1u << METHOD_HEAD | 1u << METHOD_PATCH | 1u << METHOD_DELETE},
	{METHOD_POST, "/api/v1/conversations/" ID1 "/turns:batch", ROUTE_FOUND, "/api/v1/conversations/{id}/turns:batch", 0},
	{METHOD_POST, "/api/v1/conversations/" ID1 "/turns/" ID2 "/corrections/c1", ROUTE_FOUND,
		"/api/v1/conversations/{id}/turns/{id}/corrections/{name}", 0},
	{METHOD_POST, "/api/v1/conversations/" ID1 "/turns/" ID2 "/corrections/", ROUTE_UNKNOWN, NULL, 0},
	{METHOD_GET, "/problems/not-found", ROUTE_FOUND, "/problems/{name}", 0},
};

START_TEST(routes_match)
{
	struct slice path = slice_str(route_cases[_i].path);
	const struct route *row = NULL;
	struct route_params params;
	unsigned allow;
	enum route_match match =
		route_match(table, countof(table), route_cases[_i].method, path, &row, &params, &allow);

	ck_assert_msg(match == route_cases[_i].match, "%s gives %d", route_cases[_i].path, (int)match);
	if (route_cases[_i].pattern)
		ck_assert_str_eq(row->pattern, route_cases[_i].pattern);
	if (match == ROUTE_OTHER_METHOD)
		ck_assert_uint_eq(allow, route_cases[_i].allow);
}
END_TEST

START_TEST(routes_give_ids)
{
	const struct route *row;
	struct route_params params;
	char text[UUID_TEXT_BYTES];
	unsigned allow;

	ck_assert(route_match(table, countof(table), METHOD_POST,
			  SLICE("/api/v1/conversations/" ID1 "/turns/" ID2 "/corrections/c9"), &row, &params,
			  &allow) == ROUTE_FOUND);
	uuid_text(&params.ids[0], text);
	ck_assert_str_eq(text, ID1);
	uuid_text(&params.ids[1], text);
	ck_assert(strcasecmp(text, ID2) == 0);
	ck_assert(slice_eq(params.name, SLICE("c9")));
}
END_TEST

/* Each row is found by its own path, so no earlier row hides it. */
START_TEST(routes_none_hidden)
{
	for (size_t i = 0; i < countof(table); i++) {
		char path[256] = "", *to = path;
		const struct route *row = NULL;
		struct route_params params;
		unsigned allow;

		for (const char *p = table[i].pattern; *p; p++)
			if (strncmp(p, "{id}", 4) == 0) {
				to = stpcpy(to, ID1);
				p += 3;
			} else {
				*to++ = *p;
				*to = '\0';
			}
		ck_assert(route_match(table, countof(table), table[i].method, slice_str(path), &row, &params, &allow) ==
			ROUTE_FOUND);
		ck_assert_msg(row == &table[i], "%s is hidden by %s", table[i].pattern, row->pattern);
	}
}
END_TEST

static const struct {
	const char *text;
	const char *why; /* a part of it; NULL: is JSON */
} json_cases[] = {
	{"{}", NULL}, {" [1, -2.5e+3, 0, true, false, null, \"\"] ", NULL}, {"{\"a\":{\"b\":[]}}", NULL},
	{"\"\\u00e9\\ud83d\\ude00\"", NULL}, {"\"\\ud800\"", NULL}, {"\"\\u0000\"", NULL},
	{"", "value"}, {"{", "name"}, {"{\"a\"}", "colon"}, {"{\"a\":1,}", "name"}, {"[1,]", "value"}, {"[1 2]", "comma"},
	{"{\"a\":1}}", "follows"}, {"01", "follows"}, {"1.", "point"}, {"-", "digits"}, {"1e", "exponent"}, {"+1", "value"},
	{"nul", "value"}, {"'a'", "value"}, {"\"a", "no end"}, {"\"\\x\"", "escape"}, {"\"\\u12g4\"", "hexadecimal"},
	{"\"a\tb\"", "unescaped"}, {"\"\xff\"", "UTF-8"}, {"\"\xed\xa0\x80\"", "UTF-8"}, {"{1:2}", "name"}, {"\xef\xbb\xbf{}", "value"},
};

START_TEST(json_is_checked)
{
	char *text = xstrdup(json_cases[_i].text);
	size_t at;
	const char *why = json_check(text, strlen(text), &at);

	ck_assert_msg((why != NULL) == (json_cases[_i].why != NULL) && (!why || strstr(why, json_cases[_i].why)), "%s: %s",
		json_cases[_i].text, why ? why : "is JSON");
	free(text);
}
END_TEST

START_TEST(json_depth)
{
	char text[2 * JSON_DEPTH_MAX + 2];
	size_t at;

	for (size_t depth = JSON_DEPTH_MAX; depth <= JSON_DEPTH_MAX + 1; depth++) {
		size_t n = depth > JSON_DEPTH_MAX ? JSON_DEPTH_MAX + 1 : depth;

		memset(text, '[', n);
		memset(text + n, ']', sizeof text - n);
		ck_assert((json_check(text, n == depth && depth <= JSON_DEPTH_MAX ? 2 * n : n + 1, &at) == NULL) ==
			(depth <= JSON_DEPTH_MAX));
	}
}
END_TEST

/* What no text may hold is still there to be found after cJSON, which would cut a string at U+0000. */
START_TEST(json_keeps_what_is_forbidden)
{
	static const struct slice texts[] = {SLICE("{\"a\":\"x\\u0000y\"}"), SLICE("{\"a\":\"x\\uD800y\"}"),
		SLICE("{\"a\":\"x\\uDC00y\"}"), SLICE("{\"a\":\"x\\uD800\\u0041y\"}")};

	for (size_t i = 0; i < countof(texts); i++) {
		const char *why;
		size_t at;
		cJSON *json = json_read(texts[i], &why, &at);

		ck_assert_ptr_nonnull(json);
		ck_assert(text_has_control(json_member_text(json, "a")));
		ck_assert(json_member_text(json, "a").n >= 3);
		cJSON_Delete(json);
	}
}
END_TEST

static const struct member inner_members[] = {{"n", SHAPE_INTEGER, SHAPE_REQUIRED, .min = 0, .max = 9}};
static const struct shape inner_shape = SHAPE(inner_members);
static const char *const colours[] = {"red", "blue", NULL};
static const struct member outer_members[] = {
	{"text", SHAPE_TEXT, SHAPE_REQUIRED, .min = 1, .max = 8}, {"name", SHAPE_NAME, SHAPE_NULLABLE, .max = 3},
	{"colour", SHAPE_CHOICE, 0, .choices = colours}, {"number", SHAPE_NUMBER, 0, .min = 0, .max = 1},
	{"on", SHAPE_BOOL}, {"at", SHAPE_TIME}, {"inner", SHAPE_OBJECT, 0, .inner = &inner_shape},
	{"free", SHAPE_FREE, 0, .max = 20}, {"list", SHAPE_OBJECTS, 0, .max = 2, .inner = &inner_shape},
	{"texts", SHAPE_TEXTS, 0, .max = 2},
};
static const struct shape outer_shape = SHAPE(outer_members);

static const struct {
	const char *json;
	const char *pointer; /* of the first error; NULL: none */
} shape_cases[] = {
	{"{\"text\":\"x\"}", NULL}, {"{\"text\":\"x\",\"name\":null}", NULL}, {"{\"text\":\"\xc3\xa9\xc3\xa9\",\"name\":\"\xc3\xa9\xc3\xa9\xc3\xa9\"}", NULL},
	{"{}", "/text"}, {"{\"text\":null}", "/text"}, {"{\"text\":1}", "/text"}, {"{\"text\":\"\"}", "/text"},
	{"{\"text\":\" \xe3\x80\x80\\n\"}", "/text"}, {"{\"text\":\"123456789\"}", "/text"}, {"{\"text\":\"a\\u0007\"}", "/text"},
	{"{\"text\":\"a\\u0000\"}", "/text"}, {"{\"text\":\"a\\t\\n\\r\"}", NULL}, {"{\"text\":\"x\",\"text\":\"y\"}", "/text"},
	{"{\"text\":\"x\",\"other\":1}", "/other"}, {"{\"text\":\"x\",\"a/b~c\":1}", "/a~1b~0c"}, {"{\"text\":\"x\",\"Text\":1}", "/Text"},
	{"{\"text\":\"x\",\"name\":\"abcd\"}", "/name"}, {"{\"text\":\"x\",\"name\":\"a\\n\"}", "/name"},
	{"{\"text\":\"x\",\"colour\":\"green\"}", "/colour"}, {"{\"text\":\"x\",\"colour\":\"blue\"}", NULL},
	{"{\"text\":\"x\",\"number\":1.5}", "/number"}, {"{\"text\":\"x\",\"number\":1e999}", "/number"}, {"{\"text\":\"x\",\"number\":\"0\"}", "/number"},
	{"{\"text\":\"x\",\"on\":1}", "/on"}, {"{\"text\":\"x\",\"at\":\"yesterday\"}", "/at"},
	{"{\"text\":\"x\",\"at\":\"2026-01-31T12:00:00+01:00\"}", NULL},
	{"{\"text\":\"x\",\"inner\":{}}", "/inner/n"}, {"{\"text\":\"x\",\"inner\":{\"n\":1.5}}", "/inner/n"}, {"{\"text\":\"x\",\"inner\":[]}", "/inner"},
	{"{\"text\":\"x\",\"free\":{\"a\":[1]}}", NULL}, {"{\"text\":\"x\",\"free\":{\"a\":\"1234567890123456\"}}", "/free"},
	{"{\"text\":\"x\",\"free\":{\"a\":[\"\\u0000\"]}}", "/free"}, {"{\"text\":\"x\",\"free\":[]}", "/free"},
	{"{\"text\":\"x\",\"list\":[{\"n\":1},{\"n\":10}]}", "/list/1/n"}, {"{\"text\":\"x\",\"list\":[{},{},{}]}", "/list"},
	{"{\"text\":\"x\",\"texts\":[\"a\",\"\"]}", "/texts/1"}, {"[]", ""}, {"\"x\"", ""},
};

START_TEST(shapes_are_checked)
{
	struct invalid errors = {0};
	const char *why;
	size_t at;
	cJSON *json = json_read(slice_str(shape_cases[_i].json), &why, &at);

	ck_assert_msg(json != NULL, "%s: %s", shape_cases[_i].json, why);
	shape_check(&outer_shape, json, "", &errors);
	ck_assert_msg((errors.count == 0) == (shape_cases[_i].pointer == NULL), "%s: %s %s", shape_cases[_i].json,
		errors.error[0].pointer, errors.error[0].message);
	if (errors.count)
		ck_assert_msg(strcmp(errors.error[0].pointer, shape_cases[_i].pointer) == 0, "%s: at %s", shape_cases[_i].json,
			errors.error[0].pointer);
	cJSON_Delete(json);
}
END_TEST

static const struct {
	const char *bytes;
	const char *data; /* NULL: broken */
	bool done;
} chunk_cases[] = {
	{"5\r\nhello\r\n0\r\n\r\n", "hello", true}, {"1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", "abc", true},
	{"A;name=value\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\nrest", "0123456789", true}, {"0\r\n\r\n", "", true},
	{"5\r\nhel", "hel", false}, {"5", "", false}, {"000005\r\nhello\r\n", "hello", false},
	{"zz\r\n", NULL, false}, {"\r\n", NULL, false}, {"5\nhello", NULL, false}, {"5\r\nhelloX", NULL, false},
	{"-5\r\nhello\r\n", NULL, false}, {"0x5\r\nhello\r\n", NULL, false}, {"123456789\r\n", NULL, false},
	{"5\r\nhello\r\n0\r\n\n", NULL, false},
};

/* Each body at once and byte by byte. */
START_TEST(chunks_are_read)
{
	for (size_t step = 1; step < 100; step += 98) {
		struct slice left = slice_str(chunk_cases[_i].bytes);
		struct dechunk d = {0};
		struct buf out;
		bool ok = true;

		buf_init(&out, 100);
		while (ok && left.n > 0) {
			size_t n = left.n < step ? left.n : step;

			ok = dechunk_feed(&d, slice_of(left.p, n), &out);
			left = slice_of(left.p + n, left.n - n);
		}
		ck_assert_msg(ok == (chunk_cases[_i].data != NULL), "%s", chunk_cases[_i].bytes);
		if (ok) {
			ck_assert(slice_eq(buf_view(&out), slice_str(chunk_cases[_i].data)));
			ck_assert_int_eq(d.state == DECHUNK_DONE, chunk_cases[_i].done);
		}
		buf_finish(&out);
	}
}
END_TEST

START_TEST(chunk_lines_are_bounded)
{
	struct dechunk d = {0};
	struct buf out;
	bool ok;

	buf_init(&out, 10);
	ok = dechunk_feed(&d, SLICE("1;"), &out);
	for (int i = 0; ok && i <= DECHUNK_LINE_BYTES; i++)
		ok = dechunk_feed(&d, SLICE("x"), &out);
	ck_assert(!ok);
	d = (struct dechunk){0};
	ok = dechunk_feed(&d, SLICE("0\r\n"), &out);
	for (int i = 0; ok && i <= DECHUNK_TRAILER_LINES; i++)
		ok = dechunk_feed(&d, SLICE("a: b\r\n"), &out);
	ck_assert(!ok);
	buf_finish(&out);
}
END_TEST

START_TEST(buckets_fill_and_empty)
{
	struct ratelimit *r = ratelimit_create(10, 1, 10);
	struct uuid a = ratelimit_key(SLICE("a")), b = ratelimit_key(SLICE("b"));
	uint64_t now = 5 * NS_PER_S;
	struct ratelimit_answer answer;

	for (int i = 0; i < 10; i++)
		ck_assert(ratelimit_take(r, &a, 1, now).allowed);
	answer = ratelimit_take(r, &a, 1, now);
	ck_assert(!answer.allowed);
	ck_assert_uint_eq(answer.retry_after_s, 1);
	ck_assert_uint_eq(answer.remaining, 0);
	ck_assert_uint_eq(answer.reset_s, 1);
	ck_assert(ratelimit_take(r, &b, 1, now).allowed);
	ck_assert(!ratelimit_take(r, &a, 0, now).allowed); /* a look */
	ck_assert(ratelimit_take(r, &a, 1, now + NS_PER_S / 10).allowed);
	ck_assert(!ratelimit_take(r, &a, 1, now + NS_PER_S / 10).allowed);
	ck_assert_uint_eq(ratelimit_take(r, &a, 0, now + 100 * NS_PER_S).remaining, 10);
	ck_assert(ratelimit_take(r, &a, 1, now).allowed); /* a clock that goes back does no harm */
	ratelimit_destroy(&r);
}
END_TEST

START_TEST(buckets_are_bounded)
{
	struct ratelimit *r = ratelimit_create(1, 60, 1);
	struct uuid first = ratelimit_key(SLICE("first"));
	uint64_t now = NS_PER_S;

	ck_assert(ratelimit_take(r, &first, 1, now).allowed);
	ck_assert(!ratelimit_take(r, &first, 1, now).allowed);
	for (int i = 0; i < RATELIMIT_KEYS; i++) {
		struct uuid key = ratelimit_key(slice_of((const char *)&i, sizeof i));

		ck_assert(ratelimit_take(r, &key, 1, now).allowed);
	}
	ck_assert(ratelimit_take(r, &first, 1, now).allowed); /* its bucket gave way */
	ratelimit_destroy(&r);
}
END_TEST

#define SECRET "0123456789abcdef0123456789abcdef"
#define OLDER "fedcba9876543210fedcba9876543210"

START_TEST(tokens_come_back)
{
	struct token_claims claims = {.user_id = uuid_v7(), .is_operator = true}, read;
	struct tokens now, rotated, other;
	int64_t t = 1000000;
	char *text;

	tokens_init(&now, OLDER, "");
	tokens_init(&rotated, SECRET, OLDER);
	tokens_init(&other, SECRET, NULL);
	text = token_make(&now, &claims, t);
	ck_assert_int_eq(token_read(&now, slice_str(text), t, &read), TOKEN_GOOD);
	ck_assert(uuid_eq(&read.user_id, &claims.user_id) && read.is_operator && read.expires_s == t + TOKEN_ACCESS_S);
	ck_assert_int_eq(token_read(&rotated, slice_str(text), t, &read), TOKEN_GOOD);
	ck_assert_int_eq(token_read(&other, slice_str(text), t, &read), TOKEN_FORGED);
	ck_assert_int_eq(token_read(&now, slice_str(text), t + TOKEN_ACCESS_S - 1, &read), TOKEN_GOOD);
	ck_assert_int_eq(token_read(&now, slice_str(text), t + TOKEN_ACCESS_S, &read), TOKEN_EXPIRED);
	for (size_t i = 0; text[i]; i += 7) { /* any change is a forgery */
		char c = text[i];

		text[i] = c == 'A' ? 'B' : 'A';
		ck_assert_msg(token_read(&now, slice_str(text), t, &read) == TOKEN_FORGED, "changed at %zu", i);
		text[i] = c;
	}
	free(text);
	tokens_finish(&now);
	tokens_finish(&rotated);
	tokens_finish(&other);
}
END_TEST

static const char *const forgeries[] = {"", ".", "..", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "\x01\x02", "eyJhbGciOiJIUzI1NiJ9.e30.AAAA"};

START_TEST(tokens_forged)
{
	struct tokens t;
	struct token_claims read;

	tokens_init(&t, SECRET, "");
	ck_assert_int_eq(token_read(&t, slice_str(forgeries[_i]), 0, &read), TOKEN_FORGED);
	tokens_finish(&t);
}
END_TEST

START_TEST(refresh_successors)
{
	struct tokens now, rotated;
	char token[TOKEN_REFRESH_BYTES], a[TOKEN_REFRESH_BYTES], b[TOKEN_REFRESH_BYTES];

	tokens_init(&now, OLDER, "");
	tokens_init(&rotated, SECRET, OLDER);
	token_refresh_make(token);
	ck_assert(token_refresh_looks_like_one(slice_str(token)));
	token_successor(&now, false, slice_str(token), a);
	token_successor(&now, false, slice_str(token), b);
	ck_assert_str_eq(a, b);
	ck_assert_str_ne(a, token);
	ck_assert(token_refresh_looks_like_one(slice_str(a)));
	token_successor(&rotated, false, slice_str(token), b);
	ck_assert_str_ne(a, b);
	token_successor(&rotated, true, slice_str(token), b);
	ck_assert_str_eq(a, b);
	token_successor(&now, true, slice_str(token), b);
	ck_assert_str_eq(b, "");
	tokens_finish(&now);
	tokens_finish(&rotated);
}
END_TEST

START_TEST(problems_are_whole)
{
	for (enum problem p = 0; p < PROBLEM_COUNT; p++) {
		ck_assert(problems[p].status >= 400 && problems[p].status < 600);
		ck_assert(problem_by_name(slice_str(problems[p].name)) == p);
		ck_assert(*problems[p].title && *problems[p].advice);
	}
	ck_assert(problem_by_name(SLICE("nothing")) == PROBLEM_COUNT);
}
END_TEST

START_TEST(problems_are_written)
{
	struct invalid errors = {0};
	struct buf out;

	buf_init(&out, 4096);
	invalid_add(&errors, "/turns/0", "a/b", "is %d", 1);
	problem_write_json(&out, PROBLEM_INVALID, SLICE("De\"tail"), SLICE("/x"), SLICE("r1"), &errors);
	ck_assert_str_eq(out.p,
		"{\"type\":\"/problems/invalid\",\"title\":\"Invalid content\",\"status\":422,\"detail\":\"De\\\"tail\","
		"\"instance\":\"/x\",\"request_id\":\"r1\",\"errors\":[{\"pointer\":\"/turns/0/a~1b\",\"message\":\"is 1\"}]}");
	buf_finish(&out);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gateway http");
	TCase *all = tcase_create("all");

	if (sodium_init() < 0)
		return 1;
	tcase_add_loop_test(all, routes_match, 0, countof(route_cases));
	tcase_add_test(all, routes_give_ids);
	tcase_add_test(all, routes_none_hidden);
	tcase_add_loop_test(all, json_is_checked, 0, countof(json_cases));
	tcase_add_test(all, json_depth);
	tcase_add_test(all, json_keeps_what_is_forbidden);
	tcase_add_loop_test(all, shapes_are_checked, 0, countof(shape_cases));
	tcase_add_loop_test(all, chunks_are_read, 0, countof(chunk_cases));
	tcase_add_test(all, chunk_lines_are_bounded);
	tcase_add_test(all, buckets_fill_and_empty);
	tcase_add_test(all, buckets_are_bounded);
	tcase_add_test(all, tokens_come_back);
	tcase_add_loop_test(all, tokens_forged, 0, countof(forgeries));
	tcase_add_test(all, refresh_successors);
	tcase_add_test(all, problems_are_whole);
	tcase_add_test(all, problems_are_written);
	suite_add_tcase(suite, all);
	return check_run(suite, CK_FORK_GETENV);
}
