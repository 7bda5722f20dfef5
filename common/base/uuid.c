/* SPDX-License-Identifier: ISC
 *
 * uuid.c - see uuid.h.
 */
#include "uuid.h"

#include "clock.h"
#include "log.h"

#include <sys/random.h>

static void random_bytes(uint8_t *p, size_t n)
{
	/* The kernel never returns short for 256 bytes or less once its pool is ready (getrandom(2)). */
	if (getrandom(p, n, 0) != (ssize_t)n)
		bug("getrandom failed");
}

struct uuid uuid_v7(void)
{
	static uint64_t last; /* ms << 12 | counter: strictly increasing within this process */
	uint64_t next = (uint64_t)(clock_wall_us() / 1000) << 12;
	struct uuid id;

	if (next <= last)
		next = last + 1;
	last = next;
	random_bytes(id.b + 8, 8);
	for (int i = 0; i < 6; i++)
		id.b[i] = (uint8_t)(next >> (52 - 8 * i));
	id.b[6] = (uint8_t)(0x70 | (next >> 8 & 0x0F));
	id.b[7] = (uint8_t)next;
	id.b[8] = (uint8_t)(0x80 | (id.b[8] & 0x3F));
	return id;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool uuid_parse(struct slice s, struct uuid *out)
{
	struct uuid id;
	size_t at = 0;

	if (s.n != UUID_TEXT_BYTES - 1)
		return false;
	for (size_t i = 0; i < sizeof id.b; i++) {
		int high, low;

		if (at == 8 || at == 13 || at == 18 || at == 23)
			if (s.p[at++] != '-')
				return false;
		high = hex_value(s.p[at++]);
		low = hex_value(s.p[at++]);
		if (high < 0 || low < 0)
			return false;
		id.b[i] = (uint8_t)(high << 4 | low);
	}
	*out = id;
	return true;
}

void uuid_text(const struct uuid *id, char out[UUID_TEXT_BYTES])
{
	static const char hex[] = "0123456789abcdef";
	char *to = out;

	for (size_t i = 0; i < sizeof id->b; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*to++ = '-';
		*to++ = hex[id->b[i] >> 4];
		*to++ = hex[id->b[i] & 15];
	}
	*to = '\0';
}

uint32_t uuid_hash(const struct uuid *id)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < sizeof id->b; i++)
		h = (h ^ id->b[i]) * 16777619u;
	return h;
}
