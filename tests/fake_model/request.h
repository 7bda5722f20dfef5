/* SPDX-License-Identifier: ISC
 *
 * request.h - a request to the fake model server, read and held to the real interface's rules. Pure.
 *
 * What the real services answer with 400, 401, 403 or 404 is answered so here: unknown names, wrong types,
 * both schemas, a schema without its MIME type, roles out of order, a missing or bad key, a model that is not
 * there. A client that sends a wrong request must see it in its tests, not in production.
 */
#ifndef CC_FAKE_REQUEST_H
#define CC_FAKE_REQUEST_H

#include "common/base/buf.h"

enum fake_interface { FAKE_GEMINI, FAKE_OPENAI };

enum { FAKE_ITEMS = 16, FAKE_REQUEST_BYTES = 4 * 1024 * 1024 };

struct fake_http { /* as it came */
	const char *path;
	const char *key; /* x-goog-api-key, or the bearer token; "" */
	struct slice body;
};

struct fake_request {
	enum fake_interface interface;
	bool models; /* a list of models was asked for */
	bool stream;
	bool schema; /* the answer's schema was given */
	char model[128];
	struct cJSON *data; /* what the prompt's data lines hold, or NULL: not our prompt; owned */
	size_t items;
	/* what is wrong with it, status 0 when nothing is */
	int status;
	char code[64]; /* INVALID_ARGUMENT, model_not_found .. */
	char message[256];
};

void fake_request_read(struct fake_request *out, const struct fake_http *http);
void fake_request_finish(struct fake_request *request);

#endif
