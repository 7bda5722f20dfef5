/* SPDX-License-Identifier: ISC
 *
 * counters.c - see counters.h.
 */
#include "counters.h"

#include "common/base/buf.h"

static uint64_t values[COUNTER_COUNT];

#define COUNTER_ROW(UPPER, name, labels, help) {name, labels, help},
static const struct {
	const char *name, *labels, *help;
} rows[COUNTER_COUNT] = {COUNTER_TABLE(COUNTER_ROW)};
#undef COUNTER_ROW

void counter_add(enum counter counter, uint64_t n)
{
	values[counter] += n;
}

void counters_write(struct buf *out)
{
	for (size_t i = 0; i < COUNTER_COUNT; i++) {
		bool seconds = strstr(rows[i].name, "_seconds_total") != NULL;
		const char *open = *rows[i].labels ? "{" : "", *close = *rows[i].labels ? "}" : "";

		if (*rows[i].help)
			buf_printf(out, "# HELP cleanerctx_%s %s\n# TYPE cleanerctx_%s counter\n", rows[i].name, rows[i].help,
				rows[i].name);
		buf_printf(out, "cleanerctx_%s%s%s%s ", rows[i].name, open, rows[i].labels, close);
		if (seconds)
			buf_printf(out, "%.9f\n", (double)values[i] / 1e9);
		else
			buf_printf(out, "%llu\n", (unsigned long long)values[i]);
	}
}
