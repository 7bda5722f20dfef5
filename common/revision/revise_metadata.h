/* SPDX-License-Identifier: ISC
 *
 * revise_metadata.h - a turn's metadata after a person's word on it. Pure.
 */
#ifndef CC_COMMON_REVISE_METADATA_H
#define CC_COMMON_REVISE_METADATA_H

#include "revision.h"

/* The metadata's "confidence_score"; "HIGH" when there is none. */
struct slice metadata_confidence(const cJSON *metadata);

/* The confidence of a turn from which a correction was taken, or into which one was put: as its corrections
 * now say, but no higher than before when that was lower than they said (a doubtful word stands). before:
 * what they said then. */
const char *metadata_confidence_after(const cJSON *metadata, const char *before, const struct revision *r);

/* The whole object as it is with these corrections; changes metadata (NULL gives one that has no more than
 * these). Once a user has written the text, none of its words is doubtful. */
void metadata_revise(cJSON *metadata, const struct revision *r, bool applied, const char *confidence,
	const char *source, struct buf *out);

#endif
