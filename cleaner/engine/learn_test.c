/* SPDX-License-Identifier: ISC
 *
 * learn_test.c - which changes teach something, and which names a perfect text holds.
 */
#include "common/base/attr.h"
#include "learn.h"
#include "common/base/check_run.h"

#include <stdlib.h>

static const struct {
	const char *original, *corrected;
	const char *heard, *meant; /* NULL: nothing is learned */
} changes[] = {
	{"vector", "director", "vector", "director"}, {"book", "Facebook", "book", "Facebook"},
	{"Face brook", "Facebook", "face brook", "Facebook"}, {"CEO", "SEO", "ceo", "SEO"},
	{"paper click", "pay per click", "paper click", "pay per click"},
	{"checker trade", "Checkatrade", "checker trade", "Checkatrade"},
	{" jon   smithe, ", "John Smyth,", "jon smithe", "John Smyth"},
	{"facebook", "Facebook", "facebook", "Facebook"},
	{"be to be", "B2B", NULL, NULL}, /* words of grammar alone */
	{"caf\xC3\xA9 noire", "Caf\xC3\xA9 Noir", "caf\xC3\xA9 noire", "Caf\xC3\xA9 Noir"},
	{"\xD0\xBC\xD0\xBE\xD1\x81\xD0\xBA\xD0\xB2\xD0\xB0",
		"\xD0\x9C\xD0\xBE\xD1\x81\xD0\xBA\xD0\xB2\xD0\xB0",
		"\xD0\xBC\xD0\xBE\xD1\x81\xD0\xBA\xD0\xB2\xD0\xB0",
		"\xD0\x9C\xD0\xBE\xD1\x81\xD0\xBA\xD0\xB2\xD0\xB0"},
	{"happy", "excited", NULL, NULL}, {"Tuesday", "Friday", NULL, NULL}, {"big", "small", NULL, NULL},
	{"fifty", "fifteen", NULL, NULL}, /* a number is of one sentence */
	{"their", "there", NULL, NULL}, {"75", "seventy five", NULL, NULL},
	{"seventy five", "75", NULL, NULL}, {"um", "", NULL, NULL}, {"", ".", NULL, NULL},
	{"marketing", "marketing", NULL, NULL}, {"marketing.", "marketing?", NULL, NULL},
	{"one two three alfa five", "one two three alpha five", NULL,
		NULL},				    /* more words than a rule may have */
	{"yes, lumena", "yes, Lumina", NULL, NULL}, /* a mark inside: not one phrase */
};

START_TEST(test_change)
{
	struct learn_pair pair;
	bool learned = learn_pair(slice_str(changes[_i].original), slice_str(changes[_i].corrected), &pair);

	ck_assert_msg(learned == (changes[_i].heard != NULL), "\"%s\" to \"%s\" %s learned, %.2f apart",
		changes[_i].original, changes[_i].corrected, learned ? "is" : "is not",
		learn_distance(slice_str(changes[_i].original), slice_str(changes[_i].corrected)));
	if (learned) {
		ck_assert_str_eq(pair.heard, changes[_i].heard);
		ck_assert_str_eq(pair.meant, changes[_i].meant);
	}
}
END_TEST

START_TEST(test_bounds)
{
	char text[4096];
	struct learn_pair pair;

	memset(text, 'a', sizeof text);
	for (size_t n = 1; n <= sizeof text; n *= 2) {
		bool learned = learn_pair(slice_of(text, n), SLICE("aardvark"), &pair);

		ck_assert(!learned || n <= LEARN_PAIR_BYTES);
		ck_assert(learn_distance(slice_of(text, n), slice_of(text, n)) <= 1);
	}
}
END_TEST

enum { TERMS = 4 };

static const struct {
	const char *text;
	const char *terms[TERMS];
} texts[] = {
	{"Thanks for calling Acme Heating, this is Lumen.", {"Acme Heating", "Lumen"}},
	{"Great. So you use HubSpot and Google Analytics, right?", {"HubSpot", "Google Analytics"}},
	{"HubSpot is fine.", {"HubSpot"}},
	{"Boilers are fine. Radiators too.", {NULL}},
	{"I'm here on Monday, Mr Jones.", {"Jones"}},
	{"Ask Checkatrade's people about Checkatrade.", {"Checkatrade"}},
	{"We met Zo\xC3\xAB \xC3\x89lan today", {"Zo\xC3\xAB \xC3\x89lan"}},
	{"He said \"Acme\" and (Corvid)", {"Acme", "Corvid"}},
	{"", {NULL}},
	{"no names here at all", {NULL}},
	{"the One Two Three Four Acme Bravo Delta Corvid firm", {"Acme Bravo Delta", "Corvid"}},
};

START_TEST(test_terms)
{
	struct slice found[TERMS];
	size_t n = learn_terms(slice_str(texts[_i].text), found, TERMS), wanted = 0;

	while (wanted < TERMS && texts[_i].terms[wanted])
		wanted++;
	for (size_t i = 0; i < n && i < wanted; i++)
		ck_assert_msg(slice_eq(found[i], slice_str(texts[_i].terms[i])), "\"%s\": \"%.*s\"",
			texts[_i].text, (int)found[i].n, found[i].p);
	ck_assert_msg(n == wanted, "\"%s\": %zu terms", texts[_i].text, n);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("learn");
	TCase *t = tcase_create("learn");

	tcase_add_loop_test(t, test_change, 0, (int)countof(changes));
	tcase_add_test(t, test_bounds);
	tcase_add_loop_test(t, test_terms, 0, (int)countof(texts));
	suite_add_tcase(s, t);
	return check_run(s, CK_NOFORK);
}
