/* SPDX-License-Identifier: ISC
 *
 * ftrl.c - see ftrl.h.
 */
#include "ftrl.h"
#include "common/base/xalloc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CAPACITY_FIRST = 1 << 16 };

void ftrl_init(struct ftrl *m, unsigned classes, double l1, double l2)
{
	*m = (struct ftrl){
		.classes = classes, .alpha = 0.1, .beta = 1, .l1 = l1, .l2 = l2, .capacity = CAPACITY_FIRST};
	m->features = xcalloc(m->capacity, sizeof *m->features);
}

void ftrl_finish(struct ftrl *m)
{
	free(m->features);
	free(m->examples);
	*m = (struct ftrl){0};
}

static size_t slot_of(const struct ftrl *m, uint64_t hash)
{
	size_t at = (size_t)(hash >> 20) & (m->capacity - 1);

	while (m->features[at].hash && m->features[at].hash != hash)
		at = (at + 1) & (m->capacity - 1);
	return at;
}

/* Rebuilds the table with this capacity, with the features counted at least so often. */
static void rebuild(struct ftrl *m, size_t capacity, uint32_t least_count)
{
	struct ftrl_feature *old = m->features;
	size_t old_capacity = m->capacity;

	m->features = xcalloc(capacity, sizeof *m->features);
	m->capacity = capacity;
	m->used = 0;
	for (size_t i = 0; i < old_capacity; i++) {
		if (!old[i].hash || old[i].count < least_count)
			continue;
		m->features[slot_of(m, old[i].hash)] = old[i];
		m->used++;
	}
	free(old);
}

void ftrl_count(struct ftrl *m, const uint64_t *hashes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t hash = hashes[i] ? hashes[i] : 1;
		struct ftrl_feature *f;

		if (m->used * 4 > m->capacity * 3)
			rebuild(m, m->capacity * 2, 0);
		f = &m->features[slot_of(m, hash)];
		m->used += f->hash == 0;
		f->hash = hash;
		f->count++;
	}
}

void ftrl_keep(struct ftrl *m, uint32_t least_count)
{
	rebuild(m, m->capacity, least_count);
}

void ftrl_add(struct ftrl *m, const uint64_t *hashes, size_t n, unsigned class)
{
	size_t head = m->example_words, kept = 0;

	if (m->example_room < head + n + 2) {
		m->example_room = (head + n + 2) * 3 / 2;
		m->examples = xrealloc(m->examples, m->example_room * sizeof *m->examples);
	}
	for (size_t i = 0; i < n; i++) {
		size_t at = slot_of(m, hashes[i] ? hashes[i] : 1);

		if (m->features[at].hash)
			m->examples[head + 2 + kept++] = (uint32_t)at;
	}
	m->examples[head] = class;
	m->examples[head + 1] = (uint32_t)kept;
	m->example_words = head + 2 + kept;
	m->example_count++;
}

double ftrl_weight(const struct ftrl *m, const struct ftrl_feature *f, unsigned class)
{
	double z = f->z[class], sign = z < 0 ? -1 : 1;

	if (fabs(z) <= m->l1)
		return 0;
	return -(z - sign * m->l1) / ((m->beta + sqrt(f->n[class])) / m->alpha + m->l2);
}

static void learn(struct ftrl *m, struct ftrl_feature *f, unsigned class, double gradient, double weight)
{
	double sigma = (sqrt(f->n[class] + gradient * gradient) - sqrt(f->n[class])) / m->alpha;

	f->z[class] += (float)(gradient - sigma * weight);
	f->n[class] += (float)(gradient * gradient);
}

static double train_one(struct ftrl *m, const uint32_t *example)
{
	double score[FTRL_CLASSES], p[FTRL_CLASSES], total = 1, loss;
	uint32_t n = example[1];

	for (unsigned c = 0; c < m->classes; c++) {
		score[c] = ftrl_weight(m, &m->bias, c);
		for (uint32_t i = 0; i < n; i++)
			score[c] += ftrl_weight(m, &m->features[example[2 + i]], c);
		p[c] = exp(score[c] > 30 ? 30 : score[c]);
		total += p[c];
	}
	loss = -log((example[0] ? p[example[0] - 1] : 1) / total);
	for (unsigned c = 0; c < m->classes; c++) {
		double gradient = p[c] / total - (example[0] == c + 1);

		for (uint32_t i = 0; i < n; i++) {
			struct ftrl_feature *f = &m->features[example[2 + i]];

			learn(m, f, c, gradient, ftrl_weight(m, f, c));
		}
		learn(m, &m->bias, c, gradient, ftrl_weight(m, &m->bias, c));
	}
	return loss;
}

double ftrl_epoch(struct ftrl *m, uint32_t seed)
{
	size_t *start = xmalloc((m->example_count + 1) * sizeof *start), at = 0;
	uint64_t state = seed * UINT64_C(2862933555777941757) + 3037000493;
	double loss = 0;

	for (size_t i = 0; i < m->example_count; i++) {
		start[i] = at;
		at += 2 + m->examples[at + 1];
	}
	for (size_t i = m->example_count; i > 1; i--) {
		size_t other, keep = start[i - 1];

		state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		other = (size_t)((state >> 33) % i);
		start[i - 1] = start[other];
		start[other] = keep;
	}
	for (size_t i = 0; i < m->example_count; i++)
		loss += train_one(m, m->examples + start[i]);
	free(start);
	return m->example_count ? loss / (double)m->example_count : 0;
}
