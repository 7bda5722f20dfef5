/* SPDX-License-Identifier: ISC
 *
 * number.c - numbers in words become digits where people write digits.
 *
 * From ten on, and below before a unit; "one of the", "a hundred percent sure" and the like stay in words.
 */
#include "number_parse.h"
#include "turn.h"

#include <inttypes.h>

static const struct edit edit_number = {KIND_NUMBER, 0.95, "A number is written in digits."};

enum { DIGITS_FROM = 10 }; /* smaller numbers stay in words in running text, as most house styles have it */

void stage_numbers(struct turn *t)
{
	struct words *w = &t->words;
	struct number n;

	for (size_t i = 0; i < w->count; i++) {
		if (w->live[i]->fixed || !number_read(w, i, &n) || n.ordinal || n.article || n.value < DIGITS_FROM)
			continue;
		if (!(t->in->options.formats & FORMAT_CARDINAL))
			continue;
		words_merge(w, i, n.end, arena_printf(t->arena, "%" PRIu64, n.value), &edit_number);
		words_settle(w);
	}
}
