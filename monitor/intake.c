/* SPDX-License-Identifier: ISC
 *
 * intake.c - see intake.h.
 */
#include "intake.h"

#include "common/base/hist.h"
#include "common/wire/limits.h"

#include <ctype.h>

#define LARGEST ((UINT64_C(1) << HIST_VALUE_BITS) - 1)

bool intake_valid(struct slice samples)
{
	return samples.n % INTAKE_SAMPLE_BYTES == 0 && samples.n / INTAKE_SAMPLE_BYTES <= LIMIT_TIMING_SAMPLES;
}

bool intake_next(struct slice *samples, enum metric *metric, uint64_t *value)
{
	const unsigned char *p = (const unsigned char *)samples->p;
	unsigned number;

	if (samples->n < INTAKE_SAMPLE_BYTES)
		return false;
	number = (unsigned)p[0] | (unsigned)p[1] << 8;
	*metric = number < METRIC_COUNT ? (enum metric)number : METRIC_COUNT;
	*value = 0;
	for (int i = 0; i < 8; i++)
		*value |= (uint64_t)p[2 + i] << (8 * i);
	if (*value > LARGEST) /* so that sums of many cannot run over */
		*value = LARGEST;
	samples->p += INTAKE_SAMPLE_BYTES;
	samples->n -= INTAKE_SAMPLE_BYTES;
	return true;
}

void intake_source(struct slice source, char out[INTAKE_SOURCE_BYTES])
{
	size_t n = source.n < INTAKE_SOURCE_BYTES - 1 ? source.n : INTAKE_SOURCE_BYTES - 1;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)source.p[i];

		out[i] = c < 0x80 && (isalnum(c) || (c && strchr("-_.:", c))) ? (char)c : '?';
	}
	out[n] = '\0';
}
