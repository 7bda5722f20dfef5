/* SPDX-License-Identifier: ISC
 *
 * names.c - the engine's enums as the words that the interface uses, and corrections as its JSON.
 */
#include "common/base/json_out.h"
#include "engine.h"

static const char *const level_names[] = {
	[CLEAN_NONE] = "none", [CLEAN_LIGHT] = "light", [CLEAN_FULL] = "full"};

static const char *const confidence_names[] = {
	[CONFIDENCE_LOW] = "LOW",
	[CONFIDENCE_MEDIUM] = "MEDIUM",
	[CONFIDENCE_HIGH] = "HIGH",
};

static const char *const kind_names[KIND_COUNT] = {
	[KIND_ARTEFACT] = "artefact",
	[KIND_FILLER] = "filler",
	[KIND_REPEAT] = "repeat",
	[KIND_RESTART] = "restart",
	[KIND_SELF_CORRECTION] = "self_correction",
	[KIND_PATTERN] = "pattern",
	[KIND_GLOSSARY] = "glossary",
	[KIND_NUMBER] = "number",
	[KIND_PUNCTUATION] = "punctuation",
	[KIND_CASE] = "case",
	[KIND_MODEL] = "model",
};

const char *clean_level_name(enum clean_level level)
{
	return level_names[level];
}

bool clean_level_parse(struct slice s, enum clean_level *level)
{
	for (size_t i = 0; i < countof(level_names); i++)
		if (slice_eq(s, slice_str(level_names[i]))) {
			*level = (enum clean_level)i;
			return true;
		}
	return false;
}

const char *confidence_name(enum confidence confidence)
{
	return confidence_names[confidence];
}

const char *correction_kind_name(enum correction_kind kind)
{
	return kind_names[kind];
}

static void range_write(struct buf *out, const char *key, uint32_t start, uint32_t end)
{
	json_key(out, key);
	buf_char(out, '{');
	json_kv_u64(out, "start", start);
	json_kv_u64(out, "end", end);
	buf_char(out, '}');
}

static void correction_write(struct buf *out, const struct correction *c, size_t number, unsigned revision)
{
	if (revision > 1)
		buf_printf(out, "{\"id\":\"r%u-%zu\"", revision, number);
	else
		buf_printf(out, "{\"id\":\"c%zu\"", number);
	json_kv_str(out, "kind", slice_str(correction_kind_name(c->kind)));
	json_kv_str(out, "original", c->original);
	json_kv_str(out, "corrected", c->corrected);
	json_kv_str(out, "confidence", slice_str(confidence_name(c->confidence)));
	json_kv_str(out, "reason", slice_str(c->reason));
	range_write(out, "position", c->start, c->end);
	range_write(out, "cleaned_position", c->cleaned_start, c->cleaned_end);
	buf_char(out, '}');
}

void doubtful_write_json(struct buf *out, const struct doubtful_word *words, size_t count)
{
	buf_char(out, '[');
	for (size_t i = 0; i < count; i++) {
		buf_str(out, i ? ",{" : "{");
		json_kv_str(out, "text", words[i].text);
		range_write(out, "position", words[i].start, words[i].end);
		json_kv_str(out, "reason", slice_str(words[i].reason));
		buf_char(out, '}');
	}
	buf_char(out, ']');
}

void corrections_write_json(struct buf *out, const struct clean_result *result, unsigned revision)
{
	buf_char(out, '[');
	for (size_t i = 0; i < result->correction_count; i++) {
		if (i)
			buf_char(out, ',');
		correction_write(out, &result->corrections[i], i + 1, revision);
	}
	buf_char(out, ']');
}
