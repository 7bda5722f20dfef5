/* SPDX-License-Identifier: ISC
 *
 * fixture_test.h - an engine and a workspace for each case of a unit test.
 */
#ifndef CC_ENGINE_FIXTURE_TEST_H
#define CC_ENGINE_FIXTURE_TEST_H

#include "engine.h"

extern struct engine *engine;
extern struct engine_workspace *ws;

void fixture_open(const char *data_dir); /* as engine_open; the case fails of a warning */
void fixture_bare(void);		 /* the built-in rules alone */
void fixture_tables(void);		 /* with the source tree's table */
void fixture_close(void);

#endif
