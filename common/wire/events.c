/* SPDX-License-Identifier: ISC
 *
 * events.c - see events.h.
 */
#include "events.h"

#include "common/base/attr.h"

#include <stdio.h>

#define EVENT_NAME(UPPER, name) name,
static const char *const names[EVENT_COUNT] = {EVENT_TABLE(EVENT_NAME)};

const char *event_name(enum event_kind kind)
{
	return (unsigned)kind < EVENT_COUNT ? names[kind] : NULL;
}

void topic_conversation(const struct uuid *id, char out[LIMIT_TOPIC_BYTES])
{
	out[0] = 'c';
	out[1] = '.';
	uuid_text(id, out + 2);
}

bool topic_conversation_parse(struct slice topic, struct uuid *id)
{
	return slice_starts(topic, SLICE("c.")) && uuid_parse(slice_of(topic.p + 2, topic.n - 2), id);
}

void cursor_text(struct cursor c, char out[CURSOR_TEXT_BYTES])
{
	snprintf(out, CURSOR_TEXT_BYTES, "%llu-%llu", (unsigned long long)c.epoch, (unsigned long long)c.offset);
}

static bool number(struct slice s, size_t *at, uint64_t *v)
{
	size_t from = *at;
	uint64_t value = 0;

	while (*at < s.n && s.p[*at] >= '0' && s.p[*at] <= '9') {
		unsigned digit = (unsigned)(s.p[*at] - '0');

		if (value > (UINT64_MAX - digit) / 10)
			return false;
		value = value * 10 + digit;
		*at += 1;
	}
	*v = value;
	return *at > from;
}

bool cursor_parse(struct slice s, struct cursor *out)
{
	struct cursor c;
	size_t at = 0;

	if (!number(s, &at, &c.epoch) || at >= s.n || s.p[at++] != '-' || !number(s, &at, &c.offset) || at != s.n)
		return false;
	*out = c;
	return true;
}
