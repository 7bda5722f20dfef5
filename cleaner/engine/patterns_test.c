/* SPDX-License-Identifier: ISC
 *
 * patterns_test.c - the product's known errors in dialogues: those that must be mended and those that only
 * look alike and must stay. Each row is what the agent said before (NULL: nothing), what was heard, and a
 * piece that the cleaned text must have, or with `not` must not have.
 */
#include "common/base/attr.h"
#include "rebuild_test.h"
#include "common/base/check_run.h"

#include <stdlib.h>

static const struct {
	const char *before, *heard, *has, *not ;
} dialogues[] = {
	/* director */
	{NULL, "I'm the vector of marketing", "director of marketing", "vector"},
	{"And what is your role?", "i'm the vector of sales at a roofing company", "director of sales",
		"vector"},
	{"What do you do there?", "I am the vector of operations.", "director of operations", "vector"},
	{NULL, "our vector of finance will join the call", "director of finance", "vector"},
	{"Who makes the decision?", "that would be the vector of business development",
		"director of business", "vector"},
	{"Who am I speaking with?", "he's the managing vector", "managing director", "vector"},
	{NULL, "my title is sales vector of the company", "director", "vector"},
	{NULL, "mosquitoes are a vector of disease", "vector of disease", "director"},
	{NULL, "we found the vector of attack in the logs", "vector of attack", "director"},
	{NULL, "you multiply the matrix by a vector of numbers", "vector of numbers", "director"},
	{NULL, "the velocity vector of the aircraft", "velocity vector", "director"},
	{NULL, "we send the logo as a vector file", "vector file", "director"},
	{NULL, "a support vector machine sorts our leads", "support vector", "director"},
	{NULL, "we store embeddings in a vector database", "vector database", "director"},
	/* Facebook */
	{NULL, "Our book marketing is working well", "Our Facebook marketing",
		"book marketing is working well book"},
	{"How do you find customers?", "we mostly use book ads", "Facebook ads", NULL},
	{"What works best?", "our book ads bring most of the leads", "Facebook ads", NULL},
	{NULL, "we spend two thousand a month on book advertising", "Facebook advertising", NULL},
	{NULL, "we run book campaigns and google ads", "Facebook campaigns", NULL},
	{NULL, "it comes through book and google ads", "Facebook and", NULL},
	{NULL, "face book is where our customers are", "Facebook is", "Face book"},
	{NULL, "i'm an author and book marketing is hard", "book marketing", "Facebook"},
	{NULL, "the publisher does all the book marketing for us", "book marketing", "Facebook"},
	{NULL, "I want to book ads in the local paper", "book ads", "Facebook"},
	{NULL, "she wrote a novel and paid for book advertising", "book advertising", "Facebook"},
	{NULL, "could you book marketing a room for friday", "book marketing", "Facebook"},
	{NULL, "we booked marketing support last year", "booked marketing", "Facebook"},
	{NULL, "i read a book about marketing", "book about", "Facebook"},
	{NULL, "please book a call for tuesday", "book a call", "Facebook"},
	/* SEO */
	{NULL, "we tried a generic CEO company before", "generic SEO company", "CEO"},
	{"Did you use an agency?", "just a generic ceo agency", "generic SEO agency", NULL},
	{"What about search?", "we did some generic CEO on the website", "generic SEO", "CEO"},
	{NULL, "they sold us generic CEO services", "generic SEO services", "CEO"},
	{NULL, "it was generic ceo work for google", "generic SEO work", NULL},
	{NULL, "it read like a generic CEO letter to shareholders", "generic CEO letter", "SEO"},
	{NULL, "he is a generic CEO who talks a lot", "generic CEO who", "SEO"},
	{NULL, "our CEO signs the contracts", "Our CEO", "SEO"},
	{NULL, "i'm the CEO of the company", "CEO of", "SEO"},
	{NULL, "the new CEO services the board", "CEO services", "SEO"},
	/* pay per click */
	{NULL, "we do paper click as well", "pay per click", "paper"},
	{"Which channels do you use?", "paper click and some radio", "ay per click", "aper click and"},
	{NULL, "a paper click campaign costs us a lot", "pay per click campaign", "paper"},
	{NULL, "most of it goes into paper clicks", "pay per clicks", "paper"},
	{NULL, "the paper click ads stopped working", "pay per click ads", "paper"},
	{NULL, "we wrote it on paper and clicked send", "paper and clicked", "pay per"},
	{NULL, "the paper clip broke", "paper clip", "pay per"},
	{NULL, "the pen and paper click together", "paper click", "pay per"},
	{NULL, "it is in the white paper click the link", "white paper", "pay per"},
	{NULL, "i get paid per job", "paid per job", "click"},
	/* Checkatrade */
	{NULL, "we get leads from checker trade", "Checkatrade", "checker trade"},
	{"Where do they come from?", "checker trade mainly", "Checkatrade mainly", NULL},
	{NULL, "our checker trade profile has good reviews", "Checkatrade profile", "checker trade"},
	{NULL, "we pay check a trade for leads", "Checkatrade", "check a trade"},
	{NULL, "we are on checker trades and my builder", "Checkatrade", "checker trades"},
	{NULL, "there is a checker trade off between speed and cost", "trade off", "Checkatrade"},
	{NULL, "i always check a trade before I buy", "check a trade", "Checkatrade"},
	{NULL, "he wanted to check our trade prices", "check our trade", "Checkatrade"},
	{NULL, "the fact checker trade body met", "fact checker trade", "Checkatrade"},
	/* other names */
	{NULL, "we advertise with google adds campaigns", "Google Ads campaigns", "adds"},
	{NULL, "he adds google to the list", "adds", "Google Ads"},
	{NULL, "we use linked in ads", "LinkedIn ads", "linked in"},
	{NULL, "the two systems are linked in the back office", "linked in", "LinkedIn"},
	{NULL, "our you tube channel is new", "YouTube channel", "you tube"},
	{NULL, "we keep customers in hub spot", "HubSpot", "hub spot"},
	{NULL, "our sales force is twelve people", "sales force", "Salesforce"},
	{NULL, "we moved from hubspot to sales force last year", "Salesforce", "sales force"},
	{NULL, "newsletters go out with male chimp", "Mailchimp", "chimp last"},
	{NULL, "we do zero accounting ourselves", "zero accounting", "Xero"},
	{NULL, "we use zero accounting software and quick books", "Xero accounting", NULL},
	{NULL, "it is bee to be business mostly", "B2B", "bee"},
	{NULL, "they have to be business owners", "have to be business", "B2B"},
	{NULL, "trust pilot reviews matter to us", "Trustpilot", "rust pilot"},
};

START_TEST(test_dialogue)
{
	char *warning = NULL;
	struct engine *engine = engine_open("", &warning);
	struct engine_workspace *ws = engine_workspace_create(engine);
	struct window_turn window = {
		.seq = 1, .agent = true, .speaker = SLICE("Lumen"), .text = slice_str(dialogues[_i].before)};
	struct clean_input in = {.raw = slice_str(dialogues[_i].heard),
		.window = &window,
		.window_count = dialogues[_i].before != NULL,
		.options = {.formats = FORMAT_ALL}};
	const struct clean_result *result = engine_clean(ws, &in, NULL, NULL);
	const char *wrong = rebuild_check(in.raw, result), *has = dialogues[_i].has,
		   *not = dialogues[_i].not ;

	ck_assert_ptr_null(warning);
	ck_assert_msg(!wrong, "\"%s\": %s", in.raw.p, wrong);
	ck_assert_msg(!has || memmem(result->cleaned.p, result->cleaned.n, has, strlen(has)),
		"\"%s\" gave \"%.*s\", without \"%s\"", in.raw.p, (int)result->cleaned.n, result->cleaned.p,
		has);
	ck_assert_msg(!not || !memmem(result->cleaned.p, result->cleaned.n, not, strlen(not )),
		"\"%s\" gave \"%.*s\", with \"%s\"", in.raw.p, (int)result->cleaned.n, result->cleaned.p,
		not );
	engine_workspace_destroy(&ws);
	engine_close(&engine);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("patterns");
	TCase *tc = tcase_create("dialogues");

	tcase_add_loop_test(tc, test_dialogue, 0, countof(dialogues));
	suite_add_tcase(suite, tc);
	return check_run(suite, CK_FORK_GETENV);
}
