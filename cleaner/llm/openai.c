/* SPDX-License-Identifier: ISC
 *
 * openai.c - an OpenAI-compatible chat/completions as bytes (llm-api.md 6): request composed, every reply
 * read.
 *
 * Only members that llama.cpp, vLLM, Ollama and LiteLLM know too are sent: max_tokens, not its successor; the
 * reasoning effort only when thinking was configured. The base URL ends before "/chat/completions"
 * ("https://host/v1").
 */
#include "cleaner/llm/provider.h"

#include "common/base/json_out.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

static const uint64_t WAIT_MAX_MS = 120000; /* the official client gives up when asked to wait longer */

static void models_url(struct buf *out, struct slice base)
{
	buf_slice(out, base);
	buf_str(out, "/models");
}

static void url(struct buf *out, struct slice base, struct slice model)
{
	buf_slice(out, base);
	buf_str(out, "/chat/completions");
}

static void message(struct buf *out, const char *role, struct slice content)
{
	buf_char(out, '{');
	json_kv_str(out, "role", slice_str(role));
	json_kv_str(out, "content", content);
	buf_char(out, '}');
}

static void request(struct buf *out, const struct llm_request *r)
{
	buf_char(out, '{');
	json_kv_str(out, "model", r->model);
	buf_str(out, ",\"temperature\":0");
	json_kv_u64(out, "max_tokens", r->max_tokens);
	if (r->thinking != THINKING_UNSAID)
		json_kv_str(out, "reasoning_effort",
			r->thinking == THINKING_MINIMAL ? SLICE("minimal") : SLICE("none"));
	if (r->schema)
		buf_printf(out,
			",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"clean\","
			"\"strict\":true,\"schema\":%s}}",
			llm_answer_schema);
	else
		buf_str(out, ",\"response_format\":{\"type\":\"json_object\"}");
	buf_str(out, ",\"messages\":[");
	message(out, "system", r->system);
	buf_char(out, ',');
	message(out, "user", r->data);
	buf_str(out, "]}");
}

/* --- replies --- */

static enum llm_outcome outcome_of_finish(const char *reason)
{
	if (strcmp(reason, "stop") == 0)
		return LLM_OK;
	if (strcmp(reason, "length") == 0)
		return LLM_TRUNCATED;
	return strcmp(reason, "content_filter") == 0 ? LLM_BLOCKED_ANSWER : LLM_ODD_STOP;
}

static void take_usage(struct llm_reply *out, const cJSON *usage)
{
	if (!cJSON_IsObject(usage))
		return;
	out->usage = (struct llm_usage){llm_json_u64(usage, "prompt_tokens"),
		llm_json_u64(
			cJSON_GetObjectItemCaseSensitive(usage, "prompt_tokens_details"), "cached_tokens"),
		llm_json_u64(usage, "completion_tokens"),
		llm_json_u64(cJSON_GetObjectItemCaseSensitive(usage, "completion_tokens_details"),
			"reasoning_tokens")};
	if (out->usage.thoughts <= out->usage.output)
		out->usage.output -=
			out->usage.thoughts; /* counted inside here, beside at Gemini: one meaning for both */
}

/* A chat.completion, or a chunk of one: `message` in the first, `delta` in the second. */
static void take_completion(struct llm_reply *out, const cJSON *json)
{
	const cJSON *choices = cJSON_GetObjectItemCaseSensitive(json, "choices");
	const cJSON *first = cJSON_IsArray(choices) ? cJSON_GetArrayItem(choices, 0) : NULL;
	const cJSON *said = cJSON_GetObjectItemCaseSensitive(first, "message");
	const char *reason = llm_json_str(first, "finish_reason");

	take_usage(out, cJSON_GetObjectItemCaseSensitive(json, "usage"));
	snprintf(out->tier, sizeof out->tier, "%s", llm_json_str(json, "service_tier"));
	snprintf(out->model, sizeof out->model, "%s", llm_json_str(json, "model"));
	if (!cJSON_IsObject(first))
		return; /* the last chunk of a stream has usage alone */
	if (!said)
		said = cJSON_GetObjectItemCaseSensitive(first, "delta");
	buf_str(&out->text, llm_json_str(said, "content"));
	if (*llm_json_str(said, "refusal"))
		out->outcome = LLM_REFUSED;
	else if (reason[0] && out->outcome != LLM_REFUSED)
		out->outcome = outcome_of_finish(reason);
}

/* --- errors: {"error":{message,type,param,code}} --- */

static enum llm_outcome outcome_of_code(const char *code)
{
	static const struct {
		const char *code;
		enum llm_outcome outcome;
	} rows[] = {
		{"invalid_api_key", LLM_BAD_KEY},
		{"model_not_found", LLM_NO_MODEL},
		{"context_length_exceeded", LLM_TOO_LONG},
		{"insufficient_quota", LLM_QUOTA_SPENT},
		{"rate_limit_exceeded", LLM_QUOTA_MINUTE},
		{"content_filter", LLM_BLOCKED_PROMPT},
	};

	for (size_t i = 0; i < countof(rows); i++)
		if (strcmp(code, rows[i].code) == 0)
			return rows[i].outcome;
	return LLM_OUTCOME_COUNT;
}

static void take_error(struct llm_reply *out, const cJSON *error, long status)
{
	const char *said = llm_json_str(error, "message");
	enum llm_outcome by_code = outcome_of_code(llm_json_str(error, "code"));
	uint64_t ms;

	if (by_code == LLM_OUTCOME_COUNT)
		by_code = outcome_of_code(llm_json_str(error, "type"));
	out->outcome = by_code == LLM_OUTCOME_COUNT ? llm_outcome_of_status(status) : by_code;
	if (status == 400 && by_code == LLM_OUTCOME_COUNT &&
		(strstr(said, "response_format") || strstr(said, "json_schema") || strstr(said, "schema")))
		out->outcome = LLM_SCHEMA_REFUSED;
	if (!out->retry.asked && llm_retry_in_message(slice_str(said), &ms))
		out->retry.asked = true, out->retry.wait_ms = ms;
	if (out->outcome == LLM_BUSY && out->retry.asked)
		out->outcome = LLM_QUOTA_MINUTE;
	if (out->retry.asked && out->retry.wait_ms > WAIT_MAX_MS)
		out->retry.never = true;
	out->retired = out->outcome == LLM_NO_MODEL && strstr(said, "deprecated");
}

struct reading {
	struct llm_reply *out;
	long status;
};

static bool take(struct reading *r, const cJSON *json)
{
	const cJSON *error = cJSON_GetObjectItemCaseSensitive(json, "error");

	if (!cJSON_IsObject(json)) {
		r->out->outcome = LLM_BAD_REPLY;
		return false;
	}
	if (cJSON_IsObject(error)) {
		take_error(r->out, error, r->status == 200 ? 500 : r->status);
		return false;
	}
	if (r->status == 200)
		take_completion(r->out, json);
	return true;
}

static bool take_event(struct slice data, void *arg)
{
	cJSON *json;
	bool more;

	if (slice_eq(data, SLICE("[DONE]")))
		return false;
	json = llm_json_parse(data);
	more = take(arg, json);
	cJSON_Delete(json);
	return more;
}

static void reply(struct llm_reply *out, const struct llm_http_reply *http)
{
	struct reading r = {out, http->status};
	cJSON *json;

	out->server_ms = strtod(http->headers->processing_ms, NULL);
	out->outcome = http->status == 200 ? LLM_BAD_REPLY : llm_outcome_of_status(http->status);
	if (llm_is_sse(http)) {
		llm_sse_each(http->body, take_event, &r);
		return;
	}
	json = llm_json_parse(http->body);
	if (cJSON_IsArray(json)) /* some gateways wrap an error in an array */
		take(&r, cJSON_GetArrayItem(json, 0));
	else if (json)
		take(&r, json);
	cJSON_Delete(json);
}

const struct llm_provider llm_openai = {"openai", "Authorization: Bearer ", url, models_url, request, reply};
