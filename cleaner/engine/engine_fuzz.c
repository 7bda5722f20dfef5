/* SPDX-License-Identifier: ISC
 *
 * engine_fuzz.c - libFuzzer's way in: any bytes as raw text, window, glossary, options and table; every
 * result must rebuild.
 *
 * The first two bytes choose options; then parts separated by a NUL: raw, window turns, glossary terms. Built
 * by tests/fuzz/engine with clang.
 */
#include "common/base/attr.h"
#include "common/base/utf8.h"
#include "rebuild_test.h"

#include <stdio.h>
#include <stdlib.h>

enum { PARTS = 12, WINDOW_PARTS = 3 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct slice next_part(struct slice *rest)
{
	const char *end = rest->n ? memchr(rest->p, '\0', rest->n) : NULL;
	struct slice part = slice_of(rest->p, end ? (size_t)(end - rest->p) : rest->n);

	*rest = end ? slice_of(end + 1, rest->n - part.n - 1) : slice_of(NULL, 0);
	return part;
}

static void check(struct engine_workspace *ws, const struct clean_input *in)
{
	const struct clean_result *result = engine_clean(ws, in, NULL, NULL);
	const char *wrong = utf8_valid(in->raw, NULL) ? rebuild_check(in->raw, result) : NULL;

	if (wrong) {
		fprintf(stderr, "%s\n", wrong);
		abort();
	}
	(void)engine_decide(ws, in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct engine *engines[2];
	static struct engine_workspace *workspaces[2];
	struct window_turn window[WINDOW_PARTS];
	struct glossary_term terms[PARTS];
	struct clean_input in = {.window = window, .glossary = terms};
	struct slice rest;

	if (!engines[0])
		for (int i = 0; i < 2; i++) {
			engines[i] = engine_open(i ? NULL : "", NULL);
			workspaces[i] = engine_workspace_create(engines[i]);
		}
	if (size < 2)
		return 0;
	rest = slice_of((const char *)data + 2, size - 2);
	in.raw = next_part(&rest);
	while (rest.n && in.window_count < WINDOW_PARTS)
		window[in.window_count++] = (struct window_turn){.text = next_part(&rest)};
	while (rest.n && in.glossary_count < PARTS) {
		struct slice term = next_part(&rest);

		if (utf8_valid(term, NULL))
			terms[in.glossary_count++] = (struct glossary_term){.term = term};
	}
	in.options = (struct clean_options){.forced = data[0] & 1,
		.level = (enum clean_level)(data[0] >> 1 & 3) % 3,
		.verbatim = data[0] >> 3 & 1,
		.agent = data[0] >> 4 & 1,
		.formats = data[1] & 1 ? FORMAT_ALL : data[1] * 5U};
	check(workspaces[data[0] >> 5 & 1], &in);
	return 0;
}
