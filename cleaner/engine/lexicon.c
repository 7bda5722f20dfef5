/* SPDX-License-Identifier: ISC
 *
 * lexicon.c - the word lists and their hash table.
 */
#include "lexicon.h"
#include "common/base/attr.h"
#include "common/base/xalloc.h"

#include <stdlib.h>

enum { LEXICON_SLOTS = 2048 }; /* a power of two, over three times the words listed below */

static const struct {
	uint32_t classes;
	const char *words;
} lists[] = {
	{CLASS_FILLER, "um uh er erm uhm umm uhh uhhh ummm hm hmm mm mmm mhm ah ahh eh mm-hmm uh-huh mm-hm "
		       "um-hum huh"},
	{CLASS_ACKNOWLEDGE,
		"yes yeah yep yup yea ok okay sure right no nope mhm mm-hmm uh-huh hmm hm alright absolutely "
		"definitely exactly correct true agreed perfect great good fine thanks thank you cool indeed "
		"cheers bye "
		"goodbye hello hi hey please that's it's is it that is all of course i see got understood "
		"will do "
		"sounds makes sense not really no-one nothing maybe perhaps"},
	{CLASS_REPEATABLE,
		"very really so no yes yeah ha haha bye blah many much far way long big super "
		"knock chop hear "
		"please again over never more and-on okay ok right well look come there now quite "
		"pretty thank "
		"what had never-ever high up down "
		"win night yum choo wee boo tut tsk aye hush cha la na rah tick ding woof beep honk quack "
		"nom chin hip pooh dum bling bora walla mahi tuk cous"},
	{CLASS_ARTICLE | CLASS_FUNCTION | CLASS_STOP, "a an the"},
	{CLASS_PREPOSITION | CLASS_FUNCTION | CLASS_STOP,
		"of to in on at for with from by about into through over after "
		"before between under within across per as than like since until during without"},
	{CLASS_PRONOUN | CLASS_FUNCTION | CLASS_STOP, "i you we they he she it"},
	{CLASS_FUNCTION | CLASS_STOP,
		"my your our their his her its this these those them us me him and or but if because "
		"when while which who whom whose where why how what there here i'm i've i'd i'll you're "
		"you've you'd you'll "
		"we're we've we'd we'll they're they've they'd they'll he's she's it's there's that's what's "
		"let's it'll "
		"not also just so then some any"},
	{CLASS_FUNCTION | CLASS_STOP | CLASS_AUXILIARY,
		"is are was were do does did can could will would shall should may "
		"might must has have had am isn't aren't wasn't weren't don't doesn't didn't can't couldn't "
		"won't wouldn't "
		"shouldn't haven't hasn't hadn't"},
	{CLASS_STOP, "that be been being up out one two three yes no well okay right going go get got know "
		     "think see say "
		     "said thank thanks good more very all year quarter really next first last new now our"},
	{CLASS_QUESTION, "what who where when why how which whose whom what's who's where's how's when's"},
	{CLASS_NUMBER, "zero oh one two three four five six seven eight nine ten eleven twelve thirteen "
		       "fourteen fifteen "
		       "sixteen seventeen eighteen nineteen twenty thirty forty fourty fifty sixty seventy "
		       "eighty ninety hundred "
		       "thousand million billion trillion hundreds thousands first second third fourth fifth "
		       "sixth seventh eighth "
		       "ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth "
		       "eighteenth nineteenth "
		       "twentieth thirtieth fortieth fiftieth sixtieth seventieth eightieth ninetieth "
		       "hundredth thousandth half "
		       "quarter double triple point percent dollars dollar pounds pound euros euro cents dot "
		       "slash colon"},
	{CLASS_ABBREVIATION,
		"mr mrs ms dr prof sr jr st vs etc inc ltd co corp dept approx e.g i.e a.m p.m u.s u.k "
		"jan feb mar apr jun jul aug sep sept oct nov dec"},
	{CLASS_CORRECTING, "sorry wait actually rather correction mean scratch meant"},
};

struct lexicon_entry {
	struct slice word; /* NULL: empty */
	uint32_t classes;
};

struct lexicon {
	struct lexicon_entry slots[LEXICON_SLOTS];
};

uint32_t text_hash(struct slice s)
{
	uint32_t h = UINT32_C(2166136261);

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * UINT32_C(16777619);
	return h;
}

static struct lexicon_entry *lexicon_slot(const struct lexicon *lexicon, struct slice key)
{
	uint32_t at = text_hash(key) & (LEXICON_SLOTS - 1);

	while (lexicon->slots[at].word.p && !slice_eq(lexicon->slots[at].word, key))
		at = (at + 1) & (LEXICON_SLOTS - 1);
	return (struct lexicon_entry *)&lexicon->slots[at];
}

struct lexicon *lexicon_create(void)
{
	struct lexicon *lexicon = xcalloc(1, sizeof *lexicon);

	for (size_t i = 0; i < countof(lists); i++) {
		const char *p = lists[i].words;

		while (*p) {
			struct slice word = slice_of(p, strcspn(p, " "));
			struct lexicon_entry *slot = lexicon_slot(lexicon, word);

			slot->word = word;
			slot->classes |= lists[i].classes;
			p += word.n;
			p += strspn(p, " ");
		}
	}
	return lexicon;
}

void lexicon_destroy(struct lexicon **lexicon)
{
	free(*lexicon);
	*lexicon = NULL;
}

uint32_t lexicon_classes(const struct lexicon *lexicon, struct slice key)
{
	return key.n ? lexicon_slot(lexicon, key)->classes : 0;
}
