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
	bool stale, later;
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
	{true, "active", true, "queued", false, false, OUTCOME_OVERTAKEN, .later = true},
	{true, "active", true, "queued", false, false, OUTCOME_FREE}, /* resumed, or the earlier one done, just after */
	{true, "completed", true, "queued", false, false, OUTCOME_FREE},
	{true, "paused", true, "queued", false, false, OUTCOME_PAUSED, .later = true},
	{true, "active", true, "done", false, false, OUTCOME_ALREADY, .later = true},
	{true, "active", true, "queued", false, false, OUTCOME_STALE, true},
	{true, "active", true, "queued", false, true, OUTCOME_EARLIER, true},
	{true, "paused", true, "queued", false, false, OUTCOME_PAUSED, true},
	{true, "active", true, "done", true, false, OUTCOME_FINISHED, true}, /* changed just after */
	{true, "active", false, "", false, false, OUTCOME_GONE},
	{false, "", false, "", false, false, OUTCOME_GONE},
};

START_TEST(each_standing_has_its_outcome)
{
	struct standing s = {.conversation = rows[_i].conversation,
		.status = slice_str(rows[_i].status),
		.turn = rows[_i].turn,
		.state = slice_str(rows[_i].state),
		.mine = rows[_i].mine,
		.later = rows[_i].later,
		.earlier = rows[_i].earlier,
		.stale = rows[_i].stale};

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
