/* SPDX-License-Identifier: ISC
 *
 * xalloc.h - memory that is there or the process is not.
 *
 * Recovering from a failed small allocation is futile, so it ends the process in one place, here. Sizes that a peer
 * chooses are refused by a limit (common/wire/limits.h) before they reach these functions. Release with free().
 */
#ifndef CC_BASE_XALLOC_H
#define CC_BASE_XALLOC_H

#include <stddef.h>

/* Each returns memory that the caller owns, never NULL; a size of 0 gives a pointer that may only be freed. */
void *xmalloc(size_t size);
void *xcalloc(size_t n, size_t size); /* zeroed; n * size that overflows aborts */
void *xrealloc(void *p, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n); /* n bytes of s and a NUL */
void *xmemdup(const void *p, size_t n);

#endif
