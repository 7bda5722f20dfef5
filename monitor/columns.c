/* SPDX-License-Identifier: ISC
 *
 * columns.c - see columns.h. Widths fit the longest metric and an instance name of the frame's usual length; a longer
 * value pushes its row out of line rather than being cut.
 */
#include "columns.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>

#define RED "\033[31m"
#define YELLOW "\033[33m"
#define GREEN "\033[32m"
#define BOLD "\033[1m"
#define PLAIN "\033[0m"

enum { TIME_AT = 11, TIME_CHARACTERS = 12, CELL_BYTES = 64 };

static void paint(struct buf *out, bool colour, const char *how)
{
	if (colour)
		buf_str(out, how);
}

/* Text with control characters made visible; "-" when there is none. */
static const char *visible(const char *s, char cell[CELL_BYTES])
{
	size_t n = 0;

	for (; s && s[n] && n < CELL_BYTES - 1; n++)
		cell[n] = (unsigned char)s[n] < 0x20 || (unsigned char)s[n] >= 0x7F ? '?' : s[n];
	if (n == 0)
		cell[n++] = '-';
	cell[n] = '\0';
	return cell;
}

static const char *text_of(const cJSON *object, const char *name, char cell[CELL_BYTES])
{
	return visible(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name)), cell);
}

static double number_of(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsNumber(item) ? item->valuedouble : NAN;
}

/* Three figures' worth: 0.042, 12.3, 1234. */
static const char *figure(double v, char cell[CELL_BYTES])
{
	if (isnan(v))
		return "-";
	snprintf(cell, CELL_BYTES, "%.*f", fabs(v) < 10 ? 3 : fabs(v) < 1000 ? 1 : 0, v);
	return cell;
}

void columns_heading(struct buf *out, bool colour)
{
	paint(out, colour, BOLD);
	buf_printf(out, "%-12s  %-30s  %9s  %7s %-4s %6s  %-12s  %s", "TIME (UTC)", "SLOW", "TOOK", "TARGET", "", "RATIO",
		"SOURCE", "TURN");
	paint(out, colour, PLAIN);
	buf_char(out, '\n');
}

/* A row of what missed its target: the members that name it and say of what. */
static void missed_row(const cJSON *line, const char *name, const char *about, bool colour, struct buf *out)
{
	double ratio = number_of(line, "value") / number_of(line, "target"), suppressed = number_of(line, "suppressed");
	char at[CELL_BYTES], metric[CELL_BYTES], unit[CELL_BYTES], source[CELL_BYTES], turn[CELL_BYTES];
	char value[CELL_BYTES], target[CELL_BYTES];

	text_of(line, "at", at);
	buf_printf(out, "%-12.*s  ", TIME_CHARACTERS, strlen(at) > TIME_AT ? at + TIME_AT : at);
	paint(out, colour, ratio >= 2 ? RED : YELLOW);
	buf_printf(out, "%-30s  %9s", text_of(line, name, metric), figure(number_of(line, "value"), value));
	paint(out, colour, PLAIN);
	snprintf(target, sizeof target, "%.10g", number_of(line, "target"));
	buf_printf(out, "  %7s %-4s %5.1fx  %-12s  %s", target, text_of(line, "unit", unit), ratio,
		text_of(line, "source", source), text_of(line, about, turn));
	if (suppressed > 0)
		buf_printf(out, "  (+%.0f more)", suppressed);
	buf_char(out, '\n');
}

static void slow_row(const cJSON *line, bool colour, struct buf *out)
{
	missed_row(line, "metric", "turn_id", colour, out);
}

static const struct {
	const char *state, *severity, *how; /* severity NULL: any */
} looks[] = {
	{"resolved", NULL, GREEN}, {"no_data", NULL, PLAIN}, {NULL, "critical", RED}, {NULL, "warning", YELLOW}, {NULL, NULL, PLAIN}};

static const char *look_of(const char *state, const char *severity)
{
	size_t i = 0;

	while ((looks[i].state && strcmp(looks[i].state, state) != 0) ||
		(looks[i].severity && strcmp(looks[i].severity, severity) != 0))
		i++;
	return looks[i].how;
}

/* From its opening to its end: of a metric, with its rule behind. */
static void state_row(const cJSON *line, bool colour, struct buf *out)
{
	double value = number_of(line, "value");
	char at[CELL_BYTES], metric[CELL_BYTES], unit[CELL_BYTES], state[CELL_BYTES], severity[CELL_BYTES];
	char took[CELL_BYTES], target[CELL_BYTES], rule[CELL_BYTES], action[CELL_BYTES], window[CELL_BYTES], ratio[CELL_BYTES] = "-";

	text_of(line, "at", at);
	text_of(line, "state", state);
	text_of(line, "severity", severity);
	buf_printf(out, "%-12.*s  ", TIME_CHARACTERS, strlen(at) > TIME_AT ? at + TIME_AT : at);
	paint(out, colour, look_of(state, severity));
	buf_printf(out, "%-30s  %9s", text_of(line, "about", metric), figure(value, took));
	paint(out, colour, PLAIN);
	snprintf(target, sizeof target, "%.10g", number_of(line, "target"));
	if (!isnan(value))
		snprintf(ratio, sizeof ratio, "%.1fx", value / number_of(line, "target"));
	buf_printf(out, "  %7s %-4s %6s  %-12s  %s: %s, %.0f of %.0f past %.10g %s in %s", target, text_of(line, "unit", unit), ratio,
		severity, state, text_of(line, "alert", rule), number_of(line, "over"), number_of(line, "count"),
		number_of(line, "limit"), unit, text_of(line, "window", window));
	if (strcmp(state, "resolved") != 0)
		buf_printf(out, "; %s", text_of(line, "action", action));
	buf_char(out, '\n');
}

static void alert_row(const cJSON *line, bool colour, struct buf *out)
{
	if (cJSON_HasObjectItem(line, "state"))
		state_row(line, colour, out);
	else
		missed_row(line, "alert", "about", colour, out);
}

static void snapshot_heading(const cJSON *line, bool colour, struct buf *out)
{
	char at[CELL_BYTES];

	text_of(line, "at", at);
	paint(out, colour, BOLD);
	buf_printf(out, "%-12.*s  %-30s  %8s  %9s  %9s  %9s  %9s  %7s %-5s %7s", TIME_CHARACTERS,
		strlen(at) > TIME_AT ? at + TIME_AT : at, "LAST MINUTE", "COUNT", "P50", "P95", "P99", "MAX", "TARGET", "",
		"WITHIN");
	paint(out, colour, PLAIN);
	buf_char(out, '\n');
}

static void snapshot_row(const cJSON *metric, const cJSON *minute, bool colour, struct buf *out)
{
	double within = number_of(minute, "within_target");
	char name[CELL_BYTES], cell[4][CELL_BYTES], target[CELL_BYTES], unit[CELL_BYTES];

	paint(out, colour, within >= 1 ? GREEN : within >= 0.9 ? YELLOW : RED);
	snprintf(target, sizeof target, "%.10g", number_of(metric, "target"));
	buf_printf(out, "%-12s  %-30s  %8.0f  %9s  %9s  %9s  %9s  %7s %-5s %6.1f%%", "", visible(metric->string, name),
		number_of(minute, "count"), figure(number_of(minute, "p50"), cell[0]),
		figure(number_of(minute, "p95"), cell[1]), figure(number_of(minute, "p99"), cell[2]),
		figure(number_of(minute, "max"), cell[3]), target, text_of(metric, "unit", unit), 100 * within);
	paint(out, colour, PLAIN);
	buf_char(out, '\n');
}

static void snapshot_rows(const cJSON *line, bool colour, struct buf *out)
{
	const cJSON *metric;

	snapshot_heading(line, colour, out);
	cJSON_ArrayForEach(metric, cJSON_GetObjectItemCaseSensitive(line, "metrics"))
	{
		const cJSON *minute = cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(metric, "windows"), "1m");

		if (number_of(minute, "count") > 0)
			snapshot_row(metric, minute, colour, out);
	}
}

static const struct {
	const char *kind;
	void (*rows)(const cJSON *line, bool colour, struct buf *out);
} kinds[] = {{"slow", slow_row}, {"alert", alert_row}, {"snapshot", snapshot_rows}};

bool columns_of(struct slice json, bool colour, struct buf *out)
{
	cJSON *line = json.n ? cJSON_ParseWithLength(json.p, json.n) : NULL;
	const char *kind = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(line, "kind"));
	size_t i = 0;

	while (i < countof(kinds) && (!kind || strcmp(kind, kinds[i].kind) != 0))
		i++;
	if (i < countof(kinds))
		kinds[i].rows(line, colour, out);
	cJSON_Delete(line);
	return i < countof(kinds);
}
