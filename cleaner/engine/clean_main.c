/* SPDX-License-Identifier: ISC
 *
 * clean_main.c - cleanerctx-clean: the cleaning engine as a Unix filter. See cleanerctx-clean.1.
 *
 * Reads lines, writes as many; a line of output is there as soon as its line of input is, when output goes to
 * a terminal or pipe. A bad line becomes {"error", "line"}, and the exit status is 1 at the end.
 */
#include "clean_glossary.h"
#include "clean_window.h"
#include "common/base/json_out.h"
#include "common/base/utf8.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	EXIT_USAGE = 64,
	EXIT_CONFIG = 78,
	LINE_BYTES = 1024 * 1024,
	NESTING_MOST = 64
}; /* LINE_BYTES: a longer line is a bad line */

struct filter {
	bool jsonl, explain, auto_level;
	struct clean_options options;
	struct clean_glossary glossary;
	struct engine *engine;
	struct engine_workspace *ws;
	struct clean_windows windows;
	struct buf out;
	unsigned long line;
	bool bad;
};

static const char *const bypass_speakers[] = {"Lumen", "AI", "Assistant"};

static const char usage[] =
	"usage: cleanerctx-clean [option ..] < lines > cleaned\n"
	"  --jsonl           lines are JSON objects with \"raw\"; \"cleaned\" and \"metadata\" are added\n"
	"  --level LEVEL     auto (what each turn needs, the default), none, light, full\n"
	"  --verbatim        keep every word\n"
	"  --glossary FILE   terms to recognise, one a line: term [= sounds like, ..]\n"
	"  --profile NAME    the recogniser whose own artefacts to expect\n"
	"  --data DIR        folder with more patterns.conf, contexts.conf and tables\n"
	"  --explain         print each change on stderr: line, stage, kind, score, what, reason\n"
	"  --help            this text\n";

static bool is_bypass(struct slice speaker)
{
	for (size_t i = 0; i < countof(bypass_speakers); i++)
		if (slice_eq_nocase(speaker, slice_str(bypass_speakers[i])))
			return true;
	return false;
}

static void explain(const struct filter *f, const struct clean_result *result)
{
	for (size_t i = 0; i < result->correction_count; i++) {
		const struct correction *c = &result->corrections[i];

		fprintf(stderr, "%lu: %s %s %.3f %s %.4f \"%.*s\" -> \"%.*s\" %s\n", f->line, c->stage,
			correction_kind_name(c->kind), c->score, c->sort, c->evidence,
			(int)c->original.n, c->original.p, (int)c->corrected.n, c->corrected.p, c->reason);
	}
}

/* Cleans one turn and adds it to its conversation's window (NULL: it stands alone). */
static const struct clean_result *filter_turn(
	struct filter *f, struct clean_input *in, struct clean_window *window, struct slice speaker)
{
	bool agent = is_bypass(speaker);
	const struct clean_result *result;

	if (window) {
		in->window = window->turns;
		in->window_count = window->count;
	}
	if (agent && f->auto_level && !in->options.forced)
		in->options.agent = true;
	result = engine_clean(f->ws, in, NULL, NULL);
	if (f->explain)
		explain(f, result);
	if (window)
		clean_window_add(window, speaker, result->cleaned, agent);
	return result;
}

static void metadata_write(struct buf *out, struct slice raw, const struct clean_result *result)
{
	bool applied = !slice_eq(raw, result->cleaned);

	buf_char(out, '{');
	json_kv_str(out, "confidence_score", slice_str(confidence_name(result->confidence)));
	json_kv_bool(out, "cleaning_applied", applied);
	json_kv_str(out, "cleaning_level", slice_str(clean_level_name(result->decision.level)));
	json_kv_str(out, "decision_reason", slice_str(result->decision.reason));
	json_key(out, "context_detected");
	json_str_or_null(out, slice_str(result->context_count ? result->contexts[0] : NULL));
	json_key(out, "contexts");
	buf_char(out, '[');
	for (size_t i = 0; i < result->context_count; i++) {
		if (i)
			buf_char(out, ',');
		json_str(out, slice_str(result->contexts[i]));
	}
	buf_char(out, ']');
	json_key(out, "corrections");
	corrections_write_json(out, result, 1);
	json_key(out, "doubtful");
	doubtful_write_json(out, result->doubtful, result->doubtful_count);
	buf_char(out, '}');
}

static void line_error(struct filter *f, const char *what)
{
	f->bad = true;
	buf_reset(&f->out);
	buf_char(&f->out, '{');
	json_kv_str(&f->out, "error", slice_str(what));
	json_kv_u64(&f->out, "line", f->line);
	buf_char(&f->out, '}');
}

/* The object as it came, without the members that we give, and open at its end. */
static bool object_reopen(struct buf *out, cJSON *object)
{
	char *text;

	cJSON_DeleteItemFromObjectCaseSensitive(object, "cleaned");
	cJSON_DeleteItemFromObjectCaseSensitive(object, "metadata");
	text = cJSON_PrintUnformatted(object);
	if (!text)
		return false;
	buf_append(out, text, strlen(text) - 1);
	free(text);
	return true;
}

static bool bool_member(const cJSON *object, const char *name)
{
	return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, name));
}

/* What a line's own members say wins over the command line. */
static const char *line_options(const struct filter *f, const cJSON *object, struct clean_options *options)
{
	const cJSON *level = cJSON_GetObjectItemCaseSensitive(object, "level");
	const char *name = cJSON_GetStringValue(level);

	*options = f->options;
	options->verbatim |= bool_member(object, "verbatim");
	if (!level || cJSON_IsNull(level))
		return NULL;
	if (!name)
		return "level is not a string";
	options->forced = strcmp(name, "auto") != 0;
	if (options->forced && !clean_level_parse(slice_str(name), &options->level))
		return "level is none of auto, none, light, full";
	return NULL;
}

/* The recogniser that the line names, which wins over the command line. */
static const char *line_profile(struct filter *f, const cJSON *object, struct clean_options *options)
{
	const cJSON *profile = cJSON_GetObjectItemCaseSensitive(object, "profile");
	const char *name = cJSON_GetStringValue(profile);

	if (!profile || cJSON_IsNull(profile))
		return NULL;
	if (!name || !engine_knows_profile(f->engine, slice_str(name)))
		return "profile is not one that is known";
	options->profile = slice_str(name);
	return NULL;
}

static const char *clean_object(struct filter *f, cJSON *object)
{
	const cJSON *raw = cJSON_GetObjectItemCaseSensitive(object, "raw");
	const cJSON *conversation = cJSON_GetObjectItemCaseSensitive(object, "conversation");
	const char *speaker = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, "speaker"));
	const char *name = cJSON_GetStringValue(conversation), *error;
	struct clean_glossary own = {0};
	struct clean_input in = {0};
	const struct clean_result *result;

	if (!cJSON_IsString(raw))
		return "\"raw\" is missing or not a string";
	in.raw = slice_str(raw->valuestring);
	if (in.raw.n == 0 || in.raw.n > ENGINE_TEXT_BYTES)
		return "\"raw\" is empty or longer than 16 KiB";
	error = line_options(f, object, &in.options);
	if (!error)
		error = line_profile(f, object, &in.options);
	if (!error && !clean_glossary_add(&own, cJSON_GetObjectItemCaseSensitive(object, "glossary")))
		error = "\"glossary\" is not an array of terms";
	if (!error) {
		in.glossary = own.count ? own.terms : f->glossary.terms;
		in.glossary_count = own.count ? own.count : f->glossary.count;
		result = filter_turn(
			f, &in, name ? clean_window_of(&f->windows, name) : NULL, slice_str(speaker));
		if (object_reopen(&f->out, object)) {
			json_kv_str(&f->out, "cleaned", result->cleaned);
			json_key(&f->out, "metadata");
			metadata_write(&f->out, in.raw, result);
			buf_char(&f->out, '}');
		}
	}
	clean_glossary_finish(&own);
	return error;
}

/* cJSON nests by recursion: deep input is refused before it. */
static bool too_deep(struct slice s)
{
	unsigned depth = 0;
	bool quoted = false;

	for (size_t i = 0; i < s.n; i++) {
		if (quoted && s.p[i] == '\\')
			i++;
		else if (s.p[i] == '"')
			quoted = !quoted;
		else if (!quoted && (s.p[i] == '{' || s.p[i] == '['))
			depth++;
		else if (!quoted && depth && (s.p[i] == '}' || s.p[i] == ']'))
			depth--;
		if (depth > NESTING_MOST)
			return true;
	}
	return false;
}

static void clean_json_line(struct filter *f, struct slice line)
{
	const char *end = NULL, *error;
	cJSON *object;

	if (!utf8_valid(line, NULL) || memchr(line.p, '\0', line.n) || too_deep(line)) {
		line_error(f, "not UTF-8, or nested too deep");
		return;
	}
	object = cJSON_ParseWithLengthOpts(line.p, line.n, &end, false);
	while (end && end < line.p + line.n && strchr(" \t\r", *end))
		end++;
	if (!cJSON_IsObject(object) || end != line.p + line.n)
		error = "not a JSON object";
	else
		error = clean_object(f, object);
	if (error)
		line_error(f, error);
	cJSON_Delete(object);
}

static void clean_text_line(struct filter *f, struct slice line)
{
	struct clean_input in = {.raw = line,
		.glossary = f->glossary.terms,
		.glossary_count = f->glossary.count,
		.options = f->options};

	if (line.n > ENGINE_TEXT_BYTES || !utf8_valid(line, NULL)) {
		line_error(f, line.n > ENGINE_TEXT_BYTES ? "longer than 16 KiB" : "not UTF-8");
		return;
	}
	if (line.n)
		buf_slice(&f->out,
			filter_turn(f, &in, clean_window_of(&f->windows, ""), SLICE("User"))->cleaned);
}

/* False when output is gone. */
static bool filter_line(struct filter *f, struct slice line)
{
	f->line++;
	buf_reset(&f->out);
	if (f->jsonl && line.n > LINE_BYTES)
		line_error(f, "longer than 1 MiB");
	else if (f->jsonl)
		clean_json_line(f, line);
	else
		clean_text_line(f, line);
	buf_char(&f->out, '\n');
	return fwrite(f->out.p, 1, f->out.n, stdout) == f->out.n;
}

/* Someone waits for each answer when stdin is a pipe, socket or terminal; a file is read through. */
static bool input_waits(void)
{
	struct stat st;

	return fstat(STDIN_FILENO, &st) == 0 && !S_ISREG(st.st_mode);
}

static int filter_run(struct filter *f)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	bool written = true;

	setvbuf(stdout, NULL, input_waits() ? _IOLBF : _IOFBF, 64 * 1024);
	while (written && (n = getline(&line, &cap, stdin)) >= 0)
		written = filter_line(f, slice_of(line, (size_t)n - (n > 0 && line[n - 1] == '\n')));
	free(line);
	if (fflush(stdout) != 0 || !written) {
		fprintf(stderr, "cleanerctx-clean: writing: %s\n", strerror(errno));
		return EXIT_FAILURE;
	}
	return f->bad ? EXIT_FAILURE : EXIT_SUCCESS;
}

static bool option_level(struct filter *f, const char *name)
{
	if (strcmp(name, "auto") == 0)
		return true;
	f->auto_level = false;
	f->options.forced = true;
	return clean_level_parse(slice_str(name), &f->options.level);
}

static const struct option long_options[] = {
	{"jsonl", no_argument, NULL, 'j'},
	{"level", required_argument, NULL, 'l'},
	{"verbatim", no_argument, NULL, 'v'},
	{"glossary", required_argument, NULL, 'g'},
	{"profile", required_argument, NULL, 'p'},
	{"data", required_argument, NULL, 'd'},
	{"explain", no_argument, NULL, 'e'},
	{"help", no_argument, NULL, 'h'},
	{0},
};

/* The exit status for what the command line asks, or -1 to go on. */
static int filter_options(struct filter *f, int argc, char **argv, const char **data)
{
	int c;

	while ((c = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
		if (c == 'h')
			return fputs(usage, stdout) < 0;
		if (c == '?' || (c == 'l' && !option_level(f, optarg)))
			return fputs(usage, stderr), EXIT_USAGE;
		f->jsonl |= c == 'j';
		f->options.verbatim |= c == 'v';
		f->explain |= c == 'e';
		if (c == 'p')
			f->options.profile = slice_str(optarg);
		if (c == 'd')
			*data = optarg;
		if (c == 'g' && !clean_glossary_read(&f->glossary, optarg)) {
			fprintf(stderr, "cleanerctx-clean: %s: %s\n", optarg, strerror(errno));
			return EXIT_FAILURE;
		}
	}
	return optind < argc ? (fputs(usage, stderr), EXIT_USAGE) : -1;
}

/* Is the profile that the command line names known? Says which are. */
static bool profile_known(const struct filter *f)
{
	if (engine_knows_profile(f->engine, f->options.profile))
		return true;
	fprintf(stderr, "cleanerctx-clean: --profile %s: not known; one of:", f->options.profile.p);
	for (const char *const *name = engine_profiles(f->engine); *name; name++)
		fprintf(stderr, " %s", *name);
	fputc('\n', stderr);
	return false;
}

int main(int argc, char **argv)
{
	struct filter *f = calloc(1, sizeof *f);
	const char *data = NULL;
	char *warning = NULL;
	int status;

	if (!f)
		return EXIT_FAILURE;
	f->auto_level = true;
	f->options.formats = FORMAT_ALL;
	status = filter_options(f, argc, argv, &data);
	if (status < 0) {
		buf_init(&f->out, 64 * 1024 * 1024);
		f->engine = engine_open(data, &warning);
		if (warning)
			fprintf(stderr, "cleanerctx-clean: %s\n", warning);
		free(warning);
		f->ws = engine_workspace_create(f->engine);
		status = profile_known(f) ? filter_run(f) : EXIT_CONFIG;
		engine_workspace_destroy(&f->ws);
		engine_close(&f->engine);
		buf_finish(&f->out);
	}
	clean_windows_finish(&f->windows);
	clean_glossary_finish(&f->glossary);
	free(f);
	return status;
}
