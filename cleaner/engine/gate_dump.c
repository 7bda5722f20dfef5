/* SPDX-License-Identifier: ISC
 *
 * gate_dump.c - for tests/bench/gate: the glossary's candidates of each line, with the features that the gate
 * judges.
 *
 * In: JSON lines with "raw" and "glossary" (an array of strings). Out: for each a JSON line, an array of
 * {"from", "to" (bytes of raw), "term", "features": [..]}.
 */
#include "clean_glossary.h"
#include "common/base/json_out.h"
#include "glossary.h"
#include "turn.h"

#include <stdio.h>
#include <stdlib.h>

static void dump(const struct turn *t, const struct candidate *list, size_t count, struct buf *out)
{
	buf_reset(out);
	buf_char(out, '[');
	for (size_t i = 0; i < count; i++) {
		const struct word *last = t->words.live[list[i].to - 1];

		buf_printf(out, "%s{\"from\":%u,\"to\":%u", i ? "," : "",
			t->words.live[list[i].from]->core_start, last->core_end);
		json_kv_str(out, "term", slice_str(list[i].term->text));
		json_kv_bool(out, "possessive", list[i].possessive);
		buf_str(out, ",\"features\":[");
		for (int f = 0; f < GATE_COUNT; f++)
			buf_printf(out, "%s%.4f", f ? "," : "", (double)list[i].features[f]);
		buf_str(out, "]}");
	}
	buf_str(out, "]");
	puts(out->p);
}

static void dump_line(struct engine *engine, struct turn *t, cJSON *object, struct buf *out)
{
	struct clean_glossary glossary = {0};
	struct clean_input in = {.raw = slice_str(cJSON_GetStringValue(cJSON_GetObjectItem(object, "raw")))};
	struct candidate *list = NULL;
	size_t count;

	if (!clean_glossary_add(&glossary, cJSON_GetObjectItem(object, "glossary")))
		exit(EXIT_FAILURE);
	in.glossary = glossary.terms;
	in.glossary_count = glossary.count;
	in.options.formats = FORMAT_ALL;
	arena_reset(t->arena);
	t->in = &in;
	words_cut(&t->words, t->arena, engine->lexicon, in.raw);
	stage_patterns(t);
	count = glossary_candidates(
		t, terms_of(t->terms, t->phones, engine, &in), &list);
	dump(t, list, count, out);
	clean_glossary_finish(&glossary);
}

int main(int argc, char **argv)
{
	char *warning = NULL, *line = NULL;
	struct engine *engine = engine_open(argc > 1 ? argv[1] : NULL, &warning);
	struct terms_cache terms = {0};
	struct arena arena;
	struct turn t = {.engine = engine, .arena = &arena, .phones = phones_cache_create(), .terms = &terms};
	struct buf out;
	size_t cap = 0;

	arena_init(&arena);
	buf_init(&out, 16 * 1024 * 1024);
	while (getline(&line, &cap, stdin) >= 0) {
		cJSON *object = cJSON_Parse(line);

		if (object)
			dump_line(engine, &t, object, &out);
		cJSON_Delete(object);
	}
	free(line);
	free(warning);
	buf_finish(&out);
	arena_finish(&arena);
	terms_cache_finish(&terms);
	phones_cache_destroy(&t.phones);
	engine_close(&engine);
	return EXIT_SUCCESS;
}
