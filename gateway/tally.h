/* SPDX-License-Identifier: ISC
 *
 * tally.h - how many there are of each key at a time: sockets of an address, of a user.
 *
 * Pure. A key that has none takes no room, so the table is as large as what is counted: its callers' own bounds bound it.
 */
#ifndef CC_GATEWAY_TALLY_H
#define CC_GATEWAY_TALLY_H

#include "common/base/attr.h"
#include "common/base/uuid.h"

#include <stdbool.h>
#include <stddef.h>

struct tally;

struct tally *tally_create(void);
void tally_destroy(struct tally **t); /* NULL is fine */

size_t tally_of(const struct tally *t, const struct uuid *key);
void tally_add(struct tally *t, const struct uuid *key);
void tally_drop(struct tally *t, const struct uuid *key); /* one that was added */

#endif
