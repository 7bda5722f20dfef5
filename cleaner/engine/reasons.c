/* SPDX-License-Identifier: ISC
 *
 * reasons.c - see reasons.h.
 */
#include "reasons.h"

#define R(name) const char decided_##name[] = #name;
DECISION_REASONS(R)
#undef R
#define R(name, text) const char why_##name[] = text;
CHANGE_REASONS(R)
DOUBT_REASONS(R)
#undef R

#define R(name) decided_##name,
const char *const decision_reasons[] = {DECISION_REASONS(R) NULL};
#undef R
#define R(name, text) why_##name,
const char *const change_reasons[] = {CHANGE_REASONS(R) NULL};
const char *const doubt_reasons[] = {DOUBT_REASONS(R) NULL};
#undef R
