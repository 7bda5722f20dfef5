/* SPDX-License-Identifier: ISC
 *
 * foreign.h - short runs of another script amid Latin speech: what a recogniser makes of a noise or a murmur
 * ("so yeah 谢谢 we do").
 *
 * Only where nobody can have meant them: the turn is Latin for the most part, nobody in the window writes that
 * script, no term of the glossary nor the shared context does, no language is spoken of, nothing sets the words
 * off as a quotation, a name or a unit. Otherwise they stay, as does a turn that is all in that script.
 */
#ifndef CC_ENGINE_FOREIGN_H
#define CC_ENGINE_FOREIGN_H

#include "turn.h"

#include <unictype.h>

enum { FOREIGN_SCRIPTS = 8 }; /* that people of a conversation write; where there are more, nothing is noise */

struct foreign {
	const struct words *w;			     /* the turn's */
	bool possible;				     /* there may be noise */
	const char *written[FOREIGN_SCRIPTS];	     /* names of the scripts that people here write */
	size_t written_count;
};

/* Looks at the turn and what is around it, once. Borrows the turn. */
void foreign_begin(struct foreign *f, const struct turn *t);

/* How many live words from i on are such noise; 0: none begins here. */
size_t foreign_length(const struct foreign *f, size_t i);

#endif
