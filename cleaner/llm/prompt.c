/* SPDX-License-Identifier: ISC
 *
 * prompt.c - see prompt.h.
 */
#include "cleaner/llm/prompt.h"

#include "common/base/attr.h"
#include "common/base/json_out.h"
#include "prompt.v1.txt.h" /* generated: prompt_v1_txt, prompt_v1_txt_sha256 */

#include <sodium.h>

struct slice prompt_fixed(void)
{
	return slice_of(prompt_v1_txt, sizeof prompt_v1_txt - 1);
}

const char *prompt_hash(void)
{
	return prompt_v1_txt_sha256;
}

static void comma(struct buf *out, size_t i)
{
	if (i)
		buf_char(out, ',');
}

static void vocabulary(struct buf *out, const struct clean_input *in)
{
	json_key(out, "vocabulary");
	buf_char(out, '[');
	for (size_t i = 0; i < in->glossary_count && i < PROMPT_VOCABULARY_TERMS; i++) {
		const struct glossary_term *t = &in->glossary[i];

		comma(out, i);
		buf_char(out, '{');
		json_kv_str(out, "term", t->term);
		if (t->category.n)
			json_kv_str(out, "category", t->category);
		if (t->sounds_like_count) {
			json_key(out, "sounds_like");
			buf_char(out, '[');
			for (size_t k = 0; k < t->sounds_like_count; k++) {
				comma(out, k);
				json_str(out, t->sounds_like[k]);
			}
			buf_char(out, ']');
		}
		buf_char(out, '}');
	}
	buf_char(out, ']');
}

/* What was likely misheard there is named, so that nothing is concluded from it. Left out when there is none. */
static void window_doubts(struct buf *out, struct slice lines)
{
	size_t n = 0;

	if (lines.n == 0)
		return;
	json_key(out, "doubtful");
	buf_char(out, '[');
	while (lines.n && n < PROMPT_DOUBTFUL_WORDS) {
		const char *end = memchr(lines.p, '\n', lines.n);
		size_t word = end ? (size_t)(end - lines.p) : lines.n, past = end ? word + 1 : word;

		comma(out, n++);
		json_str(out, slice_of(lines.p, word));
		lines = slice_of(lines.p + past, lines.n - past);
	}
	buf_char(out, ']');
}

static void window(struct buf *out, const struct clean_input *in)
{
	json_key(out, "window");
	buf_char(out, '[');
	for (size_t i = 0; i < in->window_count; i++) {
		comma(out, i);
		buf_char(out, '{');
		json_kv_str(out, "speaker", in->window[i].speaker);
		json_kv_str(out, "text", in->window[i].text);
		window_doubts(out, in->window[i].doubtful);
		buf_char(out, '}');
	}
	buf_char(out, ']');
}

/* What came with the turn, and what is said of the conversation. */
static void shared_context(struct buf *out, const struct clean_input *in)
{
	struct buf text;

	buf_init(&text, PROMPT_ITEM_BYTES);
	buf_slice(&text, in->shared_context);
	if (in->shared_context.n && in->conversation_context.n)
		buf_char(&text, '\n');
	buf_slice(&text, in->conversation_context);
	json_kv_str(out, "shared_context", text.n ? buf_view(&text) : SLICE(""));
	buf_finish(&text);
}

bool prompt_item_write(struct buf *out, const struct prompt_item *item)
{
	size_t from = out->n;

	buf_str(out, "\"version\":1"); /* first, so that every json_key after it sets its comma */
	vocabulary(out, item->in);
	shared_context(out, item->in);
	json_key(out, "active_contexts");
	buf_char(out, '[');
	for (size_t i = 0; i < item->context_count; i++) {
		comma(out, i);
		json_str(out, slice_str(item->contexts[i]));
	}
	buf_char(out, ']');
	window(out, item->in);
	json_key(out, "doubtful");
	buf_char(out, '[');
	for (size_t i = 0; i < item->doubtful_count && i < PROMPT_DOUBTFUL_WORDS; i++) {
		comma(out, i);
		json_str(out, item->doubtful[i]);
	}
	buf_char(out, ']');
	json_kv_str(out, "turn", item->in->raw);
	return !out->overflow && out->n - from <= PROMPT_ITEM_BYTES;
}

void prompt_data_write(struct buf *out, const struct slice *items, size_t count)
{
	buf_str(out, "BEGIN DATA\n{\"items\":[");
	for (size_t i = 0; i < count; i++) {
		comma(out, i);
		buf_printf(out, "{\"n\":%zu,", i + 1);
		buf_slice(out, items[i]);
		buf_char(out, '}');
	}
	buf_str(out, "]}\nEND DATA");
}

uint32_t prompt_output_tokens(size_t raw_bytes, size_t turns)
{
	return (uint32_t)(64 + 32 * turns + raw_bytes); /* a token a byte is the worst of any script */
}

static void hash_part(crypto_hash_sha256_state *state, struct slice part)
{
	uint64_t n = part.n; /* its length first, so that no two lists of parts are the same bytes */

	crypto_hash_sha256_update(state, (const unsigned char *)&n, sizeof n);
	crypto_hash_sha256_update(state, (const unsigned char *)part.p, part.n);
}

void prompt_cache_key(char out[PROMPT_HASH_BYTES], struct slice model, struct slice item)
{
	crypto_hash_sha256_state state;
	unsigned char digest[crypto_hash_sha256_BYTES];

	crypto_hash_sha256_init(&state);
	hash_part(&state, model);
	hash_part(&state, slice_str(prompt_hash()));
	hash_part(&state, item);
	crypto_hash_sha256_final(&state, digest);
	sodium_bin2hex(out, PROMPT_HASH_BYTES, digest, sizeof digest);
}
