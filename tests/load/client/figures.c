/* SPDX-License-Identifier: ISC
 *
 * figures.c - see figures.h.
 */
#include "figures.h"

#include "common/base/clock.h"

#include <stdarg.h>

/* The targets are those of common/wire/targets.csv; a person's turn is held against the lightly cleaned
 * one's, which is the stricter. */
const struct operation_row operations[OP_COUNT] = {
	[OP_LIST] = {"list", 150, 1},
	[OP_USER_TURN] = {"user turn", 300, 3},
	[OP_LUMEN_TURN] = {"Lumen turn", 10, 2},
	[OP_STATUS] = {"status", 50, 1},
	[OP_CREATE] = {"create", 200, 0},
	[OP_COMPLETE] = {"complete", 0, 0},
	[OP_DELETE] = {"delete", 0, 0},
	[OP_SOCKET] = {"subscribe", 1000, 0},
	[OP_LOGIN] = {"login", 200, 0},
	[OP_ACCEPTED] = {"accepted", 150, 0},
	[OP_REFUSED] = {"refused", 0, 0},
};

static const char *const outcome_names[OUT_COUNT] = {
	[OUT_201] = "201",
	[OUT_202] = "202",
	[OUT_429] = "429",
	[OUT_503_RETRY] = "503",
	[OUT_503_BARE] = "503 without Retry-After",
	[OUT_OTHER] = "others",
	[OUT_BROKEN] = "broken",
	[OUT_UNSENT] = "unsent",
};

const char *outcome_name(enum outcome outcome)
{
	return outcome_names[outcome];
}

void figures_init(struct figures *f)
{
	memset(f, 0, sizeof *f);
	for (size_t i = 0; i < OP_COUNT; i++)
		hist_init(&f->times[i]);
	hist_init(&f->late);
}

void figures_merge(struct figures *into, const struct figures *from)
{
	for (size_t i = 0; i < OP_COUNT; i++)
		hist_merge(&into->times[i], &from->times[i]);
	hist_merge(&into->late, &from->late);
	for (size_t i = 0; i < OUT_COUNT; i++)
		into->outcomes[i] += from->outcomes[i];
	for (uint64_t i = 0; i < from->failed && i < FIGURES_FAILURES; i++)
		if (into->failed + i < FIGURES_FAILURES)
			memcpy(into->failures[into->failed + i], from->failures[i], FIGURES_FAILURE_BYTES);
	into->failed += from->failed;
}

void figures_fail(struct figures *f, enum operation op, const char *fmt, ...)
{
	char *line;
	va_list ap;
	int n;

	if (f->failed++ >= FIGURES_FAILURES)
		return;
	line = f->failures[f->failed - 1];
	n = snprintf(line, FIGURES_FAILURE_BYTES, "%s: ", operations[op].name);
	va_start(ap, fmt);
	vsnprintf(line + n, FIGURES_FAILURE_BYTES - (size_t)n, fmt, ap);
	va_end(ap);
}

enum outcome outcome_of(const struct reply *reply)
{
	if (!reply)
		return OUT_BROKEN;
	switch (reply->status) {
	case 200:
	case 201:
		return OUT_201;
	case 202:
		return OUT_202;
	case 429:
		return reply->retry_after_s == REPLY_NO_RETRY ? OUT_OTHER : OUT_429;
	case 503:
		return reply->retry_after_s == REPLY_NO_RETRY ? OUT_503_BARE : OUT_503_RETRY;
	default:
		return OUT_OTHER;
	}
}

static double ms(uint64_t ns)
{
	return (double)ns / 1e6;
}

/* How many took longer than their target. */
static unsigned long long over(const struct figures *f, size_t op)
{
	const struct hist *h = &f->times[op];

	return operations[op].target_ms
		       ? h->count - hist_count_within(h, operations[op].target_ms * NS_PER_MS)
		       : 0;
}

static bool row_met(const struct figures *f, size_t op)
{
	return !operations[op].target_ms || !f->times[op].count ||
	       ms(hist_percentile(&f->times[op], .99)) <= operations[op].target_ms;
}

bool figures_met(const struct figures *f)
{
	bool met = f->failed == 0;

	for (size_t i = 0; i < OP_COUNT; i++)
		met = met && row_met(f, i);
	return met;
}

static void print_row(const struct hist *h, const struct operation_row *row, FILE *out)
{
	double p99 = ms(hist_percentile(h, .99));

	fprintf(out, "%-12s %7llu %8.2f %8.2f %8.2f %8.2f", row->name, (unsigned long long)h->count,
		ms(hist_percentile(h, .5)), ms(hist_percentile(h, .95)), p99, ms(h->max));
	if (row->target_ms)
		fprintf(out, " %7u %13.1f\n", row->target_ms, row->target_ms / p99);
	else
		fprintf(out, " %7s %13s\n", "-", "-");
}

void figures_print(const struct figures *f, FILE *out)
{
	fprintf(out, "%-12s %7s %8s %8s %8s %8s %7s %13s\n", "operation", "count", "p50 ms", "p95 ms",
		"p99 ms", "worst", "target", "times better");
	for (size_t i = 0; i < OP_COUNT; i++)
		if (f->times[i].count)
			print_row(&f->times[i], &operations[i], out);
	fprintf(out, "late: p50 %.2f ms, p99 %.2f ms; failed: %llu\n", ms(hist_percentile(&f->late, .5)),
		ms(hist_percentile(&f->late, .99)), (unsigned long long)f->failed);
	for (uint64_t i = 0; i < f->failed && i < FIGURES_FAILURES; i++)
		fprintf(out, "  %s\n", f->failures[i]);
}

void figures_print_outcomes(const struct figures *f, FILE *out)
{
	fputs("turns:", out);
	for (size_t i = 0; i < OUT_COUNT; i++)
		if (f->outcomes[i])
			fprintf(out, " %s %llu;", outcome_names[i], (unsigned long long)f->outcomes[i]);
	fputs("\n", out);
}

void figures_json(const struct figures *f, FILE *out)
{
	for (size_t i = 0; i < OP_COUNT; i++)
		fprintf(out,
			"\"%s\": {\"count\": %llu, \"over\": %llu, \"p50\": %.3f, \"p99\": %.3f, \"worst\": "
			"%.3f}, ",
			operations[i].name, (unsigned long long)f->times[i].count, over(f, i),
			ms(hist_percentile(&f->times[i], .5)), ms(hist_percentile(&f->times[i], .99)),
			ms(f->times[i].max));
	for (size_t i = 0; i < OUT_COUNT; i++)
		fprintf(out, "\"%s\": %llu, ", outcome_names[i], (unsigned long long)f->outcomes[i]);
	fprintf(out, "\"late_p99\": %.3f, \"failed\": %llu", ms(hist_percentile(&f->late, .99)),
		(unsigned long long)f->failed);
}
