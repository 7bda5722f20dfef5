/* SPDX-License-Identifier: ISC
 *
 * provider.c - see provider.h: the table, and what the codecs share (JSON at arm's length, durations, event
 * streams).
 *
 * cJSON reads; its answers are never trusted for type or presence. It refuses lone surrogates and nesting
 * past 1000, keeps invalid UTF-8 (checked here, once, on the text) and gives the first of two equal keys
 * (looked for in answer.c).
 */
#include "cleaner/llm/provider.h"

#include "common/base/utf8.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>

static const struct llm_provider *const providers[] = {&llm_gemini, &llm_openai};

const char llm_provider_names[] = "gemini openai";

const char llm_answer_schema[] =
	"{\"type\":\"object\",\"properties\":{\"turns\":{\"type\":\"array\",\"items\":{\"type\":\"object\","
	"\"properties\":{\"n\":{\"type\":\"integer\"},\"cleaned_text\":{\"type\":\"string\"}},"
	"\"required\":[\"n\",\"cleaned_text\"],\"additionalProperties\":false}}},"
	"\"required\":[\"turns\"],\"additionalProperties\":false}";

const struct llm_provider *llm_provider_by_name(struct slice name)
{
	for (size_t i = 0; i < countof(providers); i++)
		if (slice_eq(name, slice_str(providers[i]->name)))
			return providers[i];
	return NULL;
}

void llm_reply_read(
	const struct llm_provider *provider, struct llm_reply *out, const struct llm_http_reply *http)
{
	*out = (struct llm_reply){.outcome = LLM_BAD_REPLY};
	buf_init(&out->text, LLM_REPLY_BYTES);
	llm_retry_from_headers(http->headers, http->wall_s, &out->retry);
	snprintf(out->tier, sizeof out->tier, "%s", http->headers->tier);
	provider->reply(out, http);
	if (out->outcome != LLM_OK)
		return;
	if (out->text.overflow)
		out->outcome = LLM_TOO_BIG;
	else if (!out->text.n)
		out->outcome = LLM_EMPTY;
	else if (!utf8_valid(buf_view(&out->text), NULL))
		out->outcome = LLM_BAD_TEXT;
}

void llm_reply_finish(struct llm_reply *reply)
{
	buf_finish(&reply->text);
}

/* --- headers --- */

static const struct {
	const char *name;
	size_t offset, size;
} header_rows[] = {
#define HEADER(text, member)                                                                                 \
	{                                                                                                    \
		text, offsetof(struct llm_headers, member), sizeof((struct llm_headers *)0)->member          \
	}
	HEADER("content-type", content_type),
	HEADER("date", date),
	HEADER("openai-processing-ms", processing_ms),
	HEADER("retry-after", retry_after),
	HEADER("retry-after-ms", retry_after_ms),
	HEADER("server-timing", server_timing),
	HEADER("x-gemini-service-tier", tier),
	HEADER("x-should-retry", should_retry),
#undef HEADER
};

static struct slice trim(struct slice s)
{
	while (s.n && (s.p[s.n - 1] == '\r' || s.p[s.n - 1] == '\n' || s.p[s.n - 1] == ' '))
		s.n--;
	while (s.n && (*s.p == ' ' || *s.p == '\t')) {
		s.p++;
		s.n--;
	}
	return s;
}

void llm_headers_take(struct llm_headers *headers, struct slice line)
{
	const char *colon = line.n ? memchr(line.p, ':', line.n) : NULL;
	struct slice name, value;

	if (!colon)
		return;
	name = slice_of(line.p, (size_t)(colon - line.p));
	value = trim(slice_of(colon + 1, line.n - name.n - 1));
	for (size_t i = 0; i < countof(header_rows); i++)
		if (slice_eq_nocase(name, slice_str(header_rows[i].name)))
			snprintf((char *)headers + header_rows[i].offset, header_rows[i].size, "%.*s",
				(int)value.n, value.n ? value.p : "");
}

/* --- JSON --- */

static bool only_space(const char *at, const char *end)
{
	while (at < end && strchr(" \t\r\n", *at) && *at)
		at++;
	return at == end;
}

cJSON *llm_json_parse(struct slice s)
{
	const char *end = NULL;
	cJSON *json = s.n ? cJSON_ParseWithLengthOpts(s.p, s.n, &end, false) : NULL;

	if (json && !only_space(end, s.p + s.n)) {
		cJSON_Delete(json);
		json = NULL;
	}
	return json;
}

const char *llm_json_str(const cJSON *object, const char *key)
{
	const char *s = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));

	return s ? s : "";
}

uint64_t llm_json_u64(const cJSON *object, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

	return cJSON_IsNumber(item) && item->valuedouble >= 0 && item->valuedouble < LLM_COUNT_MOST
		       ? (uint64_t)item->valuedouble
		       : 0;
}

/* --- durations --- */

enum { DURATION_MAX_S = 7 * 86400 }; /* a week: more is a mistake, and keeps the sums in range */

/* One decimal number at s.p[*at]: digits and at most one point. No locale, no exponent, no sign. */
static bool number(struct slice s, size_t *at, double *value)
{
	size_t from = *at, digits = 0;
	double scale = 0;

	for (*value = 0; *at < s.n; ++*at) {
		char c = s.p[*at];

		if (c == '.' && scale == 0) {
			scale = 1;
			continue;
		}
		if (c < '0' || c > '9')
			break;
		digits++;
		*value = *value * 10 + (c - '0');
		scale *= 10;
	}
	if (scale > 0)
		*value /= scale;
	return digits > 0 && *at > from && isfinite(*value);
}

static double unit(struct slice s, size_t *at)
{
	static const struct {
		struct slice name;
		double seconds;
	} units[] = {{{"ms", 2}, .001}, {{"s", 1}, 1}, {{"m", 1}, 60}, {{"h", 1}, 3600}};

	for (size_t i = 0; i < countof(units); i++)
		if (slice_starts(slice_of(s.p + *at, s.n - *at), units[i].name)) {
			*at += units[i].name.n;
			return units[i].seconds;
		}
	return 0;
}

/* Reads as many "number unit" pairs as there are; a first number without a unit is seconds. */
static bool duration_at(struct slice s, size_t *at, uint64_t *ms)
{
	double total = 0, value;
	bool any = false;

	while (*at < s.n) {
		size_t back = *at;
		double seconds;

		if (!number(s, at, &value))
			break;
		seconds = unit(s, at);
		if (seconds == 0 && any) {
			*at = back;
			break;
		}
		total += value * (seconds == 0 ? 1 : seconds);
		any = true;
		if (seconds == 0)
			break;
	}
	if (!any || total > DURATION_MAX_S)
		return false;
	*ms = (uint64_t)ceil(total * 1e3 - 1e-6);
	return true;
}

bool llm_duration_ms(struct slice s, uint64_t *ms)
{
	size_t at = 0;

	return duration_at(s, &at, ms) && at == s.n;
}

bool llm_retry_in_message(struct slice message, uint64_t *ms)
{
	static const struct slice cues[] = {{"retry in ", 9}, {"try again in ", 13}};

	for (size_t at = 0; at < message.n; at++)
		for (size_t i = 0; i < countof(cues); i++) {
			struct slice rest = slice_of(message.p + at, message.n - at);
			size_t from = cues[i].n;

			if (slice_starts(rest, cues[i]) && duration_at(rest, &from, ms))
				return true;
		}
	return false;
}

static bool retry_after(const struct llm_headers *headers, int64_t wall_s, uint64_t *ms)
{
	struct tm tm = {0};
	int64_t date;

	if (llm_duration_ms(slice_str(headers->retry_after), ms))
		return true;
	if (!strptime(headers->retry_after, "%a, %d %b %Y %H:%M:%S GMT", &tm)) /* RFC 9110: IMF-fixdate */
		return false;
	date = timegm(&tm);
	if (date - wall_s > DURATION_MAX_S)
		return false;
	*ms = date > wall_s ? (uint64_t)(date - wall_s) * 1000 : 0;
	return true;
}

void llm_retry_from_headers(const struct llm_headers *headers, int64_t wall_s, struct llm_retry_facts *facts)
{
	char ms[32];

	snprintf(ms, sizeof ms, "%sms", headers->retry_after_ms);
	facts->asked = (headers->retry_after_ms[0] && llm_duration_ms(slice_str(ms), &facts->wait_ms)) ||
		       retry_after(headers, wall_s, &facts->wait_ms);
	facts->never = strcmp(headers->should_retry, "false") == 0;
}

/* --- event streams --- */

bool llm_is_sse(const struct llm_http_reply *http)
{
	return slice_starts(slice_str(http->headers->content_type), SLICE("text/event-stream")) ||
	       slice_starts(http->body, SLICE("data:"));
}

void llm_sse_each(struct slice body, bool (*each)(struct slice data, void *arg), void *arg)
{
	while (body.n) {
		const char *newline = memchr(body.p, '\n', body.n);
		struct slice line = slice_of(body.p, newline ? (size_t)(newline - body.p) : body.n);

		body = slice_of(body.p + line.n + (newline != NULL), body.n - line.n - (newline != NULL));
		if (!slice_starts(line, SLICE("data:")))
			continue;
		line = trim(slice_of(line.p + 5, line.n - 5));
		if (line.n && !each(line, arg))
			return;
	}
}

enum llm_outcome llm_outcome_of_status(long status)
{
	static const struct {
		long from, to;
		enum llm_outcome outcome;
	} rows[] = {
		{401, 401, LLM_BAD_KEY},
		{403, 403, LLM_FORBIDDEN},
		{404, 404, LLM_NO_MODEL},
		{410, 410, LLM_NO_MODEL},
		{408, 409, LLM_SERVER_ERROR},
		{413, 413, LLM_TOO_LONG},
		{429, 429, LLM_BUSY},
		{400, 499, LLM_BAD_REQUEST},
		{503, 503, LLM_OVERLOADED},
		{504, 504, LLM_SERVER_TIMEOUT},
		{500, 599, LLM_SERVER_ERROR},
	};

	for (size_t i = 0; i < countof(rows); i++)
		if (status >= rows[i].from && status <= rows[i].to)
			return rows[i].outcome;
	return LLM_BAD_REPLY;
}
