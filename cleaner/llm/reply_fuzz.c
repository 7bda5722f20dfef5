/* SPDX-License-Identifier: ISC
 *
 * reply_fuzz.c - any bytes as a model's reply: read, split, judged. For libFuzzer, with ASan and UBSan.
 *
 * The first byte chooses provider and status, the first line is a header, the rest is the body. What reads as
 * an answer is judged against turns of our own, and what stands must rebuild.
 */
#include "cleaner/llm/answer.h"
#include "cleaner/llm/judge.h"
#include "cleaner/llm/provider.h"
#include "common/base/utf8.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool so)
{
	if (!so)
		abort();
}

/* Positions in order, in bounds, and the sums of both sides right. */
static void check_positions(const struct clean_result *r, struct slice raw)
{
	uint32_t raw_at = 0, cleaned_at = 0;

	for (size_t i = 0; i < r->correction_count; i++) {
		const struct correction *c = &r->corrections[i];

		must(c->start >= raw_at && c->end >= c->start &&
			c->start - raw_at == c->cleaned_start - cleaned_at);
		must(utf8_count(c->original) == c->end - c->start);
		must(utf8_count(c->corrected) == c->cleaned_end - c->cleaned_start);
		raw_at = c->end;
		cleaned_at = c->cleaned_end;
	}
	must(utf8_count(raw) - raw_at == utf8_count(r->cleaned) - cleaned_at);
	must(utf8_valid(r->cleaned, NULL));
}

static void judge_text(const char *raw, const char *answer)
{
	struct clean_input in = {.raw = slice_str(raw), .options = {.formats = FORMAT_ALL}};
	struct judge_input input = {.in = &in, .answer = slice_str(answer)};
	struct judgement j;

	judge(&j, &input);
	if (j.accepted)
		check_positions(&j.result, in.raw);
	judgement_finish(&j);
}

static void read_answer(struct slice text)
{
	static const char *const turns[] = {"um we have seventy five employees no wait eighty",
		"I'm the vector of marketing",
		"caf\xC3\xA9 owners in \xE6\x9D\xB1\xE4\xBA\xAC like \xF0\x9F\x98\x80 us"};
	struct llm_answer answer;

	for (size_t n = 1; n <= 3; n++) {
		if (llm_answer_read(text, n, &answer) == LLM_OK)
			for (size_t i = 0; i < n; i++) {
				must(utf8_valid(slice_str(answer.texts[i]), NULL));
				for (size_t k = 0; k < 3; k++)
					judge_text(turns[k], answer.texts[i]);
			}
		llm_answer_finish(&answer);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const long statuses[] = {200, 200, 200, 400, 401, 404, 429, 500, 503, 504, 302, 418};
	struct llm_headers headers = {{0}};
	struct llm_http_reply http = {.headers = &headers, .wall_s = 1700000000};
	struct slice in = {(const char *)data, size};
	struct llm_reply reply;
	const char *line_end;

	if (in.n < 2)
		return 0;
	http.status = statuses[(data[0] >> 1) % countof(statuses)];
	in = slice_of(in.p + 1, in.n - 1);
	line_end = memchr(in.p, '\n', in.n);
	if (line_end) {
		llm_headers_take(&headers, slice_of(in.p, (size_t)(line_end - in.p)));
		in = slice_of(line_end + 1, in.n - (size_t)(line_end + 1 - in.p));
	}
	http.body = in;
	llm_reply_read(data[0] & 1 ? &llm_openai : &llm_gemini, &reply, &http);
	must(reply.outcome < LLM_OUTCOME_COUNT);
	if (reply.outcome == LLM_OK)
		read_answer(buf_view(&reply.text));
	else
		read_answer(in);
	llm_reply_finish(&reply);
	return 0;
}
