/* SPDX-License-Identifier: ISC
 *
 * attr.h - the compiler attributes that we use, by short names.
 */
#ifndef CC_BASE_ATTR_H
#define CC_BASE_ATTR_H

#define must_check __attribute__((warn_unused_result))
#define printf_like(fmt, args) __attribute__((format(printf, fmt, args)))
#define no_return __attribute__((noreturn))

#define countof(a) (sizeof(a) / sizeof((a)[0]))

#endif
