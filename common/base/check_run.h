/* SPDX-License-Identifier: ISC
 *
 * check_run.h - the end of a unit test's main(): runs a suite and tells meson. For tests only.
 */
#ifndef CC_BASE_CHECK_RUN_H
#define CC_BASE_CHECK_RUN_H

#include <check.h>
#include <stdlib.h>

/* Takes the suite. CK_FORK_GETENV leaves it to CK_FORK whether each case has a process of its own, as it has unless told
 * otherwise; CK_NOFORK is for cases that share what the first one made. The exit code: EXIT_FAILURE when a case failed. */
static inline int check_run(Suite *suite, enum fork_status fork)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_set_fork_status(runner, fork);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
