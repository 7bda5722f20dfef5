/* SPDX-License-Identifier: ISC
 *
 * prices.c - see prices.h.
 */
#include "prices.h"

#include <string.h>

enum { AMOUNT_MOST = 1000000, DECIMALS = 6, KINDS = 4 };

bool amount_parse(struct slice s, uint64_t *micro)
{
	size_t decimals = 0, digits = 0;
	bool point = false;

	*micro = 0;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '.' && !point) {
			point = true;
			continue;
		}
		if (s.p[i] < '0' || s.p[i] > '9' || digits > 12 || (point && decimals == DECIMALS))
			return false;
		*micro = *micro * 10 + (uint64_t)(s.p[i] - '0');
		digits++;
		decimals += point;
	}
	for (; decimals < DECIMALS; decimals++)
		*micro *= 10;
	return digits > 0 && *micro <= (uint64_t)AMOUNT_MOST * 1000000;
}

/* The next word off a row; empty at its end. */
static struct slice word(struct slice *row)
{
	struct slice w;

	while (row->n && (*row->p == ' ' || *row->p == '\t'))
		*row = slice_of(row->p + 1, row->n - 1);
	w = slice_of(row->p, 0);
	while (w.n < row->n && w.p[w.n] != ' ' && w.p[w.n] != '\t')
		w.n++;
	*row = slice_of(row->p + w.n, row->n - w.n);
	return w;
}

static bool take_row(struct slice row, struct prices *out)
{
	struct slice model = word(&row);
	uint64_t price[KINDS];

	if (!model.n || model.n >= LLM_MODEL_BYTES || out->count == PRICES)
		return false;
	for (size_t i = 0; i < KINDS; i++)
		if (!amount_parse(word(&row), &price[i]))
			return false;
	if (word(&row).n)
		return false;
	memcpy(out->rows[out->count].model, model.p, model.n);
	out->rows[out->count].model[model.n] = 0;
	out->rows[out->count].prompt = price[0];
	out->rows[out->count].cached = price[1];
	out->rows[out->count].output = price[2];
	out->rows[out->count].thinking = price[3];
	out->count++;
	return true;
}

bool prices_parse(struct slice text, struct prices *out, struct buf *error)
{
	struct slice left = text, none = text;

	*out = (struct prices){.count = 0};
	if (!word(&none).n)
		return true;
	for (size_t row = 1;; row++) {
		const char *comma = left.n ? memchr(left.p, ',', left.n) : NULL;
		size_t n = comma ? (size_t)(comma - left.p) : left.n;

		if (!take_row(slice_of(left.p, n), out)) {
			buf_printf(error,
				"model_prices: entry %zu is not MODEL PROMPT CACHED OUTPUT THINKING, four "
				"amounts of at most "
				"six decimals for a million tokens, %d entries at most",
				row, PRICES);
			return false;
		}
		if (!comma)
			return true;
		left = slice_of(comma + 1, left.n - n - 1);
	}
}

bool prices_cost(
	const struct prices *prices, const char *model, const struct llm_usage *usage, uint64_t *nano)
{
	for (size_t i = 0; i < prices->count; i++) {
		uint64_t cached = usage->cached < usage->prompt ? usage->cached : usage->prompt;

		if (strcmp(prices->rows[i].model, model) != 0)
			continue;
		*nano = ((usage->prompt - cached) * prices->rows[i].prompt + cached * prices->rows[i].cached +
				usage->output * prices->rows[i].output +
				usage->thoughts * prices->rows[i].thinking + 500) /
			1000;
		return true;
	}
	return false;
}
