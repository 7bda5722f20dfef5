/* SPDX-License-Identifier: ISC
 *
 * train_text.h - text as cleanerctx-train learns from it: words with the marks and capitals that people gave
 * them, without fillers, words broken off and repeats, which are gone before the engine sets marks.
 */
#ifndef CC_ENGINE_TRAIN_TEXT_H
#define CC_ENGINE_TRAIN_TEXT_H

#include "words.h"

enum train_mark { TRAIN_NONE, TRAIN_COMMA, TRAIN_STOP };

struct train_word {
	struct slice key, core;
	uint32_t classes;
	enum train_mark mark; /* after it */
	bool asks;	      /* the mark is ? */
	bool ends;	      /* a sentence ends here */
};

/* The words of one text, in the arena. */
size_t train_text_read(
	struct arena *a, const struct lexicon *lexicon, struct slice text, struct train_word **words);

#endif
