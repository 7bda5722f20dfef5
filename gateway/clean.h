/* SPDX-License-Identifier: ISC
 *
 * clean.h - cleaning without a turn: the local engine on the loop, with what is known of the user, a
 * conversation's window, options and glossary if one is named, and the glossary of the request (api.md, /clean). Nothing is stored, nothing learned,
 * nothing announced.
 *
 * The engine takes well under a millisecond for what people say in one go, and a few for 16 KiB.
 */
#ifndef CC_GATEWAY_CLEAN_H
#define CC_GATEWAY_CLEAN_H

#include "common/base/uuid.h"
#include "problems.h"
#include "turn_body.h"

struct gateway;
struct clean;

struct clean *clean_open(const char *data_dir); /* NULL or empty: the built-in rules */
void clean_close(struct clean **clean);

/* What is to be cleaned, read from a body; borrows from its JSON tree. */
struct clean_body {
	struct slice raw_text, speaker;
	bool bypass, has_conversation;
	struct uuid conversation_id;
	struct turn_options options;
	const cJSON *glossary;	   /* an array of terms, or NULL */
	struct slice utterance_id; /* on the socket; empty otherwise */
};

/* False when it added errors. */
bool clean_body_read(
	const cJSON *json, const struct speakers *speakers, struct clean_body *out, struct invalid *errors);

struct clean_answer {
	enum problem problem; /* PROBLEM_COUNT: none */
	const char *detail;
	struct slice members; /* "cleaned_text":..,"metadata":..: JSON without its braces */
};
typedef void clean_fn(const struct clean_answer *answer, void *arg);

/* Cleans for a user; fn is called exactly once, perhaps inside the call. What body borrows from must last
 * until then. */
void clean_start(struct gateway *gw, const struct uuid *user_id, const struct clean_body *body,
	uint64_t received_ns, clean_fn *fn, void *arg);

#endif
