/* SPDX-License-Identifier: ISC
 *
 * numeral_time.c - times of day: "eleven fifty three p m", "half past twelve", "three o'clock".
 */
#include "numeral.h"

#include <stdio.h>

static bool hour_at(const struct words *w, size_t i, unsigned *hour, size_t *end)
{
	struct number n;

	if (i >= w->count || !number_read(w, i, &n) || n.ordinal || n.article || n.value < 1 ||
		n.value > 24 || n.end != i + 1 + (n.value > 20))
		return false;
	*hour = (unsigned)n.value;
	*end = n.end;
	return true;
}

/* Minutes 1..59: two digits, or "oh six". */
static bool minutes_at(const struct words *w, size_t i, unsigned *minutes, size_t *end)
{
	struct number n;
	bool oh = words_is(w, i, "oh") || words_is(w, i, "o");

	if (i >= w->count || w->live[i - 1]->trail.n || !number_read(w, i + oh, &n) || n.ordinal || n.article)
		return false;
	if (oh ? n.value < 1 || n.value > 9 : n.value < 10 || n.value > 59)
		return false;
	*minutes = (unsigned)n.value;
	*end = n.end;
	return true;
}

/* "a m", "p m", "pm" at live word i: "a.m." or "p.m.", in the case that was said. */
static const char *half_at(const struct words *w, size_t i, size_t *end)
{
	static const struct {
		const char *one, *first;
		const char *written;
	} halves[] = {{"am", "a", "a.m."}, {"pm", "p", "p.m."}, {"a.m", "", "a.m."}, {"p.m", "", "p.m."}};

	for (size_t k = 0; k < countof(halves); k++) {
		*end = i + 1;
		if (words_is(w, i, halves[k].one))
			return halves[k].written;
		*end = i + 2;
		if (words_is(w, i, halves[k].first) && words_is(w, i + 1, "m") && halves[k].first[0])
			return halves[k].written;
	}
	return NULL;
}

/* "g m t", "e s t" after a time, as said. */
static size_t zone_at(const struct words *w, size_t i, char *out)
{
	static const char *const zones[] = {
		"gmt", "est", "cst", "pst", "mst", "utc", "cet", "edt", "pdt", "cdt", "bst"};

	for (size_t k = 0; k < countof(zones); k++) {
		bool spelled = true;

		for (size_t c = 0; c < 3; c++)
			spelled = spelled && words_key(w, i + c).n == 1 &&
				  words_key(w, i + c).p[0] == zones[k][c];
		if (!spelled && !words_is(w, i, zones[k]))
			continue;
		sprintf(out, " %s", zones[k]);
		return i + (spelled ? 3 : 1);
	}
	*out = '\0';
	return i;
}

/* quarter or ten past or to an hour. */
static bool relative(const struct words *w, size_t i, unsigned *hour, unsigned *minutes, size_t *end)
{
	struct number n;
	size_t at = i + 1;
	bool past;

	if (words_is(w, i, "half"))
		*minutes = 30;
	else if (words_is(w, i, "quarter"))
		*minutes = 15;
	else if (number_read(w, i, &n) && !n.ordinal && n.value >= 1 && n.value < 30)
		*minutes = (unsigned)n.value, at = n.end;
	else
		return false;
	past = words_is(w, at, "past");
	if ((!past && !words_is(w, at, "to")) || (*minutes == 30 && !past) ||
		!hour_at(w, at + 1, hour, end) || *hour > 12)
		return false;
	if (past)
		return true;
	*minutes = 60 - *minutes;
	*hour = *hour == 1 ? 12 : *hour - 1;
	return true;
}

static bool oclock_at(const struct words *w, size_t i)
{
	return words_is(w, i, "o'clock") || words_is(w, i, "oclock");
}

static void write_time(struct numeral *out, unsigned hour, unsigned minutes, const char *half, bool padded)
{
	if (half && !minutes && !padded)
		snprintf(out->text, sizeof out->text, "%u %s", hour, half);
	else
		snprintf(out->text, sizeof out->text, padded ? "%02u:%02u%s%s" : "%u:%02u%s%s", hour, minutes,
			half ? " " : "", half ? half : "");
}

/* Words before a time of day in a sentence. */
static bool after_at(const struct words *w, size_t i)
{
	static const char *const openers[] = {
		"at", "by", "around", "until", "till", "before", "after", "about", "from", "past"};

	for (size_t k = 0; i > 0 && k < countof(openers); k++)
		if (words_is(w, i - 1, openers[k]))
			return true;
	return false;
}

bool time_read(const struct turn *t, size_t i, bool bare, struct numeral *out)
{
	const struct words *w = &t->words;
	unsigned hour, minutes = 0;
	const char *half;
	char zone[8] = "";
	size_t end, after;
	bool said_minutes;

	out->format = FORMAT_TIME;
	out->score = 0.92;
	if (relative(w, i, &hour, &minutes, &end)) {
		half = half_at(w, end, &after);
		if (!half && !bare && (!after_at(w, i) || minutes % 5))
			return false;
		write_time(out, hour, minutes, half, bare);
		out->end = half ? after : end;
		return true;
	}
	minutes = 0;
	if (!hour_at(w, i, &hour, &end) || hour > 24)
		return false;
	said_minutes = minutes_at(w, end, &minutes, &end);
	half = half_at(w, end, &after);
	if (half)
		end = after;
	else if (!said_minutes && oclock_at(w, end) && bare)
		end++;
	else if (!said_minutes || !(bare ? hour < 10 : hour <= 12 && after_at(w, i)))
		return false;
	if (bare)
		end = zone_at(w, end, zone);
	write_time(out, hour, minutes, half, bare);
	strcat(out->text, zone);
	out->end = end;
	return true;
}
