/* SPDX-License-Identifier: ISC
 *
 * number_test.c - numbers in their kinds, bare and in a sentence, and the idioms that stay. Without a table,
 * so that marks come by rule alone.
 */
#include "common/base/attr.h"
#include "rebuild_test.h"
#include "common/base/check_run.h"

#include <stdlib.h>

static const struct {
	const char *heard, *written;
} numbers[] = {
	/* in a sentence */
	{"we have seventy-five of them", "We have 75 of them."},
	{"we sold two hundred and five last year", "We sold 205 last year."},
	{"it is one of the three", "It is one of the three."},
	{"step one is the call", "Step one is the call."},
	{"there are a hundred reasons", "There are a hundred reasons."},
	{"it went from fifty to a hundred", "It went from 50 to 100."},
	{"we grew five to fifteen percent", "We grew 5 to 15%."},
	{"about five percent of them", "About 5% of them."},
	{"it costs two point five million pounds", "It costs \xC2\xA3"
						   "2.5 million."},
	{"we pay five hundred pounds a month", "We pay \xC2\xA3"
					       "500 a month."},
	{"i paid fifty dollars and two people came", "I paid $50 and two people came."},
	{"it was ten dollars two weeks ago", "It was $10 two weeks ago."},
	{"it was five dollars and fifty people came", "It was $5 and 50 people came."},
	{"he has five hundred dollars one car and a house", "He has $500 one car and a house."},
	{"it cost me ninety nine dollars fifty", "It cost me $99.50."},
	{"two dollars fifty nine at the shop", "$2.59 at the shop."},
	{"that is twelve dollars and fifty cents please", "That is $12.50 please."},
	{"it costs nineteen ninety nine", "It costs 19.99."},
	{"the cost in nineteen ninety nine was high", "The cost in 1999 was high."},
	{"it is version ten point four point two of python", "It is version 10.4.2 of python."},
	{"the address is one nine two point one six eight point zero point twelve", "The address is 192.168.0.12."},
	{"up from four point four point five percent", "Up from 4.4 0.5%."},
	{"point one of the plan is cost", "Point one of the plan is cost."},
	{"my point two is the price", "My point two is the price."},
	{"it fell by point five", "It fell by 0.5."},
	{"point five percent of them", "0.5% of them."},
	{"we run two dot five dot one here", "We run 2.5.1 here."},
	{"it grew two point five point", "It grew 2.5 point."},
	{"we need five pounds of potatoes", "We need five pounds of potatoes."},
	{"we need twelve pounds of potatoes", "We need 12 pounds of potatoes."},
	{"we made fifty thousand pounds of profit", "We made \xC2\xA3"
						   "50,000 of profit."},
	{"the box weighs fifty pounds", "The box weighs 50 pounds."},
	{"it is twenty five thousand dollars", "It is $25,000."},
	{"we began in nineteen ninety four", "We began in 1994."},
	{"since twenty twenty it grew", "Since 2020 it grew."},
	{"in the twenty first century", "In the 21st century."},
	{"the first time and the second", "The first time and the second."},
	{"on march thirty first we met", "On March 31st we met."},
	{"call me at half past three", "Call me at 3:30."},
	{"at eleven forty a m please", "At 11:40 a.m. please."},
	{"in q four we start", "In Q4 we start."},
	{"we are b two b only", "We are B2B only."},
	{"write to john dot smith at g mail dot com today", "Write to john.smith@gmail.com today."},
	{"my email is bob at example dot com", "My email is bob@example.com."},
	{"email me at bob at example dot com", "Email me at bob@example.com."},
	{"go to example dot com", "Go to example.com."},
	{"go to w w w dot example dot com slash help", "Go to www.example.com/help."},
	{"it's at amazon dot com", "It's at amazon.com."},
	{"look at example dot com for more", "Look at example.com for more."},
	{"it's on n b c dot com tonight", "It's on nbc.com tonight."},
	{"i was happy at the station and dot came", "I was happy at the station and dot came."},
	{"write to bob at our company dot com", "Write to bob@ourcompany.com."},
	{"polka dot dress", "Polka dot dress."},
	{"meet me at the dot", "Meet me at the dot."},
	{"the dot com bubble", "The dot com bubble."},
	{"version two dot three", "Version two dot three."},
	{"set the oven to one eighty", "Set the oven to 180."},
	{"it's a boeing seven forty seven", "It's a boeing 747."},
	{"he is in room two twelve now", "He is in room 212 now."},
	{"bp is one twenty over eighty", "Bp is 120 over 80."},
	{"seven eleven is open", "Seven eleven is open."},
	{"we work from nine to five thirty", "We work from nine to five thirty."},
	{"in phase two sixty patients came", "In phase two sixty patients came."},
	{"it is three ninety nine", "It is three ninety nine."},
	{"three to four hundred people came", "Three to four hundred people came."},
	{"it takes five to five hundred steps", "It takes 5 to 500 steps."},
	{"there are ten to twelve people", "There are 10 to 12 people."},
	{"my number is oh one six one four nine six oh one two three", "My number is 01614 960123."},
	{"my number is oh seven seven double zero nine hundred one two three", "My number is 07700 900123."},
	{"dial one eight hundred five five five one two three four", "Dial 1 800-555-1234."},
	{"ring oh one six one four ninety six oh one two three", "Ring 01614 960123."},
	{"call nine one one now", "Call 911 now."},
	{"we met one two three hundred people", "We met one two 300 people."},
	{"ring five five five one two three four five six seven", "Ring 555-123-4567."},
	{"one billion two hundred and thirty million is a lot", "1.23 billion is a lot."},
	{"374 million eight percent more", "374 million 8% more."},
	{"i may come on friday", "I may come on Friday."},
	/* alone */
	{"eight forty", "08:40"},
	{"three o'clock", "03:00"},
	{"eighteen ounces", "18 oz"},
	{"minus sixty six kilograms", "-66 kg"},
	{"seventy two degrees fahrenheit", "72 \xC2\xB0"
					   "F"},
	{"july twenty fifth twenty twelve", "July 25 2012"},
	{"one cent", "$0.01"},
	{"a dot b c at g mail dot com", "a.bc@gmail.com"},
	{"kore dot ai", "kore.ai"},
	{"info at acme dot co dot uk", "info@acme.co.uk"},
	{"one nine two dot one six eight dot one dot one", "192.168.1.1"},
	{"a b nine", "ab9"},
	{"twenty one hundred and eleven", "2111"},
};

/* Days and months, letter by letter. */
static const struct {
	const char *heard, *written;
} capitals[] = {
	{"we met on the third of may", "We met on the 3rd of May."},
	{"on march thirty first we met", "On March 31st we met."},
	{"it is due december twenty first two thousand twelve then", "It is due December 21st, 2012 then."},
	{"the first of january", "The 1st of January."},
	{"we are open on mondays in july and may close", "We are open on Mondays in July and may close."},
	{"it moved to thursday", "It moved to Thursday."},
	{"they march on in august company", "They march on in august company."},
};

/* A bare numeral's final stop is a matter of taste: it is not looked at. */
static struct slice without_stop(struct slice s)
{
	return s.n && s.p[s.n - 1] == '.' ? slice_of(s.p, s.n - 1) : s;
}

START_TEST(test_number)
{
	struct engine *engine = engine_open("", NULL);
	struct engine_workspace *ws = engine_workspace_create(engine);
	struct clean_input in = {.raw = slice_str(numbers[_i].heard),
		.options = {.forced = true, .level = CLEAN_LIGHT, .formats = FORMAT_ALL}};
	const struct clean_result *result = engine_clean(ws, &in, NULL, NULL);
	const char *wrong = rebuild_check(in.raw, result);

	ck_assert_msg(!wrong, "\"%s\": %s", in.raw.p, wrong);
	ck_assert_msg(
		slice_eq_nocase(without_stop(result->cleaned), without_stop(slice_str(numbers[_i].written))),
		"\"%s\" gave \"%.*s\", not \"%s\"", in.raw.p, (int)result->cleaned.n, result->cleaned.p,
		numbers[_i].written);
	engine_workspace_destroy(&ws);
	engine_close(&engine);
}
END_TEST

START_TEST(test_capital)
{
	struct engine *engine = engine_open("", NULL);
	struct engine_workspace *ws = engine_workspace_create(engine);
	struct clean_input in = {.raw = slice_str(capitals[_i].heard),
		.options = {.forced = true, .level = CLEAN_LIGHT, .formats = FORMAT_ALL}};
	const struct clean_result *result = engine_clean(ws, &in, NULL, NULL);

	ck_assert_msg(slice_eq(result->cleaned, slice_str(capitals[_i].written)), "\"%s\" gave \"%.*s\"",
		in.raw.p, (int)result->cleaned.n, result->cleaned.p);
	engine_workspace_destroy(&ws);
	engine_close(&engine);
}
END_TEST

START_TEST(test_formats)
{
	struct engine *engine = engine_open("", NULL);
	struct engine_workspace *ws = engine_workspace_create(engine);
	struct clean_input in = {.raw = SLICE("it costs fifty dollars"),
		.options = {.forced = true,
			.level = CLEAN_LIGHT,
			.formats = FORMAT_ALL & ~(uint32_t)(FORMAT_MONEY | FORMAT_CARDINAL)}};

	ck_assert(slice_eq(engine_clean(ws, &in, NULL, NULL)->cleaned, SLICE("It costs fifty dollars.")));
	engine_workspace_destroy(&ws);
	engine_close(&engine);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("number");
	TCase *tc = tcase_create("number");

	tcase_add_loop_test(tc, test_number, 0, countof(numbers));
	tcase_add_loop_test(tc, test_capital, 0, countof(capitals));
	tcase_add_test(tc, test_formats);
	suite_add_tcase(suite, tc);
	return check_run(suite, CK_FORK_GETENV);
}
