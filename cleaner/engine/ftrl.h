/* SPDX-License-Identifier: ISC
 *
 * ftrl.h - training of sparse logistic models: follow-the-regularised-leader (McMahan et al. 2013), which
 * leaves most weights exactly zero. For cleanerctx-train only; deterministic.
 *
 * An example is a list of feature hashes and a class: 0, or 1..classes (a softmax against class 0, whose
 * weights are 0).
 */
#ifndef CC_ENGINE_FTRL_H
#define CC_ENGINE_FTRL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FTRL_CLASSES = 2 };

struct ftrl_feature {
	uint64_t hash;
	uint32_t count;
	float z[FTRL_CLASSES], n[FTRL_CLASSES];
};

struct ftrl {
	unsigned classes;
	double alpha, beta, l1, l2;
	struct ftrl_feature *features; /* owned; open-addressed, capacity a power of two; hash 0: free */
	size_t capacity, used;
	uint32_t *examples; /* owned; for each: class, number of features, their slots */
	size_t example_words, example_room, example_count;
	struct ftrl_feature bias;
};

void ftrl_init(struct ftrl *m, unsigned classes, double l1, double l2);
void ftrl_finish(struct ftrl *m);

/* First pass: counts features, so that rare ones are left out. Second: keeps the examples. */
void ftrl_count(struct ftrl *m, const uint64_t *hashes, size_t n);
void ftrl_keep(
	struct ftrl *m, uint32_t least_count); /* between the passes: forgets features seen less often */
void ftrl_add(struct ftrl *m, const uint64_t *hashes, size_t n, unsigned class);

/* One pass over all examples in an order set by seed; returns the mean log loss. */
double ftrl_epoch(struct ftrl *m, uint32_t seed);

double ftrl_weight(const struct ftrl *m, const struct ftrl_feature *f, unsigned class); /* class from 0 */

#endif
