/* SPDX-License-Identifier: ISC
 *
 * cleaned.c - see cleaned.h.
 */
#include "cleaned.h"

#include "common/base/json_out.h"
#include "common/wire/limits.h"
#include "common/wire/turn.h"

static const char *const stage_names[STAGE_COUNT] = {
	/* the keys of metadata.timings */
	[STAGE_CONTEXT] = "contexts",
	[STAGE_WINDOW] = "analysis",
	[STAGE_LIGHT] = "light",
	[STAGE_PATTERN] = "patterns",
	[STAGE_FORMAT] = "format",
	[STAGE_CONFIDENCE] = "confidence",
};

void cleaned_init(struct cleaned *c)
{
	*c = (struct cleaned){.reason = ""};
	buf_init(&c->text, 4 * (size_t)LIMIT_RAW_TEXT_BYTES);
	buf_init(&c->corrections, LIMIT_TURN_JSON_BYTES);
	buf_init(&c->doubtful, LIMIT_TURN_JSON_BYTES);
	buf_init(&c->doubts, 2 * (size_t)LIMIT_RAW_TEXT_BYTES);
}

void cleaned_finish(struct cleaned *c)
{
	buf_finish(&c->text);
	buf_finish(&c->corrections);
	buf_finish(&c->doubtful);
	buf_finish(&c->doubts);
}

struct stage_clock {
	struct cleaned *c;
	uint64_t (*now_ns)(void);
};

static void on_stage(enum engine_stage stage, void *arg)
{
	struct stage_clock *clock = arg;
	struct cleaned *c = clock->c;
	uint64_t now = clock->now_ns();

	if (c->stage < STAGE_END)
		c->stage_ns[c->stage] += now - c->stage_since_ns;
	c->stage = stage;
	c->stage_since_ns = now;
}

/* The doubtful words as they were heard: a capital that they were given since matters to nobody. */
static void write_doubts(struct buf *out, const struct clean_result *r)
{
	for (size_t i = 0; i < r->doubtful_count; i++) {
		if (i)
			buf_char(out, '\n');
		buf_slice(out, r->doubtful[i].text);
	}
}

/* What is owned: c's own is gone before, or another's. */
static void take_bytes(struct cleaned *c, const struct cleaned *from)
{
	c->text = from->text;
	c->corrections = from->corrections;
	c->doubtful = from->doubtful;
	c->doubts = from->doubts;
}

bool cleaned_take(struct cleaned *c, const struct clean_result *r, struct slice raw)
{
	struct cleaned fresh;

	cleaned_init(&fresh);
	buf_slice(&fresh.text, r->cleaned);
	corrections_write_json(&fresh.corrections, r, c->revision);
	doubtful_write_json(&fresh.doubtful, r->doubtful, r->doubtful_count);
	write_doubts(&fresh.doubts, r);
	if (fresh.text.overflow || fresh.corrections.overflow || fresh.doubtful.overflow) {
		cleaned_finish(&fresh);
		return false;
	}
	cleaned_finish(c);
	take_bytes(c, &fresh);
	c->applied = !slice_eq(r->cleaned, raw);
	c->confidence = r->confidence;
	c->level = r->decision.level;
	c->reason = r->decision.reason;
	c->context_count = r->context_count < CLEANED_CONTEXTS ? r->context_count : CLEANED_CONTEXTS;
	for (size_t i = 0; i < c->context_count; i++) {
		c->contexts[i] = r->contexts[i];
		c->evidence[i] = r->context_evidence ? r->context_evidence[i] : (struct context_evidence){{0}};
	}
	return true;
}

void cleaned_context_reason(const struct cleaned *c, size_t i, uint64_t seq, struct buf *out)
{
	const struct context_evidence *e = &c->evidence[i];

	buf_str(out, c->contexts[i]);
	if (e->term.n == 0 || e->term.n > CLEANED_EVIDENCE_BYTES)
		return;
	buf_str(out, " (\"");
	buf_slice(out, e->term);
	buf_printf(out, "\" in turn %llu)", (unsigned long long)(e->seq ? e->seq : seq));
}

void cleaned_begin_revision(struct cleaned *c, const struct cleaned *before, unsigned revision)
{
	struct cleaned empty;

	cleaned_init(&empty);
	*c = *before;
	take_bytes(c, &empty);
	c->revision = revision;
}

struct clean_input cleaned_input(const struct msg_job *job, const struct clean_input *around)
{
	struct clean_input in = *around;

	in.raw = job->raw_text;
	in.shared_context = job->shared_context;
	in.options = (struct clean_options){.forced = job->forced != 0,
		.level = (enum clean_level)(job->level % (CLEAN_FULL + 1)),
		.verbatim = job->verbatim != 0,
		.formats = (uint32_t)job->formats,
		.profile = job->profile};
	return in;
}

const struct clean_result *cleaned_by_engine(struct cleaned *c, struct engine_workspace *ws,
	const struct msg_job *job, const struct clean_input *around, uint64_t (*now_ns)(void))
{
	struct clean_input in = cleaned_input(job, around);
	struct stage_clock clock = {c, now_ns};
	const struct clean_result *result;

	c->stage = STAGE_END;
	result = engine_clean(ws, &in, on_stage, &clock);
	if (!cleaned_take(c, result, job->raw_text)) /* longer than any answer may be: the raw text stands */
		cleaned_give_up(c, job, "result_too_long");
	return result;
}

void cleaned_give_up(struct cleaned *c, const struct msg_job *job, const char *cause)
{
	buf_reset(&c->text);
	buf_reset(&c->corrections);
	buf_reset(&c->doubtful);
	buf_reset(&c->doubts);
	buf_slice(&c->text, job->raw_text);
	c->applied = false;
	c->failed = true;
	c->confidence = CONFIDENCE_LOW;
	c->level = (enum clean_level)(job->level % (CLEAN_FULL + 1));
	c->reason = cause;
	c->fallback = "raw";
	c->context_count = 0;
}

static void write_timings(const struct cleaned *c, struct buf *out)
{
	buf_char(out, '{');
	json_kv_ms(out, "queue", c->queue_ns);
	json_kv_ms(out, "window", c->window_ns);
	for (int i = 0; i < STAGE_COUNT; i++)
		if (c->stage_ns[i])
			json_kv_ms(out, stage_names[i], c->stage_ns[i]);
	if (c->model_ns)
		json_kv_ms(out, "model", c->model_ns);
	if (c->parse_ns)
		json_kv_ms(out, "model_parse", c->parse_ns);
	if (c->judge_ns)
		json_kv_ms(out, "judge", c->judge_ns);
	if (c->error_ns)
		json_kv_ms(out, "model_error", c->error_ns);
	buf_char(out, '}');
}

void cleaned_metadata(const struct cleaned *c, uint64_t processing_ns, struct buf *out)
{
	struct buf timings;

	buf_init(&timings, 1024);
	write_timings(c, &timings);
	turn_metadata_write(
		out, &(struct turn_metadata){.confidence = slice_str(confidence_name(c->confidence)),
			     .applied = c->applied,
			     .level = slice_str(clean_level_name(c->level)),
			     .reason = slice_str(c->reason),
			     .processing_ns = processing_ns,
			     .contexts = c->contexts,
			     .context_count = c->context_count,
			     .model = slice_str(c->model[0] ? c->model : NULL),
			     .prompt = slice_str(c->prompt),
			     .fallback = slice_str(c->fallback),
			     .fallback_cause = slice_str(c->fallback_cause),
			     .crashes = c->crashes,
			     .retries = c->retries,
			     .source = slice_str(c->revision > 1 ? "model" : NULL),
			     .timings = buf_view(&timings),
			     .corrections = buf_view(&c->corrections),
			     .doubtful = buf_view(&c->doubtful)});
	buf_finish(&timings);
}
