/* SPDX-License-Identifier: ISC
 *
 * relayed.c - see relayed.h.
 */
#include "relayed.h"

#include "common/base/clock.h"
#include "common/service/link.h"
#include "common/wire/counts.h"
#include "common/wire/limits.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

enum {
	NAME_BYTES = 64,
	VALUE_BYTES = 128,
	LABELS = 8,
	COUNTS_BYTES = 256 * 1024, /* of a source: no cleaner sends more */
};

static struct {
	struct link *link;
	struct source {
		cJSON *told; /* NULL: free */
		uint64_t at_ns;
	} sources[RELAYED_SOURCES];
} relayed;

static const char *text_of(const cJSON *object, const char *key)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
}

static bool is_name(const char *s)
{
	size_t n = s ? strspn(s, "abcdefghijklmnopqrstuvwxyz_") : 0;

	return n > 0 && n <= NAME_BYTES && s[n] == '\0';
}

/* The place of a source: its own, or that of one that is not heard of any more; NULL: all are taken. */
static struct source *place_of(const char *name, uint64_t now_ns)
{
	struct source *found = NULL;

	for (size_t i = 0; i < RELAYED_SOURCES; i++) {
		struct source *s = &relayed.sources[i];

		if (s->told && strcmp(text_of(s->told, "source"), name) == 0)
			return s;
		if (!found && (!s->told || now_ns - s->at_ns > RELAYED_FRESH_S * NS_PER_S))
			found = s;
	}
	return found;
}

static bool is_few(const cJSON *told)
{
	return cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(told, "series")) <= RELAYED_SERIES;
}

static void on_counts(const struct link_in *in, void *arg)
{
	struct slice json;
	uint64_t now_ns = clock_mono_ns();
	struct source *place;
	const char *name;
	cJSON *told;

	if (in->kind != MSG_ALERT || in->msg->alert.json.n > COUNTS_BYTES)
		return;
	json = in->msg->alert.json;
	told = cJSON_ParseWithLength(json.p, json.n);
	name = text_of(told, "source");
	place = name && is_few(told) ? place_of(name, now_ns) : NULL;
	if (!place) {
		cJSON_Delete(told);
		return;
	}
	cJSON_Delete(place->told);
	*place = (struct source){told, now_ns};
}

void relayed_open(struct service_run *run)
{
	relayed.link = link_open(
		run, LINK_ALERTS, LINK_CONNECTS, NULL, (struct link_handlers){.message = on_counts});
	link_subscribe(relayed.link, SLICE("counts"));
}

void relayed_close(void)
{
	link_close(&relayed.link);
	for (size_t i = 0; i < RELAYED_SOURCES; i++) {
		cJSON_Delete(relayed.sources[i].told);
		relayed.sources[i].told = NULL;
	}
}

/* NAME="value", escaped; what is no visible ASCII becomes '?': a byte that is no UTF-8 spoils all of /metrics. */
static void write_label(struct buf *out, const char *name, const char *value)
{
	buf_printf(out, "%s=\"", name);
	for (size_t i = 0; value[i] && i < VALUE_BYTES; i++) {
		if (value[i] == '"' || value[i] == '\\')
			buf_char(out, '\\');
		buf_char(out, value[i] < ' ' || value[i] > '~' ? '?' : value[i]);
	}
	buf_char(out, '"');
}

/* Prometheus refuses all of a text with a label twice in it: `process` is ours. */
static bool is_label(const cJSON *labels, const cJSON *label)
{
	return is_name(label->string) && cJSON_IsString(label) && strcmp(label->string, "process") != 0 &&
	       cJSON_GetObjectItemCaseSensitive(labels, label->string) == label;
}

static void write_series(struct buf *out, const char *process, const cJSON *series)
{
	const cJSON *value = cJSON_GetObjectItemCaseSensitive(series, "value"), *label;
	const cJSON *all = cJSON_GetObjectItemCaseSensitive(series, "labels");
	size_t labels = 0;

	if (!cJSON_IsNumber(value))
		return;
	buf_printf(out, "cleanerctx_%s{", text_of(series, "name"));
	write_label(out, "process", process);
	cJSON_ArrayForEach(label, all)
	{
		if (labels >= LABELS || !is_label(all, label))
			continue;
		labels++;
		buf_char(out, ',');
		write_label(out, label->string, label->valuestring);
	}
	buf_printf(out, "} %.17g\n", value->valuedouble);
}

/* NULL: the name is none of ours. */
static const char *help_of(const char *name)
{
	for (size_t i = 0; i < COUNT_COUNT; i++)
		if (strcmp(count_rows[i].name, name) == 0)
			return count_rows[i].help;
	return NULL;
}

/* All series of a name stand together, under its one TYPE line, as the format wants it. */
static void write_name(struct buf *out, const char *name, uint64_t now_ns)
{
	size_t n = strlen(name);
	bool counter = n > 6 && strcmp(name + n - 6, "_total") == 0;
	const char *help = help_of(name);
	const cJSON *series;

	if (help)
		buf_printf(out, "# HELP cleanerctx_%s %s\n", name, help);
	buf_printf(out, "# TYPE cleanerctx_%s %s\n", name, counter ? "counter" : "gauge");
	for (size_t i = 0; i < RELAYED_SOURCES; i++) {
		const struct source *s = &relayed.sources[i];

		if (!s->told || now_ns - s->at_ns > RELAYED_FRESH_S * NS_PER_S)
			continue;
		cJSON_ArrayForEach(series, cJSON_GetObjectItemCaseSensitive(s->told, "series"))
		{
			const char *this = text_of(series, "name");

			if (this && strcmp(this, name) == 0)
				write_series(out, text_of(s->told, "source"), series);
		}
	}
}

static bool is_among(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

void relayed_write(struct buf *out)
{
	const char *names[RELAYED_NAMES];
	uint64_t now_ns = clock_mono_ns();
	const cJSON *series;
	size_t count = 0, before = out->n;

	for (size_t i = 0; i < RELAYED_SOURCES; i++)
		cJSON_ArrayForEach(
			series, cJSON_GetObjectItemCaseSensitive(relayed.sources[i].told, "series"))
		{
			const char *name = text_of(series, "name");

			if (is_name(name) && count < RELAYED_NAMES && !is_among(names, count, name))
				names[count++] = name;
		}
	for (size_t i = 0; i < count; i++)
		write_name(out, names[i], now_ns);
	if (out->overflow) { /* half a line would spoil what is ours */
		out->overflow = false;
		out->n = before;
	}
}
