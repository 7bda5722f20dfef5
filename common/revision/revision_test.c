/* SPDX-License-Identifier: ISC
 *
 * revision_test.c - corrections taken back, put back and edited over: they rebuild the text from raw whatever
 * was done, by cases and by random edits; and what an edit leaves alone stays what it was.
 */
#include "revision.h"

#include "common/base/check_run.h"
#include "common/base/utf8.h"
#include "text_diff.h"

#include <stdio.h>
#include <stdlib.h>

enum { TEXT_BYTES = 4096 };

/* The byte offset of a code point. */
static size_t offset(struct slice s, double point)
{
	size_t at = 0;
	uint32_t c;

	for (int i = 0; i < (int)point; i++)
		ck_assert(utf8_next(s, &at, &c));
	return at;
}

static double number(const cJSON *c, const char *range, const char *end)
{
	return cJSON_GetObjectItem(cJSON_GetObjectItem(c, range), end)->valuedouble;
}

/* As a client would: replaces each position of raw, from the last to the first. Also checks the other side's
 * positions. */
static void rebuild(const char *raw, const cJSON *corrections, char out[TEXT_BYTES], const char *text)
{
	double last = 0;

	snprintf(out, TEXT_BYTES, "%s", raw);
	for (int i = cJSON_GetArraySize(corrections) - 1; i >= 0; i--) {
		const cJSON *c = cJSON_GetArrayItem(corrections, i);
		const char *corrected = cJSON_GetObjectItem(c, "corrected")->valuestring;
		const char *original = cJSON_GetObjectItem(c, "original")->valuestring;
		size_t start = offset(slice_str(raw), number(c, "position", "start")),
		       end = offset(slice_str(raw), number(c, "position", "end")),
		       at = offset(slice_str(text), number(c, "cleaned_position", "start"));
		char rest[TEXT_BYTES];

		ck_assert_str_ne(original, corrected);
		ck_assert(slice_eq(slice_of(raw + start, end - start), slice_str(original)));
		ck_assert(slice_starts(slice_str(text + at), slice_str(corrected)));
		snprintf(rest, sizeof rest, "%s", out + end);
		ck_assert_int_lt(
			snprintf(out + start, TEXT_BYTES - start, "%s%s", corrected, rest), TEXT_BYTES);
	}
	for (int i = 0; i < cJSON_GetArraySize(corrections); i++) {
		const cJSON *c = cJSON_GetArrayItem(corrections, i);

		ck_assert(number(c, "position", "start") >= last);
		last = number(c, "position", "end");
	}
}

/* The corrections as JSON; what stands must be `text`, and rebuild it. */
static cJSON *check(const struct revision *r, const char *raw, const char *text)
{
	char rebuilt[TEXT_BYTES];
	struct buf json, made;
	cJSON *corrections;

	buf_init(&json, 1024 * 1024);
	buf_init(&made, 1024 * 1024);
	revision_text(r, &made);
	ck_assert_str_eq(made.p ? made.p : "", text);
	revision_json(r, &json);
	corrections = cJSON_Parse(json.p);
	ck_assert_msg(corrections != NULL, "%s", json.p);
	rebuild(raw, corrections, rebuilt, text);
	ck_assert_str_eq(rebuilt, text);
	buf_finish(&json);
	buf_finish(&made);
	return corrections;
}

#define C(id, kind, original, corrected, start, end)                                                         \
	"{\"id\":\"" id "\",\"kind\":\"" kind "\",\"original\":\"" original "\",\"corrected\":\"" corrected  \
	"\",\"confidence\":\"MEDIUM\",\"reason\":\"r\",\"position\":{\"start\":" #start ",\"end\":" #end     \
	"},\"cleaned_position\":{\"start\":0,\"end\":0}}"

#define VECTOR_RAW "um I'm the vector of caf\xC3\xA9 marketing"
#define VECTOR_TEXT "I'm the director of caf\xC3\xA9 marketing."
#define VECTOR_JSON                                                                                          \
	"[" C("c1", "filler", "um ", "", 0, 3) "," C("c2", "pattern", "vector", "director", 11, 17) "," C(   \
		"c3", "punctuation", "", ".", 35, 35) "]"

static const struct {
	const char *raw, *json, *text, *edit, *ids, *undone;
} edits[] = {
	{VECTOR_RAW, VECTOR_JSON, VECTOR_TEXT, VECTOR_TEXT, "c1 c2 c3", ""},
	{VECTOR_RAW, VECTOR_JSON, VECTOR_TEXT, "I'm the director of caf\xC3\xA9 sales.", "c1 c2 r2-1 c3", ""},
	{VECTOR_RAW, VECTOR_JSON, VECTOR_TEXT, "I'm the vector of caf\xC3\xA9 marketing.", "c1 c3", "c2"},
	{VECTOR_RAW, VECTOR_JSON, VECTOR_TEXT, "I'm the inspector of caf\xC3\xA9 marketing.", "c1 r2-1 c3",
		"c2"},
	{VECTOR_RAW, VECTOR_JSON, VECTOR_TEXT, "um I'm the director of caf\xC3\xA9 marketing.", "c2 c3",
		"c1"},
	{VECTOR_RAW, VECTOR_JSON, VECTOR_TEXT, VECTOR_RAW, "", "c1 c2 c3"},
	{VECTOR_RAW, VECTOR_JSON, VECTOR_TEXT, "I'm the director of caf\xC3\xA9 marketing!", "c1 c2 r2-1",
		"c3"},
	{VECTOR_RAW, VECTOR_JSON, VECTOR_TEXT, "I'm the director of caf\xC3\xA9 marketing. Yes.",
		"c1 c2 c3 r2-1", ""},
	{VECTOR_RAW, VECTOR_JSON, VECTOR_TEXT, "I am the director of caf\xC3\xA9 marketing.", "c1 r2-1 c2 c3",
		""},
	{VECTOR_RAW, VECTOR_JSON, VECTOR_TEXT, "", "c1 r2-1", "c2 c3"},
	{"check a trade and book ads", "[]", "check a trade and book ads", "Checkatrade and Facebook ads",
		"r2-1 r2-2", ""},
	{"we use paper click", NULL, "we use paper click", "we use pay per click", "r2-1", ""},
	{"a  b", NULL, "a  b", "a b", "r2-1", ""},
	{"hello", "[" C("x", "model", "nonsense", "hello", 0, 5) "]", "Hello", "Hello", "r0-1",
		""}, /* does not fit: made anew */
};

static void names_of(const struct changes *c, char out[256])
{
	out[0] = '\0';
	for (size_t i = 0; i < c->count; i++)
		snprintf(out + strlen(out), 256 - strlen(out), "%s%s", i ? " " : "", c->list[i].id);
}

START_TEST(test_edit)
{
	cJSON *json = edits[_i].json ? cJSON_Parse(edits[_i].json) : NULL;
	struct revision r;
	char names[256];

	revision_read(&r, slice_str(edits[_i].raw), json, slice_str(edits[_i].text));
	cJSON_Delete(check(&r, edits[_i].raw, edits[_i].text));
	revision_edit(&r, slice_str(edits[_i].edit), 2);
	cJSON_Delete(check(&r, edits[_i].raw, edits[_i].edit));
	names_of(&r.now, names);
	ck_assert_msg(strcmp(names, edits[_i].ids) == 0, "\"%s\": stands: %s", edits[_i].edit, names);
	names_of(&r.undone, names);
	ck_assert_msg(strcmp(names, edits[_i].undone) == 0, "\"%s\": undone: %s", edits[_i].edit, names);
	revision_finish(&r);
	cJSON_Delete(json);
}
END_TEST

START_TEST(test_take_and_put_back)
{
	static const char *const without[] = {"um I'm the director of caf\xC3\xA9 marketing.",
		"I'm the vector of caf\xC3\xA9 marketing.", "I'm the director of caf\xC3\xA9 marketing"};
	cJSON *json = cJSON_Parse(VECTOR_JSON);
	struct revision r;

	revision_read(&r, slice_str(VECTOR_RAW), json, slice_str(VECTOR_TEXT));
	ck_assert(!revision_find(&r, SLICE("c4")));
	for (int i = 0; i < 3; i++) {
		cJSON *one = cJSON_GetArrayItem(json, i);

		revision_remove(
			&r, revision_find(&r, slice_str(cJSON_GetObjectItem(one, "id")->valuestring)));
		cJSON_Delete(check(&r, VECTOR_RAW, without[i]));
		ck_assert(revision_put_back(&r, one));
		cJSON_Delete(check(&r, VECTOR_RAW, VECTOR_TEXT));
		ck_assert(!revision_put_back(&r, one)); /* it stands */
	}
	ck_assert_str_eq(revision_confidence(&r), "MEDIUM");
	revision_remove(&r, revision_find(&r, SLICE("c2")));
	revision_remove(&r, revision_find(&r, SLICE("c1")));
	ck_assert_str_eq(revision_confidence(&r), "HIGH"); /* a mark alone */
	revision_finish(&r);
	cJSON_Delete(json);
}
END_TEST

/* --- anything, edited into anything --- */

static void random_text(char *out, int words)
{
	static const char *const pieces[] = {"a", "b", "ab", "caf\xC3\xA9", " ", " ", " ", "  ", ".", ",",
		"\xF0\x9F\x98\x80", "-", "e\xCC\x81", ""};

	out[0] = '\0';
	for (int i = 0; i < words; i++)
		strcat(out, pieces[rand() % (int)countof(pieces)]);
}

/* A text near another: some words of it changed. */
static void vary(const char *from, char *out)
{
	out[0] = '\0';
	for (const char *p = from; *p;) {
		size_t n = strcspn(p, " ") + (p[strcspn(p, " ")] == ' ');
		char other[64];

		random_text(other, rand() % 4);
		if (rand() % 4)
			strncat(out, p, n);
		if (rand() % 5 == 0)
			strcat(out, other);
		p += n;
	}
}

START_TEST(test_random)
{
	char raw[512], text[1024], next[4096];
	cJSON *json = NULL;

	srand((unsigned)_i + 1);
	random_text(raw, 1 + rand() % 24);
	snprintf(text, sizeof text, "%s", raw);
	for (unsigned revision = 2; revision < 6; revision++) {
		struct revision r;
		cJSON *written;

		revision_read(&r, slice_str(raw), json, slice_str(text));
		if (r.now.count && rand() % 3 == 0) { /* take one back */
			struct buf made;

			revision_remove(&r, &r.now.list[(size_t)rand() % r.now.count]);
			buf_init(&made, sizeof text);
			revision_text(&r, &made);
			snprintf(next, sizeof next, "%s", made.p ? made.p : "");
			buf_finish(&made);
		} else {
			vary(text, next);
			next[sizeof text / 2] = '\0';
			while (next[0] && !utf8_valid(slice_str(next), NULL))
				next[strlen(next) - 1] = '\0';
			revision_edit(&r, slice_str(next), revision);
		}
		written = check(&r, raw, next);
		revision_finish(&r);
		cJSON_Delete(json);
		json = written;
		snprintf(text, sizeof text, "%s", next);
	}
	cJSON_Delete(json);
}
END_TEST

START_TEST(test_long_texts_are_bounded)
{
	char *a = malloc(16385), *b = malloc(16385);
	struct text_diff d;

	for (int i = 0; i < 16384; i++) {
		a[i] = i % 2 ? ' ' : (char)('a' + i % 26);
		b[i] = i % 2 ? ' ' : (char)('a' + (i * 7) % 26);
	}
	a[0] = 'A';
	a[16382] = 'A';
	text_diff(slice_of(a, 16384), slice_of(b, 16384), &d);
	ck_assert_uint_ge(d.count, 1);
	text_diff_finish(&d);
	free(a);
	free(b);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("revision");
	TCase *t = tcase_create("revision");

	tcase_add_loop_test(t, test_edit, 0, (int)countof(edits));
	tcase_add_test(t, test_take_and_put_back);
	tcase_add_loop_test(t, test_random, 0, 3000);
	tcase_add_test(t, test_long_texts_are_bounded);
	suite_add_tcase(s, t);
	return check_run(s, CK_NOFORK);
}
