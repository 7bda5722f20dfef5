/* SPDX-License-Identifier: ISC
 *
 * conversations.h - /conversations: make, list, read, change, pause, resume, delete, and a conversation's status.
 */
#ifndef CC_GATEWAY_CONVERSATIONS_H
#define CC_GATEWAY_CONVERSATIONS_H

#include "common/wire/events.h"
#include "request.h"

enum {
	CONVERSATION_DESCRIPTION_BYTES = 8 * 1024, /* as a shared context's text */
	CONVERSATION_METADATA_BYTES = 16 * 1024, /* a quarter of a body */
	CONVERSATION_EXTERNAL_ID_CHARACTERS = 200,
	CONVERSATION_JSON_BYTES = 256 * 1024,    /* one as JSON: the three above, escaped */
	CONVERSATIONS_PER_PAGE = 20,             /* api.md */
	CONVERSATIONS_PER_PAGE_MAX = 100,
	CONVERSATIONS_PAGE_MAX = 100000,         /* a list that is leafed through costs what it skips */
};

route_fn conversations_get, conversation_get, conversation_patch, conversation_delete,
	conversation_pause, conversation_resume, status_get;

/* $1 conversation, $2 its owner -> one row, or none. */
extern const struct pg_stmt conversation_get_stmt;

/* The statement's columns that conversation_write_json takes (conversation_get.sql has them in this order). */
void conversation_write_json(struct buf *out, const PGresult *rows, int row);

/* The ids of r's path and its user as a statement's $1 and $2. text lives as long as params is used. */
struct conversation_params {
	char id[UUID_TEXT_BYTES], user[UUID_TEXT_BYTES];
	struct slice params[2];
};
void conversation_params(const struct request *r, struct conversation_params *out);

/* Tells who watches. body is the event's members, without braces. */
void conversation_announce(struct gateway *gw, const struct uuid *id, enum event_kind event, struct slice body);

#endif
