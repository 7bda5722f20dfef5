/* SPDX-License-Identifier: ISC
 *
 * gate.c - see gate.h. The table is the output of `tests/bench/run gate`.
 */
#include "gate.h"

#include <math.h>

static const float coefficients[GATE_COUNT] = {
#include "gate.inc"
};

double gate_judge(const float features[GATE_COUNT], double shift)
{
	double sum = shift;

	for (int i = 0; i < GATE_COUNT; i++)
		sum += (double)coefficients[i] * (double)features[i];
	return 1 / (1 + exp(-sum));
}
