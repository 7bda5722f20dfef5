/* SPDX-License-Identifier: ISC
 *
 * mark_features.c - see mark_features.h.
 */
#include "mark_features.h"
#include "lexicon.h"

enum { COMMON_FROM = 72 }; /* 8 * log2(512): words as frequent as this are their own shape */
enum { EDGE_WORD = 0x9E3779B1U, NUMBER_WORD = 0x85EBCA6BU };
enum { ASK_WORDS = 14 }; /* a question is told by how it begins and by its last words */

static uint64_t mix(uint64_t h, uint32_t v)
{
	h = (h ^ v) * UINT64_C(0x9E3779B97F4A7C15);
	return h ^ h >> 29;
}

static uint64_t finish(uint64_t h)
{
	h *= UINT64_C(0xBF58476D1CE4E5B9);
	h ^= h >> 32;
	h *= UINT64_C(0x94D049BB133111EB);
	return h ^ h >> 29;
}

static uint64_t f1(uint32_t kind, uint32_t a)
{
	return finish(mix(mix(UINT64_C(1469598103934665603), kind), a));
}

static uint64_t f2(uint32_t kind, uint32_t a, uint32_t b)
{
	return finish(mix(mix(mix(UINT64_C(1469598103934665603), kind), a), b));
}

static uint64_t f3(uint32_t kind, uint32_t a, uint32_t b, uint32_t c)
{
	return finish(mix(mix(mix(mix(UINT64_C(1469598103934665603), kind), a), b), c));
}

static uint64_t f4(uint32_t kind, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
	return finish(mix(mix(mix(mix(mix(UINT64_C(1469598103934665603), kind), a), b), c), d));
}

static uint32_t ending_hash(struct slice key, size_t n)
{
	return text_hash(key.n > n ? slice_of(key.p + key.n - n, n) : key) * 31 + (uint32_t)n;
}

struct token token_of(struct slice key, uint32_t classes, unsigned frequency, bool listed)
{
	struct token t;
	bool digit = false;

	for (size_t i = 0; i < key.n && !digit; i++)
		digit = key.p[i] >= '0' && key.p[i] <= '9';
	if (digit || ((classes & CLASS_NUMBER) && !(classes & CLASS_FUNCTION) && frequency < 100))
		return (struct token){NUMBER_WORD, NUMBER_WORD, NUMBER_WORD, false};
	t.rare = frequency == 0 && !listed;
	t.ending = ending_hash(key, 3);
	t.word = text_hash(key);
	t.shape = frequency >= COMMON_FROM ? t.word : ending_hash(key, 2);
	return t;
}

static struct token token_at(const struct token *t, size_t count, long i)
{
	if (i < 0 || (size_t)i >= count)
		return (struct token){EDGE_WORD, EDGE_WORD, EDGE_WORD, false};
	return t[i];
}

static uint32_t bucket(unsigned distance)
{
	static const uint8_t of[] = {
		0, 1, 2, 3, 3, 4, 4, 4, 5, 5, 5, 5, 6, 6, 6, 6, 6, 6, 7, 7, 7, 7, 7, 7, 7, 7};

	return distance < sizeof of ? of[distance] : 8;
}

size_t features_mark(
	const struct token *tokens, size_t count, size_t i, struct distance dist, uint64_t out[FEATURES_MARK])
{
	long at = (long)i;
	struct token b = token_at(tokens, count, at - 2), c = token_at(tokens, count, at - 1), d = tokens[i];
	struct token e = token_at(tokens, count, at + 1), f = token_at(tokens, count, at + 2),
		     g = token_at(tokens, count, at + 3);
	struct token a = token_at(tokens, count, at - 3), h = token_at(tokens, count, at + 4);
	uint32_t mark = bucket(dist.mark), sentence = bucket(dist.sentence);
	size_t n = 0;

	out[n++] = f1(1, d.word);
	out[n++] = f1(2, e.word);
	out[n++] = f1(3, c.word);
	out[n++] = f1(4, f.word);
	out[n++] = f1(5, b.word);
	out[n++] = f1(6, g.word);
	out[n++] = f1(7, a.word);
	out[n++] = f1(8, h.word);
	out[n++] = f2(9, d.word, e.word);
	out[n++] = f2(10, c.word, d.word);
	out[n++] = f2(11, e.word, f.word);
	out[n++] = f2(12, c.word, e.word);
	out[n++] = f2(13, d.word, f.word);
	out[n++] = f2(14, f.word, g.word);
	out[n++] = f2(15, b.word, c.word);
	out[n++] = f3(16, c.word, d.word, e.word);
	out[n++] = f3(17, d.word, e.word, f.word);
	out[n++] = f3(18, b.word, c.word, d.word);
	out[n++] = f3(19, e.word, f.word, g.word);
	out[n++] = f4(20, c.word, d.word, e.word, f.word);
	out[n++] = f4(21, b.word, c.word, d.word, e.word);
	out[n++] = f4(22, d.word, e.word, f.word, g.word);
	out[n++] = f2(23, d.ending, e.ending);
	out[n++] = f2(24, d.ending, e.word);
	out[n++] = f2(25, d.word, e.ending);
	out[n++] = f3(26, c.shape, d.shape, e.shape);
	out[n++] = f3(27, d.shape, e.shape, f.shape);
	out[n++] = f4(28, c.shape, d.shape, e.shape, f.shape);
	out[n++] = f4(29, b.shape, c.shape, d.shape, e.shape);
	out[n++] = f4(30, d.shape, e.shape, f.shape, g.shape);
	out[n++] = f2(31, e.word, sentence);
	out[n++] = f2(32, d.shape, mark);
	out[n++] = f2(33, mark, sentence);
	out[n++] = f3(34, e.word, f.word, sentence);
	out[n++] = f3(35, d.shape, e.shape, mark);
	out[n++] = f3(36, e.shape, f.shape, g.shape);
	out[n++] = f3(37, b.shape, c.shape, d.shape);
	out[n++] = f2(38, e.word, mark);
	return n;
}

size_t features_capital(const struct token *tokens, size_t count, size_t i, bool capital_before,
	uint64_t out[FEATURES_CAPITAL])
{
	long at = (long)i;
	struct token a = token_at(tokens, count, at - 2), b = token_at(tokens, count, at - 1), c = tokens[i];
	struct token d = token_at(tokens, count, at + 1), e = token_at(tokens, count, at + 2);
	uint32_t word = c.rare ? 7 : c.word;
	size_t n = 0;

	out[n++] = f1(101, word);
	out[n++] = f2(102, word, b.word);
	out[n++] = f2(103, word, d.word);
	out[n++] = f3(104, a.word, b.word, word);
	out[n++] = f3(105, word, d.word, e.word);
	out[n++] = f1(106, b.word);
	out[n++] = f1(107, d.word);
	out[n++] = f2(108, capital_before, word);
	out[n++] = f2(109, capital_before, c.rare);
	out[n++] = f2(110, c.ending, c.rare);
	out[n++] = f3(111, capital_before, b.shape, c.shape);
	out[n++] = f3(112, b.shape, c.shape, d.shape);
	out[n++] = f3(113, capital_before, c.ending, c.rare);
	out[n++] = f3(114, b.word, c.rare, d.word);
	out[n++] = f2(115, a.word, b.word);
	out[n++] = f2(116, d.word, e.word);
	out[n++] = f3(117, c.rare, b.word, capital_before);
	out[n++] = f2(118, c.rare, d.word);
	out[n++] = f3(119, c.rare, b.rare, d.rare);
	out[n++] = f2(120, c.rare, c.shape);
	out[n++] = f3(121, b.word, word, d.word);
	return n;
}

size_t features_ask(const struct token *tokens, size_t from, size_t to, uint64_t out[FEATURES_ASK])
{
	size_t n = 0, late = to - from > ASK_WORDS ? to - ASK_WORDS : from;
	struct token first = tokens[from], second = token_at(tokens, to, (long)from + 1),
		     third = token_at(tokens, to, (long)from + 2);

	out[n++] = f1(201, first.word);
	out[n++] = f2(202, first.word, second.word);
	out[n++] = f3(203, first.word, second.word, third.word);
	out[n++] = f2(204, second.word, third.word);
	out[n++] = f1(205, tokens[to - 1].word);
	out[n++] = f1(206, bucket((unsigned)(to - from)));
	if (to - from > 1)
		out[n++] = f2(207, tokens[to - 2].word, tokens[to - 1].word);
	for (size_t i = late; i < to; i++)
		out[n++] = f2(208, tokens[i].word, token_at(tokens, to, (long)i + 1).word);
	for (size_t i = late; i < to; i++)
		out[n++] = f1(209, tokens[i].word);
	return n;
}
