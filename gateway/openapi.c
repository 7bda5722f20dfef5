/* SPDX-License-Identifier: ISC
 *
 * openapi.c - serves the interface's own description: openapi.yaml, made JSON and embedded at build time.
 */
#include "openapi.json.h"
#include "ops.h"

void openapi_get(struct request *r)
{
	request_answer(r, 200, "application/json", slice_of(openapi_json, sizeof openapi_json - 1));
}
