/* SPDX-License-Identifier: ISC
 *
 * counts.c - see counts.h.
 */
#include "counts.h"

#define COUNT_ROW(UPPER, name, help) {name, help},
const struct count_row count_rows[COUNT_COUNT] = {COUNT_TABLE(COUNT_ROW)};
#undef COUNT_ROW
