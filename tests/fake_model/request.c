/* SPDX-License-Identifier: ISC
 *
 * request.c - see request.h. The members that an interface knows are listed as "name:type", types s n b a o
 * as in JSON.
 */
#include "tests/fake_model/request.h"

#include <cjson/cJSON.h>
#include <stdarg.h>
#include <stdio.h>

static void printf_like(4, 5)
	wrong(struct fake_request *r, int status, const char *code, const char *fmt, ...)
{
	va_list ap;

	if (r->status)
		return; /* the first counts */
	r->status = status;
	snprintf(r->code, sizeof r->code, "%s", code);
	va_start(ap, fmt);
	vsnprintf(r->message, sizeof r->message, fmt, ap);
	va_end(ap);
}

static void invalid(struct fake_request *r, const char *message)
{
	wrong(r, 400, r->interface == FAKE_GEMINI ? "INVALID_ARGUMENT" : "", "%s", message);
}

static char type_of(const cJSON *item)
{
	return cJSON_IsString(item)   ? 's'
	       : cJSON_IsNumber(item) ? 'n'
	       : cJSON_IsBool(item)   ? 'b'
	       : cJSON_IsArray(item)  ? 'a'
				      : 'o';
}

static void check_members(struct fake_request *r, const cJSON *object, const char *known, const char *where)
{
	const cJSON *item;
	char entry[96];
	const char *at;

	cJSON_ArrayForEach(item, object)
	{
		snprintf(entry, sizeof entry, " %s:", item->string);
		at = strstr(known, entry);
		if (!at)
			wrong(r, 400, r->interface == FAKE_GEMINI ? "INVALID_ARGUMENT" : "",
				"Invalid JSON payload received. Unknown name \"%s\" at '%s': Cannot find "
				"field.",
				item->string, where);
		else if (at[strlen(entry)] != type_of(item))
			wrong(r, 400, r->interface == FAKE_GEMINI ? "INVALID_ARGUMENT" : "",
				"Invalid value at '%s.%s'", where, item->string);
	}
}

static const cJSON *get(const cJSON *object, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(object, key);
}

static const char *str(const cJSON *object, const char *key)
{
	const char *s = cJSON_GetStringValue(get(object, key));

	return s ? s : "";
}

/* --- the data inside the prompt --- */

static void take_data(struct fake_request *r, const char *text)
{
	const char *from = strstr(text, "BEGIN DATA\n"), *to = from ? strstr(from, "\nEND DATA") : NULL;

	if (!to || r->data)
		return;
	from += 11;
	r->data = cJSON_ParseWithLength(from, (size_t)(to - from));
	r->items = (size_t)cJSON_GetArraySize(get(r->data, "items"));
}

/* --- Gemini --- */

static void check_schema(struct fake_request *r, const cJSON *config)
{
	bool open_api = get(config, "responseSchema"), json = get(config, "responseJsonSchema");

	r->schema = open_api || json;
	if (open_api && json)
		invalid(r, "Only one of response_schema and response_json_schema may be set.");
	if ((open_api || json) && strcmp(str(config, "responseMimeType"), "application/json") != 0)
		invalid(r, "response_mime_type must be application/json when a schema is set.");
}

static void check_thinking(struct fake_request *r, const cJSON *config)
{
	const cJSON *thinking = get(config, "thinkingConfig");

	check_members(r, thinking, " thinkingBudget:n thinkingLevel:s includeThoughts:b ",
		"generation_config.thinking_config");
	if (get(thinking, "thinkingBudget") && get(thinking, "thinkingLevel"))
		invalid(r, "You can only set one of thinking_budget and thinking_level.");
	if (thinking && strstr(r->model, "no-thinking"))
		invalid(r, "Thinking is not supported by this model.");
}

static void check_contents(struct fake_request *r, const cJSON *contents)
{
	const cJSON *turn, *part;
	const char *role = "";

	if (!cJSON_GetArraySize(contents))
		invalid(r, "contents is not specified");
	cJSON_ArrayForEach(turn, contents)
	{
		check_members(r, turn, " role:s parts:a ", "contents");
		if (strcmp(role, str(turn, "role")) == 0)
			invalid(r, "Please ensure that multiturn requests alternate between user and model.");
		role = str(turn, "role");
		if (strcmp(role, "user") != 0 && strcmp(role, "model") != 0)
			invalid(r, "Please use a valid role: user, model.");
		cJSON_ArrayForEach(part, get(turn, "parts"))
		{
			check_members(r, part, " text:s ", "contents.parts");
			take_data(r, str(part, "text"));
		}
	}
	if (strcmp(role, "model") == 0)
		invalid(r, "Please ensure that the last content is of role user.");
}

static void check_gemini(struct fake_request *r, const cJSON *json)
{
	const cJSON *config = get(json, "generationConfig"), *row;

	check_members(r, json,
		" systemInstruction:o contents:a safetySettings:a generationConfig:o cachedContent:s "
		"serviceTier:s ",
		"request");
	check_members(r, config,
		" temperature:n topP:n topK:n candidateCount:n maxOutputTokens:n seed:n stopSequences:a "
		"responseMimeType:s responseSchema:o responseJsonSchema:o thinkingConfig:o ",
		"generation_config");
	check_members(r, get(json, "systemInstruction"), " role:s parts:a ", "system_instruction");
	cJSON_ArrayForEach(row, get(json, "safetySettings"))
		check_members(r, row, " category:s threshold:s ", "safety_settings");
	if (get(json, "cachedContent") && get(json, "systemInstruction"))
		invalid(r, "CachedContent can not be used with GenerateContent request setting "
			   "system_instruction.");
	check_schema(r, config);
	check_thinking(r, config);
	check_contents(r, get(json, "contents"));
}

static void gemini_key(struct fake_request *r, const char *key)
{
	if (!key[0])
		wrong(r, 403, "PERMISSION_DENIED",
			"Method doesn't allow unregistered callers (callers without established identity).");
	else if (strncmp(key, "bad", 3) == 0)
		wrong(r, 400, "API_KEY_INVALID", "API key not valid. Please pass a valid API key.");
}

static void check_model(struct fake_request *r)
{
	bool gemini = r->interface == FAKE_GEMINI;

	if (strncmp(r->model, "retired", 7) == 0)
		wrong(r, 404, gemini ? "NOT_FOUND" : "model_not_found",
			gemini ? "This model models/%s is no longer available to new users. Please update "
				 "your code to use a newer model."
			       : "The model `%s` has been deprecated.",
			r->model);
	else if (strncmp(r->model, "fake", 4) != 0)
		wrong(r, 404, gemini ? "NOT_FOUND" : "model_not_found",
			gemini ? "models/%s is not found for API version v1beta, or is not supported for "
				 "generateContent."
			       : "The model `%s` does not exist or you do not have access to it.",
			r->model);
}

static void read_gemini(struct fake_request *r, const struct fake_http *http, const cJSON *json)
{
	const char *model = http->path + strlen("/v1beta/models"), *colon;

	gemini_key(r, http->key);
	r->models = model[0] == 0;
	if (r->models)
		return;
	colon = strchr(model, ':');
	if (model[0] != '/' || !colon) {
		wrong(r, 404, "NOT_FOUND", "Requested entity was not found.");
		return;
	}
	snprintf(r->model, sizeof r->model, "%.*s", (int)(colon - model - 1), model + 1);
	r->stream = strncmp(colon, ":streamGenerateContent", 22) == 0;
	check_model(r);
	if (!json)
		invalid(r, "Invalid JSON payload received. Unexpected end of string.");
	check_gemini(r, json);
}

/* --- OpenAI --- */

/* Strict mode wants every property required and none besides, at every level. */
static void check_strict(struct fake_request *r, const cJSON *schema)
{
	const cJSON *item, *properties = get(schema, "properties");

	if (strcmp(str(schema, "type"), "object") == 0 &&
		(!cJSON_IsFalse(get(schema, "additionalProperties")) ||
			cJSON_GetArraySize(properties) != cJSON_GetArraySize(get(schema, "required"))))
		invalid(r, "Invalid schema for response_format: 'additionalProperties' must be false and all "
			   "properties required.");
	cJSON_ArrayForEach(item, properties) check_strict(r, item);
	if (get(schema, "items"))
		check_strict(r, get(schema, "items"));
}

static void check_messages(struct fake_request *r, const cJSON *messages)
{
	const cJSON *row;

	if (!cJSON_GetArraySize(messages))
		invalid(r, "Missing required parameter: 'messages'.");
	cJSON_ArrayForEach(row, messages)
	{
		check_members(r, row, " role:s content:s ", "messages");
		if (!strstr(" system user assistant developer ", str(row, "role")) || !*str(row, "role"))
			invalid(r, "Invalid value for messages.role.");
		take_data(r, str(row, "content"));
	}
}

static void read_openai(struct fake_request *r, const struct fake_http *http, const cJSON *json)
{
	const cJSON *schema = get(get(get(json, "response_format"), "json_schema"), "schema");

	if (!http->key[0] || strncmp(http->key, "bad", 3) == 0)
		wrong(r, 401, "invalid_api_key", "Incorrect API key provided.");
	if (r->models)
		return;
	if (!json)
		invalid(r, "We could not parse the JSON body of your request.");
	snprintf(r->model, sizeof r->model, "%s", str(json, "model"));
	r->stream = cJSON_IsTrue(get(json, "stream"));
	check_model(r);
	check_members(r, json,
		" model:s messages:a temperature:n top_p:n n:n stop:s seed:n max_tokens:n "
		"max_completion_tokens:n "
		"frequency_penalty:n presence_penalty:n response_format:o reasoning_effort:s service_tier:s "
		"stream:b stream_options:o "
		"user:s prompt_cache_key:s ",
		"request");
	r->schema = schema != NULL;
	if (schema)
		check_strict(r, schema);
	if (schema && strstr(r->model, "no-schema"))
		invalid(r, "'response_format.type' must be 'json_object' or 'text'.");
	check_messages(r, get(json, "messages"));
}

void fake_request_read(struct fake_request *out, const struct fake_http *http)
{
	cJSON *json = http->body.n ? cJSON_ParseWithLength(http->body.p, http->body.n) : NULL;

	*out = (struct fake_request){.interface = FAKE_OPENAI};
	if (strncmp(http->path, "/v1beta/models", 14) == 0) {
		out->interface = FAKE_GEMINI;
		read_gemini(out, http, json);
	} else if (strcmp(http->path, "/v1/models") == 0 || strcmp(http->path, "/v1/chat/completions") == 0) {
		out->models = strcmp(http->path, "/v1/models") == 0;
		read_openai(out, http, json);
	} else {
		wrong(out, 404, "", "Unknown request URL");
	}
	cJSON_Delete(json);
}

void fake_request_finish(struct fake_request *request)
{
	cJSON_Delete(request->data);
	request->data = NULL;
}
