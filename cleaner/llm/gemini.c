/* SPDX-License-Identifier: ISC
 *
 * gemini.c - Gemini's generateContent as bytes: the request composed, every reply of llm-api.md 3 and 4 read.
 *
 * The body's fixed part comes first and is the same bytes in every call with the same system text, so that
 * the service's prefix cache can work. Sampling parameters other than temperature are left out: newer models
 * ignore or refuse them.
 */
#include "cleaner/llm/provider.h"

#include "common/base/json_out.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

static void models_url(struct buf *out, struct slice base)
{
	buf_slice(out, base);
	buf_str(out, "/v1beta/models");
}

static void url(struct buf *out, struct slice base, struct slice model)
{
	models_url(out, base);
	buf_char(out, '/');
	buf_slice(out, model);
	buf_str(out, ":generateContent");
}

static void safety(struct buf *out)
{
	static const char *const categories[] = {
		"HARASSMENT", "HATE_SPEECH", "SEXUALLY_EXPLICIT", "DANGEROUS_CONTENT"};

	buf_str(out, ",\"safetySettings\":[");
	for (size_t i = 0; i < countof(categories); i++)
		buf_printf(out, "%s{\"category\":\"HARM_CATEGORY_%s\",\"threshold\":\"BLOCK_NONE\"}",
			i ? "," : "", categories[i]);
	buf_char(out, ']');
}

static void generation(struct buf *out, const struct llm_request *r)
{
	static const char *const thinking[] = {
		[THINKING_UNSAID] = "",
		[THINKING_BUDGET_0] = ",\"thinkingConfig\":{\"thinkingBudget\":0}",
		[THINKING_MINIMAL] = ",\"thinkingConfig\":{\"thinkingLevel\":\"MINIMAL\"}",
	};

	buf_str(out, ",\"generationConfig\":{\"temperature\":0,\"candidateCount\":1,\"maxOutputTokens\":");
	buf_u64(out, r->max_tokens);
	buf_str(out, ",\"responseMimeType\":\"application/json\"");
	if (r->schema)
		json_kv_raw(out, "responseJsonSchema", slice_str(llm_answer_schema));
	buf_str(out, thinking[r->thinking]);
	buf_char(out, '}');
}

static void request(struct buf *out, const struct llm_request *r)
{
	buf_str(out, "{\"systemInstruction\":{\"parts\":[{\"text\":");
	json_str(out, r->system);
	buf_str(out, "}]}");
	safety(out);
	generation(out, r);
	buf_str(out, ",\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":");
	json_str(out, r->data);
	buf_str(out, "}]}]}");
}

/* --- replies --- */

static enum llm_outcome outcome_of_finish(const char *reason)
{
	static const struct {
		const char *reason;
		enum llm_outcome outcome;
	} rows[] = {
		{"STOP", LLM_OK},
		{"MAX_TOKENS", LLM_TRUNCATED},
		{"SAFETY", LLM_BLOCKED_ANSWER},
		{"RECITATION", LLM_RECITATION},
		{"BLOCKLIST", LLM_BLOCKED_ANSWER},
		{"PROHIBITED_CONTENT", LLM_BLOCKED_ANSWER},
		{"SPII", LLM_BLOCKED_ANSWER},
	};

	for (size_t i = 0; i < countof(rows); i++)
		if (strcmp(reason, rows[i].reason) == 0)
			return rows[i].outcome;
	return LLM_ODD_STOP;
}

static void take_usage(struct llm_reply *out, const cJSON *usage)
{
	if (!cJSON_IsObject(usage))
		return;
	out->usage = (struct llm_usage){llm_json_u64(usage, "promptTokenCount"),
		llm_json_u64(usage, "cachedContentTokenCount"), llm_json_u64(usage, "candidatesTokenCount"),
		llm_json_u64(usage, "thoughtsTokenCount")};
}

static void take_text(struct llm_reply *out, const cJSON *content)
{
	const cJSON *part;

	cJSON_ArrayForEach(
		part, cJSON_GetObjectItemCaseSensitive(content,
			      "parts")) if (!cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(part, "thought")))
		buf_str(&out->text, llm_json_str(part, "text"));
}

/* One GenerateContentResponse, whole or a piece of a stream: outcome is what it says so far. */
static void take_response(struct llm_reply *out, const cJSON *json)
{
	const cJSON *candidates = cJSON_GetObjectItemCaseSensitive(json, "candidates");
	const cJSON *first = cJSON_IsArray(candidates) ? cJSON_GetArrayItem(candidates, 0) : NULL;
	const cJSON *feedback = cJSON_GetObjectItemCaseSensitive(json, "promptFeedback");
	const char *reason = llm_json_str(first, "finishReason");

	take_usage(out, cJSON_GetObjectItemCaseSensitive(json, "usageMetadata"));
	snprintf(out->model, sizeof out->model, "%s", llm_json_str(json, "modelVersion"));
	if (cJSON_IsObject(first)) {
		take_text(out, cJSON_GetObjectItemCaseSensitive(first, "content"));
		if (reason[0])
			out->outcome = outcome_of_finish(reason);
	} else if (*llm_json_str(feedback, "blockReason")) {
		out->outcome = LLM_BLOCKED_PROMPT;
	}
}

/* --- errors: {"error":{code,message,status,details}}, alone, in an array, or in a stream --- */

static const cJSON *detail(const cJSON *error, const char *type)
{
	const cJSON *row;

	cJSON_ArrayForEach(row, cJSON_GetObjectItemCaseSensitive(error,
					"details")) if (strstr(llm_json_str(row, "@type"), type)) return row;
	return NULL;
}

static enum llm_outcome quota(const cJSON *error)
{
	const cJSON *row;
	enum llm_outcome outcome = LLM_BUSY;

	cJSON_ArrayForEach(row, cJSON_GetObjectItemCaseSensitive(detail(error, "QuotaFailure"), "violations"))
	{
		if (strstr(llm_json_str(row, "quotaId"), "PerDay"))
			return LLM_QUOTA_DAY; /* whatever the wait it names: retrying is useless */
		outcome = LLM_QUOTA_MINUTE;
	}
	return outcome;
}

static void retry_facts(struct llm_reply *out, const cJSON *error)
{
	const char *delay = llm_json_str(detail(error, "RetryInfo"), "retryDelay");
	uint64_t ms;

	if (llm_duration_ms(slice_str(delay), &ms) ||
		llm_retry_in_message(slice_str(llm_json_str(error, "message")), &ms)) {
		out->retry.asked = true;
		out->retry.wait_ms = ms;
	}
}

static enum llm_outcome invalid_argument(const cJSON *error)
{
	const char *message = llm_json_str(error, "message");

	if (strcmp(llm_json_str(detail(error, "ErrorInfo"), "reason"), "API_KEY_INVALID") == 0 ||
		strstr(message, "API key not valid"))
		return LLM_BAD_KEY;
	if (strstr(message, "too many states") || strstr(message, "schema"))
		return LLM_SCHEMA_REFUSED;
	if (strstr(message, "exceeds the maximum number of tokens"))
		return LLM_TOO_LONG;
	return strcmp(llm_json_str(error, "status"), "FAILED_PRECONDITION") == 0 ? LLM_FORBIDDEN
										 : LLM_BAD_REQUEST;
}

static void take_error(struct llm_reply *out, const cJSON *error, long status)
{
	uint64_t code = llm_json_u64(error, "code");

	if (code >= 400)
		status = (long)code;
	out->outcome = llm_outcome_of_status(status);
	retry_facts(out, error);
	if (status == 400)
		out->outcome = invalid_argument(error);
	if (status == 429)
		out->outcome = quota(error);
	if (out->outcome == LLM_BUSY && out->retry.asked)
		out->outcome = LLM_QUOTA_MINUTE; /* it named a time, so it counts something */
	out->retired =
		out->outcome == LLM_NO_MODEL && strstr(llm_json_str(error, "message"), "no longer available");
}

struct reading {
	struct llm_reply *out;
	long status;
	bool failed;
};

static bool take(struct reading *r, const cJSON *json)
{
	const cJSON *error = cJSON_GetObjectItemCaseSensitive(json, "error");

	if (!cJSON_IsObject(json)) {
		r->failed = true;
		r->out->outcome = LLM_BAD_REPLY;
	} else if (cJSON_IsObject(error)) {
		r->failed = true;
		take_error(r->out, error, r->status == 200 ? 500 : r->status);
	} else if (r->status == 200) {
		take_response(r->out, json);
	}
	return !r->failed;
}

static bool take_event(struct slice data, void *arg)
{
	struct reading *r = arg;
	cJSON *json = llm_json_parse(data);
	bool more = take(r, json);

	cJSON_Delete(json);
	return more;
}

static void reply(struct llm_reply *out, const struct llm_http_reply *http)
{
	struct reading r = {out, http->status, false};
	const char *dur = strstr(http->headers->server_timing, "dur=");
	cJSON *json, *item;

	out->server_ms = dur ? strtod(dur + 4, NULL) : 0;
	out->outcome = http->status == 200 ? LLM_BAD_REPLY : llm_outcome_of_status(http->status);
	if (llm_is_sse(http)) {
		llm_sse_each(http->body, take_event, &r);
		return;
	}
	json = llm_json_parse(http->body);
	if (cJSON_IsArray(json)) { /* a stream asked for without alt=sse, and its errors */
		cJSON_ArrayForEach(item, json) if (!take(&r, item)) break;
	} else if (json) {
		take(&r, json);
	}
	cJSON_Delete(json);
}

const struct llm_provider llm_gemini = {"gemini", "x-goog-api-key: ", url, models_url, request, reply};
