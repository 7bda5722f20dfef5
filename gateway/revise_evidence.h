/* SPDX-License-Identifier: ISC
 *
 * revise_evidence.h - what an edit or a verdict says about a turn's corrections, as revise_learn.sql takes
 * it. Pure.
 */
#ifndef CC_GATEWAY_REVISE_EVIDENCE_H
#define CC_GATEWAY_REVISE_EVIDENCE_H

#include "common/revision/revision.h"

enum evidence_column {
	EVIDENCE_GONE, /* ids of which nothing is said any more; the others have one element a correction */
	EVIDENCE_ID,
	EVIDENCE_VERDICT,
	EVIDENCE_BY_EDIT,
	EVIDENCE_ORIGINAL,
	EVIDENCE_CORRECTED,
	EVIDENCE_HEARD,
	EVIDENCE_MEANT,
	EVIDENCE_JSON,
	EVIDENCE_COLUMNS
};

enum { EVIDENCE_ROWS = 256 }; /* of one edit: who changes more words than these has written another text */

struct evidence {
	struct buf column[EVIDENCE_COLUMNS]; /* array literals, once ended */
	size_t rows;
};

void evidence_init(struct evidence *e);
void evidence_end(struct evidence *e);
void evidence_finish(struct evidence *e);

/* A verdict on a correction that stands in r, or stood until now. */
void evidence_verdict(struct evidence *e, const struct revision *r, const struct change *c, bool accept);

/* All that an edit says: of what it made, and of what it undid. */
void evidence_edit(struct evidence *e, const struct revision *r);

#endif
