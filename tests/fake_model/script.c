/* SPDX-License-Identifier: ISC
 *
 * script.c - see script.h: builders for both interfaces, and the table of cases.
 */
#include "tests/fake_model/script.h"

#include "common/base/json_out.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

struct making {
	struct fake_reply *out;
	const struct fake_request *in;
	bool gemini;
};

static void header(struct making *m, const char *name, const char *value)
{
	if (m->out->header_count == FAKE_HEADERS)
		return;
	m->out->headers[m->out->header_count].name = name;
	snprintf(m->out->headers[m->out->header_count++].value, sizeof m->out->headers[0].value, "%s", value);
}

/* --- answers --- */

static void replace(struct buf *out, const char **at)
{
	static const char *const pairs[][2] = {
		{"vector of", "director of"},
		{"book marketing", "Facebook marketing"},
		{"book ads", "Facebook ads"},
		{"paper click", "pay per click"},
		{"checker trade", "Checkatrade"},
		{"seventy five", "75"},
		{"um ", ""},
		{"uh ", ""},
	};

	for (size_t i = 0; i < countof(pairs); i++)
		if (strncasecmp(*at, pairs[i][0], strlen(pairs[i][0])) == 0) {
			buf_str(out, pairs[i][1]);
			*at += strlen(pairs[i][0]);
			return;
		}
	for (; **at && **at != ' '; ++*at)
		buf_char(out, **at);
	for (; **at == ' '; ++*at)
		buf_char(out, ' ');
}

void fake_clean(struct buf *out, const char *turn)
{
	size_t from = out->n;

	while (*turn)
		replace(out, &turn);
	while (out->n > from && out->p[out->n - 1] == ' ')
		out->p[--out->n] = 0;
	if (out->n == from)
		return;
	out->p[from] = (char)toupper((unsigned char)out->p[from]);
	if (!strchr(".?!", out->p[out->n - 1]))
		buf_char(out, '.');
}

typedef void item_fn(struct buf *text, const char *turn);

static void answers_it(struct buf *out, const char *turn)
{
	buf_str(out, "I'm sorry, but as a language model I cannot help with that. The capital of France is "
		     "Paris.");
}

static void adds_facts(struct buf *out, const char *turn)
{
	fake_clean(out, turn);
	if (out->n && out->p[out->n - 1] == '.')
		out->n--;
	buf_str(out, " with 250 people in Manchester.");
}

static void bad_utf8(struct buf *out, const char *turn)
{
	fake_clean(out, turn);
	buf_str(out, " caf\xE9\xFF");
}

/* The JSON that our prompt asks for, one member an item. */
static void answer(struct buf *out, const struct fake_request *in, item_fn *clean)
{
	const cJSON *item;
	struct buf text;
	int n = 0;

	buf_init(&text, FAKE_REQUEST_BYTES);
	buf_str(out, "{\"turns\":[");
	cJSON_ArrayForEach(item, cJSON_GetObjectItem(in->data, "items"))
	{
		const char *turn = cJSON_GetStringValue(cJSON_GetObjectItem(item, "turn"));

		buf_reset(&text);
		clean(&text, turn ? turn : "");
		buf_printf(out, "%s{\"n\":%d,\"cleaned_text\":", n ? "," : "", n + 1);
		json_str(out, buf_view(&text));
		buf_char(out, '}');
		n++;
	}
	buf_str(out, "]}");
	buf_finish(&text);
}

/* --- wrapping text in a reply --- */

static void gemini_usage(struct buf *b, size_t text_bytes)
{
	size_t prompt = 1500, output = text_bytes / 4 + 1;

	buf_printf(b,
		",\"usageMetadata\":{\"promptTokenCount\":%zu,\"candidatesTokenCount\":%zu,"
		"\"totalTokenCount\":%zu}",
		prompt, output, prompt + output);
}

static void gemini_response(struct making *m, struct slice text, const char *finish, bool thought)
{
	struct buf *b = &m->out->body;

	buf_str(b, "{\"candidates\":[{\"content\":{");
	if (text.n) {
		buf_str(b, "\"parts\":[");
		if (thought)
			buf_str(b, "{\"text\":\"The user said something. I repair it.\",\"thought\":true},");
		buf_str(b, "{\"text\":");
		json_str(b, text);
		buf_str(b, "}],");
	}
	buf_str(b, "\"role\":\"model\"}");
	if (finish)
		buf_printf(b, ",\"finishReason\":\"%s\"", finish);
	buf_str(b, ",\"index\":0}]");
	gemini_usage(b, text.n);
	buf_printf(b, ",\"modelVersion\":\"%s\",\"responseId\":\"fake\"}", m->in->model);
}

static void openai_response(struct making *m, struct slice text, const char *finish, const char *refusal)
{
	struct buf *b = &m->out->body;

	buf_printf(b,
		"{\"id\":\"fake\",\"object\":\"chat.completion\",\"created\":1700000000,\"model\":\"%s\","
		"\"choices\":[{"
		"\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":",
		m->in->model);
	json_str_or_null(b, text.n ? text : slice_of(NULL, 0));
	buf_str(b, ",\"refusal\":");
	json_str_or_null(b, slice_str(refusal));
	buf_printf(b,
		"},\"finish_reason\":\"%s\",\"logprobs\":null}],\"usage\":{\"prompt_tokens\":1500,"
		"\"completion_tokens\":%zu,"
		"\"total_tokens\":%zu}}",
		finish, text.n / 4 + 1, text.n / 4 + 1501);
}

static void wrap(struct making *m, struct slice text, const char *finish, const char *openai_finish)
{
	m->out->status = 200;
	if (m->gemini)
		gemini_response(m, text, finish, false);
	else
		openai_response(m, text, openai_finish, NULL);
}

static void said(struct making *m, const char *before, item_fn *clean, const char *after)
{
	struct buf text;

	buf_init(&text, FAKE_REQUEST_BYTES);
	buf_str(&text, before);
	answer(&text, m->in, clean);
	buf_str(&text, after);
	wrap(m, buf_view(&text), "STOP", "stop");
	buf_finish(&text);
}

static void normal(struct making *m)
{
	said(m, "", fake_clean, "");
}

/* --- errors --- */

static void error(struct making *m, int status, const char *gemini_status, const char *openai_code,
	const char *message, const char *details)
{
	struct buf *b = &m->out->body;

	m->out->status = status;
	buf_str(b, "{\"error\":{");
	if (m->gemini)
		buf_printf(b, "\"code\":%d,\"status\":\"%s\",", status, gemini_status);
	buf_str(b, "\"message\":");
	json_str(b, slice_str(message));
	if (m->gemini) {
		buf_printf(b, ",\"details\":[%s]}}", details);
	} else {
		buf_printf(b, ",\"type\":\"%s\",\"param\":null,\"code\":",
			status >= 500 ? "server_error" : "invalid_request_error");
		json_str_or_null(b, slice_str(openai_code));
		buf_str(b, "}}");
	}
}

#define QUOTA(id)                                                                                            \
	"{\"@type\":\"type.googleapis.com/google.rpc.QuotaFailure\",\"violations\":[{\"quotaMetric\":"       \
	"\"generativelanguage.googleapis.com/generate_content_free_tier_requests\",\"quotaId\":\"" id        \
	"\",\"quotaValue\":\"10\"}]}"
#define RETRY_INFO(delay)                                                                                    \
	",{\"@type\":\"type.googleapis.com/google.rpc.RetryInfo\",\"retryDelay\":\"" delay "\"}"
static const char quota_said[] =
	"You exceeded your current quota, please check your plan and billing details.\n"
	"Please retry in 38.804097346s.";

static void quota_minute(struct making *m)
{
	error(m, 429, "RESOURCE_EXHAUSTED", "rate_limit_exceeded", quota_said,
		QUOTA("GenerateRequestsPerMinutePerProjectPerModel-FreeTier") RETRY_INFO("38s"));
	if (!m->gemini)
		header(m, "retry-after:", "38");
}

static void quota_day(struct making *m)
{
	error(m, 429, "RESOURCE_EXHAUSTED", "insufficient_quota", quota_said,
		QUOTA("GenerateRequestsPerDayPerProjectPerModel-FreeTier") RETRY_INFO("47s"));
}

static void busy(struct making *m)
{
	error(m, 429, "RESOURCE_EXHAUSTED", NULL, "Resource has been exhausted (e.g. check quota).", "");
}

static void overloaded(struct making *m)
{
	error(m, 503, "UNAVAILABLE", NULL, "The model is overloaded. Please try again later.", "");
}

static void high_demand(struct making *m)
{
	error(m, 503, "UNAVAILABLE", NULL,
		"This model is currently experiencing high demand. Spikes in demand are usually "
		"temporary. Please try again later.",
		"");
}

static void internal(struct making *m)
{
	error(m, 500, "INTERNAL", NULL, "Internal error encountered.", "");
}

static void server_deadline(struct making *m)
{
	error(m, 504, "DEADLINE_EXCEEDED", NULL, "Deadline expired before operation could complete.", "");
}

static void bad_key(struct making *m)
{
	error(m, m->gemini ? 400 : 401, "INVALID_ARGUMENT", "invalid_api_key",
		"API key not valid. Please pass a valid API key.",
		"{\"@type\":\"type.googleapis.com/"
		"google.rpc.ErrorInfo\",\"reason\":\"API_KEY_INVALID\",\"domain\":\"googleapis.com\","
		"\"metadata\":{\"service\":\"generativelanguage.googleapis.com\"}}");
}

static void forbidden(struct making *m)
{
	error(m, 403, "PERMISSION_DENIED", "unsupported_country_region_territory",
		"Permission denied on this resource for the project.", "");
}

static void too_long(struct making *m)
{
	error(m, 400, "INVALID_ARGUMENT", "context_length_exceeded",
		"The input token count (9000) exceeds the maximum number of tokens allowed (8192).", "");
}

static void no_model(struct making *m)
{
	error(m, 404, "NOT_FOUND", "model_not_found",
		"models/x is not found for API version v1beta, or is not supported for "
		"generateContent. Call ModelService.ListModels to see the list of available models.",
		"");
}

static void retired(struct making *m)
{
	error(m, 404, "NOT_FOUND", "model_not_found",
		"This model models/x is no longer available to new users.", "");
}

static void unknown_field(struct making *m)
{
	error(m, 400, "INVALID_ARGUMENT", NULL,
		"Invalid JSON payload received. Unknown name \"includeThoughts\" at "
		"'generation_config': Cannot find field.",
		"");
}

static void schema(struct making *m)
{
	if (!m->in->schema) {
		normal(m);
		return;
	}
	error(m, 400, "INVALID_ARGUMENT", NULL,
		"The specified schema produces a constraint that has too many states for serving.", "");
}

static void array_error(struct making *m)
{
	buf_char(&m->out->body, '[');
	overloaded(m);
	buf_char(&m->out->body, ']');
}

static void no_retry(struct making *m)
{
	internal(m);
	header(m, "x-should-retry:", "false");
}

static void retry_long(struct making *m)
{
	overloaded(m);
	header(m, "retry-after:", "121");
}

/* --- answers that are not good --- */

static void fence(struct making *m)
{
	said(m, "```json\n", fake_clean, "\n```");
}

static void truncated(struct making *m)
{
	wrap(m, SLICE("{\"turns\":[{\"n\":1,\"cleaned_te"), "MAX_TOKENS", "length");
}

static void empty(struct making *m)
{
	wrap(m, SLICE(""), "STOP", "stop");
}

static void blocked(struct making *m)
{
	if (!m->gemini) {
		error(m, 400, "", "content_filter", "The prompt was filtered.", "");
		return;
	}
	m->out->status = 200;
	buf_str(&m->out->body,
		"{\"promptFeedback\":{\"blockReason\":\"SAFETY\",\"safetyRatings\":[]},\"usageMetadata\":{"
		"\"promptTokenCount\":34,\"totalTokenCount\":34}}");
}

static void safety(struct making *m)
{
	wrap(m, SLICE(""), "SAFETY", "content_filter");
}

static void recitation(struct making *m)
{
	wrap(m, SLICE(""), "RECITATION", "content_filter");
}

static void odd_stop(struct making *m)
{
	wrap(m, SLICE(""), "MALFORMED_FUNCTION_CALL", "tool_calls");
}

static void refusal(struct making *m)
{
	m->out->status = 200;
	if (m->gemini)
		gemini_response(m, SLICE("I can't help with that."), "STOP", false);
	else
		openai_response(m, SLICE(""), "stop", "I can't help with that.");
}

static void thought(struct making *m)
{
	struct buf text;

	if (!m->gemini) {
		normal(m);
		return;
	}
	buf_init(&text, FAKE_REQUEST_BYTES);
	answer(&text, m->in, fake_clean);
	m->out->status = 200;
	gemini_response(m, buf_view(&text), "STOP", true);
	buf_finish(&text);
}

static void stall(struct making *m)
{
	normal(m);
	m->out->stall = true;
}

static void trickle(struct making *m)
{
	normal(m);
	m->out->trickle_ms = 20;
}

static void reset(struct making *m)
{
	normal(m);
	m->out->reset = true;
}

/* The normal answer as a stream: two pieces of text, STOP on each, and an error in place of the second if
 * asked for. */
static void stream(struct making *m, bool failing)
{
	struct buf text;
	size_t half;

	buf_init(&text, FAKE_REQUEST_BYTES);
	answer(&text, m->in, fake_clean);
	half = text.n / 2;
	m->out->status = 200;
	m->out->content_type = "text/event-stream";
	for (int i = 0; i < 2; i++) {
		struct slice piece = i ? slice_of(text.p + half, text.n - half) : slice_of(text.p, half);

		buf_str(&m->out->body, "data: ");
		if (i && failing)
			error(m, 503, "UNAVAILABLE", "server_error",
				"The model is overloaded. Please try again later.", "");
		else if (m->gemini)
			gemini_response(m, piece, "STOP", false);
		else
			openai_response(m, piece, "stop", NULL);
		buf_str(&m->out->body, "\r\n\r\n");
	}
	m->out->status = 200;
	if (!m->gemini)
		buf_str(&m->out->body, "data: [DONE]\n\n");
	buf_finish(&text);
}

static void sse_error(struct making *m)
{
	stream(m, true);
}

static void sse_stop(struct making *m)
{
	stream(m, false);
}

static void gzip(struct making *m)
{
	normal(m);
	m->out->gzip = m->out->chunked = true;
}

static void tier(struct making *m)
{
	normal(m);
	header(m, "x-gemini-service-tier:", "standard");
}

static void answers(struct making *m)
{
	said(m, "", answers_it, "");
}

static void adds(struct making *m)
{
	said(m, "", adds_facts, "");
}

static void spans(struct making *m)
{
	struct buf text;

	buf_init(&text, FAKE_REQUEST_BYTES);
	answer(&text, m->in, fake_clean);
	text.n--; /* the closing brace */
	buf_str(&text, ",\"corrections\":[{\"original\":\"nothing of the kind\",\"start\":900,\"end\":2}]}");
	wrap(m, buf_view(&text), "STOP", "stop");
	buf_finish(&text);
}

static void utf8(struct making *m)
{
	said(m, "", bad_utf8, "");
}

static void surrogate(struct making *m)
{
	wrap(m, SLICE("{\"turns\":[{\"n\":1,\"cleaned_text\":\"a \\ud800 b\"}]}"), "STOP", "stop");
}

static void duplicate(struct making *m)
{
	wrap(m, SLICE("{\"turns\":[{\"n\":1,\"cleaned_text\":\"one\",\"cleaned_text\":\"two\"}]}"), "STOP",
		"stop");
}

static void missing_turn(struct making *m)
{
	wrap(m, SLICE("{\"turns\":[{\"n\":7,\"cleaned_text\":\"one\"}]}"), "STOP", "stop");
}

static void html(struct making *m)
{
	m->out->status = 200;
	m->out->content_type = "text/html";
	buf_str(&m->out->body, "<html><body>Please log in to the network.</body></html>");
}

static const struct {
	const char *name;
	void (*make)(struct making *m);
} cases[] = {
	{"normal", normal},
	{"fence", fence},
	{"truncated", truncated},
	{"empty", empty},
	{"blocked", blocked},
	{"safety", safety},
	{"recitation", recitation},
	{"odd-stop", odd_stop},
	{"refusal", refusal},
	{"thought", thought},
	{"429-minute", quota_minute},
	{"429-day", quota_day},
	{"429", busy},
	{"503", overloaded},
	{"503-demand", high_demand},
	{"500", internal},
	{"504", server_deadline},
	{"bad-key", bad_key},
	{"forbidden", forbidden},
	{"too-long", too_long},
	{"no-model", no_model},
	{"retired", retired},
	{"unknown-field", unknown_field},
	{"schema", schema},
	{"array-error", array_error},
	{"no-retry", no_retry},
	{"retry-long", retry_long},
	{"stall", stall},
	{"trickle", trickle},
	{"reset", reset},
	{"sse-error", sse_error},
	{"sse-stop", sse_stop},
	{"gzip", gzip},
	{"tier", tier},
	{"answers", answers},
	{"adds", adds},
	{"spans", spans},
	{"bad-utf8", utf8},
	{"surrogate", surrogate},
	{"duplicate", duplicate},
	{"missing-turn", missing_turn},
	{"html", html},
};

const char *fake_case_name(size_t i)
{
	return i < countof(cases) ? cases[i].name : NULL;
}

bool fake_case_exists(const char *name)
{
	for (size_t i = 0; i < countof(cases); i++)
		if (strcmp(cases[i].name, name) == 0)
			return true;
	return false;
}

/* What the request itself earned. */
static void refuse(struct making *m)
{
	bool key = strcmp(m->in->code, "API_KEY_INVALID") == 0;

	error(m, m->in->status, key ? "INVALID_ARGUMENT" : m->in->code, m->in->code[0] ? m->in->code : NULL,
		m->in->message,
		key ? "{\"@type\":\"type.googleapis.com/"
		      "google.rpc.ErrorInfo\",\"reason\":\"API_KEY_INVALID\"}"
		    : "");
}

static void list_models(struct making *m)
{
	m->out->status = 200;
	buf_str(&m->out->body,
		m->gemini ? "{\"models\":[{\"name\":\"models/fake\",\"supportedGenerationMethods\":["
			    "\"generateContent\"]}]}"
			  : "{\"object\":\"list\",\"data\":[{\"id\":\"fake\",\"object\":\"model\","
			    "\"created\":1,"
			    "\"owned_by\":\"fake\"}]}");
}

void fake_script(struct fake_reply *out, const struct fake_request *request, const char *name)
{
	struct making m = {out, request, request->interface == FAKE_GEMINI};

	*out = (struct fake_reply){.status = 200, .content_type = "application/json; charset=UTF-8"};
	buf_init(&out->body, FAKE_REQUEST_BYTES);
	header(&m,
		m.gemini ? "server-timing:" : "openai-processing-ms:", m.gemini ? "gfet4t7; dur=12" : "12");
	if (request->status) {
		refuse(&m);
		return;
	}
	if (request->models) {
		list_models(&m);
		return;
	}
	for (size_t i = 0; i < countof(cases); i++)
		if (strcmp(cases[i].name, name) == 0) {
			cases[i].make(&m);
			return;
		}
	normal(&m);
}

void fake_reply_finish(struct fake_reply *reply)
{
	buf_finish(&reply->body);
}
