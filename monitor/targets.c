/* SPDX-License-Identifier: ISC
 *
 * targets.c - see targets.h.
 */
#include "targets.h"

#include <math.h>
#include <stdlib.h>

#define HEADING "metric,area,target,unit,better"

enum { COLUMNS = 5, NUMBER_BYTES = 32, SHOWN_BYTES = 60 };

static const double largest = 1e7; /* in units: times 1e6 it is within what a histogram holds */

/* Where meeting the target means a little more than its number. */
static const struct {
	enum metric metric;
	double target, limit;
} readings[] = {
	{METRIC_UI_PROGRESS_BAR_UPDATE, 16, 16.7}, /* a frame at 60 a second takes 16.67 ms; the document rounds it down */
};

static void set(struct targets *t, enum metric metric, double target)
{
	double limit = target;

	for (size_t i = 0; i < countof(readings); i++)
		if (readings[i].metric == metric && readings[i].target == target)
			limit = readings[i].limit;
	t->shown[metric] = target;
	t->limit[metric] = (uint64_t)llround(limit * 1e6);
}

void targets_shipped(struct targets *t)
{
	for (enum metric m = 0; m < METRIC_COUNT; m++)
		set(t, m, metrics[m].target);
}

bool targets_met(const struct targets *t, enum metric metric, uint64_t value)
{
	return metrics[metric].lower_is_better ? value <= t->limit[metric] : value >= t->limit[metric];
}

struct slice metric_area(enum metric metric)
{
	return slice_of(metrics[metric].name, strcspn(metrics[metric].name, "."));
}

/* Takes s up to the mark, or all of it; s moves past. */
static struct slice cut(struct slice *s, char mark)
{
	const char *at = s->n ? memchr(s->p, mark, s->n) : NULL;
	struct slice head = slice_of(s->p, at ? (size_t)(at - s->p) : s->n);

	s->p += head.n + (at != NULL);
	s->n -= head.n + (at != NULL);
	return head;
}

static int shown(struct slice s)
{
	return (int)(s.n < SHOWN_BYTES ? s.n : SHOWN_BYTES);
}

static bool parse_number(struct slice s, double *out)
{
	char text[NUMBER_BYTES], *end;

	if (s.n == 0 || s.n >= sizeof text)
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	if (strspn(text, "0123456789.") < s.n) /* strtod would take "inf", "0x1" and blanks too */
		return false;
	*out = strtod(text, &end);
	return *end == '\0' && *out > 0 && *out <= largest;
}

static bool unknown_metric(struct slice name, struct buf *error)
{
	const char *separator = "; known: ";

	buf_printf(error, "unknown metric \"%.*s\"", shown(name), name.p);
	for (enum metric m = 0; m < METRIC_COUNT; m++) {
		buf_printf(error, "%s%s", separator, metrics[m].name);
		separator = ", ";
	}
	return false;
}

static bool expect(struct slice got, struct slice want, const char *column, enum metric metric, struct buf *error)
{
	if (slice_eq(got, want))
		return true;
	buf_printf(error, "%s of %s must be %.*s, got \"%.*s\"", column, metrics[metric].name, (int)want.n, want.p, shown(got),
		got.p);
	return false;
}

static bool parse_row(struct targets *t, bool seen[METRIC_COUNT], struct slice line, struct buf *error)
{
	struct slice column[COLUMNS];
	enum metric m;
	double target;

	for (int i = 0; i < COLUMNS; i++)
		column[i] = cut(&line, ',');
	m = metric_by_name(column[0]);
	if (m == METRIC_COUNT)
		return unknown_metric(column[0], error);
	if (seen[m]) {
		buf_printf(error, "a second row for %s", metrics[m].name);
		return false;
	}
	if (!parse_number(column[2], &target)) {
		buf_printf(error, "target of %s must be a number above 0 and at most %.0f, got \"%.*s\"", metrics[m].name, largest,
			shown(column[2]), column[2].p);
		return false;
	}
	seen[m] = true;
	set(t, m, target);
	return expect(column[1], metric_area(m), "area", m, error) &&
	       expect(column[3], slice_str(metrics[m].unit), "unit", m, error) &&
	       expect(column[4], slice_str(metrics[m].lower_is_better ? "lower" : "higher"), "better", m, error);
}

static bool is_heading(struct slice line)
{
	return slice_starts(line, SLICE(HEADING)) && (line.n == strlen(HEADING) || line.p[strlen(HEADING)] == ',');
}

bool targets_parse(struct targets *t, struct slice text, const char *name, struct buf *error)
{
	bool seen[METRIC_COUNT] = {false};

	for (size_t number = 1; number == 1 || text.n > 0; number++) {
		struct slice line = cut(&text, '\n');

		if (line.n && line.p[line.n - 1] == '\r')
			line.n--;
		if (number > 1 && (line.n == 0 || line.p[0] == '#'))
			continue;
		buf_reset(error);
		buf_printf(error, "%s:%zu: ", name, number);
		if (number == 1 && !is_heading(line)) {
			buf_str(error, "the first line must be the heading " HEADING);
			return false;
		}
		if (number > 1 && !parse_row(t, seen, line, error))
			return false;
	}
	buf_reset(error);
	return true;
}
