/* SPDX-License-Identifier: ISC
 *
 * revision.h - a turn's corrections while they are being changed: read, one taken back or put back, or the
 * whole text replaced by a person's own; then written again. Pure.
 *
 * Invariant: changes are in order and do not overlap in raw; replacing each [start, end) of raw by its
 * `corrected` gives the text, exactly. What an edit leaves alone keeps its id, kind and reason; what it
 * changes becomes a correction of kind "edit", by new words against raw.
 *
 * Borrows raw, the JSON tree and the texts it is given; they must outlast it. revision_finish frees the rest.
 */
#ifndef CC_COMMON_REVISION_H
#define CC_COMMON_REVISION_H

#include "common/base/attr.h"
#include "common/base/buf.h"

#include <cjson/cJSON.h>

enum { CHANGE_ID_BYTES = 32 };

struct change {
	char id[CHANGE_ID_BYTES];
	struct slice kind, confidence, reason, corrected;
	size_t start, end; /* bytes of raw */
	size_t at, at_end; /* bytes of the text */
	bool fresh;	   /* made by revision_edit */
};

struct changes {
	struct change *list; /* owned */
	size_t count, cap;
};

struct revision {
	struct slice raw;
	struct changes now;
	struct changes undone; /* by revision_edit: what stood and does not any more */
};

/* From a turn's `corrections` (may be NULL: none), which must make `text` of raw; where they do not, the two
 * are compared and the difference counts as an edit. */
void revision_read(struct revision *r, struct slice raw, const cJSON *corrections, struct slice text);
void revision_finish(struct revision *r);

struct change *revision_find(const struct revision *r, struct slice id); /* among what stands; NULL */
void revision_remove(struct revision *r, const struct change *change);

/* Puts a correction, as its JSON was, back in. False when another stands where it would. */
must_check bool revision_put_back(struct revision *r, const cJSON *correction);

/* The text is to be this one. number is the revision's: new corrections are named "r<number>-1" and on. */
void revision_edit(struct revision *r, struct slice text, unsigned number);

void revision_text(const struct revision *r, struct buf *out);
void revision_json(const struct revision *r, struct buf *out); /* the `corrections` array */
void change_json(const struct revision *r, const struct change *c, struct buf *out);
struct slice change_original(const struct revision *r, const struct change *c);

/* "HIGH", "MEDIUM" or "LOW" of the least sure of its changes of words; HIGH when it has none. */
const char *revision_confidence(const struct revision *r);

#endif
