/* SPDX-License-Identifier: ISC
 *
 * cleaned_test.c - what is kept of the engine's answer, and the metadata made of it, with a clock that counts
 * its readings.
 */
#include "cleaned.h"
#include "common/base/check_run.h"

#include <stdlib.h>

static struct engine *engine;
static struct engine_workspace *ws;
static uint64_t now;
static const struct clean_input nothing; /* around the turn */

static uint64_t tick(void)
{
	return now += 1000;
}

static void open_engine(void)
{
	engine = engine_open(NULL, NULL);
	ws = engine_workspace_create(engine);
}

static void close_engine(void)
{
	engine_workspace_destroy(&ws);
	engine_close(&engine);
}

static bool has(const struct buf *b, const char *text)
{
	return b->p && strstr(b->p, text) != NULL;
}

static const struct {
	const char *raw;
	bool forced;
	enum clean_level level;
	const char *cleaned;
	const char *in_metadata;
} rows[] = {
	{"I'm the vector of marketing", false, CLEAN_FULL, "I'm the director of marketing.",
		"\"corrected\":\"director\""},
	{"We have seventy five employees", false, CLEAN_FULL, "We have 75 employees.",
		"\"cleaning_applied\":true"},
	{"I'm the vector of marketing", true, CLEAN_NONE, "I'm the vector of marketing",
		"\"cleaning_applied\":false"},
	{"I'm the vector of marketing", true, CLEAN_NONE, "I'm the vector of marketing",
		"\"cleaning_level\":\"none\""},
	{"yes", false, CLEAN_LIGHT, "yes", "\"corrections\":[],\"doubtful\":[]"},
	{"and then we sell the zorbitan software", false, CLEAN_FULL,
		"And then we sell the Zorbitan software.",
		"\"doubtful\":[{\"text\":\"zorbitan\",\"position\":{\"start\":21,\"end\":29},"},
};

START_TEST(the_answer_is_kept)
{
	struct msg_job job = {.raw_text = slice_str(rows[_i].raw),
		.forced = rows[_i].forced,
		.level = rows[_i].level,
		.formats = FORMAT_ALL};
	struct msg_job other = {.raw_text = SLICE("something else altogether"), .formats = FORMAT_ALL};
	struct cleaned c, d;
	struct buf metadata;

	cleaned_init(&c);
	cleaned_init(&d);
	buf_init(&metadata, 65536);
	cleaned_by_engine(&c, ws, &job, &nothing, tick);
	cleaned_by_engine(
		&d, ws, &other, &nothing, tick); /* the workspace's result is gone, the answer stands */
	ck_assert_str_eq(c.text.p, rows[_i].cleaned);
	cleaned_metadata(&c, 1500000, &metadata);
	ck_assert_msg(has(&metadata, rows[_i].in_metadata), "%s", metadata.p);
	ck_assert(has(&metadata, "\"processing_time_ms\":1.500"));
	ck_assert(has(&metadata, "\"fallback\":null"));
	buf_finish(&metadata);
	cleaned_finish(&c);
	cleaned_finish(&d);
}
END_TEST

START_TEST(stages_are_timed)
{
	struct msg_job job = {.raw_text = SLICE("um I'm the vector of marketing"), .formats = FORMAT_ALL};
	struct cleaned c;
	struct buf metadata;

	cleaned_init(&c);
	buf_init(&metadata, 65536);
	cleaned_by_engine(&c, ws, &job, &nothing, tick);
	ck_assert_uint_eq(c.stage_ns[STAGE_CONTEXT], 1000); /* one reading to the next */
	ck_assert_uint_eq(c.stage_ns[STAGE_CONFIDENCE], 1000);
	cleaned_metadata(&c, 0, &metadata);
	ck_assert(has(&metadata, "\"patterns\":0.001"));
	buf_finish(&metadata);
	cleaned_finish(&c);
}
END_TEST

START_TEST(what_is_given_up_has_its_raw_text)
{
	struct msg_job job = {.raw_text = SLICE("um I'm the vector of marketing"),
		.level = CLEAN_FULL,
		.formats = FORMAT_ALL};
	struct cleaned c;
	struct buf metadata;

	cleaned_init(&c);
	buf_init(&metadata, 65536);
	cleaned_by_engine(&c, ws, &job, &nothing, tick);
	cleaned_give_up(&c, &job, "commit_refused"); /* also after it was cleaned */
	ck_assert_str_eq(c.text.p, "um I'm the vector of marketing");
	ck_assert(c.failed && !c.applied);
	cleaned_metadata(&c, 0, &metadata);
	ck_assert(has(&metadata, "\"fallback\":\"raw\"") &&
		  has(&metadata, "\"level_reason\":\"commit_refused\""));
	ck_assert(has(&metadata, "\"corrections\":[],\"doubtful\":[]") && has(&metadata, "\"contexts\":[]"));
	ck_assert(has(&metadata, "\"confidence_score\":\"LOW\""));
	buf_finish(&metadata);
	cleaned_finish(&c);
}
END_TEST

START_TEST(a_revision_has_ids_of_its_own_and_says_who_made_it)
{
	struct msg_job job = {.raw_text = SLICE("um we have seventy five"), .formats = FORMAT_ALL};
	const struct clean_result *result;
	struct cleaned first, second;
	struct buf metadata;

	cleaned_init(&first);
	buf_init(&metadata, 65536);
	first.queue_ns = 2000000;
	result = cleaned_by_engine(&first, ws, &job, &nothing, tick);
	cleaned_begin_revision(&second, &first, 2); /* owns none of the first's bytes */
	ck_assert(cleaned_take(&second, result, job.raw_text));
	ck_assert_str_eq(first.text.p, second.text.p);
	cleaned_metadata(&first, 0, &metadata);
	ck_assert(has(&metadata, "\"id\":\"c1\"") && !has(&metadata, "\"source\""));
	buf_reset(&metadata);
	cleaned_metadata(&second, 0, &metadata);
	ck_assert(has(&metadata, "\"id\":\"r2-1\"") && has(&metadata, "\"source\":\"model\""));
	ck_assert(has(&metadata, "\"queue\":2.000") && !has(&metadata, "\"id\":\"c1\""));
	buf_finish(&metadata);
	cleaned_finish(&first);
	cleaned_finish(&second);
}
END_TEST

static const struct {
	const char *term;
	uint32_t seq;
	const char *reason;
} reasons[] = {
	{"facebook", 0, "marketing (\"facebook\" in turn 7)"},
	{"facebook", 3, "marketing (\"facebook\" in turn 3)"},
	{NULL, 0, "marketing"},
	{"a phrase of a file that goes on and on, for more than anybody would want to read", 3, "marketing"},
};

START_TEST(what_made_a_context_active_is_told)
{
	struct cleaned c;
	struct buf out;

	cleaned_init(&c);
	buf_init(&out, 1024);
	c.contexts[0] = "marketing";
	c.evidence[0] = (struct context_evidence){slice_str(reasons[_i].term), reasons[_i].seq};
	c.context_count = 1;
	cleaned_context_reason(&c, 0, 7, &out);
	ck_assert_str_eq(out.p, reasons[_i].reason);
	buf_finish(&out);
	cleaned_finish(&c);
}
END_TEST

START_TEST(a_turns_contexts_keep_their_evidence)
{
	struct msg_job job = {.raw_text = SLICE("we spend it all on facebook"), .formats = FORMAT_ALL};
	struct msg_job other = {.raw_text = SLICE("yes")};
	struct cleaned c, d;

	cleaned_init(&c);
	cleaned_init(&d);
	cleaned_by_engine(&c, ws, &job, &nothing, tick);
	cleaned_by_engine(&d, ws, &other, &nothing, tick); /* the workspace's result is gone */
	cleaned_finish(&d);
	ck_assert_uint_eq(c.context_count, 1);
	ck_assert(slice_eq(c.evidence[0].term, SLICE("facebook")));
	cleaned_finish(&c);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cleaned");
	TCase *tc = tcase_create("cleaned");

	tcase_add_checked_fixture(tc, open_engine, close_engine);
	tcase_add_loop_test(tc, the_answer_is_kept, 0, (int)countof(rows));
	tcase_add_test(tc, stages_are_timed);
	tcase_add_test(tc, what_is_given_up_has_its_raw_text);
	tcase_add_test(tc, a_revision_has_ids_of_its_own_and_says_who_made_it);
	tcase_add_loop_test(tc, what_made_a_context_active_is_told, 0, (int)countof(reasons));
	tcase_add_test(tc, a_turns_contexts_keep_their_evidence);
	suite_add_tcase(suite, tc);
	return check_run(suite, CK_FORK_GETENV);
}
