/* SPDX-License-Identifier: ISC
 *
 * takeback.c - see takeback.h. First what this turn says (the cue, what was meant, perhaps what was said),
 * then where in the window it fits.
 */
#include "takeback.h"
#include "learn.h"
#include "reasons.h"

#include <ctype.h>

enum value_sort { VALUE_NONE, VALUE_DAY, VALUE_MONTH, VALUE_NUMBER };

struct span {
	size_t from, to; /* live words, half-open */
};

struct said {
	const struct words *w;
	struct span meant, was; /* was is empty when the turn does not say it */
	enum value_sort sort; /* of meant's first word */
};

struct place {
	struct slice text;
	struct slice meant;
	size_t found;
};

/* --- what one word is --- */

static bool is_one_of(struct slice key, const char *list)
{
	while (*list) {
		size_t n = strcspn(list, " ");

		if (slice_eq(key, slice_of(list, n)))
			return true;
		list += n + (list[n] == ' ');
	}
	return false;
}

static bool has_digit(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (isdigit((unsigned char)s.p[i]))
			return true;
	return false;
}

static enum value_sort sort_of(const struct words *w, size_t i)
{
	struct slice key = words_key(w, i);

	if (is_one_of(key, "monday tuesday wednesday thursday friday saturday sunday today tomorrow yesterday"))
		return VALUE_DAY;
	if (is_one_of(key, "january february march april may june july august september october november december"))
		return VALUE_MONTH;
	if (has_digit(key) || ((words_classes(w, i) & CLASS_NUMBER) && !is_one_of(key, "one oh a point and")))
		return VALUE_NUMBER;
	return VALUE_NONE;
}

/* The digits of a number, without what is written around them ("$70" and "70%": "70"); all of a word. */
static struct slice digits_of(struct slice core)
{
	size_t from = 0, to = core.n;

	if (!has_digit(core))
		return core;
	while (!isdigit((unsigned char)core.p[from]))
		from++;
	while (!isdigit((unsigned char)core.p[to - 1]))
		to--;
	return slice_of(core.p + from, to - from);
}

/* May a number stand where another did: "17" for "$70", "5th" for "3rd", but no time for a count. */
static bool numbers_agree(struct slice was, struct slice meant)
{
	struct slice a = digits_of(was), b = digits_of(meant);
	bool time_a = memchr(was.p, ':', was.n) != NULL, time_b = memchr(meant.p, ':', meant.n) != NULL;

	if (time_a != time_b || slice_eq(a, b))
		return false;
	if (b.n == meant.n)
		return has_digit(meant) || a.n == was.n;
	return a.n != was.n && (meant.p == b.p) == (was.p == a.p) &&
	       (size_t)(meant.p + meant.n - b.p - b.n) == (size_t)(was.p + was.n - a.p - a.n);
}

/* A mark or nothing to change stands in the words: they are no phrase. */
static bool is_broken(const struct words *w, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if ((i + 1 < to && (word_mark(w->live[i]) || w->live[i + 1]->lead.n)) || w->live[i]->core.n == 0)
			return true;
	return false;
}

/* --- what this turn says --- */

static bool keys_are(const struct words *w, size_t i, const char *phrase, size_t *next)
{
	while (*phrase) {
		size_t n = strcspn(phrase, " ");

		if (!slice_eq(words_key(w, i), slice_of(phrase, n)))
			return false;
		if (phrase[n] && word_ends_sentence(w->live[i]))
			return false;
		i++;
		phrase += n + (phrase[n] == ' ');
	}
	*next = i;
	return true;
}

/* The words before the cue; *taking: one of them takes something back by itself. */
static size_t after_prefix(const struct words *w, bool *taking)
{
	size_t i = 0;

	while (i < TAKEBACK_PREFIX && is_one_of(words_key(w, i),
					     "no nope oh ah sorry wait actually well hang on oops apologies um uh")) {
		*taking |= is_one_of(words_key(w, i), "no nope sorry wait oops actually");
		i++;
	}
	return i;
}

static bool cue_at(const struct words *w, size_t i, bool taking, size_t *next)
{
	static const char *const clear[] = {"i meant to say", "i meant", "make that", "that should be",
		"that should have been", "i should have said"};

	for (size_t k = 0; k < countof(clear); k++)
		if (keys_are(w, i, clear[k], next))
			return true;
	return taking && keys_are(w, i, "i mean", next);
}

static bool said_at(const struct words *w, size_t i, size_t *next)
{
	return keys_are(w, i, "when i said", next) || keys_are(w, i, "i said", next);
}

bool takeback_cue(const struct words *w)
{
	bool taking = false;
	size_t i = after_prefix(w, &taking), next;

	return cue_at(w, i, taking, &next) || said_at(w, i, &next);
}

/* Past small words, which stay as they are in the earlier turn. */
static size_t after_small(const struct words *w, size_t i)
{
	while (i < w->count && !word_mark(w->live[i]) &&
		is_one_of(words_key(w, i), "on in at the a an for by to of it's its is it was that's"))
		i++;
	return i;
}

/* From i on to the clause's end. Empty when it is too long. */
static struct span clause_at(const struct words *w, size_t i)
{
	struct span s;

	i = after_small(w, i);
	s = (struct span){i, i};
	while (s.to < w->count && s.to - s.from <= TAKEBACK_WORDS) {
		s.to++;
		if (word_mark(w->live[s.to - 1]))
			break;
	}
	return s.to - s.from <= TAKEBACK_WORDS ? s : (struct span){i, i};
}

/* Nothing more is said that could change what was meant: the end, an apology, "not" and what was said. */
static bool ends_well(struct said *s)
{
	const struct words *w = s->w;
	size_t i = s->meant.to;

	if (i == w->count || word_ends_sentence(w->live[i - 1]))
		return true;
	if (words_is(w, i, "not") && s->was.to == s->was.from) {
		s->was = clause_at(w, i + 1);
		i = s->was.to;
		return s->was.to > s->was.from && (i == w->count || word_ends_sentence(w->live[i - 1]));
	}
	return is_one_of(words_key(w, i), "sorry please") && i + 1 == w->count;
}

/* Cuts "17 not 70", which has no comma, in two. */
static void cut_at_not(struct said *s)
{
	for (size_t i = s->meant.from + 1; i < s->meant.to; i++)
		if (words_is(s->w, i, "not"))
			s->meant.to = i;
}

/* "I said seventy, I meant seventeen": what lies between the two cues. */
static bool read_both(struct said *s, size_t i, size_t *next)
{
	const struct words *w = s->w;

	for (size_t k = i; k < w->count && k <= i + TAKEBACK_WORDS + 1; k++) {
		size_t at = k + (words_is(w, k, "but") ? 1 : 0);

		if (k == i || !keys_are(w, at, "i meant", next))
			continue;
		s->was = (struct span){after_small(w, i), k};
		return k > s->was.from && k - s->was.from <= TAKEBACK_WORDS && !is_broken(w, s->was.from, k);
	}
	return false;
}

static bool read_turn(struct said *s, const struct words *w)
{
	bool taking = false;
	size_t i, next;

	*s = (struct said){.w = w};
	i = after_prefix(w, &taking);
	if (said_at(w, i, &next) ? !read_both(s, next, &next) : !cue_at(w, i, taking, &next))
		return false;
	s->meant = clause_at(w, next);
	cut_at_not(s);
	if (s->meant.from == s->meant.to || !ends_well(s))
		return false;
	s->sort = sort_of(w, s->meant.from);
	return true;
}

/* --- where it fits --- */

static struct slice span_text(const struct words *w, size_t from, size_t to)
{
	const struct word *first = w->live[from], *last = w->live[to - 1];

	return slice_of(w->raw.p + first->core_start, last->core_end - first->core_start);
}

/* The words of span s stand in e from i on. */
static bool stands(const struct words *e, size_t i, const struct words *w, struct span s)
{
	if (i + s.to - s.from > e->count)
		return false; /* no word is there, which a word without letters would equal */
	for (size_t k = s.from; k < s.to; k++)
		if (!slice_eq(words_key(e, i + k - s.from), words_key(w, k)))
			return false;
	return s.to == s.from || !is_broken(e, i, i + s.to - s.from);
}

static void fit(struct place *p, struct slice text, struct slice meant)
{
	p->text = text;
	p->meant = meant;
	p->found++;
}

/* Words of a sort: the first differs, the rest ("employees") is the same. */
static void find_sorted(const struct said *s, const struct words *e, struct place *p)
{
	struct span rest = {s->meant.from + 1, s->meant.to}, was_rest = {s->was.from + 1, s->was.to};
	struct slice meant = span_text(s->w, s->meant.from, s->meant.from + 1);

	for (size_t i = 0; i < e->count; i++) {
		struct slice core = e->live[i]->core;
		bool number = s->sort == VALUE_NUMBER;

		if (sort_of(e, i) != s->sort || !stands(e, i + 1, s->w, rest))
			continue;
		if (slice_eq(e->live[i]->key, s->w->live[s->meant.from]->key)) {
			p->found += 2; /* it says so already */
			continue;
		}
		if (s->was.to > s->was.from && (!slice_eq(words_key(e, i), words_key(s->w, s->was.from)) ||
						       !stands(e, i + 1, s->w, was_rest)))
			continue;
		if (!number)
			fit(p, core, meant);
		else if (numbers_agree(core, meant))
			fit(p, digits_of(meant).n == meant.n ? digits_of(core) : core, meant);
		else
			p->found += 2; /* a number of another form */
	}
}

/* Words that sound like what was meant; of several that overlap the nearest. */
static void find_sounding(const struct said *s, const struct words *e, struct place *p)
{
	struct slice meant = span_text(s->w, s->meant.from, s->meant.to);
	double nearest = 1;
	size_t end = 0;

	for (size_t i = 0; i < e->count; i++)
		for (size_t n = 1; n <= TAKEBACK_WORDS && i + n <= e->count; n++) {
			struct learn_pair pair;
			struct slice text;
			double distance;

			if (is_broken(e, i, i + n) || (s->was.to > s->was.from &&
							      (n != s->was.to - s->was.from || !stands(e, i, s->w, s->was))))
				continue;
			text = span_text(e, i, i + n);
			if (!learn_pair(text, meant, &pair) || slice_eq_nocase(text, meant))
				continue;
			distance = learn_distance(slice_str(pair.heard), slice_str(pair.meant));
			if (i >= end)
				p->found++;
			if (i >= end || distance < nearest) {
				p->text = text;
				p->meant = meant;
				nearest = distance;
			}
			end = i + n > end ? i + n : end;
		}
}

static void find(const struct said *s, const struct words *e, struct place *p)
{
	*p = (struct place){.found = 0};
	if (s->sort != VALUE_NONE)
		find_sorted(s, e, p);
	else
		find_sounding(s, e, p);
}

/* The agent has said another of the sort since: the person may mean that. */
static bool is_between(const struct said *s, const struct words *agent, struct slice was)
{
	for (size_t i = 0; s->sort != VALUE_NONE && i < agent->count; i++)
		if (sort_of(agent, i) == s->sort && !slice_eq_nocase(digits_of(agent->live[i]->core), was))
			return true;
	return false;
}

static bool is_answered(const struct said *s, const struct window_turn *after, size_t count, struct slice was)
{
	for (size_t i = 0; i < count; i++) {
		struct words agent;

		if (!after[i].agent)
			continue;
		words_cut(&agent, s->w->arena, s->w->lexicon, after[i].text);
		if (is_between(s, &agent, was))
			return true;
	}
	return false;
}

bool takeback_find(const struct words *w, const struct window_turn *window, size_t count, struct takeback *out)
{
	struct said s;
	size_t turns, looked = 0;

	if (!read_turn(&s, w))
		return false;
	turns = s.was.to > s.was.from ? TAKEBACK_TURNS : 1;
	for (size_t i = count; i-- > 0 && looked < turns;) {
		struct words e;
		struct place p;

		if (window[i].agent)
			continue;
		words_cut(&e, w->arena, w->lexicon, window[i].text);
		if (takeback_cue(&e))
			continue; /* it was about an earlier one, too */
		looked++;
		find(&s, &e, &p);
		if (p.found == 0)
			continue;
		if (p.found > 1 || is_answered(&s, window + i + 1, count - i - 1, p.text))
			return false;
		*out = (struct takeback){.seq = window[i].seq,
			.original = p.text,
			.corrected = p.meant,
			.at = (size_t)(p.text.p - window[i].text.p),
			.score = s.was.to > s.was.from ? 0.95 : s.sort != VALUE_NONE ? 0.88 : 0.86,
			.reason = why_put_right};
		return true;
	}
	return false;
}
