/* SPDX-License-Identifier: ISC
 *
 * gate.c - see gate.h. The table is the output of `tests/bench/run gate`.
 */
#include "gate.h"

#include <math.h>

static const float coefficients[GATE_COUNT] = {
#include "gate.inc"
};

double gate_judge(const float features[GATE_COUNT])
{
	double sum = 0;

	for (int i = 0; i < GATE_COUNT; i++)
		sum += (double)coefficients[i] * (double)features[i];
	return 1 / (1 + exp(-sum));
}

double gate_confidence(double p)
{
	static const struct {
		double p, right;
	} knots[] = {{0.6, 0.76}, {0.7, 0.87}, {0.8, 0.95}, {0.87, 0.98}, {1, 0.99}};
	size_t i = 1;

	while (i + 1 < sizeof knots / sizeof *knots && p > knots[i].p)
		i++;
	if (p < knots[0].p)
		return knots[0].right;
	return knots[i - 1].right +
	       (knots[i].right - knots[i - 1].right) * (p - knots[i - 1].p) / (knots[i].p - knots[i - 1].p);
}
