/* SPDX-License-Identifier: ISC
 *
 * utf8.h - what the edges need to know about UTF-8 (RFC 3629): is it, and how many code points.
 *
 * Overlong forms, surrogates (U+D800..U+DFFF) and code points past U+10FFFF are invalid. Segmentation and case belong
 * to libunistring.
 */
#ifndef CC_BASE_UTF8_H
#define CC_BASE_UTF8_H

#include "attr.h"
#include "slice.h"

#include <stdint.h>

/* Decodes the code point at s.p[*at] and advances *at past it. False at the end or on an invalid byte, *at unmoved. */
must_check bool utf8_next(struct slice s, size_t *at, uint32_t *cp);

/* True when all of s is valid; otherwise *bad (may be NULL) is the offset in bytes of the first invalid one. */
must_check bool utf8_valid(struct slice s, size_t *bad);

/* Code points in valid s: bytes that do not continue another. */
size_t utf8_count(struct slice s);

/* Writes cp (a valid code point) to out, returns its length, 1 to 4 bytes. */
size_t utf8_put(uint32_t cp, char out[4]);

#endif
