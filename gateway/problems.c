/* SPDX-License-Identifier: ISC
 *
 * problems.c - see problems.h.
 */
#include "problems.h"

#include "common/base/json_out.h"

#define PROBLEM_ROW(UPPER, name, status, close, retry, title, advice) {name, status, close, retry, title, advice},
const struct problem_row problems[PROBLEM_COUNT] = {PROBLEM_TABLE(PROBLEM_ROW)};
#undef PROBLEM_ROW

enum problem problem_by_name(struct slice name)
{
	for (enum problem p = 0; p < PROBLEM_COUNT; p++)
		if (slice_eq(name, slice_str(problems[p].name)))
			return p;
	return PROBLEM_COUNT;
}

void problem_write_json(struct buf *out, enum problem problem, struct slice detail, struct slice instance,
	struct slice request_id, const struct invalid *errors)
{
	buf_str(out, "{\"type\":\"/problems/");
	buf_str(out, problems[problem].name);
	buf_char(out, '"');
	json_kv_str(out, "title", slice_str(problems[problem].title));
	json_kv_u64(out, "status", (uint64_t)problems[problem].status);
	json_kv_str(out, "detail", detail);
	if (instance.n)
		json_kv_str(out, "instance", instance);
	if (request_id.n)
		json_kv_str(out, "request_id", request_id);
	if (errors) {
		json_key(out, "errors");
		invalid_write_json(errors, out);
	}
	buf_char(out, '}');
}
