/* SPDX-License-Identifier: ISC
 *
 * turn_json.c - see turn_json.h.
 */
#include "turn_json.h"

#include "common/base/clock.h"

/* What follows the first `"name":`, or nothing. */
static struct slice after_key(struct slice json, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = json.p, *end = json.p + json.n; at && at < end;) {
		const char *quote = memchr(at, '"', (size_t)(end - at));

		if (!quote || (size_t)(end - quote) < n + 4)
			break;
		if (memcmp(quote + 1, name, n) == 0 && quote[n + 1] == '"' && quote[n + 2] == ':')
			return slice_of(quote + n + 3, (size_t)(end - quote) - n - 3);
		at = quote + 1;
	}
	return slice_of(NULL, 0);
}

static struct slice string_after(struct slice json, const char *name)
{
	struct slice value = after_key(json, name);
	const char *end;

	if (value.n < 2 || value.p[0] != '"')
		return slice_of(NULL, 0);
	end = memchr(value.p + 1, '"', value.n - 1);
	return end ? slice_of(value.p + 1, (size_t)(end - value.p) - 1) : slice_of(NULL, 0);
}

struct slice turn_json_level(struct slice turn)
{
	return string_after(turn, "cleaning_level");
}

bool turn_json_is_final(struct slice turn)
{
	struct slice state = string_after(turn, "state");

	return slice_eq(state, SLICE("done")) || slice_eq(state, SLICE("failed"));
}

uint64_t turn_json_stage(struct slice turn, const char *name)
{
	struct slice value = after_key(after_key(turn, "timings"), name);
	uint64_t ns = 0, unit = NS_PER_MS;
	bool fraction = false;

	for (size_t i = 0; i < value.n && unit; i++) {
		if (value.p[i] == '.' && !fraction) {
			fraction = true;
			continue;
		}
		if (value.p[i] < '0' || value.p[i] > '9')
			break;
		if (fraction)
			unit /= 10;
		ns = fraction ? ns + (uint64_t)(value.p[i] - '0') * unit
			      : ns * 10 + (uint64_t)(value.p[i] - '0') * NS_PER_MS;
	}
	return ns;
}
