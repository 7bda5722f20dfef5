/* SPDX-License-Identifier: ISC
 *
 * gate.h - the logistic gate of the glossary: coefficients fitted by tests/bench/gate, and what its answers
 * are worth.
 */
#ifndef CC_ENGINE_GATE_H
#define CC_ENGINE_GATE_H

#include "glossary.h"

#define GATE_FROM 0.6 /* below this likelihood nothing is changed */

double gate_judge(const float features[GATE_COUNT]);

/* The share of changes with this likelihood that were right on calls the gate was not fitted on. */
double gate_confidence(double p);

#endif
