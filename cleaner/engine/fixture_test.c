/* SPDX-License-Identifier: ISC
 *
 * fixture_test.c - see fixture_test.h.
 */
#include "fixture_test.h"

#include <check.h>

struct engine *engine;
struct engine_workspace *ws;

void fixture_open(const char *data_dir)
{
	char *warning = NULL;

	engine = engine_open(data_dir, &warning);
	ck_assert_msg(!warning, "%s", warning);
	ws = engine_workspace_create(engine);
}

void fixture_bare(void)
{
	fixture_open("");
}

void fixture_tables(void)
{
	fixture_open(SOURCE_ROOT "/cleaner/engine/data");
}

void fixture_close(void)
{
	engine_workspace_destroy(&ws);
	engine_close(&engine);
}
