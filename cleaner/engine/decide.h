/* SPDX-License-Identifier: ISC
 *
 * decide.h - none, light or full, and why, for a turn whose words are cut. See engine_decide.
 */
#ifndef CC_ENGINE_DECIDE_H
#define CC_ENGINE_DECIDE_H

#include "turn.h"

struct decision decide(const struct turn *t);

#endif
