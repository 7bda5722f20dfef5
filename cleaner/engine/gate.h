/* SPDX-License-Identifier: ISC
 *
 * gate.h - the logistic gate of the glossary: coefficients fitted by tests/bench/gate.
 */
#ifndef CC_ENGINE_GATE_H
#define CC_ENGINE_GATE_H

#include "glossary.h"

#define GATE_FROM 0.6 /* below this likelihood nothing is changed */

/* Log-odds that a term gains where its category belongs to an active context, and loses where it belongs to
 * others only. Measured calls have no categories: a third of the odds between "likely" and "unlikely". */
#define GATE_CONTEXT 0.5

/* shift: added to the log-odds. */
double gate_judge(const float features[GATE_COUNT], double shift);

#endif
