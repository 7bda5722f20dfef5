/* SPDX-License-Identifier: ISC
 *
 * outcome_test.c - how a turn may stand after a commit, and what that means.
 */
#include "outcome.h"

#include "common/base/attr.h"
#include "common/base/check_run.h"

#include <stdlib.h>

static const struct {
	bool conversation;
	const char *status;
	bool turn;
	const char *state;
	bool mine, earlier;
	enum outcome outcome;
	bool stale;
} rows[] = {
	{true, "active", true, "done", true, false, OUTCOME_FINISHED},
	{true, "completed", true, "done", true, false, OUTCOME_FINISHED},
	{true, "paused", true, "done", true, false, OUTCOME_FINISHED}, /* paused just after */
	{true, "active", true, "failed", true, false, OUTCOME_FINISHED},
	{true, "active", true, "done", false, false, OUTCOME_ALREADY},
	{true, "active", true, "failed", false, true, OUTCOME_ALREADY},
	{true, "paused", true, "queued", false, false, OUTCOME_PAUSED},
	{true, "paused", true, "queued", false, true, OUTCOME_PAUSED},
	{true, "active", true, "queued", false, true, OUTCOME_EARLIER},
	{true, "completed", true, "queued", false, true, OUTCOME_EARLIER},
	{true, "active", true, "queued", false, false, OUTCOME_OVERTAKEN},
	{true, "active", true, "queued", false, false, OUTCOME_STALE, true},
	{true, "active", true, "queued", false, true, OUTCOME_EARLIER, true},
	{true, "paused", true, "queued", false, false, OUTCOME_PAUSED, true},
	{true, "active", true, "done", true, false, OUTCOME_FINISHED, true}, /* changed just after */
	{true, "active", false, "", false, false, OUTCOME_GONE},
	{false, "", false, "", false, false, OUTCOME_GONE},
};

START_TEST(each_standing_has_its_outcome)
{
	struct standing s = {rows[_i].conversation, slice_str(rows[_i].status), rows[_i].turn,
		slice_str(rows[_i].state), rows[_i].mine, rows[_i].earlier, rows[_i].stale};

	ck_assert_msg(outcome_of(&s) == rows[_i].outcome, "row %d", _i);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("outcome");
	TCase *tc = tcase_create("outcome");

	tcase_add_loop_test(tc, each_standing_has_its_outcome, 0, (int)countof(rows));
	suite_add_tcase(suite, tc);
	return check_run(suite, CK_FORK_GETENV);
}
