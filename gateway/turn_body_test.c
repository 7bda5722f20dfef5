/* SPDX-License-Identifier: ISC
 *
 * turn_body_test.c - what a turn's body may be, case by case, and what the gateway reads off a turn's JSON.
 */
#include "gateway/turn_body.h"

#include "common/base/check_run.h"
#include "common/base/clock.h"
#include "common/wire/turn.h"
#include "gateway/turn_json.h"

#include <stdio.h>
#include <stdlib.h>

#define OK "\"speaker\":\"User\",\"raw_text\":\"a\""

static const struct {
	int line;
	const char *json;
	const char *pointer; /* of the first error; NULL: good */
} bodies[] = {
	{__LINE__, "{" OK "}", NULL},
	{__LINE__, "{\"speaker\":\"lUMEN\",\"raw_text\":\"a\"}", NULL},
	{__LINE__, "{" OK ",\"force_cleaning_level\":\"full\",\"priority\":\"high\",\"shared_context\":\"\"}", NULL},
	{__LINE__, "{" OK ",\"started_at\":\"2026-01-01T00:00:00Z\",\"ended_at\":\"2026-01-01T00:00:01+00:00\"}", NULL},
	{__LINE__, "{" OK ",\"words\":[{\"text\":\"a\",\"start\":0,\"end\":0.5,\"confidence\":1}]}", NULL},
	{__LINE__, "{" OK ",\"options\":{\"deadline_ms\":50,\"formats\":{\"money\":false},\"verbatim\":true,\"profile\":\"x\"}}", NULL},
	{__LINE__, "{\"speaker\":\"User\",\"raw_text\":\"tab\\tand\\nline\"}", NULL},

	{__LINE__, "{" OK ",\"options\":{\"profile\":\"nobody\"}}", "/options/profile"},
	{__LINE__, "{" OK ",\"options\":{\"profile\":\"\"}}", "/options/profile"},
	{__LINE__, "[]", ""},
	{__LINE__, "{\"speaker\":\"User\"}", "/raw_text"},
	{__LINE__, "{\"raw_text\":\"a\"}", "/speaker"},
	{__LINE__, "{\"speaker\":\"Nobody\",\"raw_text\":\"a\"}", "/speaker"},
	{__LINE__, "{\"speaker\":1,\"raw_text\":\"a\"}", "/speaker"},
	{__LINE__, "{\"speaker\":\"User\",\"raw_text\":7}", "/raw_text"},
	{__LINE__, "{\"speaker\":\"User\",\"raw_text\":null}", "/raw_text"},
	{__LINE__, "{\"speaker\":\"User\",\"raw_text\":\"\"}", "/raw_text"},
	{__LINE__, "{\"speaker\":\"User\",\"raw_text\":\" \\u00a0\\t\"}", "/raw_text"},
	{__LINE__, "{\"speaker\":\"User\",\"raw_text\":\"bell\\u0007\"}", "/raw_text"},
	{__LINE__, "{\"speaker\":\"User\",\"raw_text\":\"c1\\u0085x\"}", "/raw_text"},
	{__LINE__, "{" OK ",\"extra\":1}", "/extra"},
	{__LINE__, "{" OK ",\"raw_text\":\"b\"}", "/raw_text"},
	{__LINE__, "{" OK ",\"force_cleaning_level\":\"most\"}", "/force_cleaning_level"},
	{__LINE__, "{" OK ",\"priority\":1}", "/priority"},
	{__LINE__, "{" OK ",\"started_at\":\"yesterday\"}", "/started_at"},
	{__LINE__, "{" OK ",\"started_at\":\"1969-12-31T23:59:59Z\"}", "/started_at"},
	{__LINE__, "{" OK ",\"started_at\":\"9999-12-31T23:59:60Z\"}", "/started_at"},
	{__LINE__, "{" OK ",\"ended_at\":\"9999-12-31T23:59:59Z\"}", NULL},
	{__LINE__, "{" OK ",\"started_at\":\"2026-01-01T00:00:01Z\",\"ended_at\":\"2026-01-01T00:00:00Z\"}", "/ended_at"},
	{__LINE__, "{" OK ",\"words\":[{\"text\":\"a\",\"start\":2,\"end\":1}]}", "/words"},
	{__LINE__, "{" OK ",\"words\":[{\"text\":\"a\",\"start\":2}]}", "/words/0/end"},
	{__LINE__, "{" OK ",\"words\":[{\"text\":\"a\",\"start\":1,\"end\":2,\"confidence\":1.5}]}", "/words/0/confidence"},
	{__LINE__, "{" OK ",\"options\":{\"deadline_ms\":49}}", "/options/deadline_ms"},
	{__LINE__, "{" OK ",\"options\":{\"deadline_ms\":10001}}", "/options/deadline_ms"},
	{__LINE__, "{" OK ",\"options\":{\"deadline_ms\":99.5}}", "/options/deadline_ms"},
	{__LINE__, "{" OK ",\"options\":{\"formats\":{\"colour\":true}}}", "/options/formats/colour"},
	{__LINE__, "{" OK ",\"options\":{\"verbatim\":1}}", "/options/verbatim"},
};

START_TEST(a_body_is_good_or_its_first_error_is_named)
{
	struct speakers speakers;
	struct turn_body body;
	struct invalid errors = {.count = 0};
	cJSON *json = cJSON_Parse(bodies[_i].json);
	bool good;

	ck_assert_msg(json != NULL, "%s:%d: no JSON", __FILE__, bodies[_i].line);
	speakers_read(&speakers, "Lumen, AI,Assistant");
	good = turn_body_read(json, "", &speakers, &body, &errors);
	ck_assert_msg(good == (bodies[_i].pointer == NULL), "%s:%d: %s", __FILE__, bodies[_i].line,
		errors.count ? errors.error[0].message : "passed");
	if (!good)
		ck_assert_msg(strcmp(errors.error[0].pointer, bodies[_i].pointer) == 0, "%s:%d: at %s", __FILE__,
			bodies[_i].line, errors.error[0].pointer);
	turn_body_finish(&body);
	cJSON_Delete(json);
}
END_TEST

static cJSON *with_text(size_t bytes)
{
	char *text = malloc(bytes + 1);
	cJSON *json = cJSON_CreateObject();

	memset(text, 'x', bytes);
	text[bytes] = '\0';
	cJSON_AddStringToObject(json, "speaker", "User");
	cJSON_AddStringToObject(json, "raw_text", text);
	free(text);
	return json;
}

START_TEST(the_longest_text_passes_and_one_byte_more_does_not)
{
	struct speakers speakers;

	speakers_read(&speakers, "Lumen");
	for (size_t more = 0; more < 2; more++) {
		struct turn_body body;
		struct invalid errors = {.count = 0};
		cJSON *json = with_text(LIMIT_RAW_TEXT_BYTES + more);

		ck_assert_int_eq(turn_body_read(json, "", &speakers, &body, &errors), more == 0);
		turn_body_finish(&body);
		cJSON_Delete(json);
	}
}
END_TEST

START_TEST(members_become_what_the_decider_is_told)
{
	cJSON *json = cJSON_Parse("{\"speaker\":\"assistant\",\"raw_text\":\"a\",\"force_cleaning_level\":\"light\","
				  "\"priority\":\"high\",\"words\":[{\"text\":\"a\",\"start\":0,\"end\":1}],"
				  "\"options\":{\"formats\":{\"money\":false},\"deadline_ms\":70},"
				  "\"started_at\":\"1970-01-01T00:00:00Z\"}");
	struct speakers speakers;
	struct turn_body b;
	struct invalid errors = {.count = 0};

	speakers_read(&speakers, "Lumen, AI,Assistant");
	ck_assert(turn_body_read(json, "", &speakers, &b, &errors));
	ck_assert(slice_eq(b.speaker, SLICE("Assistant")) && b.bypass);
	ck_assert_uint_eq(b.forced_level, 2);
	ck_assert_uint_eq(b.priority, 1);
	ck_assert_uint_eq(b.options.deadline_ms, 70);
	ck_assert_uint_eq(b.options.formats, 1023 - 4);
	ck_assert_uint_eq(b.options.set, 3);
	ck_assert_int_eq(b.started_at, 1); /* 0 is "not given" */
	ck_assert_int_eq(b.ended_at, 0);
	ck_assert_str_eq(b.words_json, "[{\"text\":\"a\",\"start\":0,\"end\":1}]");
	turn_body_finish(&b);
	cJSON_Delete(json);
}
END_TEST

START_TEST(a_turns_json_is_read_without_parsing_it)
{
	const char *tricky = "\"cleaning_level\":\"full\", \"state\":\"done\" \\ \"timings\":{\"queue\":9}";
	struct turn t = {.speaker = SLICE("User"), .raw_text = slice_str(tricky), .state = SLICE("queued")};
	struct buf json, metadata;

	buf_init(&json, 10000);
	buf_init(&metadata, 10000);
	turn_write_json(&json, &t);
	ck_assert(!turn_json_is_final(buf_view(&json)));
	ck_assert_uint_eq(turn_json_level(buf_view(&json)).n, 0);
	turn_metadata_write(&metadata, &(struct turn_metadata){.level = SLICE("light"), .reason = slice_str(tricky),
		.timings = SLICE("{\"queue\":1.250,\"window\":0.001}")});
	t.state = SLICE("done");
	t.cleaned_text = slice_str(tricky);
	t.metadata = buf_view(&metadata);
	buf_reset(&json);
	turn_write_json(&json, &t);
	ck_assert(turn_json_is_final(buf_view(&json)));
	ck_assert(slice_eq(turn_json_level(buf_view(&json)), SLICE("light")));
	ck_assert_uint_eq(turn_json_stage(buf_view(&json), "queue"), 1250000);
	ck_assert_uint_eq(turn_json_stage(buf_view(&json), "window"), 1000);
	ck_assert_uint_eq(turn_json_stage(buf_view(&json), "none"), 0);
	buf_finish(&json);
	buf_finish(&metadata);
}
END_TEST

static const char *const profiles[] = {"x", NULL};

int main(void)
{
	Suite *s = suite_create("turn_body");
	TCase *t = tcase_create("turn_body");

	turn_options_profiles(profiles);
	tcase_add_loop_test(t, a_body_is_good_or_its_first_error_is_named, 0, (int)countof(bodies));
	tcase_add_test(t, the_longest_text_passes_and_one_byte_more_does_not);
	tcase_add_test(t, members_become_what_the_decider_is_told);
	tcase_add_test(t, a_turns_json_is_read_without_parsing_it);
	suite_add_tcase(s, t);
	return check_run(s, CK_NOFORK);
}
