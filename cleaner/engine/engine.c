/* SPDX-License-Identifier: ISC
 *
 * engine.c - opening the engine, and the order in which a turn goes through its stages.
 *
 * The order is a table. Artefacts go first, fillers before case (else UH becomes an acronym), patterns on
 * words as they were said, numbers before marks are set between their words, case last.
 */
#include "engine.h"
#include "common/base/utf8.h"
#include "common/base/xalloc.h"
#include "confidence.h"
#include "decide.h"
#include "doubt.h"
#include "emit.h"
#include "patterns.h"
#include "profile.h"
#include "reasons.h"
#include "suppress.h"
#include "takeback.h"
#include "terms.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

extern const char patterns_builtin[], contexts_builtin[], profiles_builtin[];
extern const size_t patterns_builtin_size, contexts_builtin_size, profiles_builtin_size;

enum { DATA_FILE_BYTES = 1024 * 1024 }; /* a patterns, contexts or profiles file larger than this is refused */

struct engine_workspace {
	const struct engine *engine;
	struct arena arena;
	struct phones_cache *phones;
	struct terms_cache terms;
	struct clean_result result;
};

static const struct {
	enum engine_stage timed; /* announced before the stage when it differs from the one before */
	enum clean_level from;	 /* the least level that runs it */
	bool verbatim;		 /* runs though every word is to be kept */
	bool agent;		 /* runs on an agent's turn, unless the level is forced */
	void (*run)(struct turn *t);
} stages[] = {
	{STAGE_LIGHT, CLEAN_LIGHT, true, true, stage_artefacts},
	{STAGE_LIGHT, CLEAN_LIGHT, false, false, stage_selfcorrect},
	{STAGE_LIGHT, CLEAN_LIGHT, false, false, stage_disfluencies},
	{STAGE_LIGHT, CLEAN_LIGHT, true, false, stage_profile},
	{STAGE_PATTERN, CLEAN_FULL, true, false, stage_patterns},
	{STAGE_PATTERN, CLEAN_FULL, true, false, stage_glossary},
	{STAGE_PATTERN, CLEAN_LIGHT, true, false, stage_doubt},
	{STAGE_FORMAT, CLEAN_LIGHT, true, false, stage_numbers},
	{STAGE_FORMAT, CLEAN_LIGHT, true, false, stage_marks},
	{STAGE_FORMAT, CLEAN_LIGHT, true, false, stage_case},
};

static void warn_path(char **error, const char *path, const char *why)
{
	free(*error);
	if (asprintf(error, "%s: %s", path, why) < 0)
		*error = NULL;
}

/* Reads data_dir/name whole. NULL bytes when there is no such file; *error says why when it is there but
 * unreadable. */
static struct slice read_data(const char *data_dir, const char *name, char **error)
{
	char path[4096];
	FILE *in;
	char *text;
	size_t n;

	if (snprintf(path, sizeof path, "%s/%s", data_dir, name) >= (int)sizeof path)
		return slice_of(NULL, 0);
	in = fopen(path, "re");
	if (!in) {
		if (errno != ENOENT)
			warn_path(error, path, strerror(errno));
		return slice_of(NULL, 0);
	}
	text = xmalloc(DATA_FILE_BYTES + 1);
	n = fread(text, 1, DATA_FILE_BYTES + 1, in);
	fclose(in);
	if (n > DATA_FILE_BYTES || !utf8_valid(slice_of(text, n), NULL)) {
		free(text);
		warn_path(error, path, "larger than 1 MiB or not UTF-8");
		return slice_of(NULL, 0);
	}
	return slice_of(xrealloc(text, n + 1), n);
}

static void warn_line(char **error, const char *name, unsigned line)
{
	free(*error);
	if (asprintf(error, "%s:%u: not understood; the rest of the file is ignored", name, line) < 0)
		*error = NULL;
}

/* A user's file after the built-in one; what is wrong with it goes to *error. */
static struct slice engine_file(struct engine *engine, const char *data_dir, const char *name, char **error)
{
	struct slice text = data_dir ? read_data(data_dir, name, error) : slice_of(NULL, 0);

	if (text.p)
		engine->files[engine->file_count++] = text;
	return text;
}

static const char *installed_data(void)
{
	return access(ENGINE_DATA_DIR, R_OK) == 0 ? ENGINE_DATA_DIR : ENGINE_SOURCE_DATA_DIR;
}

/* The folder's table; one with a user's files alone has the installed one. */
static void engine_table(struct engine *engine, const char *data_dir, char **error)
{
	char path[4096], *why = NULL;

	if (!data_dir || snprintf(path, sizeof path, "%s/marks.table", data_dir) >= (int)sizeof path)
		return;
	if (access(path, F_OK) != 0)
		snprintf(path, sizeof path, "%s/marks.table", installed_data());
	if (!table_open(&engine->table, path, &why)) {
		free(*error);
		*error = why;
	}
}

struct engine *engine_open(const char *data_dir, char **warning)
{
	struct engine *engine = xcalloc(1, sizeof *engine);
	char *error = NULL;
	unsigned line = 0;

	if (!data_dir)
		data_dir = installed_data();
	if (!*data_dir)
		data_dir = NULL;
	if (data_dir && access(data_dir, R_OK | X_OK) != 0)
		warn_path(&error, data_dir, strerror(errno));
	engine->lexicon = lexicon_create();
	engine->contexts = contexts_create();
	engine->patterns = patterns_create();
	engine->profiles = profiles_create();
	if (!contexts_read(engine->contexts, slice_of(contexts_builtin, contexts_builtin_size), &line))
		warn_line(&error, "built-in contexts", line);
	if (!contexts_read(engine->contexts, engine_file(engine, data_dir, "contexts.conf", &error), &line))
		warn_line(&error, "contexts.conf", line);
	if (!patterns_read(engine->patterns, slice_of(patterns_builtin, patterns_builtin_size),
		    engine->contexts, &line))
		warn_line(&error, "built-in patterns", line);
	if (!patterns_read(engine->patterns, engine_file(engine, data_dir, "patterns.conf", &error),
		    engine->contexts, &line))
		warn_line(&error, "patterns.conf", line);
	if (!profiles_read(engine->profiles, slice_of(profiles_builtin, profiles_builtin_size), &line))
		warn_line(&error, "built-in profiles", line);
	if (!profiles_read(engine->profiles, engine_file(engine, data_dir, "profiles.conf", &error), &line))
		warn_line(&error, "profiles.conf", line);
	engine_table(engine, data_dir, &error);
	if (warning)
		*warning = error;
	else
		free(error);
	return engine;
}

void engine_close(struct engine **engine)
{
	struct engine *e = *engine;

	if (!e)
		return;
	profiles_destroy(&e->profiles);
	patterns_destroy(&e->patterns);
	contexts_destroy(&e->contexts);
	lexicon_destroy(&e->lexicon);
	table_close(&e->table);
	for (size_t i = 0; i < e->file_count; i++)
		free((char *)e->files[i].p);
	free(e);
	*engine = NULL;
}

struct engine_workspace *engine_workspace_create(const struct engine *engine)
{
	struct engine_workspace *ws = xcalloc(1, sizeof *ws);

	ws->engine = engine;
	arena_init(&ws->arena);
	ws->phones = phones_cache_create();
	return ws;
}

void engine_workspace_destroy(struct engine_workspace **ws)
{
	if (!*ws)
		return;
	arena_finish(&(*ws)->arena);
	terms_cache_finish(&(*ws)->terms);
	phones_cache_destroy(&(*ws)->phones);
	free(*ws);
	*ws = NULL;
}

const char *const *engine_profiles(const struct engine *engine)
{
	return profiles_names(engine->profiles);
}

bool engine_knows_profile(const struct engine *engine, struct slice name)
{
	return profiles_find(engine->profiles, name) != NULL;
}

static const struct profile *engine_profile(const struct engine *engine, struct slice name)
{
	const struct profile *profile = profiles_find(engine->profiles, name);

	return profile ? profile : profiles_find(engine->profiles, slice_of(NULL, 0));
}

/* False for what the engine gives back as it came. */
static bool turn_begin(struct turn *t, struct engine_workspace *ws, const struct clean_input *in)
{
	*t = (struct turn){.engine = ws->engine,
		.in = in,
		.profile = engine_profile(ws->engine, in->options.profile),
		.arena = &ws->arena,
		.phones = ws->phones,
		.terms = &ws->terms};
	arena_reset(&ws->arena);
	if (in->raw.n == 0 || in->raw.n > ENGINE_TEXT_BYTES || !utf8_valid(in->raw, NULL))
		return false;
	words_cut(&t->words, t->arena, t->engine->lexicon, in->raw);
	return true;
}

struct decision engine_decide(struct engine_workspace *ws, const struct clean_input *in)
{
	struct turn t;

	if (!turn_begin(&t, ws, in))
		return (struct decision){CLEAN_NONE, decided_unreadable};
	t.contexts = UINT32_MAX; /* the window is not known: a term of any context may be meant */
	return decide(&t);
}

size_t engine_window_first(const struct window_turn *turns, size_t count)
{
	size_t first = count, bytes = 0;

	while (first) {
		bytes += turns[first - 1].text.n;
		if (bytes > (size_t)ENGINE_WINDOW_TOKENS * 4)
			break;
		first--;
	}
	return first;
}

/* The newest turns of the window, as far as they fit its bound in turns and bytes. */
static void turn_read_window(struct turn *t)
{
	const struct clean_input *in = t->in;
	size_t from = in->window_count, bytes = 0;

	while (from && in->window_count - from < ENGINE_WINDOW_TURNS) {
		struct slice text = in->window[from - 1].text;

		bytes += text.n;
		if (bytes > ENGINE_WINDOW_BYTES || !utf8_valid(text, NULL))
			break;
		from--;
	}
	t->window = arena_get(t->arena, (in->window_count - from + 1) * sizeof *t->window);
	for (size_t i = from; i < in->window_count; i++)
		words_cut(&t->window[t->window_count++], t->arena, t->engine->lexicon, in->window[i].text);
}

static void announce(void (*on_stage)(enum engine_stage, void *), void *arg, enum engine_stage stage)
{
	if (on_stage)
		on_stage(stage, arg);
}

static void turn_run(
	struct turn *t, enum clean_level level, void (*on_stage)(enum engine_stage, void *), void *arg)
{
	const struct clean_options *o = &t->in->options;
	enum engine_stage now = STAGE_CONTEXT;

	for (size_t i = 0; i < countof(stages); i++) {
		if (stages[i].timed != now)
			announce(on_stage, arg, now = stages[i].timed);
		if (level >= stages[i].from && (stages[i].verbatim || !o->verbatim) &&
			(stages[i].agent || !o->agent || o->forced))
			stages[i].run(t);
	}
}

const struct clean_result *engine_clean(struct engine_workspace *ws, const struct clean_input *in,
	void (*on_stage)(enum engine_stage, void *arg), void *arg)
{
	struct clean_result *result = &ws->result;
	struct context_evidence *evidence;
	struct turn t;

	*result =
		(struct clean_result){.confidence = CONFIDENCE_HIGH, .decision = {CLEAN_NONE, decided_unreadable}};
	emit_unchanged(in->raw, result);
	if (!turn_begin(&t, ws, in))
		return result;
	announce(on_stage, arg, STAGE_WINDOW);
	turn_read_window(&t);
	announce(on_stage, arg, STAGE_CONTEXT);
	evidence = arena_get(t.arena, ENGINE_CONTEXTS * sizeof *evidence);
	t.contexts = contexts_find(t.engine->contexts, &t, evidence);
	result->decision = decide(&t);
	if (result->decision.level != CLEAN_NONE) {
		turn_run(&t, result->decision.level, on_stage, arg);
		emit(&t.words, result);
		suppress(in, t.arena, result);
		doubts_collect(&t, result);
	}
	announce(on_stage, arg, STAGE_CONFIDENCE);
	result->confidence = confidence_of_turn(result);
	result->contexts =
		contexts_names(t.engine->contexts, t.contexts, evidence, t.arena, &result->context_count);
	result->context_evidence = evidence;
	announce(on_stage, arg, STAGE_END);
	return result;
}

bool engine_takeback(
	struct engine_workspace *ws, const struct clean_input *in, struct slice cleaned, struct takeback *out)
{
	struct words words;

	arena_reset(&ws->arena);
	if (cleaned.n == 0 || cleaned.n > TAKEBACK_BYTES || !utf8_valid(cleaned, NULL))
		return false;
	for (size_t i = 0; i < in->window_count; i++)
		if (!utf8_valid(in->window[i].text, NULL))
			return false;
	words_cut(&words, &ws->arena, ws->engine->lexicon, cleaned);
	return takeback_find(&words, in->window, in->window_count, out) &&
	       !is_suppressed(in, out->original, out->corrected);
}
