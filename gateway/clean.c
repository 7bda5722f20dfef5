/* SPDX-License-Identifier: ISC
 *
 * clean.c - see clean.h.
 */
#include "clean.h"

#include "cleaner/engine/engine.h"
#include "common/base/clock.h"
#include "common/base/json_out.h"
#include "common/base/log.h"
#include "common/base/xalloc.h"
#include "common/knowledge/knowledge.h"
#include "common/wire/turn.h"
#include "gateway.h"
#include "glossary_body.h"
#include "turn_rows.h"
#include "turns.h"

#include <stdlib.h>

struct clean {
	struct engine *engine;
	struct engine_workspace *workspace;
};

enum { UUID_CHARACTERS = UUID_TEXT_BYTES - 1, UTTERANCE_BYTES = 128 };

static const struct member body_members[] = {
	{"raw_text", SHAPE_TEXT, SHAPE_REQUIRED, 1, LIMIT_RAW_TEXT_BYTES},
	{"conversation_id", SHAPE_TEXT, 0, UUID_CHARACTERS, UUID_CHARACTERS},
	{"speaker", SHAPE_TEXT, 0, 1, SPEAKER_BYTES},
	{"options", SHAPE_OBJECT, .inner = &turn_options_shape},
	{"glossary", SHAPE_OBJECTS, .max = GLOSSARY_TERMS, .inner = &glossary_term_shape},
	{"utterance_id", SHAPE_TEXT, 0, 1, UTTERANCE_BYTES},
};
static const struct shape body_shape = SHAPE(body_members);

struct clean *clean_open(const char *data_dir)
{
	struct clean *c = xcalloc(1, sizeof *c);
	char *warning = NULL;

	c->engine = engine_open(data_dir && *data_dir ? data_dir : NULL, &warning);
	if (warning)
		log_warning("engine.tables", "said=\"%s\"", warning);
	free(warning);
	c->workspace = engine_workspace_create(c->engine);
	turn_options_profiles(engine_profiles(c->engine));
	return c;
}

void clean_close(struct clean **clean)
{
	if (!*clean)
		return;
	turn_options_profiles(NULL);
	engine_workspace_destroy(&(*clean)->workspace);
	engine_close(&(*clean)->engine);
	free(*clean);
	*clean = NULL;
}

bool clean_body_read(
	const cJSON *json, const struct speakers *speakers, struct clean_body *out, struct invalid *errors)
{
	struct slice conversation;
	int speaker;

	*out = (struct clean_body){.glossary = NULL};
	if (!shape_check(&body_shape, json, "", errors))
		return false;
	speaker = turn_body_speaker(json, "", speakers, errors);
	if (speaker < 0)
		return false;
	conversation = json_member_text(json, "conversation_id");
	if (conversation.p && !uuid_parse(conversation, &out->conversation_id)) {
		invalid_add(errors, "", "conversation_id", "must be a UUID");
		return false;
	}
	out->has_conversation = conversation.p != NULL;
	out->speaker = speakers->name[speaker];
	out->bypass = speaker > 0;
	out->raw_text = json_member_text(json, "raw_text");
	turn_options_read(json_member(json, "options"), &out->options);
	out->glossary = json_member(json, "glossary");
	out->utterance_id = json_member_text(json, "utterance_id");
	return true;
}

/* --- one cleaning --- */

struct cleaning {
	struct gateway *gw;
	struct clean_body body;
	uint64_t received_ns;
	clean_fn *fn;
	void *arg;
};

/* The request's own terms, then what is known. */
struct terms {
	struct glossary_term term[ENGINE_GLOSSARY_TERMS];
	struct slice spelling[GLOSSARY_TERMS * GLOSSARY_SOUNDS_LIKE];
	size_t count, spellings;
};

static void read_terms(const cJSON *glossary, struct terms *t)
{
	const cJSON *term, *spelling;

	t->count = t->spellings = 0;
	cJSON_ArrayForEach(term, glossary)
	{
		struct glossary_term *to = &t->term[t->count++];

		*to = (struct glossary_term){.term = json_member_text(term, "term"),
			.category = json_member_text(term, "category"),
			.sounds_like = &t->spelling[t->spellings]};
		cJSON_ArrayForEach(spelling, json_member(term, "sounds_like")) t->spelling[t->spellings++] =
			slice_str(spelling->valuestring);
		to->sounds_like_count = (size_t)(&t->spelling[t->spellings] - to->sounds_like);
	}
}

static bool has_term(const struct terms *t, struct slice name)
{
	for (size_t i = 0; i < t->count; i++)
		if (slice_eq(t->term[i].term, name))
			return true;
	return false;
}

/* What the request says of a term goes before what is known of it. */
static void add_known(struct terms *t, const struct knowledge *known)
{
	for (size_t i = 0; i < known->term_count && t->count < ENGINE_GLOSSARY_TERMS; i++)
		if (!has_term(t, known->terms[i].term))
			t->term[t->count++] = known->terms[i];
}

static void write_answer(
	const struct cleaning *c, const struct clean_result *r, uint64_t clean_ns, struct buf *out)
{
	struct buf corrections, doubtful, timings, metadata;

	buf_init(&corrections, LIMIT_TURN_JSON_BYTES);
	buf_init(&doubtful, LIMIT_TURN_JSON_BYTES);
	buf_init(&timings, 256);
	buf_init(&metadata, LIMIT_FIELD_BYTES);
	corrections_write_json(&corrections, r, 1);
	doubtful_write_json(&doubtful, r->doubtful, r->doubtful_count);
	buf_char(&timings, '{');
	json_kv_ms(&timings, "clean", clean_ns);
	buf_char(&timings, '}');
	turn_metadata_write(
		&metadata, &(struct turn_metadata){.confidence = slice_str(confidence_name(r->confidence)),
				   .applied = !slice_eq(r->cleaned, c->body.raw_text),
				   .level = slice_str(clean_level_name(r->decision.level)),
				   .reason = slice_str(r->decision.reason),
				   .processing_ns = clock_mono_ns() - c->received_ns,
				   .contexts = r->contexts,
				   .context_count = r->context_count,
				   .timings = buf_view(&timings),
				   .corrections = buf_view(&corrections),
				   .doubtful = buf_view(&doubtful)});
	buf_str(out, "\"cleaned_text\":");
	json_str(out, r->cleaned);
	json_kv_raw(out, "metadata", buf_view(&metadata));
	out->overflow = out->overflow || corrections.overflow || doubtful.overflow || metadata.overflow;
	buf_finish(&corrections);
	buf_finish(&doubtful);
	buf_finish(&timings);
	buf_finish(&metadata);
}

static void cleaning_fail(struct cleaning *c, enum problem problem, const char *detail)
{
	c->fn(&(struct clean_answer){.problem = problem, .detail = detail}, c->arg);
	free(c);
}

static const struct clean_result *bypassed(const struct cleaning *c, struct clean_result *r)
{
	*r = (struct clean_result){.cleaned = c->body.raw_text,
		.confidence = CONFIDENCE_HIGH,
		.decision = {CLEAN_NONE, "bypass"}};
	return r;
}

/* Runs the engine and tells. Frees the cleaning. */
static void cleaning_run(struct cleaning *c, const struct knowledge *known, const struct window_turn *window, size_t count)
{
	struct terms *terms = xmalloc(sizeof *terms);
	struct clean_input in = {.raw = c->body.raw_text,
		.window = window,
		.window_count = count,
		.suppressed = known->suppressed,
		.suppressed_count = known->suppressed_count,
		.options = {.verbatim = c->body.options.verbatim,
			.formats = (uint32_t)c->body.options.formats,
			.profile = c->body.options.profile}};
	uint64_t start = clock_mono_ns();
	const struct clean_result *result;
	struct clean_result raw;
	struct buf json;

	read_terms(c->body.glossary, terms);
	add_known(terms, known);
	in.glossary = terms->term;
	in.glossary_count = terms->count;
	result = c->body.bypass ? bypassed(c, &raw) : engine_clean(c->gw->clean->workspace, &in, NULL, NULL);
	buf_init(&json, LIMIT_FIELD_BYTES);
	write_answer(c, result, clock_mono_ns() - start, &json);
	free(terms);
	if (json.overflow)
		cleaning_fail(c, PROBLEM_INTERNAL, "the result is too long");
	else {
		c->fn(&(struct clean_answer){.problem = PROBLEM_COUNT, .members = buf_view(&json)}, c->arg);
		free(c);
	}
	buf_finish(&json);
}

enum { COL_SEQ, COL_AGENT, COL_SPEAKER, COL_TEXT, COL_VERBATIM, COL_FORMATS, COL_PROFILE };

/* The conversation's options stand where the request gives none. */
static void take_options(struct turn_options *o, const PGresult *rows)
{
	if (!(o->set & TURN_OPT_VERBATIM))
		o->verbatim = pg_cell_bool(rows, 0, COL_VERBATIM);
	if (!(o->set & TURN_OPT_FORMATS) && pg_cell(rows, 0, COL_FORMATS).p)
		o->formats = (uint64_t)pg_cell_i64(rows, 0, COL_FORMATS);
	if (!(o->set & TURN_OPT_PROFILE))
		o->profile = pg_cell(rows, 0, COL_PROFILE);
}

static size_t read_window(const PGresult *rows, struct window_turn window[LIMIT_WINDOW_TURNS])
{
	int n = PQntuples(rows);
	size_t count = 0;

	for (int i = n - 1; i >= 0 && count < LIMIT_WINDOW_TURNS; i--) {
		if (!pg_cell(rows, i, COL_SEQ).p)
			continue; /* no turn yet */
		window[count++] = (struct window_turn){.seq = (uint32_t)pg_cell_i64(rows, i, COL_SEQ),
			.agent = pg_cell_bool(rows, i, COL_AGENT),
			.speaker = pg_cell(rows, i, COL_SPEAKER),
			.text = pg_cell(rows, i, COL_TEXT)};
	}
	return count;
}

/* The first result is what is known; the second, if a conversation was named, its window. */
static void on_read(const struct pg_answer *answer, void *arg)
{
	struct cleaning *c = arg;
	struct window_turn window[LIMIT_WINDOW_TURNS];
	const PGresult *rows = answer->count > 1 ? answer->results[1] : NULL;
	struct knowledge known;
	size_t count = 0, first;

	if (answer->status != PG_OK) {
		cleaning_fail(c, PROBLEM_UNAVAILABLE, "what is known of the conversation could not be read");
		return;
	}
	if (rows && PQntuples(rows) == 0) {
		cleaning_fail(c, PROBLEM_NOT_FOUND, "there is no such conversation");
		return;
	}
	if (rows) {
		take_options(&c->body.options, rows);
		count = read_window(rows, window);
	}
	first = engine_window_first(window, count);
	knowledge_read(&known, answer->results[0]);
	cleaning_run(c, &known, window + first, count - first);
	knowledge_finish(&known);
}

void clean_start(struct gateway *gw, const struct uuid *user_id, const struct clean_body *body,
	uint64_t received_ns, clean_fn *fn, void *arg)
{
	struct cleaning *c = xmalloc(sizeof *c);
	struct knowledge_ask ask;
	struct pg_op ops[] = {{&knowledge_stmt, ask.params}, {&window_stmt, ask.params}};

	*c = (struct cleaning){gw, *body, received_ns, fn, arg};
	knowledge_ask(&ask, body->has_conversation ? &body->conversation_id : NULL, user_id);
	pg_send(gw->pg, ops, body->has_conversation ? 2 : 1, on_read, c); /* both begin with conversation and user */
}
