/* SPDX-License-Identifier: ISC
 *
 * revise_test.c - what an edit and a verdict say and teach, and a turn's metadata afterwards.
 */
#include "revise_evidence.h"
#include "common/base/check_run.h"
#include "common/revision/revise_metadata.h"

#include <stdlib.h>

#define C(id, kind, original, corrected, start, end, confidence)                                             \
	"{\"id\":\"" id "\",\"kind\":\"" kind "\",\"original\":\"" original "\",\"corrected\":\"" corrected  \
	"\",\"confidence\":\"" confidence "\",\"reason\":\"r\",\"position\":{\"start\":" #start              \
	",\"end\":" #end "},\"cleaned_position\":{\"start\":0,\"end\":0}}"

#define RAW "um the vector of face brook"
#define TEXT "The director of Facebook."
#define JSON                                                                                                 \
	"[" C("c1", "filler", "um ", "", 0, 3, "HIGH") "," C("c2", "case", "the", "The", 3, 6,               \
		"HIGH") "," C("c3", "pattern", "vector", "director", 7, 13, "MEDIUM") "," C("c4",            \
		"glossary", "face brook", "Facebook", 17, 27,                                                \
		"LOW") "," C("c5", "punctuation", "", ".", 27, 27, "LOW") "]"

/* What is expected of an edit: ids and verdicts, then what is heard and meant. */
static const struct {
	const char *text, *ids, *verdicts, *heard, *meant, *gone;
} edits[] = {
	{"The vector of Facebook.", "{\"c3\"}", "{\"reject\"}", "{\"vector\"}", "{\"director\"}", "{}"},
	{"The inspector of Facebook.", "{\"r2-1\",\"c3\"}", "{\"accept\",\"reject\"}",
		"{\"vector\",\"vector\"}", "{\"inspector\",\"director\"}", "{}"},
	{"The happy director of Facebook.", "{\"r2-1\"}", "{\"accept\"}", "{NULL}", "{NULL}", "{}"},
	{"The managing director of Facebook!", "{\"r2-1\",\"c5\"}", "{\"accept\",\"reject\"}", "{NULL,NULL}",
		"{NULL,NULL}", "{}"},
	{"The director of FACEBOOK.", "{\"r2-1\"}", "{\"accept\"}", "{\"face brook\"}", "{\"FACEBOOK\"}",
		"{}"},
	{"Um the director of Facebook.", "{\"r2-1\"}", "{\"accept\"}", "{NULL}", "{NULL}", "{}"},
};

static void is(const struct evidence *e, enum evidence_column column, const char *expected, const char *text)
{
	ck_assert_msg(strcmp(e->column[column].p, expected) == 0, "\"%s\", column %d: %s", text, (int)column,
		e->column[column].p);
}

START_TEST(test_edit)
{
	cJSON *json = cJSON_Parse(JSON);
	struct revision r;
	struct evidence e;

	revision_read(&r, SLICE(RAW), json, SLICE(TEXT));
	revision_edit(&r, slice_str(edits[_i].text), 2);
	evidence_init(&e);
	evidence_edit(&e, &r);
	evidence_end(&e);
	is(&e, EVIDENCE_ID, edits[_i].ids, edits[_i].text);
	is(&e, EVIDENCE_VERDICT, edits[_i].verdicts, edits[_i].text);
	is(&e, EVIDENCE_HEARD, edits[_i].heard, edits[_i].text);
	is(&e, EVIDENCE_MEANT, edits[_i].meant, edits[_i].text);
	is(&e, EVIDENCE_GONE, edits[_i].gone, edits[_i].text);
	evidence_finish(&e);
	revision_finish(&r);
	cJSON_Delete(json);
}
END_TEST

/* A pattern that is accepted teaches nothing: what it heard is right elsewhere. */
static const struct {
	const char *id;
	bool accept;
	const char *heard, *meant;
} verdicts[] = {
	{"c3", true, "{NULL}", "{NULL}"},
	{"c3", false, "{\"vector\"}", "{\"director\"}"},
	{"c4", true, "{\"face brook\"}", "{\"Facebook\"}"},
	{"c4", false, "{\"face brook\"}", "{\"Facebook\"}"},
	{"c1", false, "{NULL}", "{NULL}"},
	{"c2", false, "{NULL}", "{NULL}"},
	{"c5", false, "{NULL}", "{NULL}"},
};

START_TEST(test_verdict)
{
	cJSON *json = cJSON_Parse(JSON);
	struct revision r;
	struct evidence e;

	revision_read(&r, SLICE(RAW), json, SLICE(TEXT));
	evidence_init(&e);
	evidence_verdict(&e, &r, revision_find(&r, slice_str(verdicts[_i].id)), verdicts[_i].accept);
	evidence_end(&e);
	is(&e, EVIDENCE_HEARD, verdicts[_i].heard, verdicts[_i].id);
	is(&e, EVIDENCE_MEANT, verdicts[_i].meant, verdicts[_i].id);
	is(&e, EVIDENCE_VERDICT, verdicts[_i].accept ? "{\"accept\"}" : "{\"reject\"}", verdicts[_i].id);
	evidence_finish(&e);
	revision_finish(&r);
	cJSON_Delete(json);
}
END_TEST

static const struct {
	const char *score, *taken, *after;
} confidences[] = {
	{"LOW", "c4", "MEDIUM"},		    /* what was least sure is gone */
	{"LOW", "c3", "LOW"}, {"LOW", "c5", "LOW"}, /* a mark says nothing */
};

START_TEST(test_confidence_after)
{
	cJSON *json = cJSON_Parse(JSON), *metadata = cJSON_CreateObject();
	const char *before;
	struct revision r;

	cJSON_AddStringToObject(metadata, "confidence_score", confidences[_i].score);
	revision_read(&r, SLICE(RAW), json, SLICE(TEXT));
	before = revision_confidence(&r);
	revision_remove(&r, revision_find(&r, slice_str(confidences[_i].taken)));
	ck_assert_str_eq(metadata_confidence_after(metadata, before, &r), confidences[_i].after);
	revision_finish(&r);
	cJSON_Delete(metadata);
	cJSON_Delete(json);
}
END_TEST

START_TEST(test_metadata_keeps_the_rest)
{
	cJSON *metadata = cJSON_Parse(
		"{\"confidence_score\":\"LOW\",\"cleaning_applied\":false,\"processing_time_ms\":12.345,"
		"\"timings\":{\"queue\":1.5},\"corrections\":[]}");
	struct revision r;
	struct buf out;

	revision_read(&r, SLICE("a b"), NULL, SLICE("a b"));
	revision_edit(&r, SLICE("a c"), 2);
	buf_init(&out, 65536);
	metadata_revise(metadata, &r, true, "HIGH", "user", &out);
	ck_assert_str_eq(out.p,
		"{\"confidence_score\":\"HIGH\",\"cleaning_applied\":true,\"processing_time_ms\":12.345,"
		"\"timings\":{\"queue\":1.5},\"corrections\":[{\"id\":\"r2-1\",\"kind\":\"edit\","
		"\"original\":\"b\",\"corrected\":\"c\","
		"\"confidence\":\"HIGH\",\"reason\":\"Edited by hand.\",\"position\":{\"start\":2,\"end\":3},"
		"\"cleaned_position\":{\"start\":2,\"end\":3}}],\"source\":\"user\",\"doubtful\":[]}");
	buf_finish(&out);
	revision_finish(&r);
	cJSON_Delete(metadata);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("revise");
	TCase *t = tcase_create("revise");

	tcase_add_loop_test(t, test_edit, 0, (int)countof(edits));
	tcase_add_loop_test(t, test_verdict, 0, (int)countof(verdicts));
	tcase_add_loop_test(t, test_confidence_after, 0, (int)countof(confidences));
	tcase_add_test(t, test_metadata_keeps_the_rest);
	suite_add_tcase(s, t);
	return check_run(s, CK_NOFORK);
}
