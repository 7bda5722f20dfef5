/* SPDX-License-Identifier: ISC
 *
 * revision_parts.h - what revision.c and revision_edit.c share.
 */
#ifndef CC_COMMON_REVISION_PARTS_H
#define CC_COMMON_REVISION_PARTS_H

#include "revision.h"

/* Appends a copy and returns it, valid until the next. */
struct change *changes_add(struct changes *c, const struct change *change);

/* Finds at and at_end of what stands, anew. */
void revision_settle(struct revision *r);

#endif
